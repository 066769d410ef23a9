"""What a check comes to: what holds, what whoever reads it should know, or the first thing that does not hold."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

Progress = Callable[[int, int], object]
Pair = tuple[str, str]  # what facts are about, and whose they are
CLOCKS_DIFFER = timedelta(minutes=10)


class Broken(Exception):
    """Something does not hold; the message names the first thing, in plain words."""


class NotInstalled(Exception):
    """A package without which this can't be checked is not there: nothing is said of the file."""


@dataclass(frozen=True)
class Signing:
    """That something was signed: what, by the key of which fingerprint, when as it says itself, and as a time stamp says."""

    what: str
    key: str
    time: datetime
    dated: datetime | None = None


@dataclass(frozen=True)
class State:
    """Of which journal a dossier is, at which head; and of the facts that it proves to be all, how many there are and their running hash."""

    organisation: str
    size: int
    root: str
    counted: Mapping[Pair, tuple[int, bytes]]


@dataclass
class Report:
    """What was checked and holds, what whoever reads it should know, and by which key it is."""

    holds: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    key: str = ""
    signings: list[Signing] = field(default_factory=list)
    state: State | None = None  # of a dossier
    is_demonstration: bool = False  # of people and days that were not


def hold_to(wanted: frozenset[str], report: Report, known: Collection[str], words: str) -> None:
    """Its key is one that was told, or one of those `known` is, which handed over to it."""
    if not wanted:
        report.notes.append(f"Compare the key with the one that the organisation publishes: {report.key}")
    elif report.key in wanted:
        report.holds.append(f"Its key is one that you expect: {report.key}")
    elif handed := sorted(wanted.intersection(known)):
        report.holds.append(f"Its key {report.key} was handed over to by one that you expect: {handed[0]}")
    else:
        raise Broken(f"{words} the key {report.key}, which is none that you expect.")
