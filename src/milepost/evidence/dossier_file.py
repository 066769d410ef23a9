"""The zip of a dossier, written as it is read, so that its size does not matter to memory.

People go on learning and signing meanwhile. So the facts are read first, up to the newest seal; what else is in it is
as these facts tell of it. What rooms have in it is told by their contributions, in the order in which they start.
"""

import hashlib
import json
import re
import zipfile
from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import batched
from typing import Any

from cryptography.hazmat.primitives import serialization
from django.utils.functional import Promise

from milepost.core import blobs, clock
from milepost.core.blobs.fields import digests_in
from milepost.core.table_files import as_csv
from milepost.documents.typesetting import render
from milepost.evidence.contributions import file_kinds, numbers_with_erased, session_uids, things, things_besides
from milepost.evidence.cover import cover_page
from milepost.evidence.facts import ACTION_CREATED, ACTION_REGISTERED
from milepost.evidence.models import TrainingAction
from milepost.evidence.readiness import Readiness
from milepost.journal import checkpoints, index, keys, merkle, tiles
from milepost.journal.cosigning import cosign_at_hand
from milepost.journal.erasing import erasures_of
from milepost.journal.models import Entry, Seal, SigningKey
from milepost.journal.proofs import as_json
from milepost.journal.recording import time_text
from milepost.journal.sealing import held, index_of
from milepost.journal.vocabulary import FactType
from milepost.people.contributions import File, Finding, Scope, contributions
from milepost.people.models import Member
from milepost.verify import AS_SAID, FORMAT, Broken, Erasures, Index, Parts

PART = 1_000
# In canonical JSON:
_PERSON = re.compile(r'\{"actor":\{"id":"([0-9a-f-]{36})","name":("(?:[^"\\]|\\.)*"),"type":"member"')
_OF_SCOPE = re.compile(r'"type":"(action|document|session)"|"verb":"erased"')
Progress = Callable[[int, int], object]


class ChangedMeanwhile(RuntimeError):
    """What the dossier is about was changed while it was being written: it is to be begun anew."""


