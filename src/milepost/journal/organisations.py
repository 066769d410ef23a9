"""Whose journal it is. The journal stands below the room that knows organisations, which tells it how to ask.

Inside of a database an organisation has a number; what is signed and stated names it by its uid, which is the same in
every installation that the journal may ever move to.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID


class Journalled(Protocol):
    """Something that has a journal: the model of an organisation, or its `Identity`."""

    @property
    def pk(self) -> int: ...
    @property
    def uid(self) -> UUID: ...
    @property
    def is_demonstration(self) -> bool: ...


@dataclass(frozen=True)
class Identity:
    """An organisation as its journal names it: its number here, its uid everywhere, its name for its certificate, and whether it is for demonstration."""

    pk: int
    uid: UUID
    name: str
    is_demonstration: bool = False


def _nobody_told(organisation_id: int) -> Identity:
    raise LookupError(f"No room has told who organisation {organisation_id} is.")


_ask: Callable[[int], Identity] = _nobody_told


def tell_identities(by: Callable[[int], Identity]) -> None:
    """Say who an organisation is, by its number. `by` raises `LookupError` for a number of none."""
    global _ask
    _ask = by


def identity_of(organisation_id: int) -> Identity:
    """Who the organisation with this number is."""
    return _ask(organisation_id)
