"""The one thing that a room registers to be part of evidence."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, ClassVar, Protocol

from django.db.models import Q, QuerySet
from django.utils.functional import Promise

from milepost.core.registry import Registry
from milepost.journal.vocabulary import FactType
from milepost.people.contributions.files import FileKind
from milepost.people.contributions.readiness import Finding, Need, Remedy
from milepost.people.contributions.scope import Scope
from milepost.people.models import Member, Organisation


class Contribution:
    """What one room holds of actions and of people. Everything has a harmless default: a room says what it has.

    Rooms are asked in the order in which they start, lower ones first; they let go and erase in the reverse order, so
    that what hangs on a row goes before the row.
    """

    # --- Files, readiness and names: said, not computed ---

    files: ClassVar[Sequence[FileKind[Any]]] = ()
    """The kinds of files that the room keeps of actions and people."""

    sources: ClassVar[Mapping[str, Callable[[Scope, Need], Iterable[Finding]]]] = {}
    """By the word that a profile's pieces have as `from`: what is there of such a piece."""

    checks: ClassVar[Mapping[str, Callable[[Scope], Iterable[Finding]]]] = {}
    """By the word that stands under a profile's `checks`: whether things agree."""

    remedies: ClassVar[Mapping[str, Remedy]] = {}
    """By the name that findings have as `remedy`: one tap that mends it."""

    records: ClassVar[Mapping[str, str | Promise]] = {}
    """By a model's label (`room.Model`): what a person calls these rows in the copy of their data."""

    # --- An action ---

    def things(self, scope: Scope) -> Iterable[str]:
        """The uids of the room's things in the action that facts can be about: its sessions, its documents.

        What facts about them say is the history of the action, lies in its dossier, and is let go with it. To the dossier
        of one person belongs of it what names no learner, and what they did themselves.
        """
        return ()

    def actions_about(self, organisation: Organisation, uids: Collection[str]) -> Iterable[str]:
        """The uids of the actions that the room's things with these uids belong to; what others' things are is ignored.

        It is what `things` is the other way round, so that a fact about such a thing has its action looked at again. The
        sessions, the course and the people that an action consists of need no answer.
        """
        return ()

    def facts(self, scope: Scope) -> Iterable[Q]:
        """Conditions on entries of further facts for dossier and audit room, each asking for at most `BATCH` things."""
        return ()

    def participants(self, scope: Scope) -> "QuerySet[Any, Any] | None":
        """The keys of the members who take part because of the scope's course and sessions (`{"member_id": …}`)."""
        return None

    def counts(self, scope: Scope) -> Iterable[tuple[str, int]]:
        """How many there are of what people count, by its name: for the dossier's cover, and before it is let go."""
        return ()

    def columns(self, scope: Scope, members: Sequence[Member]) -> "Iterable[Column]":
        """How each of these people stands, for the table of the action's people."""
        return ()

    def titles(self, scope: Scope) -> "Iterable[Paper]":
        """Which title stands on each of the room's papers of the action: all are to carry that of the action."""
        return ()

    def retitle(self, scope: Scope) -> None:
        """The action has this title from now on: make papers anew that carry another one and can be made by themselves."""

    def certified(self, scope: Scope) -> Iterable[int]:
        """The keys of those who hold a certificate of completion that counts, where the room issues any."""
        return ()

    def prepare(self, scope: Scope) -> None:
        """Make what still waits for the background, so that a dossier misses nothing."""

    def write(self, scope: Scope, dossier: "DossierWriter") -> None:
        """Write the room's records into the dossier, in an order that stays, row by row.

        Under `records/` lies what `milepost verify` derives from the facts; everything else lies under `AS_SAID`.
        """

    def kept_years(self, organisation: Organisation) -> int:
        """For how many years after its end the organisation keeps the room's part of an action; 0 if it did not say."""
        return 0

    def let_go(self, scope: Scope) -> None:
        """Remove the action's rows: its time is over. Its files and the words of its facts go by themselves.

        The scope has no course, since what people learnt is theirs, and of the sessions those that no other action needs.
        """

    # --- A person ---

    def learnt(self, member: Member) -> Iterable[str]:
        """The uids of the things in which the person learnt (courses, sessions): their receipt holds all facts of theirs about these."""
        return ()

    def things_of(self, member: Member) -> Iterable[str]:
        """The identifiers of what is the person's alone: facts about it lose their words when they are erased."""
        return ()

    def involvement(self, member: Member) -> "Involvement":
        """In which sessions and actions the room holds something of the person: as long as these are kept, so is that."""
        return Involvement()

    def holds(self, member: Member) -> "Iterable[Hold]":
        """Why the person's records here may not be erased yet."""
        return ()

    # --- Somebody from outside: a signatory, a trainer, an auditor ---

    def of_outsider(self, organisation: Organisation, email: str) -> "Iterable[Outside]":
        """What the room holds of whoever has this address and is no member."""
        return ()

    def erase_outsider(self, organisation: Organisation, email: str) -> None:
        """Make the room's rows of them nameless, or take them away."""

    # --- A person, once more ---

    def erase(self, member: Member) -> None:
        """Take the person's rows away, or make those nameless that others need. Files and facts go by themselves."""


@dataclass(frozen=True)
class Hold:
    """Why somebody's records can't be erased yet, in words for them, and, where a calendar says it, until when.

    One about a session (`session_id`) is left to the action that the session belongs to, if there is one.
    """

    reason: str
    until: date | None = None
    session_id: int | None = None


@dataclass(frozen=True)
class Outside:
    """What a room holds of somebody without an account, whom it knows by their address: what it is, and what of them stands there.

    `uid` is how facts name them there. `reason` says why it can't go where the room knows; what belongs to an action (`action_uid`) or a
    session stays as long as that is kept.
    """

    label: str | Promise
    uid: str
    data: Mapping[str, Any]
    reason: str = ""
    action_uid: str = ""
    session_id: int | None = None


@dataclass(frozen=True)
class Involvement:
    """Where a person stands in what actions are made of: keys of sessions (or a query for them), uids of actions."""

    session_ids: "Iterable[int] | QuerySet[Any, Any]" = ()
    action_uids: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Paper:
    """A title, on which paper it stands, in words that go on with the title (“a document says”), and where one sees it."""

    title: str
    paper: str
    link: str = ""


@dataclass(frozen=True)
class Column:
    """A column of the table of people: what stands in each person's row (by their key), and who lacks something."""

    label: str
    cells: Mapping[int, str]
    open: frozenset[int] = field(default_factory=frozenset)  # the keys of those for whom something is left to do
    is_number: bool = False


class DossierWriter(Protocol):
    """What a room writes its records to. Names are paths within the dossier; chunks are hashed as they pass."""

    def add(self, name: str, chunks: Iterable[bytes]) -> None:
        """A file of records."""

    def table(self, name: str, rows: Iterator[list[Any]]) -> None:
        """A table as CSV, its heading first."""

    def facts(self, types: Collection[FactType]) -> Iterator[Mapping[str, Any]]:
        """The statements in the dossier that are of these types, in their order."""

    @property
    def people(self) -> Sequence[tuple[str, str]]:
        """Uid and name, as the facts have it, of everybody who takes part in the action, by name."""

    def name_of(self, member: Member) -> str:
        """What the last fact in the dossier that names the person calls them."""


contributions: Registry[Contribution] = Registry("contribution to evidence")
