"""The hours that somebody did, by the one written rule of docs/hours.md, in their own time and live.

Whatever states hours asks here: certificates, readiness, agreements, declarations. `milepost verify` derives the same from
facts, by code of its own.
"""

from collections.abc import Collection, Iterable
from itertools import batched
from typing import NamedTuple

from django.db.models import QuerySet

from milepost.classroom.models import Attendance, Participant, is_present
from milepost.classroom.queries import minutes_by_member
from milepost.learning.hours import BATCH, own_time_minutes
from milepost.learning.models import Enrolment


class Attended(NamedTuple):
    """How and where somebody was there: the forms of sessions (`LiveSession.Form`) and their places, each once, in order.

    `employer` is for whom they were registered to work, '' where nobody said.
    """

    forms: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    employer: str = ""


class Hours(NamedTuple):
    """Minutes that one person did: in their own time and live, apart, and none of them in both."""

    own_time: int = 0
    live: int = 0

    @property
    def total(self) -> int:
        return self.own_time + self.live


def hours_done(
    *, members: Iterable[int], course: int | None, sessions: Collection[int] | None = None
) -> dict[int, Hours]:
    """What each of these members (by key) did of a course and of live sessions (by their keys).

    Within a training action `sessions` are those of the action, and no other half-day counts; without one (None) they
    are all sessions of the course. A few queries for every 2,000 members, and one for the versions of the course.
    """
    done: dict[int, Hours] = {}
    there = Attendance.objects.filter(slot__session__in=sessions) if sessions is not None else _of_course(course)
    for part in batched(members, BATCH, strict=False):
        live = minutes_by_member(there.filter(participant__member__in=part))
        own = _own_time(course, part) if course is not None else {}
        done |= {member: Hours(own.get(member, 0), live.get(member, 0)) for member in part}
    return done


def attended(
    *, members: Iterable[int], course: int | None, sessions: Collection[int] | None = None
) -> dict[int, Attended]:
    """In what sessions each of these members was, among those that `hours_done` counts; who was in none is left out."""
    there = Attendance.objects.filter(slot__session__in=sessions) if sessions is not None else _of_course(course)
    rows = there.filter(is_present()).select_related("slot__session", "participant").order_by("slot__starts_at", "pk")
    found: dict[int, list[Participant]] = {}
    for part in batched(members, BATCH, strict=False):
        for row in rows.filter(participant__member__in=part):
            row.participant.session = row.slot.session
            found.setdefault(row.participant.member_id, []).append(row.participant)
    return {member: _attended(seats) for member, seats in found.items()}


def _attended(seats: list[Participant]) -> Attended:
    places = dict.fromkeys(seat.session.where for seat in seats if seat.session.where)
    forms = dict.fromkeys(seat.session.form for seat in seats)
    return Attended(tuple(forms), tuple(places), next((seat.employer for seat in seats if seat.employer), ""))


def _of_course(course: int | None) -> "QuerySet[Attendance]":
    return Attendance.objects.none() if course is None else Attendance.objects.filter(slot__session__course=course)


def _own_time(course: int, members: Collection[int]) -> dict[int, int]:
    enrolments = list(Enrolment.objects.filter(course=course, member__in=members).order_by())
    minutes = own_time_minutes(course, enrolments)
    return {enrolment.member_id: minutes[enrolment.pk] for enrolment in enrolments}