class DossierFile:
    """A dossier while it is being written."""

    def __init__(
        self,
        action: TrainingAction,
        scope: Scope,
        archive: zipfile.ZipFile,
        readiness: Readiness,
        progress: Progress,
    ) -> None:
        self.action, self.scope, self.archive = action, scope, archive
        self.readiness, self.progress = readiness, progress
        self.organisation = action.organisation
        self.key = keys.current_key(self.organisation.pk)
        self.now = clock.now()
        self.files: dict[str, dict[str, Any]] = {}
        self.order: list[int] = []  # the numbers of the facts, in the order in which they stand in the tree
        self.names: dict[str, str] = {}  # of people, by the last fact that names them
        self.index, self.erasures, self.parts = Index(), Erasures(), Parts()  # what the verifier will make of the facts
        self.known: set[str] = set()  # every digest that the facts name
        self.newest: dict[str, str] = {}  # of each thing, the digest of its file in the newest fact
        self.sealed: set[str] = set()  # the digests of files that carry our seal, and all signatures
        self.headings: dict[str, str | Promise] = {}  # what the pieces of each folder are called
        self.kinds = [kind for kind in file_kinds() if kind.in_dossier]
        self.done, self.total = 0, 4 + sum(kind.of_action(scope).count() for kind in self.kinds)

    def write(self) -> None:
        count = self._journal()
        self._pieces()
        self._records()
        self._keys()
        self._cover(count)
        self._manifest(count)

    def _step(self, count: int = 1) -> None:
        self.done += count
        self.progress(min(self.done, self.total), self.total)

    # --- What rooms write (`DossierWriter`) ---

    def table(self, name: str, rows: Iterator[list[Any]]) -> None:
        """A table as CSV, its heading first."""
        self.add(name, (line.encode() for line in as_csv(rows)), kind="table")

    def facts(self, types: Collection[FactType]) -> Iterator[Mapping[str, Any]]:
        """The statements in the dossier that are of these types, in their order."""
        names = [fact_type.name for fact_type in types]
        for part in batched(self.order, PART, strict=False):
            told = Entry.objects.filter(pk__in=part, fact__in=names).exclude(statement="")
            rows = dict(told.values_list("pk", "statement"))
            yield from (json.loads(rows[number]) for number in part if number in rows)

    @cached_property
    def people(self) -> Sequence[tuple[str, str]]:
        """Uid and name, as the facts have it, of everybody who takes part in the action, by name."""
        about = str(self.action.uid)
        people = {fact["actor"]["id"] for fact in self.facts([ACTION_REGISTERED]) if fact["object"]["id"] == about}
        return sorted(((uid, self.names[uid]) for uid in people), key=lambda person: (person[1], person[0]))

    def name_of(self, member: Member) -> str:
        """What the last fact in the dossier that names the person calls them."""
        return self.names.get(str(member.uid)) or member.full_name

    def add(self, name: str, chunks: Iterable[bytes], *, kind: str = "", compressed: bool = True) -> None:
        """Add a file, and remember its fingerprint."""
        info = zipfile.ZipInfo(name, date_time=self.now.timetuple()[:6])
        info.compress_type = zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED
        digest, size = hashlib.sha256(), 0
        with self.archive.open(info, "w", force_zip64=True) as target:
            for chunk in chunks:
                digest.update(chunk)
                size += len(chunk)
                target.write(chunk)
        self.files[name] = {"sha256": digest.hexdigest(), "size": size} | ({"kind": kind} if kind else {})

    # --- Files ---

    def _pieces(self) -> None:
        """Every file of every kind, room by room, as the facts tell of it."""
        for kind in self.kinds:
            for part in batched(kind.of_action(self.scope).iterator(PART), PART, strict=False):
                for row in part:
                    for file in (kind.file(row), *kind.beside(row)):
                        self._piece(file)
                        self.headings.setdefault(file.path.partition("/")[0], kind.heading)
                self._step(len(part))

    def _piece(self, file: File) -> None:
        """Add a stored file, unless the facts do not know it: it came while the dossier was being written.

        A time stamp or a signature may have come since; then the file is the one that the facts tell of.
        """
        digest = file.digest if file.digest in self.known else self.newest.get(file.thing, "")
        if not file.path or digest not in self.known:
            return
        kind = file.kind_unsealed if file.kind_unsealed and digest not in self.sealed else file.kind
        content = blobs.chunks(self.organisation.uid, digest)
        self.add(f"pieces/{file.path}", content, kind=kind, compressed=False)

    # --- Records ---

    def _records(self) -> None:
        self._json("records/action.json", self._told_action)
        self._json(f"{AS_SAID}readiness.json", [_finding(finding) for finding in self.readiness.findings])
        for contribution in contributions.all():
            contribution.write(self.scope, self)
        self._step()

    @cached_property
    def _told_action(self) -> dict[str, Any]:
        """What the action is, and who takes part: as it was recorded when it was made."""
        about = str(self.action.uid)
        [made] = [fact for fact in self.facts([ACTION_CREATED]) if fact["object"]["id"] == about]
        texts = dict.fromkeys(("client", "funder", "funding_reference", "objectives", "price"), "")
        said = {"profile": made["context"]["profile"], **texts, "course": None, **made.get("result", {})}
        return said | {"people": [{"id": uid, "name": name} for uid, name in self.people]}

    def _json(self, name: str, value: Any) -> None:
        self.add(name, [json.dumps(value, ensure_ascii=False, indent=1).encode()], kind="record")

    # --- The journal --------------------------------------------------------------------------------------

    def _journal(self) -> int:
        """The facts, what it takes to come from them to the sealed head and to the root of its index, and the seal."""
        organisation_id = self.action.organisation_id
        whole, of = self._claims()
        with held(organisation_id) as head:
            assert head is not None  # noqa: S101 (making the action was a fact, and it was sealed)
            root = index_of(head)
            completeness = index.prove(index.StoredPages(organisation_id), whole, of) if root else None
        cosign_at_hand(head)
        numbers, erased = numbers_with_erased(self.scope)
        numbers.update(erasures_of(organisation_id, erased) if erased else ())
        places = tiles.places_of(organisation_id, numbers)
        places = {number: place for number, place in places.items() if place < head.size}
        order = self.order = sorted(places, key=places.__getitem__)
        leaves: list[str] = []
        self.add("journal/entries.jsonl", self._lines(order, places, leaves), kind="journal")
        self.add("journal/leaves.txt", ["\n".join(leaves).encode()], kind="journal")
        indices = [places[number] for number in order]
        proof = merkle.multiproof(indices, head.size, tiles.StoredNodes(organisation_id))
        self._json("journal/proof.json", {"size": head.size, "nodes": [node.hex() for node in proof]})
        self._json("journal/seal.json", as_json(head))
        if root and completeness:
            self.add("journal/completeness.json", [json.dumps(completeness).encode()], kind="journal")
        self._checkpoint(head)
        self._hold(root, completeness)
        self._step()
        return len(order)

    def _checkpoint(self, head: Seal) -> None:
        """The head as a transparency log says it, with what witnesses signed of it, and the key of the log."""
        if told := checkpoints.as_json(head):
            self.add("journal/checkpoint.txt", [told["checkpoint"].encode()], kind="journal")
            self._json("keys/log.json", told["log"])

    def _claims(self) -> tuple[set[str], dict[str, set[str]]]:
        """Of what the dossier has each fact: of which things, and of which things those of which people."""
        abouts = set(things(self.scope))
        course = str(self.scope.course_uid) if self.scope.course_uid else ""
        if member := self.scope.member:
            # Of sessions in which they have no seat, too, that no fact of theirs is about them.
            abouts.update(things_besides(self.scope), session_uids(self.scope))
            return set(), {about: {str(member.uid)} for about in (*abouts, course) if about}
        people = {uid for part in self.scope.people_in_batches() for uid in part}
        return abouts, {course: people} if course else {}

    def _hold(self, root: bytes | None, completeness: "dict[str, Any] | None") -> None:
        """Refuse a dossier that would not hold: something was erased, or came to the action, while it was being written."""
        action, member = str(self.action.uid), self.scope.member
        try:
            self.erasures.hold()
            if root and completeness:
                wanted = self.parts.wanted(action, str(member.uid) if member else None)
                self.index.hold(root, completeness, wanted, self.parts.names)
        except Broken as error:
            raise ChangedMeanwhile(str(error)) from error

    def _lines(self, order: list[int], places: dict[int, int], leaves: list[str]) -> Iterator[bytes]:
        for part in batched(order, PART, strict=False):
            rows = _rows(part)
            lines = []
            for number in part:
                row, statement, salt = rows[number]
                leaves.append(row.leaf.hex())
                for about, whose, leaf in index.told_by([row]):
                    self.index.add(about, whose, leaf)
                told: dict[str, Any] = {"index": places[number]}
                if statement:
                    self._remember(statement)
                    told |= {"salt": salt.hex(), "statement": statement}
                else:
                    self.erasures.lines.append((places[number], row.leaf))
                    abouts = list(filter(None, (row.about, row.also)))
                    told |= {"erased": True, "leaf": row.leaf.hex(), "about": abouts, "whose": row.whose}
                lines.append(json.dumps(told, ensure_ascii=False))
            yield ("\n".join(lines) + "\n").encode()

    def _remember(self, statement: str) -> None:
        if person := _PERSON.match(statement):
            self.names[person[1]] = json.loads(person[2])
        if _OF_SCOPE.search(statement):
            self.parts.hear(json.loads(statement))
            self.erasures.hear(json.loads(statement))
        if digests := digests_in(statement):
            self.known.update(digests)
            fact = json.loads(statement)
            if digest := fact.get("result", {}).get("sha256"):
                self.newest[fact["object"]["id"]] = digest
                if fact["verb"] in ("sealed", "completed"):
                    self.sealed.add(digest)

    def _keys(self) -> None:
        """Every key that the organisation ever signed with, and how each handed over to the next."""
        endorsements = {}
        for key in SigningKey.objects.filter(organisation_id=self.action.organisation_id):
            endorsements[key.fingerprint] = {
                "endorsed_by": key.endorsed_by,
                "endorsement": b64encode(bytes(key.endorsement)).decode(),
            }
            pem = key.x509.public_bytes(serialization.Encoding.PEM)
            self.add(f"keys/{key.fingerprint}.pem", [pem], kind="key")
        self._json("keys/keys.json", endorsements)

    # --- Cover and manifest -------------------------------------------------------------------------------

    def _cover(self, count: int) -> None:
        from milepost.documents.sealing import seal_pdf  # brings pyHanko, which few processes need

        time = self.now.replace(microsecond=0)
        said = self._numbers(count)
        page = cover_page(
            self.action, self.readiness, said, headings=self.headings, made_at=self.now, key=self.key.fingerprint
        )
        sealed = seal_pdf(
            render("cover", page, time=time), key=self.key, time=time, reason=f"Dossier {self.action.reference}"
        )
        self.add("cover.pdf", [sealed], kind="cover", compressed=False)
        self._step()

    def _numbers(self, count: int) -> dict[str, Any]:
        """What the cover tells of the action and of the dossier, as its attachment has it for machines."""
        action = self._told_action
        names = ("reference", "title", "client", "funder", "funding_reference", "starts_on", "ends_on", "minutes")
        person = self.name_of(self.scope.member) if self.scope.member else ""
        pieces = Counter(name.split("/")[1] for name in self.files if name.startswith("pieces/"))
        numbers = {"people": len(action["people"]), "facts": count, "pieces": dict(pieces)}
        return {name: action[name] for name in names} | {"person": person} | numbers

    def _manifest(self, count: int) -> None:
        member, organisation, action = self.scope.member, self.organisation, self.action
        manifest = {
            "format": FORMAT,
            "made_at": time_text(self.now),
            "key": self.key.fingerprint,
            "entries": count,
            "organisation": {"id": str(organisation.uid), "name": organisation.name},
            "action": {"id": str(action.uid), "reference": action.reference, "title": action.title},
            "person": {"id": str(member.uid), "name": self.name_of(member)} if member else None,
            "files": dict(sorted(self.files.items())),
        }
        content = json.dumps(manifest, ensure_ascii=False, indent=1).encode()
        for name, part in (("manifest.json", content), ("manifest.sig", keys.sign(self.key, content))):
            self.add(name, [part])
        self._step()


def _rows(numbers: Iterable[int]) -> dict[int, tuple[index.Indexed, str, bytes]]:
    """Of each entry what the index knows, its words and its salt."""
    rows = Entry.objects.filter(pk__in=numbers).order_by().values_list(*index.Indexed._fields, "statement", "salt")
    indexed = ((index.Indexed.of(row[:-2]), *row[-2:]) for row in rows)
    return {row.id: (row, statement, bytes(salt)) for row, statement, salt in indexed}


def _finding(finding: Finding) -> dict[str, str]:
    return {
        "key": finding.key,
        "label": finding.label,
        "state": str(finding.state),
        "words": finding.words,
        "article": finding.article,
    }
