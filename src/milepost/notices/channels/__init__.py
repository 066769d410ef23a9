"""Ways to people. A channel is a folder here (or in a room of its own), and one line in a `registered.py`:

    channels.register("slate", SlateChannel())

It then stands on everybody's page of choices, and carries what they choose it for. `email` comes with Milepost.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from django.utils.functional import Promise

from milepost.core.registry import Registry
from milepost.notices.letters import Letter
from milepost.notices.models import Recipient
from milepost.people.models import Organisation

DEFAULT = "email"


class NotDelivered(Exception):
    """The letter did not arrive; the message is the reason, in the words of whoever refused it."""


class RefusedForGood(NotDelivered):
    """This recipient or this letter is refused, and would be again (SMTP: 5xx)."""


class TryLater(NotDelivered):
    """Not now; the letter is to be tried again (SMTP: 4xx)."""


class Lost(TryLater):
    """The connection broke in the middle. If the words had begun to leave, nobody can know whether they arrived."""


class Away(NotDelivered):
    """Nobody can be reached by this channel now: its server is away, or does not let us in. No fault of the letter.

    `seconds` is for how long it is to be left alone.
    """

    def __init__(self, reason: str, seconds: float = 10.0) -> None:
        super().__init__(reason)
        self.seconds = seconds


@dataclass(frozen=True)
class Delivery:
    """A letter on its way to somebody.

    `handing_over` is called right before the letter's words leave: from there on it may have arrived, whatever happens.
    It may raise, and then the letter is not to be sent.
    """

    uid: UUID  # the same for every try, so that a reader can tell a letter that comes twice
    to: Recipient
    organisation: Organisation
    letter: Letter
    handing_over: Callable[[], None] = lambda: None


class Channel(ABC):
    """A way to people."""

    label: ClassVar[str | Promise]

    @abstractmethod
    def reaches(self, to: Recipient) -> bool:
        """Whether it knows where this person is."""

    @abstractmethod
    def send(self, delivery: Delivery) -> None:
        """Bring the letter, within a bound of time. Raises `RefusedForGood`, `TryLater`, `Lost` or `Away`."""

    @property
    def trouble(self) -> str:
        """Why nothing goes out by it now, in the words of whoever refuses; empty while all is well, as far as is known."""
        return ""

    def held_open(self) -> AbstractContextManager[object]:
        """Keep what a letter needs (a connection) for the letters inside the block."""
        return nullcontext()


channels: Registry[Channel] = Registry("channel")
