"""The verb of watching: what a browser reports was seen, held against the server's own clock.

A server can't see a film being watched. It knows when the film was opened and when each beat came, so that nobody gets
more of it than there was time for; all else is as the browser reported, and the record says so.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from milepost.core import clock
from milepost.core.intervals import Interval, measure, union
from milepost.courses.outline import Activity
from milepost.learning.facts import Caveat
from milepost.learning.models import Enrolment, NotOpened, Progress
from milepost.learning.progressing import complete_held, save_state
from milepost.learning.queries import progress_of

FASTEST = 2.0  # the highest speed that the player offers
LENIENCE = 20.0  # seconds that clocks and slow networks may be off, once and not for each beat
GAP = 1.0  # seconds between two ranges that still count as watched through


@dataclass(frozen=True)
class Beat:
    """What a browser tells: where it is in the film, and what was played since the last beat, in seconds of the film."""

    position: float
    ranges: Sequence[Interval]


@dataclass(frozen=True)
class Watched:
    """What is known of it then; `is_new` says that this beat completed it."""

    enrolment: Enrolment
    percent: int
    is_complete: bool
    is_new: bool = False


def take_beat(*, enrolment: Enrolment, activity: Activity, definition: dict[str, Any], beat: Beat) -> Watched:
    """Add what the beat tells to what was watched; the same beat twice changes nothing. Raises `NotOpened`, `NotEnrolled`.

    A beat that claims more than can have been played since the one before counts for its position alone. Beats come one
    after the other: the enrolment is locked, so that two at once don't use the same time. Records `progressed` when the
    video is completed by it.
    """
    now = clock.now()
    with transaction.atomic():
        held = enrolment.locked()
        progress = progress_of(held, activity)
        if progress is None or not progress.was_shown(activity.digest):
            raise NotOpened
        before = [tuple(pair) for pair in progress.state.get("watched", [])]
        watched = union([*before, *beat.ranges], tolerance=GAP)
        ahead = _ahead(progress, measure(watched) - measure(before), now)
        if ahead > LENIENCE:
            watched, ahead = before, _ahead(progress, 0.0, now)
        state = {"position": beat.position, "watched": watched, "told_at": now.isoformat(), "ahead": round(ahead, 1)}
        percent = watched_percent(watched, definition["duration"])
        if progress.is_complete or percent < definition["coverage"]:
            save_state(progress=progress, state=state)
            return Watched(held, percent, progress.is_complete)
        result = {"watched": percent, "ranges": [list(pair) for pair in watched]}
        complete_held(held, activity, result=result, state=state, caveat=Caveat.REPORTED)
    return Watched(held, percent, is_complete=True, is_new=True)


def _ahead(progress: Progress, told: float, now: datetime) -> float:
    """By how many seconds the film would be ahead of the clock, having told so many new ones now: zero or more.

    What it was ahead is made up for by the time that passes; time in which nothing was told is not saved up beyond that.
    """
    since = datetime.fromisoformat(progress.state["told_at"]) if "told_at" in progress.state else progress.started_at
    passed = max(0.0, (now - since).total_seconds())
    return max(0.0, float(progress.state.get("ahead", 0.0)) + told - passed * FASTEST)


def watched_percent(watched: Sequence[Any], duration: float) -> int:
    """How much of the video was watched, 0 to 100; every second counts once."""
    return min(100, int(100 * measure(tuple(pair) for pair in watched) / duration)) if duration else 0
