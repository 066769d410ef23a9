"""Meeting tools, one folder each: where a session meets online, and who was connected.

A folder holds a `MeetingProvider`, which its room registers: `meeting_tools.register(Jitsi.name, Jitsi())`. What differs
between installations (addresses, secrets) comes from `MILEPOST_` environment variables, what differs between meetings
is `Meeting.details`. A tool knows meetings, and nothing of the sessions that they belong to.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from django.utils.functional import Promise

from milepost.core.refusals import Refused
from milepost.core.registry import Registry


class MeetingRefused(Refused):
    """The meeting tool does not do what it was asked; the message says why and what to do."""


@dataclass(frozen=True)
class Meeting:
    """Where people meet: a name that nobody guesses and that stays the same, a title, and what `prepare` gave."""

    uid: UUID
    title: str
    details: Mapping[str, Any] = field(default_factory=dict)


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
        """The details of a new meeting. Raises `MeetingRefused` for an address that is none."""
        return {}

    @abstractmethod
    def join(self, meeting: Meeting, guest: Guest) -> str:
        """Where this person goes to join, now; opens the meeting if need be. Raises `MeetingRefused`."""

    def end(self, meeting: Meeting) -> bool:
        """End the meeting for everybody; False where the tool can't. Raises `MeetingRefused`."""
        return False

    def connections(self, meeting: Meeting) -> list[Connection]:
        """Who is connected now, where the tool tells. Raises `MeetingRefused`."""
        return []


meeting_tools: Registry[MeetingProvider] = Registry("meeting tool")
