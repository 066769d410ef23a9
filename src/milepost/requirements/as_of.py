"""How everybody stood under a requirement at the end of any day: from the facts that the journal had by then, and nothing else.

What the requirement asked then, who was in its audience, what they had done, who was away or exempt: each has its facts. The days are
worked out by the arithmetic that every page uses (`cycles`), so a page of that day said the same. What an HR file alone knows (the day
of hiring) is asked of the register of today; sites are those of the facts, under the names that they had.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from milepost.journal.models import Entry
from milepost.people.facts import (
    MEMBER_ABSENCE_CHANGED,
    MEMBER_ABSENCE_REMOVED,
    MEMBER_ABSENT,
    MEMBER_CREATED,
    MEMBER_REACTIVATED,
    MEMBER_RETURNED,
    MEMBER_UPDATED,
    PLACE_RENAMED,
)
from milepost.people.models import Member
from milepost.requirements import cycles
from milepost.requirements.cycles import Case, Counted, Cycle, First, Span
from milepost.requirements.models import LABELS, Requirement

CHUNK = 5_000  # entries at once
OF_ABSENCES = [fact.name for fact in (MEMBER_ABSENT, MEMBER_ABSENCE_CHANGED, MEMBER_ABSENCE_REMOVED, MEMBER_RETURNED)]
OF_PLACES = [fact.name for fact in (MEMBER_CREATED, MEMBER_UPDATED, MEMBER_REACTIVATED, PLACE_RENAMED)]


@dataclass
class Stood:
    """One person on the day."""

    uid: str
    name: str
    site: str
    standing: cycles.Standing

    @property
    def state(self) -> str:
        """As templates compare it."""
        return str(self.standing.state)

    @property
    def label(self) -> str:
        """The state in words."""
        return str(LABELS[self.standing.state])


@dataclass
class _Person:
    """What facts tell of one person."""

    name: str = ""
    site: str = ""
    since: date | None = None
    rounds: dict[tuple[str, int], date] = field(default_factory=dict)  # by course and round: when completed
    recognised: dict[str, date] = field(default_factory=dict)  # by equivalence
    away: dict[str, Span] = field(default_factory=dict)  # by absence
    exempt: dict[str, Span] = field(default_factory=dict)  # by exemption

    def case(self, courses: set[str], hired_on: date | None) -> Case:
        assert self.since is not None  # noqa: S101 (only who is under it is asked about)
        done = {day for (course, _round), day in self.rounds.items() if course in courses} | set(
            self.recognised.values()
        )
        away, exempt = sorted(self.away.values(), key=_first), sorted(self.exempt.values(), key=_first)
        return Case(self.since, hired_on, sorted(done), away, exempt)


def _first(span: Span) -> date:
    return span.first


def stood(requirement: Requirement, day: date) -> list[Stood]:
    """Everybody who was under the requirement at the end of the day by the organisation's calendar, by name; nobody before it was set, or after its end.

    A few passes over the facts that are about it, its audience, its courses and its people.
    """
    return _Telling(requirement, day).stood()


class _Telling:
    def __init__(self, requirement: Requirement, day: date) -> None:
        self.requirement, self.day = requirement, day
        self.zone = ZoneInfo(requirement.organisation.time_zone)
        end = datetime.combine(day + timedelta(days=1), time(), self.zone)
        organisation = requirement.organisation_id
        self.entries = Entry.objects.filter(organisation_id=organisation, time__lt=end).exclude(statement="")
        self.people: dict[str, _Person] = {}
        self.asked: dict[str, Any] | None = None
        self.is_ended = False

    def stood(self) -> list[Stood]:
        uid = str(self.requirement.uid)
        self._hear(self._facts(about=uid), self._of_requirement)
        if self.asked is None or self.is_ended:
            return []
        courses = {self.asked["course"], *self.asked["equivalents"]}
        self._hear(self._facts(about=self.asked["audience"]), self._of_audience)
        self._hear(self._facts(about__in=sorted(courses), fact__startswith="course."), self._of_course)
        self._hear(self._facts(fact__in=OF_ABSENCES), self._of_absence)
        self._hear(self._facts(fact__in=OF_PLACES), self._of_place)
        cycle = _cycle(self.asked)
        under = {uid: person for uid, person in self.people.items() if person.since is not None}
        hired = Member.objects.filter(organisation=self.requirement.organisation_id, hire_date__isnull=False)
        days = (
            {str(uid): day for uid, day in hired.values_list("uid", "hire_date")} if cycle.first is First.HIRE else {}
        )
        found = [
            Stood(uid, person.name, person.site, cycles.standing(cycle, person.case(courses, days.get(uid)), self.day))
            for uid, person in under.items()
        ]
        return sorted(found, key=lambda one: (one.name.casefold(), one.uid))

    def _facts(self, **which: Any) -> Iterator[dict[str, Any]]:
        rows = self.entries.filter(**which).order_by("id").values_list("statement", flat=True)
        return (json.loads(statement) for statement in rows.iterator(CHUNK))

    def _hear(self, facts: Iterator[dict[str, Any]], hear: Callable[[dict[str, Any]], None]) -> None:
        for fact in facts:
            hear(fact)

    def _person(self, told: dict[str, Any]) -> _Person:
        person = self.people.setdefault(told["id"], _Person())
        person.name = told["name"]
        return person

    def _on(self, fact: dict[str, Any]) -> date:
        return datetime.fromisoformat(fact["time"]).astimezone(self.zone).date()

    def _of_requirement(self, fact: dict[str, Any]) -> None:
        result = fact.get("result", {})
        match fact["verb"]:
            case "created" | "updated":
                self.asked = result
            case "ended":
                self.is_ended = True
            case "resumed":
                self.is_ended = False
            case "exempted":
                last = date.fromisoformat(result["ends"]) if "ends" in result else None
                span = Span(date.fromisoformat(result["begins"]), last)
                self._person(fact["actor"]).exempt[result["exemption"]] = span
            case "ended-exemption":
                exempt = self._person(fact["actor"]).exempt
                if span_before := exempt.get(result["exemption"]):
                    exempt[result["exemption"]] = Span(span_before.first, date.fromisoformat(result["ends"]))

    def _of_audience(self, fact: dict[str, Any]) -> None:
        if fact["verb"] == "entered":
            self._person(fact["actor"]).since = self._on(fact)
        elif fact["verb"] == "left":
            self._person(fact["actor"]).since = None

    def _of_course(self, fact: dict[str, Any]) -> None:
        if fact["actor"]["type"] != "member":
            return
        person, course, result = self._person(fact["actor"]), fact["object"]["id"], fact.get("result", {})
        key = course, fact.get("context", {}).get("round", 1)
        match fact["verb"]:
            case "completed":
                person.rounds[key] = self._on(fact)
            case "reopened" | "withdrew":
                person.rounds.pop(key, None)
            case "recognised":
                person.recognised[result["equivalence"]] = date.fromisoformat(result["completed"])
            case "unrecognised":
                person.recognised.pop(result["equivalence"], None)

    def _of_absence(self, fact: dict[str, Any]) -> None:
        result, away = fact["result"], self._person(fact["object"]).away
        if fact["verb"] == "removed-absence":
            away.pop(result["absence"], None)
        else:
            last = date.fromisoformat(result["ends"]) if "ends" in result else None
            away[result["absence"]] = Span(date.fromisoformat(result["begins"]), last)

    def _of_place(self, fact: dict[str, Any]) -> None:
        result = fact.get("result", {})
        if fact["object"]["type"] == "place":
            if result["kind"] == "site":
                for person in self.people.values():
                    person.site = result["after"] if person.site == result["before"] else person.site
        elif "relation" in result:
            self._person(fact["object"]).site = result.get("site", "")


def _cycle(asked: dict[str, Any]) -> Cycle:
    def day(name: str) -> date | None:
        return date.fromisoformat(asked[name]) if name in asked else None

    return Cycle(
        starts_on=date.fromisoformat(asked["starts_on"]),
        first=First(asked["first"]),
        day=day("day"),
        days=asked["days"],
        least_days=asked["least_days"],
        every_months=asked.get("every_months"),
        counted=Counted(asked["counted"]),
        opens_days=asked["opens_days"],
        accepts_days=asked.get("accepts_days"),
    )
