"""Reads of requirements that are more than a filter."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import batched
from typing import Any

from django.db.models import Count, F, Q, QuerySet
from django.utils.translation import gettext as _

from milepost.people.models import Member, MemberQuerySet, Organisation
from milepost.requirements import cycles
from milepost.requirements.as_of import Stood
from milepost.requirements.cycles import State
from milepost.requirements.models import Requirement, Standing

BATCH = 2_000
MOST_COLUMNS = 30  # requirements that a matrix has


@dataclass(frozen=True)
class Compliance:
    """How many people stand how under one requirement."""

    compliant: int = 0
    due: int = 0
    overdue: int = 0
    exempt: int = 0
    paused: int = 0
    covered: int = 0

    @property
    def people(self) -> int:
        return self.compliant + self.due + self.overdue + self.exempt + self.paused

    @property
    def percent(self) -> int:
        """Of those who are asked, how many hold what is asked today, in per cent; rounded down, so that 100 means all."""
        asked = self.people - self.exempt
        return 100 * self.covered // asked if asked else 100


def compliance_of(
    organisation: Organisation, members: MemberQuerySet | None = None, **only: Any
) -> dict[int, Compliance]:
    """How people stand under each requirement (by key), over everybody or `members`. One query."""
    rows = Standing.objects.filter(organisation=organisation, **only)
    if members is not None:
        rows = rows.filter(member__in=members)
    by_state = {str(state): Count("pk", filter=Q(state=state)) for state in State}
    covered = Count("pk", filter=Q(is_covered=True) & ~Q(state=State.EXEMPT))
    counted = rows.order_by().values("requirement").annotate(**by_state, covered=covered)
    numbers = ("requirement", *by_state, "covered")
    return {key: Compliance(**dict(zip(numbers[1:], row, strict=True))) for key, *row in counted.values_list(*numbers)}


def counted(standings: Sequence[cycles.Standing]) -> Compliance:
    """How many of these stand how."""
    numbers = {str(state): sum(one.state is state for one in standings) for state in State}
    covered = sum(one.is_covered and one.state is not State.EXEMPT for one in standings)
    return Compliance(**numbers, covered=covered)


@dataclass(frozen=True)
class Need:
    """What needs somebody: so many people of a site are overdue for a requirement."""

    requirement: Requirement
    site: str
    people: int


def needs(organisation: Organisation, members: MemberQuerySet | None = None, most: int = 5) -> list[Need]:
    """Where most people are overdue, by requirement and site, the worst first. Two queries."""
    rows = Standing.objects.filter(organisation=organisation, state=State.OVERDUE, requirement__ended_at=None)
    if members is not None:
        rows = rows.filter(member__in=members)
    worst = rows.order_by().values_list("requirement", "member__site__name").annotate(people=Count("pk"))
    found = list(worst.order_by("-people", "requirement", F("member__site__name").asc(nulls_last=True))[:most])
    known = Requirement.objects.in_bulk([key for key, _site, _people in found])
    return [Need(known[key], site or "", people) for key, site, people in found]


def standings_of(
    requirement: Requirement, *, members: "QuerySet[Member] | None" = None, state: str = ""
) -> "QuerySet[Standing]":
    """How the people of a requirement stand (of `members`, if given), what is late first, then by name."""
    rows = Standing.objects.filter(requirement=requirement)
    rows = rows.select_related("member__site", "member__department", "member__manager")
    if members is not None:
        rows = rows.filter(member__in=members)
    if state in set(State):
        rows = rows.filter(state=state)
    return rows.order_by("due_on", "member__family_name", "member__given_name", "pk")


def cells(members: Sequence[Member], requirements: Sequence[Requirement]) -> dict[int, list[Standing | None]]:
    """How each of these people (by key) stands under each of the requirements, in their order. One query."""
    rows = Standing.objects.filter(member__in=[member.pk for member in members], requirement__in=requirements)
    found = {(row.member_id, row.requirement_id): row for row in rows.order_by()}
    return {member.pk: [found.get((member.pk, one.pk)) for one in requirements] for member in members}


def matrix_rows(members: MemberQuerySet, requirements: Sequence[Requirement]) -> Iterator[list[str]]:
    """The heading, then a row for each person by name with how they stand under each requirement, and by when. A query for every 2,000 people."""
    yield [_("Number"), _("Name"), _("Site"), _("Department"), *(requirement.name for requirement in requirements)]
    people = members.select_related("site", "department").order_by("family_name", "given_name", "pk")
    for part in batched(people.iterator(BATCH), BATCH, strict=False):
        standing = cells(part, requirements)
        for member in part:
            who = [member.employee_number or "", member.full_name, str(member.site or ""), str(member.department or "")]
            yield [*who, *(in_words(one) for one in standing[member.pk])]


def requirement_rows(rows: "QuerySet[Standing]") -> Iterator[list[str]]:
    """The heading, then a row for each person, with when it is due and when it was done last; ISO 8601."""
    who = [_("Number"), _("Name"), _("E-mail"), _("Site"), _("Department"), _("Manager")]
    yield [*who, _("State"), _("Due"), _("Done last")]
    for row in rows.iterator(BATCH):
        member = row.member
        places = [str(member.site or ""), str(member.department or ""), str(member.manager or "")]
        days = [_iso(row.due_on), _iso(row.done_on)]
        yield [member.employee_number or "", member.full_name, member.email or "", *places, row.label, *days]


def as_of_rows(rows: "Sequence[Stood]") -> Iterator[list[str]]:
    """The heading, then a row for each person as they stood on a day."""
    yield [_("Name"), _("Site"), _("State"), _("Due"), _("Done last")]
    for row in rows:
        due = row.standing.duty.due_on if row.standing.duty else None
        yield [row.name, row.site, row.label, _iso(due), _iso(row.standing.done_on)]


def in_words(standing: Standing | None) -> str:
    """A cell of a table: the state, and the day that goes with it."""
    if standing is None:
        return ""
    return f"{standing.label} {_iso(standing.due_on)}".strip()


def _iso(day: date | None) -> str:
    return day.isoformat() if day else ""


def broken(requirements: Sequence[Requirement]) -> Mapping[int, str]:
    """Of each requirement under which the next time will not come about, why, by its key. It is asked with its course and audience."""
    sizes = {row.pk: row.audience.size for row in requirements}
    found = {}
    for requirement in requirements:
        if requirement.has_ended:
            continue
        if requirement.course.published_id is None:
            found[requirement.pk] = _("Its course is not published: nobody can begin it.")
        elif requirement.audience.is_archived:
            found[requirement.pk] = _("Its audience was archived: nobody enters it any more.")
        elif not sizes[requirement.pk] and not requirement.audience.is_gathering:
            found[requirement.pk] = _("Nobody is in its audience.")
    return found
