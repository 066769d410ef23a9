"""A person's receipt: the facts of what they learnt, their certificates and badges, and the proof that nothing of it was left out.

It holds the facts of one person and of nobody else, about the courses and sessions that they choose, all of them: so whoever
reads it knows that no completion was taken back since, up to the day of its seal.
"""

import json
import zipfile
from collections.abc import Collection
from dataclasses import dataclass
from itertools import batched
from typing import IO, Any

from django.db import transaction
from django.db.models import BooleanField, ExpressionWrapper, Q
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext_lazy

from milepost.anchors.publishing import page_of
from milepost.core import blobs
from milepost.core.refusals import Refused
from milepost.evidence.contributions import file_kinds
from milepost.evidence.facts import MEMBER_EXPORTED
from milepost.evidence.sealed_archive import ChangedMeanwhile, SealedArchive, seal_with_index
from milepost.journal.models import Entry
from milepost.journal.queries import of_people
from milepost.journal.recording import record
from milepost.people.contributions import BATCH, contributions
from milepost.people.identity import state_identity
from milepost.people.models import Member
from milepost.verify import Broken
from milepost.verify.identity import TYPE as IDENTITY
from milepost.verify.receipt import FORMAT, wanted_of

TRIES = 3  # of writing one, while something of it is erased


class NothingLearnt(Refused):
    """There is nothing that a receipt could tell of."""

    sentence = gettext_lazy("There is nothing to take yet: begin a course, or sign in a session.")


@dataclass(frozen=True)
class Learnt:
    """A course or a session in which somebody learnt, as their last fact about it calls it."""

    uid: str
    kind: str  # course, session
    name: str


def learnt_by(member: Member) -> list[Learnt]:
    """What the person's receipt can tell of, by name."""
    uids = {uid for contribution in contributions.all() for uid in contribution.learnt(member)}
    names: dict[str, Learnt] = {}
    for part in batched(sorted(uids), BATCH, strict=False):
        told = _facts_of(member).filter(object_id__in=part).exclude(statement="").order_by("id")
        for statement in told.values_list("statement", flat=True).iterator():
            thing = json.loads(statement)["object"]
            names[thing["id"]] = Learnt(thing["id"], thing["type"], thing["name"])
    return sorted(names.values(), key=lambda one: (one.kind, one.name.casefold(), one.uid))


def take_receipt(*, member: Member, file: IO[bytes], by: Member, things: Collection[str] | None = None) -> None:
    """Write the person's receipt into the file: of these courses and sessions, or of all. Records `exported`.

    Raises `NothingLearnt`, `WasErased`.
    """
    _chosen(member, things)
    with transaction.atomic():
        Member.locked(member.pk)  # of somebody who is erased nothing is recorded
        about, what = member.as_reference(), {"what": "receipt"}
        record(MEMBER_EXPORTED, organisation=member.organisation, actor=by.as_reference(), object=about, context=what)
        state_identity(member.organisation)
    for left in reversed(range(TRIES)):
        seal_with_index(member.organisation_id)
        file.seek(0)
        file.truncate()
        try:
            with zipfile.ZipFile(file, "w") as archive:
                _Receipt(member, _chosen(member, things), archive).write()
            break
        except ChangedMeanwhile:  # something of it was erased
            if not left:
                raise


def _chosen(member: Member, things: Collection[str] | None) -> set[str]:
    chosen = {one.uid for one in learnt_by(member) if things is None or one.uid in things}
    if not chosen:
        raise NothingLearnt
    return chosen


def _facts_of(member: Member) -> Any:
    return Entry.objects.filter(of_people([str(member.uid)]), organisation_id=member.organisation_id).order_by()


class _Receipt(SealedArchive):
    """A receipt while it is being written."""

    def __init__(self, member: Member, things: Collection[str], archive: zipfile.ZipFile) -> None:
        super().__init__(member.organisation, archive)
        self.member, self.things = member, things
        self.told: list[dict[str, Any]] = []

    def write(self) -> None:
        uid = str(self.member.uid)
        count = self.add_journal(self._numbers, set(), {thing: {uid} for thing in self.things})
        self._certificates()
        self.add_keys()
        with translation.override(self.member.speaks):
            words = render_to_string(
                "receipts/read-me.txt",
                {"member": self.member, "organisation": self.organisation, "published": page_of(self.organisation)},
            )
        self.add("read-me.txt", [words.encode()])
        about = {
            "person": {"id": uid, "name": self.member.full_name},
            "things": sorted(self.things),
            "published": page_of(self.organisation),
        }
        self.add_manifest(FORMAT, count, about)

    def hear(self, statement: str) -> None:
        fact = json.loads(statement)
        if fact["object"]["type"] != IDENTITY:
            self.told.append(fact)
        super().hear(statement)

    def hold(self, root: bytes | None, completeness: dict[str, Any] | None) -> None:
        try:
            self.erasures.hold()
            if root and completeness:
                self.index.hold(root, completeness, wanted_of(self.things, str(self.member.uid)))
        except Broken as error:
            raise ChangedMeanwhile(str(error)) from error

    def _numbers(self) -> tuple[set[int], set[int]]:
        is_erased = ExpressionWrapper(Q(statement=""), BooleanField())
        told: dict[int, bool] = {}
        for part in batched(sorted(self.things), BATCH, strict=False):
            rows = _facts_of(self.member).filter(about__in=part)
            told |= dict(rows.values_list("id", is_erased))
        return set(told), {number for number, erased in told.items() if erased}

    def _certificates(self) -> None:
        """The files that speak of what these facts tell of, and what is made of them for their person."""
        owned = {fact["object"]["id"] for fact in self.told}
        for kind in file_kinds():
            for row in kind.of_person(self.member).iterator(BATCH) if kind.in_receipt else ():
                file = kind.file(row)
                digest = self.told_digest(file)
                if file.thing in owned and digest in self.known:
                    chunks = blobs.chunks(self.organisation.uid, digest)
                    self.add(f"pieces/{file.path}", chunks, compressed=False)
                    for made in kind.made(row):
                        self.add(f"pieces/{made.path}", [made.content])
