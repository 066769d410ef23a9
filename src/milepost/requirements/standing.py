"""Keeping known how everybody stands, and having those learn who are to.

A requirement is looked at when something happened (`stale_at`, set by `note` from the stream of facts) and after each midnight of its
organisation: whole, by what is known of everybody in its audience, in one transaction. How somebody stands is derived
(`cycles.standing`), so however many facts came, and in which order, the outcome is the same, and whoever is killed loses nothing.

What follows is done in the same transaction: whoever is to do it and is in no round of the course gets one, due on their day.
A due date that somebody gave by hand stays.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction

from milepost.audiences.facts import AUDIENCE_ENTERED, AUDIENCE_LEFT
from milepost.audiences.models import Membership
from milepost.core import clock
from milepost.courses.models import Course
from milepost.journal.models import Entry
from milepost.learning.enrolling import enrol_required, reschedule_required
from milepost.learning.facts import (
    COURSE_COMPLETED,
    COURSE_RECOGNISED,
    COURSE_REOPENED,
    COURSE_UNRECOGNISED,
    COURSE_WITHDREW,
)
from milepost.learning.models import Enrolment, Equivalence
from milepost.learning.rounds import begin_rounds
from milepost.people.facts import (
    MEMBER_ABSENCE_CHANGED,
    MEMBER_ABSENCE_REMOVED,
    MEMBER_ABSENT,
    MEMBER_MERGED,
    MEMBER_RETURNED,
    MEMBER_SEPARATED,
    MEMBER_UPDATED,
)
from milepost.people.models import Absence, Member, Organisation
from milepost.requirements import cycles
from milepost.requirements.cycles import Case, Span, State
from milepost.requirements.models import Exemption, Requirement, Standing
from milepost.requirements.setting import look_again

BATCH = 1_000
OF_COURSES = (COURSE_COMPLETED, COURSE_REOPENED, COURSE_RECOGNISED, COURSE_UNRECOGNISED, COURSE_WITHDREW)
OF_AUDIENCES = (AUDIENCE_ENTERED, AUDIENCE_LEFT)
OF_PEOPLE = (
    MEMBER_ABSENT,
    MEMBER_ABSENCE_CHANGED,
    MEMBER_ABSENCE_REMOVED,
    MEMBER_RETURNED,
    MEMBER_UPDATED,
    MEMBER_MERGED,
    MEMBER_SEPARATED,
)
FACTS = (*OF_COURSES, *OF_AUDIENCES, *OF_PEOPLE)


def note(facts: Sequence[Entry]) -> None:
    """Have those requirements of the organisation looked at under which somebody may stand otherwise after these facts."""
    organisation_id, told = facts[0].organisation_id, {fact.fact for fact in facts}
    about = {fact.about for fact in facts}
    of_people = bool(told & {fact_type.name for fact_type in OF_PEOPLE})
    moved = [
        requirement.pk
        for requirement in Requirement.objects.current()
        .filter(organisation=organisation_id)
        .select_related("course", "audience")
        .prefetch_related("equivalents")
        if of_people or about & _named(requirement)
    ]
    if moved:
        Requirement.objects.filter(pk__in=moved).update(stale_at=clock.now())
        look_again(organisation_id)


def _named(requirement: Requirement) -> set[str]:
    courses = [requirement.course, *requirement.equivalents.all()]
    return {str(requirement.audience.uid), *(str(course.uid) for course in courses)}


def keep_current(organisation: Organisation) -> int:
    """Look at each requirement of the organisation that is due; return how many stand otherwise now."""
    changed = 0
    for key in Requirement.objects.due().filter(organisation=organisation).order_by("pk").values_list("pk", flat=True):
        changed += stand(key)
    return changed


def stand(key: int) -> int:
    """Note how everybody in the audience stands under the requirement (by key), and have those learn who are to; return how many changed."""
    with transaction.atomic():
        requirement = (
            Requirement.objects.select_for_update(of=("self",), no_key=True)
            .select_related("organisation", "course", "audience")
            .get(pk=key)
        )
        if requirement.has_ended:
            return 0
        today = clock.today(requirement.organisation.time_zone)
        cases = cases_of(requirement)
        rows = {row.member_id: row for row in Standing.objects.filter(requirement=requirement)}
        now = {member: cycles.standing(requirement.cycle, case, today) for member, case in cases.items()}
        changed = _write(requirement, rows, now)
        _have_learn(requirement, cases, rows, now)
        requirement.stale_at, requirement.evaluated_on = None, today
        requirement.save(update_fields=["stale_at", "evaluated_on"])
    return changed


def _write(requirement: Requirement, rows: dict[int, Standing], now: Mapping[int, cycles.Standing]) -> int:
    """Make the rows say how people stand now; `rows` has them all afterwards. Return how many were written or deleted."""
    gone = [row.pk for member, row in rows.items() if member not in now]
    Standing.objects.filter(pk__in=gone).delete()
    new, other = [], []
    for member, standing in now.items():
        values = {
            "state": str(standing.state),
            "is_covered": standing.is_covered,
            "opens_on": standing.duty.opens_on if standing.duty else None,
            "due_on": standing.duty.due_on if standing.duty else None,
            "done_on": standing.done_on,
        }
        row = rows.get(member)
        if row is None:
            common = {"organisation_id": requirement.organisation_id, "requirement": requirement, "member_id": member}
            new.append(Standing(**common, **values))
        elif any(getattr(row, name) != value for name, value in values.items()):
            for name, value in values.items():
                setattr(row, name, value)
            other.append(row)
    rows.update((row.member_id, row) for row in Standing.objects.bulk_create(new, batch_size=BATCH))
    Standing.objects.bulk_update(other, ["state", "is_covered", "opens_on", "due_on", "done_on"], batch_size=500)
    return len(gone) + len(new) + len(other)


# --- What is known of people ----------------------------------------------------------------------------------


def cases_of(
    requirement: Requirement,
    *,
    members: Collection[int] | None = None,
    equivalents: Sequence[int] | None = None,
    exempt_from: Requirement | None = None,
) -> dict[int, Case]:
    """What is known of each person (by key) who counts in its audience, or of these members. Six queries, whatever their number.

    Of one that is not set yet it is said what its `equivalents` are, and of which one exemptions count.
    """
    zone = ZoneInfo(requirement.organisation.time_zone)
    counting = Membership.objects.current().filter(audience=requirement.audience_id).order_by()
    if members is not None:
        counting = counting.filter(member__in=members)
    since = {
        member: counts_since.astimezone(zone).date()
        for member, counts_since in counting.values_list("member", "counts_since")
        if counts_since is not None
    }
    of = counting.values("member")
    hired = dict(Member.objects.filter(pk__in=of).order_by().values_list("pk", "hire_date"))
    if equivalents is None:
        equivalents = list(requirement.equivalents.values_list("pk", flat=True))
    courses = [requirement.course_id, *equivalents]
    done = _done(courses, of, zone)
    away = _spans(Absence.objects.filter(member__in=of).order_by("begins"))
    source = requirement if requirement.pk is not None else exempt_from
    exempt = _spans(Exemption.objects.filter(requirement=source, member__in=of).order_by("begins")) if source else {}
    return {
        member: Case(day, hired.get(member), done.get(member, ()), away.get(member, ()), exempt.get(member, ()))
        for member, day in since.items()
    }


def _done(courses: Sequence[int], of: Any, zone: ZoneInfo) -> dict[int, list[date]]:
    """On which days each of these members completed one of the courses, or something that counts as much, in order."""
    done: dict[int, set[date]] = defaultdict(set)
    rounds = Enrolment.objects.filter(course__in=courses, member__in=of, completed_at__isnull=False).order_by()
    for member, at in rounds.values_list("member", "completed_at").iterator(10_000):
        if at is not None:
            done[member].add(at.astimezone(zone).date())
    # What was done under an earlier record of the same person is theirs.
    earlier = Enrolment.objects.filter(course__in=courses, member__merge__stays__in=of, completed_at__isnull=False)
    for member, at in earlier.order_by().values_list("member__merge__stays", "completed_at"):
        if at is not None:
            done[member].add(at.astimezone(zone).date())
    recognised = Equivalence.objects.standing().filter(course__in=courses, member__in=of).order_by()
    for member, day in recognised.values_list("member", "completed_on"):
        done[member].add(day)
    return {member: sorted(days) for member, days in done.items()}


def _spans(rows: "Iterable[Absence | Exemption]") -> dict[int, list[Span]]:
    spans: dict[int, list[Span]] = defaultdict(list)
    for row in rows:
        spans[row.member_id].append(Span(row.begins, row.ends))
    return spans


# --- Having people learn --------------------------------------------------------------------------------------


@dataclass
class _Learning:
    """What is to be done in the course: new people, further rounds, and due dates that moved."""

    enrol: dict[int, date | None]
    again: dict[int, date | None]
    move: list[tuple[Enrolment, date]]


def _have_learn(
    requirement: Requirement,
    cases: Mapping[int, Case],
    rows: Mapping[int, Standing],
    now: Mapping[int, cycles.Standing],
) -> None:
    course = Course.objects.select_related("organisation").get(pk=requirement.course_id)
    if course.published_id is None:
        return  # nobody can join it; the page of the requirement says so
    asked = {
        member: standing.duty.due_on
        for member, standing in now.items()
        if standing.duty and standing.state in (State.DUE, State.OVERDUE)
    }
    zone = ZoneInfo(requirement.organisation.time_zone)
    learning = _what_to_do(course, asked, cases, rows, zone)
    because = requirement.as_reference()
    enrol_required(dues=learning.enrol, course=course, because=because)
    begin_rounds(dues=learning.again, course=course, because=because)
    for enrolment, due in learning.move:
        reschedule_required(enrolment=enrolment, due=due, because=because)
    given = {**learning.enrol, **learning.again, **{enrolment.member_id: due for enrolment, due in learning.move}}
    moved = [rows[member] for member in given]
    for row in moved:
        row.given_due = given[row.member_id]
    Standing.objects.bulk_update(moved, ["given_due"], batch_size=500)


def _what_to_do(
    course: Course, asked: Mapping[int, date], cases: Mapping[int, Case], rows: Mapping[int, Standing], zone: ZoneInfo
) -> _Learning:
    learning = _Learning({}, {}, [])
    current = Enrolment.objects.current().filter(course=course, member__in=list(asked))
    enrolments = {row.member_id: row for row in current.select_related("member")}
    for member, due in asked.items():
        enrolment = enrolments.get(member)
        if enrolment is None:
            learning.enrol[member] = due
        elif enrolment.completed_at is not None:
            # Who completed it since it was looked what they did has done it, and is looked at once more.
            if enrolment.completed_at.astimezone(zone).date() in cases[member].done:
                learning.again[member] = due
        elif enrolment.due != due and enrolment.due in (None, rows[member].given_due):
            enrolment.course = course
            learning.move.append((enrolment, due))
    return learning
