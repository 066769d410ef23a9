"""The hours that somebody spent on a course in their own time, by the rule of docs/hours.md.

Both halves, in one's own time and live, are told by `milepost.classroom.hours`.
"""

from collections.abc import Iterable
from datetime import datetime
from itertools import batched

from milepost.courses.kinds import kinds
from milepost.courses.outline import Outline, outlines_of
from milepost.learning.models import Enrolment, Progress

BATCH = 2_000  # enrolments asked about at once


def own_time_minutes(
    course_id: int, enrolments: Iterable[Enrolment], *, within: tuple[datetime, datetime] | None = None
) -> dict[int, int]:
    """For each of these enrolments of one course the stated minutes of what was done in it, by the enrolment's key.

    `within` counts what was completed from the first instant until before the second, for what is told of one year. One query for every 2,000, and one for the versions of the course.
    """
    stated = _Stated(outlines_of(course_id))
    minutes: dict[int, int] = {}
    for part in batched(enrolments, BATCH, strict=False):
        versions = {enrolment.pk: enrolment.version_id for enrolment in part}
        minutes |= dict.fromkeys(versions, 0)
        done = Progress.objects.filter(enrolment__in=list(versions), status=Progress.Status.COMPLETED).order_by()
        if within is not None:
            done = done.filter(completed_at__gte=within[0], completed_at__lt=within[1])
        for enrolment, key, digest in done.values_list("enrolment_id", "activity_key", "digest"):
            minutes[enrolment] += stated.minutes(versions[enrolment], key, digest)
    return minutes


class _Stated:
    """What each version of a course states for its activities: minutes, and none for what is live."""

    def __init__(self, outlines: list[Outline]) -> None:
        self._by_version: dict[int, dict[tuple[str, str], int]] = {}
        known: dict[tuple[str, str], int] = {}
        for outline in reversed(outlines):  # the newest statement about the same content counts
            known = known | {
                (a.key, a.digest): 0 if kinds.get(a.kind).is_live else a.minutes for a in outline.activities
            }
            self._by_version[outline.version_id] = known

    def minutes(self, version_id: int, key: str, digest: str) -> int:
        """Of the activity as it was done, in the version that the person is in or the last before it that had it."""
        return self._by_version[version_id].get((key, digest), 0)
