"""Acts on many people at once, remembered for a month so that each can be undone in one act.

A verb that does something to many takes `act`, the uid under which it can be undone, and remembers in its transaction to
whom it did it:

    remember(Done("enrolment", act, course.as_reference()), to=[(row.member_id, row.pk) for row in new], by=by)

The room says how that is done to some of them and how it is taken back (its `undoing.py`), and hangs it up in its
`registered.py`:

    bulk_kinds.register("enrolment", EnrolmentsInBulk())

The rest is the same for all: doing it, in the background where it takes longer than somebody waits
(`milepost.people.doing`), the page that lists such acts and tells how far each is, who may undo which, once, in the
background too, and the fact that says so (`milepost.people.undoing`).
"""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from django.db.models import F, Model
from django.utils.functional import Promise

from milepost.core import clock
from milepost.core.registry import Registry
from milepost.journal.recording import Reference
from milepost.people.models import BulkAct, BulkActPerson, Member, Organisation
from milepost.people.permissions import Permission

BATCH = 2_000


class BulkKind(ABC):
    """How one kind of act on many is told, how it is done to some of them, and how it is taken back."""

    permission: ClassVar[Permission]
    """Whoever holds it for everybody may undo anybody's act; whoever did it, their own, for those within their reach."""

    explains: ClassVar[str | Promise]
    """What undoing it does, and who keeps what they have: read before it is done."""

    reasons: ClassVar[Mapping[str, str | Promise]]
    """Why somebody keeps it, by the word that `kept` answers: “has begun”."""

    undone: ClassVar[str | Promise]
    """The fact in a sentence, with %(object)s, %(taken_back)s and %(kept)s."""

    @abstractmethod
    def title(self, act: BulkAct) -> str:
        """What was done: “120 people enrolled in “Ladders””."""

    def subject(self, act: BulkAct) -> Model | None:
        """What the permission is asked about: the course, the session; None for people alone."""
        return None

    def permission_of(self, member: Member, subject: Model | None) -> Permission:
        """The permission by which this member undoes it; where there is more than one."""
        return self.permission

    at_once: ClassVar[int] = 1_000
    """So many people are taken back in one transaction."""

    def do(self, act: BulkAct, members: Sequence[Member], by: Member) -> None:
        """Do it to these, in a bounded number of statements, under `act.uid`: to all or to none of them.

        Whoever has it already keeps it as it is. Raises a `Refused` where it can't go on. Not of kinds that a verb of their own
        does as a whole.
        """
        raise NotImplementedError(f"{act.kind} is not done in parts")

    @abstractmethod
    def hold(self, act: BulkAct, people: Sequence[BulkActPerson]) -> None:
        """Lock what the verbs lock that change the same rows, in their order; `kept` reads after it."""

    @abstractmethod
    def kept(self, act: BulkAct, people: Sequence[BulkActPerson]) -> Mapping[int, str]:
        """Why these keep it, by the key of the row in `people`: they began, signed, or were changed since."""

    @abstractmethod
    def take_back(self, act: BulkAct, people: Sequence[BulkActPerson], by: Member) -> None:
        """Take it back for these, in a bounded number of statements, and record a fact for each."""


bulk_kinds: Registry[BulkKind] = Registry("act on many people")


@dataclass(frozen=True)
class Done:
    """An act on many: its kind, its uid, what it was about, and what else taking it back has to know, as JSON values."""

    kind: str
    uid: UUID
    about: Reference
    data: Mapping[str, Any] = field(default_factory=dict)
    at: datetime = field(default_factory=clock.now)


def remember(
    done: Done, *, to: Collection[tuple[int, int]], by: Member | None, organisation: Organisation | None = None
) -> None:
    """Remember the act and to whom it was done, in the transaction in which it is; nothing where it was done to nobody.

    `to` holds for each the key of the member, and what the kind needs to take it back: the key of the row that was made.
    They are added to those to whom it was done under the same uid before. Where the installation did it (`by` is None), the
    organisation has to be said.
    """
    if not to:
        return
    act, _is_new = kept_as(done, by=by, organisation=organisation)
    BulkAct.objects.filter(pk=act.pk).update(count=F("count") + len(to))
    people = (BulkActPerson(act=act, member_id=member, key=key) for member, key in to)
    BulkActPerson.objects.bulk_create(people, batch_size=BATCH)


def kept_as(
    done: Done, *, by: Member | None, to: Sequence[int] = (), organisation: Organisation | None = None
) -> tuple[BulkAct, bool]:
    """The row of the act, and whether it is new: one that is still to be done to the members of these keys, if there are any."""
    bulk_kinds.get(done.kind)
    row = {
        "organisation_id": by.organisation_id if by else _needed(organisation).pk,
        "kind": done.kind,
        "by": by,
        "at": done.at,
        "about_id": done.about.id,
        "about_name": done.about.name[:200],
        "data": dict(done.data),
        "count": 0,
        "asked": len(to),
        "waiting": list(to),
        "is_being_done": bool(to),
    }
    return BulkAct.objects.get_or_create(uid=done.uid, defaults=row)


def _needed(organisation: Organisation | None) -> Organisation:
    if organisation is None:
        raise ValueError("Nobody did this, and no organisation was named in which it was done")
    return organisation


def began_at(act: UUID | None) -> datetime:
    """When the act began of which this is a part; now, where it begins with it."""
    begun = BulkAct.objects.filter(uid=act).values_list("at", flat=True).first() if act else None
    return begun or clock.now()


def in_act(act: UUID | None) -> dict[str, str]:
    """What the context of a fact says of the act that it is part of."""
    return {"act": str(act)} if act else {}


def keys_of(people: Iterable[BulkActPerson]) -> list[int]:
    """What the kind remembered of each."""
    return [person.key for person in people]
