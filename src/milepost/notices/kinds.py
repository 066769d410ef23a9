"""Kinds of notices: what can be said, in which words, and whether somebody may not want to hear it.

A room brings a kind by a class and one line in its `registered.py`:

    class Overdue(Kind):
        label = gettext_lazy("A course is overdue")
        template = "learning/notices/overdue.txt"
        may_wait = True

        def find(self, notice):
            return Enrolment.objects.filter(uid=notice.about_id).first()

        def is_still_wanted(self, notice, enrolment):
            return not enrolment.is_complete

        def context(self, notice, enrolment):
            return {"title": enrolment.title, "page": …}

    kinds.register("overdue", Overdue())

Its template is plain text in named parts (`{% partialdef subject %}`, `words`, `link`, `button`, `small`), from which
`letters` makes the HTML and the text, and every channel what it needs.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django.utils.functional import Promise

from milepost.core.registry import Registry
from milepost.notices.models import Notice, Recipient
from milepost.people.models import Organisation
from milepost.people.permissions import Permission


@dataclass(frozen=True)
class File:
    """What is attached."""

    name: str
    content: bytes
    type: str  # of media, with its parameters: text/calendar; method=REQUEST


class Kind(ABC):
    """What can be said. `find` answers with what the notice speaks of, or None when that is gone."""

    label: ClassVar[str | Promise]
    template: ClassVar[str]
    permission: ClassVar[Permission | None] = None  # of those who sent it, and can try again beside who manages people
    why_always: ClassVar[str | Promise] = ""  # why it can't be switched off; empty: it can
    may_wait: ClassVar[bool] = False  # for the end of quiet hours, and for the daily message
    is_secret: ClassVar[bool] = False  # holds what is not kept: sent at once or not at all
    is_forgotten: ClassVar[bool] = False  # its row goes once it was sent
    is_for_members: ClassVar[bool] = True  # so that it stands on their page of choices
    for_leavers: ClassVar[bool] = False  # said to members who have left, too

    @abstractmethod
    def find(self, notice: Notice) -> Any | None:
        """What the notice speaks of, as it is now; None when there is nothing to say any more."""

    def is_still_wanted(self, notice: Notice, thing: Any) -> bool:
        """Whether the notice still has a point."""
        return True

    @abstractmethod
    def context(self, notice: Notice, thing: Any) -> dict[str, Any]:
        """What the template speaks of; `to` (the `Recipient`) and `organisation` are there already."""

    def files(self, notice: Notice, thing: Any) -> Sequence[File]:
        """What is attached."""
        return ()

    def reply_to(self, notice: Notice, thing: Any) -> str:
        """The address of whoever can answer; empty when nobody in particular can."""
        return ""

    @abstractmethod
    def example(self, organisation: Organisation, to: Recipient) -> dict[str, Any]:
        """A context to look at: what `context` would give this person for a thing that could be."""


kinds: Registry[Kind] = Registry("kind of notice")
