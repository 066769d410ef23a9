"""How each person of an action stands, in the columns that rooms bring. A page of people costs a query for each."""

from collections.abc import Iterable
from dataclasses import dataclass

from milepost.people.contributions import Column, Scope, contributions
from milepost.people.models import Member


@dataclass(frozen=True)
class Cell:
    """What stands for one person in one column."""

    column: Column
    text: str


@dataclass(frozen=True)
class Standing:
    """One person: a cell for each column, and whether nothing is left to do."""

    member: Member
    cells: list[Cell]
    is_whole: bool


@dataclass(frozen=True)
class Standings:
    """The table of people."""

    columns: list[Column]
    rows: list[Standing]


def standings(scope: Scope, members: Iterable[Member]) -> Standings:
    """The standing of each of these people of the action, in their order."""
    people = list(members)
    columns = [column for contribution in contributions.all() for column in contribution.columns(scope, people)]
    return Standings(columns, [_standing(member, columns) for member in people])


def _standing(member: Member, columns: list[Column]) -> Standing:
    cells = [Cell(column, column.cells.get(member.pk, "–")) for column in columns]
    return Standing(member, cells, is_whole=not any(member.pk in column.open for column in columns))
