"""What a declaration is: a folder of this room with its rules, and a class that tells its rows.

A further one is a folder and a line in `registered.py`: `declarations.register(Bpf.name, Bpf())`.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import yaml
from django.utils.functional import Promise

from milepost.core.registry import Registry
from milepost.declarations.periods import Period
from milepost.evidence.models import TrainingAction
from milepost.people.contributions import in_language
from milepost.people.models import Member, Organisation

Row = list[Any]  # texts and numbers; dates as the file writes them
KEPT_PROBLEMS, PREVIEWED = 500, 60


@dataclass(frozen=True)
class Rules:
    """By which text a declaration is made: its articles, what was read and when, and whose layout its file has."""

    articles: tuple[str, ...]
    sources: tuple[Mapping[str, Any], ...]  # {"title": by language, "address"}
    read_on: date
    in_force_on: date
    notes: tuple[Mapping[str, str], ...]  # by language: what whoever uses the file must know

    @property
    def words(self) -> list[str]:
        """The notes in the active language."""
        return [in_language(note) for note in self.notes]

    @property
    def links(self) -> list[tuple[str, str]]:
        """What was read: titles in the active language, and addresses."""
        return [(in_language(source["title"]), source["address"]) for source in self.sources]


@dataclass
class Collected:
    """What is found while rows are told: figures to look at, and what is wrong with which action or person."""

    totals: list[Row] = field(default_factory=list)
    problems: list[dict[str, str]] = field(default_factory=list)
    problem_count: int = 0

    def total(self, label: str, value: int | str, unit: str = "") -> None:
        """A figure of the whole; `unit` is minutes, cents, or empty."""
        self.totals.append([label, value, unit])

    def problem(self, code: str, action: TrainingAction, member: Member | None = None) -> None:
        """Something that is missing or doubtful, by a code of `problems.py`."""
        self.problem_count += 1
        if len(self.problems) < KEPT_PROBLEMS:
            said = {"code": code, "action": str(action.uid), "reference": action.reference}
            if member is not None:
                said |= {"person": str(member.uid), "name": member.full_name}
            self.problems.append(said)


class Declaration(ABC):
    """One declaration. `name` is what it is called in addresses, and its folder."""

    name: ClassVar[str]
    label: ClassVar[str | Promise]
    purpose: ClassVar[str | Promise]
    delimiter: ClassVar[str] = ","
    has_mark: ClassVar[bool] = True  # a byte order mark, which Excel wants and portals may not
    period_of: ClassVar[Callable[[Organisation, int], Period]]

    @cached_property
    def rules(self) -> Rules:
        """What `rules.yaml` in its folder says."""
        said = yaml.safe_load((Path(__file__).parent / self.name / "rules.yaml").read_text(encoding="utf-8"))
        return Rules(
            tuple(said["articles"]), tuple(said["sources"]), said["read_on"], said["in_force_on"], tuple(said["notes"])
        )

    @abstractmethod
    def rows(self, organisation: Organisation, period: Period, found: Collected) -> Iterator[Row]:
        """The heading, then the rows, in bounded memory; what is found on the way goes to `found`."""


declarations: Registry[Declaration] = Registry("declaration")
