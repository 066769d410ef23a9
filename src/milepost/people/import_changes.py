"""What an HR file would do to one person, and what it asks about them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from milepost.people.models import Member, plain

SAME, OTHER = "same", "other"
"""The answers to a question: it is the same person still; the number was given to somebody else."""


@dataclass
class Change:
    """A person as the file wants them. `fields` names what differs from before; `before` has it as it was.

    Site and department are names still, and the manager may be a person of the same file; None leaves them be.
    """

    member: Member
    row: int
    fields: list[str] = field(default_factory=list)
    before: dict[str, Any] = field(default_factory=dict)
    site: str | None = None
    department: str | None = None
    manager_key: str | None = None
    manager: Member | None = None
    comes_back: bool = False
    """Whether the person had left, and is there again."""

    def becomes(self, name: str) -> Any:
        """What the field becomes."""
        if name in ("site", "department"):
            return getattr(self, name)
        if name == "manager":
            return self.manager.full_name if self.manager else ""
        return getattr(self.member, name)


@dataclass(frozen=True)
class Question:
    """A number that the file gives to somebody with another name and another address. Who had it completed courses, perhaps;
    whoever has it now would inherit them. So somebody says who it is, or nothing is done.
    """

    row: int
    number: str
    was: str
    was_address: str
    would_be: str
    address: str
    answer: str

    @property
    def key(self) -> str:
        """The key under which it is answered."""
        return question_of(self.number)


def question_of(number: str) -> str:
    """The key of the answer to who has this number."""
    return f"person:{plain(number)}"


def is_somebody_else(member: Member, said: Mapping[str, str]) -> bool:
    """Whether a row that has this person's number seems to be about somebody else: neither name nor address is theirs.

    A row without an address is about somebody else if neither the given nor the family name is theirs.
    """
    given, family = (plain(said.get(name) or getattr(member, name)) for name in ("given_name", "family_name"))
    names = plain(member.given_name), plain(member.family_name)
    if (email := said.get("email", "").lower()) and member.email:
        return email != member.email and sorted((given, family)) != sorted(names)
    return not {given, family} & set(names)
