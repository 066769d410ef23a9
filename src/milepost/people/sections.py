"""A person's page is made of sections; higher rooms add theirs."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from milepost.people.models import Member


@dataclass(frozen=True)
class Section:
    """A part of a person's page: a template and what it shows."""

    template: str
    context: dict[str, Any]


_makers: list[Callable[[Member], Section]] = []


def register(maker: Callable[[Member], Section]) -> None:
    """Add a section to every person's page."""
    if maker not in _makers:
        _makers.append(maker)


def sections_of(member: Member) -> list[Section]:
    """The sections of a person's page, in the order in which they were registered."""
    return [maker(member) for maker in _makers]
