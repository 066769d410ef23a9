"""Playing a video: resume where one stopped, count what was really watched, complete by coverage."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponseBase, JsonResponse

from milepost.activities.video.watching import Beat, take_beat, watched_percent
from milepost.core.http import json_of
from milepost.core.intervals import clip
from milepost.learning.players import Handler, Play, Player

MAX_RANGES = 200


class VideoPlayer(Player):
    """How a video is played."""

    kind = "video"
    template = "video/play.html"
    kept = frozenset({"beat"})

    def context(self, play: Play) -> dict[str, Any]:
        definition, state = play.definition, play.progress.state
        return {
            "html": play.html(definition["html"]),
            "source": play.media(definition["source"]),
            "poster": play.media(definition["poster"]),
            "captions": [caption | {"source": play.media(caption["source"])} for caption in definition["captions"]],
            "position": state.get("position", 0),
            "percent": watched_percent(state.get("watched", []), definition["duration"]),
        }

    def resources(self) -> Mapping[str, Handler]:
        return {"beat": _beat, "completion": _go_on}


def _beat(play: Play) -> HttpResponseBase:
    """Take in the ranges watched since the last beat, and the position. The same beat twice changes nothing."""
    beat = _read(play.request, play.definition["duration"])
    if beat is None:
        return JsonResponse({"error": "a beat is {position: s, ranges: [[s, s], …]}"}, status=400)
    watched = take_beat(enrolment=play.enrolment, activity=play.activity, definition=play.definition, beat=beat)
    said: dict[str, Any] = {"percent": watched.percent, "complete": watched.is_complete}
    return JsonResponse(said | ({"course": watched.enrolment.percent} if watched.is_new else {}))


def _read(request: HttpRequest, duration: float) -> Beat | None:
    """A beat's position and ranges in seconds, clipped to the video; None if it is not a beat."""
    try:
        beat = json_of(request)
        position = float(beat["position"])
        ranges = [(float(start), float(end)) for start, end in beat["ranges"][:MAX_RANGES]]
    except (ValueError, KeyError, TypeError, OverflowError):
        return None
    if not all(abs(number) < 1e9 for pair in [(position, 0.0), *ranges] for number in pair):
        return None  # infinities, and what is not a number
    rounded = [(round(start, 1), round(end, 1)) for start, end in clip(ranges, end=duration)]
    return Beat(round(min(max(position, 0.0), duration), 1), rounded)


def _go_on(play: Play) -> HttpResponseBase:
    """Next: leads on whether or not the video is complete; only watching completes it."""
    return play.onwards()
