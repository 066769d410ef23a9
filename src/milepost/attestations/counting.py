"""Who belonged, whom a course concerned and who was certified on a day: from the facts that the journal had by its end.

Facts of earlier releases do not tell where people stood. For whoever has none that does, the register of today is asked, and it is
counted how many those are: that part is said to be so.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import batched
from typing import Any
from zoneinfo import ZoneInfo

from milepost.attestations.models import Whom
from milepost.courses.models import Course
from milepost.credentials.facts import CERTIFICATE_ISSUED, CERTIFICATE_REVOKED
from milepost.journal import tiles
from milepost.journal.models import Entry
from milepost.learning.facts import COURSE_REGISTERED, COURSE_WITHDREW
from milepost.people.facts import MEMBER_CREATED, MEMBER_DEACTIVATED, MEMBER_REACTIVATED, MEMBER_UPDATED, PLACE_RENAMED
from milepost.people.models import Member, Organisation, Relation

CHUNK = 5_000  # entries at once


@dataclass
class Person:
    """Somebody on the day: where they stood, and by which certificates they are certified in which course, until when."""

    uid: str
    name: str
    relation: str = ""
    site: str = ""
    department: str = ""
    gone_on: date | None = None
    is_placed: bool = False  # by a fact
    enrolled: set[str] = field(default_factory=set)
    certificates: dict[str, tuple[str, date | None]] = field(default_factory=dict)  # by uid: course, until

    def is_certified(self, courses: Sequence[str], day: date) -> bool:
        """Whether a certificate of each course held on the day."""
        holding = {course for course, until in self.certificates.values() if until is None or until >= day}
        return holding.issuperset(courses)

    def until(self, courses: Sequence[str], day: date) -> date | None:
        """The last day on which they are certified in all of them, by what they held on the day; None for ever."""
        held: dict[str, date] = {}
        for course, until in self.certificates.values():
            if until is None or until >= day:
                held[course] = max(held.get(course, date.min), until or date.max)
        last = min((held[course] for course in courses), default=date.max)
        return None if last == date.max else last


@dataclass(frozen=True)
class Question:
    """Of whom it is asked, as of which day. A site and a department by the names that they had; the department with those below it."""

    courses: tuple[str, ...]
    day: date
    whom: str
    site: str = ""
    department: str = ""

    def concerns(self, person: Person) -> bool:
        """Whether the person is one of those who are asked about."""
        if person.gone_on is not None and person.gone_on <= self.day:
            return False
        if self.whom == Whom.EMPLOYEES and person.relation != Relation.EMPLOYEE:
            return False
        if self.whom == Whom.ENROLLED and not person.enrolled.intersection(self.courses):
            return False
        if self.site and person.site != self.site:
            return False
        return not self.department or f"{person.department} / ".startswith(f"{self.department} / ")


@dataclass(frozen=True)
class Counted:
    """The answer: everybody who is concerned, by name; how many of them are placed by the register alone."""

    question: Question
    people: list[Person]
    by_register: int

    @property
    def certified(self) -> int:
        return sum(self.is_certified(person) for person in self.people)

    def is_certified(self, person: Person) -> bool:
        return person.is_certified(self.question.courses, self.question.day)

    @property
    def sites(self) -> list[dict[str, Any]]:
        """How many at each site, by its name; "" for none."""
        rows: dict[str, dict[str, Any]] = {}
        for person in self.people:
            row = rows.setdefault(person.site, {"name": person.site, "concerned": 0, "certified": 0})
            row["concerned"] += 1
            row["certified"] += self.is_certified(person)
        return [rows[name] for name in sorted(rows, key=lambda name: (not name, name.casefold(), name))]


def count(organisation: Organisation, question: Question, *, size: int | None = None) -> Counted:
    """Everybody whom the question concerns, as they stood at the end of its day by the organisation's clock.

    With a `size`, by those facts alone that are among so many first ones of the tree: those under the head of that size.
    """
    people = _people(organisation, question, size)
    unplaced = {uid for uid, person in people.items() if not person.is_placed}
    _ask_register(organisation, people, unplaced)
    concerned = [person for person in people.values() if question.concerns(person)]
    concerned.sort(key=lambda person: (person.name.casefold(), person.uid))
    return Counted(question, concerned, sum(person.uid in unplaced for person in concerned))


def _people(organisation: Organisation, question: Question, size: int | None) -> dict[str, Person]:
    zone = ZoneInfo(organisation.time_zone)
    people: dict[str, Person] = {}
    for fact, said in _facts(organisation, question, zone, size):
        result = said.get("result", {})
        match fact:
            case MEMBER_CREATED.name | MEMBER_UPDATED.name | MEMBER_REACTIVATED.name:
                told = said["object"]
                person = people.setdefault(told["id"], Person(told["id"], told["name"]))
                person.name = told["name"]
                if "relation" in result:
                    person.is_placed = True
                    person.relation, person.site = result["relation"], result.get("site", "")
                    person.department, left = result.get("department", ""), result.get("left_on")
                    person.gone_on = date.fromisoformat(left) if left else None
            case MEMBER_DEACTIVATED.name:
                if leaver := people.get(said["object"]["id"]):
                    told_on = datetime.fromisoformat(said["time"]).astimezone(zone).date()
                    leaver.gone_on = date.fromisoformat(result["left_on"]) if "left_on" in result else told_on
            case PLACE_RENAMED.name:
                _rename(people.values(), **result)
            case _:
                if learner := people.get(said.get("context", {}).get("holder") or said["actor"]["id"]):
                    _learnt(learner, fact, said)
    return people


def _rename(people: Iterable[Person], *, kind: str, before: str, after: str) -> None:
    """Let whoever stands in a site or department stand there by its new name, and in those below a department too."""
    for person in people:
        if kind == "site" and person.site == before:
            person.site = after
        elif kind == "department" and f"{person.department} / ".startswith(f"{before} / "):
            person.department = after + person.department[len(before) :]


def _learnt(person: Person, fact: str, said: dict[str, Any]) -> None:
    thing, context = said["object"]["id"], said.get("context", {})
    match fact:
        case COURSE_REGISTERED.name:
            person.enrolled.add(thing)
        case COURSE_WITHDREW.name if "round" not in context:  # out of a further round, they are still in the course
            person.enrolled.discard(thing)
        case CERTIFICATE_ISSUED.name:
            person.certificates.pop(context.get("replaces", ""), None)
            until = said["result"].get("valid_until")
            person.certificates[thing] = context["course"], date.fromisoformat(until) if until else None
        case CERTIFICATE_REVOKED.name:
            person.certificates.pop(thing, None)


def _facts(
    organisation: Organisation, question: Question, zone: ZoneInfo, size: int | None
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Those that the journal had by the end of the day, in the order in which they were recorded: of people first, then of courses."""
    until = datetime.combine(question.day + timedelta(days=1), time(), zone)
    entries = Entry.objects.filter(organisation_id=organisation.pk, time__lt=until).exclude(statement="").order_by("id")
    changes = (MEMBER_CREATED, MEMBER_UPDATED, MEMBER_DEACTIVATED, MEMBER_REACTIVATED, PLACE_RENAMED)
    of_people = [fact_type.name for fact_type in changes]
    types = (COURSE_REGISTERED, COURSE_WITHDREW, CERTIFICATE_ISSUED, CERTIFICATE_REVOKED)
    of_courses = [fact_type.name for fact_type in types]
    for rows in (
        entries.filter(fact__in=of_people),
        entries.filter(about__in=question.courses, fact__in=of_courses),
    ):
        told = rows.values_list("pk", "fact", "statement").iterator(CHUNK)
        for part in batched(told, CHUNK, strict=False):
            numbers = [number for number, _fact, _statement in part]
            places = tiles.places_of(organisation.pk, numbers) if size is not None else {}
            for number, fact, statement in part:
                if size is None or places.get(number, size) < size:
                    yield fact, json.loads(statement)


def _ask_register(organisation: Organisation, people: dict[str, Person], unplaced: set[str]) -> None:
    """Where those stand today of whom no fact says where they stood; who left by a fact left."""
    if not unplaced:
        return
    rows = Member.objects.filter(organisation=organisation).select_related("site", "department").order_by()
    for member in rows.iterator(CHUNK):
        if (uid := str(member.uid)) in unplaced:
            person, place = people[uid], member.place()
            person.relation, person.site = place["relation"], place.get("site", "")
            person.department = place.get("department", "")


def titled(courses: Sequence[Course]) -> list[dict[str, str]]:
    """The courses as an attestation names them."""
    return [{"uid": str(course.uid), "title": course.title} for course in courses]
