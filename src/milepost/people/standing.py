"""Where somebody stood on any day: read from the facts, with the names that sites and departments had on it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Q

from milepost.journal.models import Entry
from milepost.people.facts import (
    MEMBER_CREATED,
    MEMBER_DEACTIVATED,
    MEMBER_REACTIVATED,
    MEMBER_UPDATED,
    PLACE_RENAMED,
)
from milepost.people.models import Member

SHOWN = 50
"""So many stretches are shown, the newest."""
MOST_FACTS = 1_000
_TOLD = [fact.name for fact in (MEMBER_CREATED, MEMBER_UPDATED, MEMBER_REACTIVATED)]


@dataclass(frozen=True)
class Stretch:
    """From one day until another, both included, somebody stood there; without `until` they still do."""

    since: date
    until: date | None
    site: str = ""
    department: str = ""
    job_title: str = ""
    manager: str = ""

    @property
    def place(self) -> tuple[str, ...]:
        return self.site, self.department, self.job_title, self.manager


def stretches_of(member: Member, *, uids: Sequence[str] = ()) -> list[Stretch]:
    """Where they stood, the newest first, by the organisation's calendar; `uids` are those of earlier records of theirs.

    Facts of earlier releases tell no job and no manager, or nothing at all: what is not told is left out.
    """
    people = [str(member.uid), *uids]
    zone = ZoneInfo(member.organisation.time_zone)
    of_person = Q(object_id__in=people, fact__in=[*_TOLD, MEMBER_DEACTIVATED.name])
    rows = Entry.objects.filter(of_person | Q(fact=PLACE_RENAMED.name), organisation_id=member.organisation_id)
    entries = list(rows.exclude(statement="").order_by("-time", "-pk")[:MOST_FACTS])
    found: list[Stretch] = []
    for entry in reversed(entries):
        _go_on(found, entry, entry.time.astimezone(zone).date())
    if member.left_on is not None and member.has_left and found and found[-1].until is None:
        _end(found, member.left_on)  # which was said before, and no fact tells on the day
    return _with_names(member, found)[: -SHOWN - 1 : -1]


def _go_on(found: list[Stretch], entry: Entry, day: date) -> None:
    told: dict[str, Any] = entry.content.get("result", {})
    last = found[-1] if found and found[-1].until is None else None
    if entry.fact == PLACE_RENAMED.name:
        if last is not None and (renamed := _renamed(last, told)) != last:
            _begin(found, replace(renamed, since=day))
    elif entry.fact == MEMBER_DEACTIVATED.name or _has_left(told, day):
        if last is not None:
            left = told.get("left_on")
            _end(found, date.fromisoformat(left) if left else day)
    elif "relation" in told:
        names = {name: told.get(name, "") for name in ("site", "department", "job_title", "manager")}
        stretch = Stretch(day, None, **names)
        if last is None or last.place != stretch.place:
            _begin(found, stretch)


def _has_left(told: dict[str, Any], day: date) -> bool:
    left = told.get("left_on", "")
    return bool(left) and date.fromisoformat(left) <= day


def _begin(found: list[Stretch], stretch: Stretch) -> None:
    """It begins on the day on which the one before it ended: a day is of whatever stood at its end."""
    if found and found[-1].until is None:
        _end(found, date.fromordinal(stretch.since.toordinal() - 1))
    found.append(stretch)


def _end(found: list[Stretch], day: date) -> None:
    last = found.pop()
    if day >= last.since:
        found.append(replace(last, until=day))


def _renamed(stretch: Stretch, told: dict[str, Any]) -> Stretch:
    kind, before, after = told["kind"], told["before"], told["after"]
    if kind == "site" and stretch.site == before:
        return replace(stretch, site=after)
    if kind == "department" and f"{stretch.department} / ".startswith(f"{before} / "):
        return replace(stretch, department=after + stretch.department[len(before) :])
    return stretch


def _with_names(member: Member, found: Sequence[Stretch]) -> list[Stretch]:
    """The managers by name: facts have their uids, and who was erased has no name any more."""
    uids = {stretch.manager for stretch in found if stretch.manager}
    people = Member.objects.filter(organisation=member.organisation_id, uid__in=uids)
    names = {str(person.uid): person.full_name for person in people}
    return [replace(stretch, manager=names.get(stretch.manager, "")) for stretch in found]
