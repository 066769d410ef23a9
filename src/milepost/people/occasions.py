"""Of which training action a paper is that a lower room writes: one title and one reference stand on all papers of an action.

Actions are evidence's, which registers how they are found; certificates and attendance sheets lie below it and ask here.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from milepost.core.registry import Registry


@dataclass(frozen=True)
class Occasion:
    """A training action, as papers name it. `sessions` are the keys of its live sessions: no other hours are its own."""

    uid: str
    reference: str
    title: str
    starts_on: date
    ends_on: date
    sessions: tuple[int, ...] = ()

    def as_json(self) -> dict[str, str]:
        """As what was issued keeps it."""
        return {"id": self.uid, "reference": self.reference, "title": self.title}


class Occasions(Protocol):
    """Where training actions are found."""

    def in_course(self, course: int, members: Collection[int]) -> Mapping[int, Sequence[Occasion]]:
        """The actions of the course (by its key) in which each of these members takes part; who is in none may be left out."""

    def of_session(self, session: int) -> Sequence[Occasion]:
        """The actions that the session belongs to."""


occasions: Registry[Occasions] = Registry("place where training actions are found")


def occasions_in_course(course: int, completed: Mapping[int, date]) -> dict[int, Occasion]:
    """The action in which each of these members completed the course on this day; who takes part in none is left out.

    Of several it is one within whose days they completed it; else the last that had begun; the latest to begin comes first.
    """
    known: dict[int, list[Occasion]] = {}
    for place in occasions.all():
        for member, found in place.in_course(course, completed.keys()).items():
            known.setdefault(member, []).extend(found)
    return {member: _likeliest(found, completed[member]) for member, found in known.items() if found}


def occasions_of_session(session: int) -> list[Occasion]:
    """Every action that the session belongs to, by its reference."""
    found = [occasion for place in occasions.all() for occasion in place.of_session(session)]
    return sorted(found, key=lambda occasion: occasion.reference)


def _likeliest(found: Iterable[Occasion], day: date) -> Occasion:
    return max(
        found, key=lambda one: (one.starts_on <= day <= one.ends_on, one.starts_on <= day, one.starts_on, one.uid)
    )
