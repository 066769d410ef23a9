"""Adversary by tampering: what found it, or the row of docs/what-it-proves.md that says that nothing here does."""

import os
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from time import monotonic

DOCUMENT = Path(__file__).parents[2] / "docs" / "what-it-proves.md"
NOTHING = "without effect"  # what is given out afterwards is the same


@dataclass(frozen=True)
class Tampering:
    """What is changed, in words that say where; `attempt` does it and returns what found it ('' for nobody), or None if it can't be done."""

    adversary: str
    what: str
    attempt: Callable[[], str | None]


@dataclass(frozen=True)
class Listed:
    """That what is named so is not found, as a row of the document says, which begins with these words."""

    adversary: str
    what: str  # a pattern
    row: str


@dataclass
class Count:
    """Of the tamperings of one adversary: how many were tried, and what became of them."""

    found: Counter[str] = field(default_factory=Counter)
    listed: Counter[str] = field(default_factory=Counter)
    missed: list[str] = field(default_factory=list)
    without_effect: int = 0

    def add(self, tampering: Tampering, by: str | None, listed: Sequence[Listed]) -> str:
        """Count it, and say as what."""
        if by is None:
            return "not tried"
        if by == NOTHING:
            self.without_effect += 1
            return by
        if by:
            self.found[by] += 1
            return f"found by {by}"
        rows = (
            one.row for one in listed if one.adversary == tampering.adversary and re.search(one.what, tampering.what)
        )
        if row := next(rows, ""):
            self.listed[row] += 1
            return f"listed ({row})"
        self.missed.append(tampering.what)
        print(f"MISSED by all: {tampering.what}", file=sys.stderr, flush=True)
        return "MISSED"

    @property
    def tried(self) -> int:
        return self.found.total() + self.listed.total() + len(self.missed) + self.without_effect

    def __str__(self) -> str:
        told = {"found": self.found.total(), NOTHING: self.without_effect, "listed": self.listed.total()}
        numbers = ", ".join(f"{number} {what}" for what, number in (told | {"missed": len(self.missed)}).items())
        lines = [f"{self.tried} tried, {numbers}"]
        lines += [f"  found by {by}: {count}" for by, count in self.found.most_common()]
        lines += [f"  listed ({row}): {count}" for row, count in self.listed.most_common()]
        return "\n".join([*lines, *(f"  MISSED {what}" for what in self.missed)])


def counted(tamperings: Iterable[Tampering], listed: Sequence[Listed]) -> Count:
    """Try each, and say every quarter of a minute how far it has come. `TAMPERINGS_LOG` names a file for a line about each."""
    count, begun = Count(), monotonic()
    told = begun
    with Path(os.environ.get("TAMPERINGS_LOG", os.devnull)).open("a") as log:
        for tampering in tamperings:
            if monotonic() - told > 15:
                told = monotonic()
                print(
                    f"{count.tried} tried in {told - begun:.0f} s, {len(count.missed)} missed",
                    file=sys.stderr,
                    flush=True,
                )
            by = tampering.attempt()
            print(count.add(tampering, by, listed), tampering.adversary, tampering.what, sep="\t", file=log, flush=True)
    return count


def some(tamperings: Iterable[Tampering], most: int | None) -> Iterable[Tampering]:
    """So many of them by chance, the same every day (a reservoir: there are thousands, each with its files); all of them for None."""
    if most is None:
        return tamperings
    kept, chance = list[Tampering](), Random(16)
    for number, tampering in enumerate(tamperings):
        if number < most:
            kept.append(tampering)
        elif (place := chance.randrange(number + 1)) < most:
            kept[place] = tampering
    return kept


def rows() -> set[str]:
    """What the rows of the document begin with: who changes what."""
    lines = DOCUMENT.read_text().splitlines()
    return {line.split("|")[1].strip() for line in lines if line.startswith("| ")}
