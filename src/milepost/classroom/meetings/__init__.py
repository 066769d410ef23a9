"""Meeting tools, one folder each: where a session meets online, and who was connected.

A folder holds a `Provider`; its being there makes it known. What differs between installations (addresses, secrets)
comes from `MILEPOST_` environment variables, what differs between sessions is the session's `meeting`.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any, ClassVar

from django.utils.functional import Promise

from milepost.core.refusals import Refused

if TYPE_CHECKING:
    from milepost.classroom.models import LiveSession


class MeetingRefused(Refused):
    """The meeting tool does not do what it was asked; the message says why and what to do."""


@dataclass(frozen=True)
class Guest:
    """Who joins: a name to show, an identifier that stays the same, and whether they lead the meeting."""

    name: str
    id: str
    email: str = ""
    is_trainer: bool = False


@dataclass(frozen=True)
class Connection:
    """Somebody was connected, from when to when, as far as the tool tells."""

    name: str
    email: str = ""
    id: str = ""
    joined: datetime | None = None
    left: datetime | None = None


class MeetingProvider(ABC):
    """One meeting tool."""

    name: ClassVar[str]
    label: ClassVar[str | Promise]
    asks_for_address: ClassVar[bool] = False  # of the person who makes the session
    tells_who_is_there: ClassVar[bool] = False

    @property
    def is_configured(self) -> bool:
        """Whether this installation can use it."""
        return True

    def prepare(self, address: str) -> dict[str, Any]:
        """The `meeting` of a new session. Raises `MeetingRefused` for an address that is none."""
        return {}

    @abstractmethod
    def join(self, session: "LiveSession", guest: Guest) -> str:
        """Where this person goes to join, now; opens the meeting if need be. Raises `MeetingRefused`."""

    def end(self, session: "LiveSession") -> bool:
        """End the meeting for everybody; False where the tool can't. Raises `MeetingRefused`."""
        return False

    def connections(self, session: "LiveSession") -> list[Connection]:
        """Who is connected now, where the tool tells. Raises `MeetingRefused`."""
        return []


@cache
def providers() -> dict[str, MeetingProvider]:
    """All meeting tools by name."""
    found = [import_module(f"{__name__}.{folder.name}").Provider() for folder in iter_modules(__path__) if folder.ispkg]
    return {provider.name: provider for provider in found}


def provider_of(name: str) -> MeetingProvider:
    """The meeting tool of this name. Raises `KeyError`."""
    return providers()[name]
