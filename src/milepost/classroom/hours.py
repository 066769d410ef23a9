"""The hours that somebody did, by the one written rule of docs/hours.md, in their own time and live.

Whatever states hours asks here: certificates, readiness, agreements, declarations. `milepost verify` derives the same from
facts, by code of its own.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import batched
from typing import NamedTuple

from django.db.models import Exists, OuterRef, QuerySet

from milepost.classroom.models import Attendance, LiveSession, Participant, Slot, is_present
from milepost.classroom.queries import minutes_by_member
from milepost.courses.kinds import kinds
from milepost.courses.models import Course
from milepost.courses.outline import outline_of
from milepost.learning.hours import BATCH, own_time_minutes
from milepost.learning.models import Enrolment, EnrolmentQuerySet
from milepost.learning.rounds import rounds_in
from milepost.people.contributions import Scope

type Instants = tuple[datetime, datetime]
ONLINE = (LiveSession.Form.VIRTUAL, LiveSession.Form.WEBINAR)  # live, and at a distance


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


@dataclass(frozen=True)
class Planned:
    """Minutes that are planned for each person: in their own time, live in a room, and live online."""

    own_time: int = 0
    in_room: int = 0
    online: int = 0

    @property
    def at_a_distance(self) -> int:
        return self.own_time + self.online

    @property
    def total(self) -> int:
        return self.own_time + self.in_room + self.online


def hours_planned(*, course: Course | None, sessions: "QuerySet[LiveSession]") -> Planned:
    """What the published version of the course states for one's own time, and how long these sessions last."""
    minutes = {True: 0, False: 0}
    for slot in Slot.objects.filter(session__in=sessions).select_related("session"):
        minutes[slot.session.form in ONLINE] += slot.minutes
    activities = outline_of(course.published_id).activities if course and course.published_id else ()
    own_time = sum(activity.minutes for activity in activities if not kinds.get(activity.kind).is_live)
    return Planned(own_time, minutes[False], minutes[True])


def planned_in(scope: Scope) -> Planned:
    """Of a training action; read once, whichever piece or check asks."""

    def read() -> Planned:
        course = Course.objects.filter(pk=scope.course_id).first() if scope.course_id else None
        return hours_planned(course=course, sessions=LiveSession.objects.filter(pk__in=scope.session_ids))

    return scope.once("planned", read)


def hours_done(
    *,
    members: Iterable[int],
    course: int | None,
    sessions: Collection[int] | None = None,
    within: Instants | None = None,
    rounds: EnrolmentQuerySet | None = None,
) -> dict[int, Hours]:
    """What each of these members (by key) did of a course and of live sessions (by their keys).

    Within a training action `sessions` are those of the action, and no other half-day counts; without one (None) they
    are all sessions of the course. `rounds` are the enrolments that count, at most one of each member, with the sessions that
    ended in them where an action names none; by default the current ones. `within` counts half-days that began from the first
    instant until before the second, and what was completed then in any round, for what is told of one year. A few queries for every 2,000 members, and one for the versions of the course.
    """
    done: dict[int, Hours] = {}
    there = (
        Attendance.objects.filter(slot__session__in=sessions) if sessions is not None else _of_course(course, rounds)
    )
    if within is not None:
        there = there.filter(slot__starts_at__gte=within[0], slot__starts_at__lt=within[1])
    for part in batched(members, BATCH, strict=False):
        live = minutes_by_member(there.filter(participant__member__in=part))
        own = _own_time(course, part, within, rounds) if course is not None else {}
        done |= {member: Hours(own.get(member, 0), live.get(member, 0)) for member in part}
    return done


def hours_in(scope: Scope) -> dict[int, Hours]:
    """What each person of a training action did in it; read once, whoever asks."""

    def read() -> dict[int, Hours]:
        members, rounds = [person.pk for person in scope.people], rounds_in(scope)
        return hours_done(members=members, course=scope.course_id, sessions=scope.session_ids, rounds=rounds)

    return scope.once("hours", read)


def attended(
    *,
    members: Iterable[int],
    course: int | None,
    sessions: Collection[int] | None = None,
    rounds: EnrolmentQuerySet | None = None,
) -> dict[int, Attended]:
    """In what sessions each of these members was, among those that `hours_done` counts; who was in none is left out."""
    there = (
        Attendance.objects.filter(slot__session__in=sessions) if sessions is not None else _of_course(course, rounds)
    )
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


def _of_course(course: int | None, rounds: EnrolmentQuerySet | None) -> "QuerySet[Attendance]":
    """Half-days of the course's sessions, those that ended in these rounds if they are named."""
    if course is None:
        return Attendance.objects.none()
    there = Attendance.objects.filter(slot__session__course=course)
    if rounds is None:
        return there
    then = Enrolment.objects.filter(course=course, member=OuterRef("participant__member")).at(OuterRef("slot__ends_at"))
    return there.filter(Exists(then.filter(pk__in=rounds.values("pk")).order_by()))


def _own_time(
    course: int, members: Collection[int], within: Instants | None, rounds: EnrolmentQuerySet | None
) -> dict[int, int]:
    enrolments = Enrolment.objects.filter(course=course, member__in=members).order_by()
    if rounds is not None:
        enrolments = enrolments.filter(pk__in=rounds.values("pk"))
    elif within is None:
        enrolments = enrolments.current()
    member_of = dict(enrolments.values_list("pk", "member"))
    minutes: dict[int, int] = {}
    for enrolment, own in own_time_minutes(course, enrolments, within=within).items():
        minutes[member_of[enrolment]] = minutes.get(member_of[enrolment], 0) + own
    return minutes
