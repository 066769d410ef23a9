"""Reading the journal: whose history, which page of it, and one entry with its proof checked."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from milepost.core.queries import key_of, uuid_of
from milepost.evidence.contributions import scope_of, story
from milepost.evidence.models import TrainingAction
from milepost.journal import merkle
from milepost.journal.models import Entry
from milepost.journal.proofs import NotSealedYet, inclusion_proof
from milepost.journal.queries import timeline
from milepost.people.models import Member, Organisation, plain

PAGE = 50
MATCHES = 8


@dataclass(frozen=True)
class History:
    """A page of entries, newest first; `before` continues it, or is None at the end."""

    subject: "Member | TrainingAction | None"
    entries: list[Entry]
    before: int | None


def history(organisation: Organisation, query: Mapping[str, str]) -> History:
    """The page of history that `?about=` (a person's or action's uid) and `?before=` (an entry) ask for."""
    subject = _subject(organisation, uuid_of(query, "about"))
    rows: QuerySet[Entry]
    if isinstance(subject, Member):
        rows = timeline(organisation.pk, str(subject.uid))
    elif isinstance(subject, TrainingAction):
        rows = story(scope_of(subject))
    else:
        rows = Entry.objects.filter(organisation_id=organisation.pk).order_by("-id")
    return page_of(rows, query, subject)


def page_of(rows: "QuerySet[Entry]", query: Mapping[str, str], subject: "Member | TrainingAction | None") -> History:
    """The page of `rows` (newest first) that `?before=` asks for."""
    before = key_of(query, "before")
    entries = list((rows.filter(pk__lt=before) if before else rows)[: PAGE + 1])
    return History(subject, entries[:PAGE], entries[PAGE - 1].pk if len(entries) > PAGE else None)


def _subject(organisation: Organisation, uid: UUID | None) -> "Member | TrainingAction | None":
    if uid is None:
        return None
    member = Member.objects.filter(organisation=organisation, uid=uid).first()
    return member or TrainingAction.objects.filter(organisation=organisation, uid=uid).first()


def matches(organisation: Organisation, text: str) -> "tuple[list[Member], list[TrainingAction]]":
    """People and actions whose history somebody who types this may mean."""
    if not plain(text).strip():
        return [], []
    people = Member.objects.filter(organisation=organisation).matching(text)[:MATCHES]
    actions = TrainingAction.objects.filter(organisation=organisation)
    return list(people), list(actions.filter(Q(title__icontains=text) | Q(reference__icontains=text))[:MATCHES])


@dataclass(frozen=True)
class Shown:
    """An entry with what proves it. `place` is None while it waits for its seal; `holds` was just computed."""

    entry: Entry
    words: str
    place: int | None = None
    size: int = 0
    path: tuple[str, ...] = ()
    seal: Mapping[str, Any] | None = None
    has_stamp: bool = False
    holds: bool = False

    @property
    def sealed_at(self) -> datetime | None:
        """When the seal over it says that it was made."""
        return datetime.fromisoformat(self.seal["time"]) if self.seal else None

    @property
    def leaf(self) -> str:
        """The fingerprint that stands for the entry in the tree."""
        return bytes(self.entry.leaf).hex()


def shown(entry: Entry) -> Shown:
    """Look at one entry as an auditor does: its words, its place in the tree, and whether its path leads to the seal."""
    words = json.dumps(entry.content, ensure_ascii=False, indent=2) if not entry.is_erased else ""
    try:
        proof = inclusion_proof(entry)
    except NotSealedYet:
        return Shown(entry, words)
    seal = json.loads(proof["seal"]["statement"])
    path = [bytes.fromhex(step) for step in proof["path"]]
    holds = merkle.is_included(bytes(entry.leaf), proof["index"], seal["size"], path, bytes.fromhex(seal["root"]))
    return Shown(
        entry, words, proof["index"], seal["size"], tuple(proof["path"]), seal, bool(proof["seal"]["timestamp"]), holds
    )
