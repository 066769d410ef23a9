"""Playing a video: resume where one stopped, count what was really watched, complete by coverage."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponseBase, JsonResponse

from milepost.core import clock
from milepost.core.http import json_of
from milepost.core.intervals import Interval, clip, measure, union
from milepost.learning.players import Handler, Play, Player
from milepost.learning.progressing import complete_activity, save_state

FASTEST = 2.0  # the highest speed that the player offers
LENIENCE = 20.0  # seconds that clocks and slow networks may be off
GAP = 1.0  # seconds between two ranges that still count as watched through
MAX_RANGES = 200


class VideoPlayer(Player):
    """How a video is played."""

    kind = "video"
    template = "video/play.html"

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


def watched_percent(watched: list[Any], duration: float) -> int:
    """How much of the video was watched, 0 to 100; every second counts once."""
    return min(100, int(100 * measure(tuple(pair) for pair in watched) / duration)) if duration else 0


def credible(ranges: list[Interval], *, since: datetime, now: datetime) -> bool:
    """Whether so much can have been watched since the video was opened: nobody watches faster than it plays."""
    return measure(ranges) <= (now - since).total_seconds() * FASTEST + LENIENCE


def _beat(play: Play) -> HttpResponseBase:
    """Take in the ranges watched since the last beat, and the position. The same beat twice changes nothing."""
    definition, state = play.definition, play.progress.state
    beat = _read(play.request, definition["duration"])
    if beat is None:
        return JsonResponse({"error": "a beat is {position: s, ranges: [[s, s], …]}"}, status=400)
    position, ranges = beat
    watched = union([*(tuple(pair) for pair in state.get("watched", [])), *ranges], tolerance=GAP)
    if not credible(watched, since=play.progress.started_at, now=clock.now()):
        watched = [tuple(pair) for pair in state.get("watched", [])]
    new_state = {"position": position, "watched": watched}
    percent = watched_percent(watched, definition["duration"])
    if percent >= definition["coverage"] and not play.progress.is_complete:
        play.enrolment = complete_activity(
            enrolment=play.enrolment,
            activity=play.activity,
            state=new_state,
            result={"watched": percent, "ranges": [list(pair) for pair in watched]},
        )
        return JsonResponse({"percent": percent, "complete": True, "course": play.enrolment.percent})
    save_state(progress=play.progress, state=new_state)
    return JsonResponse({"percent": percent, "complete": play.progress.is_complete})


def _read(request: HttpRequest, duration: float) -> tuple[float, list[Interval]] | None:
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
    return round(min(max(position, 0.0), duration), 1), rounded


def _go_on(play: Play) -> HttpResponseBase:
    """Next: leads on whether or not the video is complete; only watching completes it."""
    return play.onwards()
