"""The zip of a dossier, written as it is read, so that its size does not matter to memory.

People go on learning and signing meanwhile. So the facts are read first, up to the newest seal; what else is in it is
as these facts tell of it. What rooms have in it is told by their contributions, in the order in which they start.
"""

import hashlib
import json
import re
import zipfile
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import batched
from typing import Any

from cryptography.hazmat.primitives import serialization

from milepost.core import blobs, clock
from milepost.core.blobs.fields import digests_in
from milepost.core.table_files import as_csv
from milepost.documents.typesetting import render
from milepost.evidence.contributions import entry_numbers, file_kinds
from milepost.evidence.cover import cover_page
from milepost.evidence.models import TrainingAction
from milepost.evidence.readiness import Readiness
from milepost.journal import checkpoints, keys, merkle, tiles
from milepost.journal.cosigning import cosign_at_hand
from milepost.journal.models import Entry, Seal, SigningKey
from milepost.journal.proofs import as_json
from milepost.journal.recording import time_text
from milepost.journal.sealing import newest
from milepost.people.contributions import File, Finding, Scope, contributions
from milepost.verify import FORMAT, Told

PART = 1_000
_OF_ATTENDANCE = re.compile(rf'"verb":"({"|".join(Told.VERBS)})"')  # in canonical JSON
Progress = Callable[[int, int], object]


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
        self.told = Told()  # of each person's attendance, what the facts say
        self.known: set[str] = set()  # every digest that the facts name
        self.newest: dict[str, str] = {}  # of each thing, the digest of its file in the newest fact
        self.sealed: set[str] = set()  # the digests of files that carry our seal, and all signatures
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

    def knows(self, digest: str) -> bool:
        """Whether a fact in the dossier names this SHA-256."""
        return digest in self.known

    def told_of(self, thing: str, person: str) -> Mapping[str, str]:
        """What the facts in the dossier say of a person's attendance at a half-day."""
        return self.told.of(thing, person)

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
                    self._piece(kind.file(row))
                    for beside in kind.beside(row):
                        self._piece(beside)
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
        self._json("records/action.json", self._description())
        self._json("records/readiness.json", [_finding(finding) for finding in self.readiness.findings])
        for contribution in contributions.all():
            contribution.write(self.scope, self)
        self._step()

    def _description(self) -> dict[str, Any]:
        """What the action is, what rooms say of their part, and who takes part."""
        action, description = self.action, dict[str, Any]()
        for name in ("reference", "title", "profile", "client", "funder", "funding_reference"):
            description[name] = getattr(action, name)
        description |= {"starts_on": action.starts_on.isoformat(), "ends_on": action.ends_on.isoformat()}
        description |= {"minutes": action.minutes, "objectives": action.objectives}
        course = action.course
        description["course"] = {"id": str(course.uid), "title": course.title} if course else None
        for contribution in contributions.all():
            description |= contribution.describe(self.scope)
        people = self.scope.members.only("uid", "given_name", "family_name").iterator(PART)
        return description | {"people": [{"id": str(member.uid), "name": member.full_name} for member in people]}

    def _json(self, name: str, value: Any) -> None:
        self.add(name, [json.dumps(value, ensure_ascii=False, indent=1).encode()], kind="record")

    # --- The journal --------------------------------------------------------------------------------------

    def _journal(self) -> int:
        """The facts, what it takes to come from them to the sealed head, and the seal."""
        cosign_at_hand(self.action.organisation_id)
        head = newest(self.action.organisation_id)
        assert head is not None  # noqa: S101 (making the action was a fact, and it was sealed)
        places = tiles.places_of(self.action.organisation_id, entry_numbers(self.scope))
        places = {number: place for number, place in places.items() if place < head.size}
        order = sorted(places, key=places.__getitem__)
        leaves: list[str] = []
        self.add("journal/entries.jsonl", self._lines(order, places, leaves), kind="journal")
        self.add("journal/leaves.txt", ["\n".join(leaves).encode()], kind="journal")
        indices = [places[number] for number in order]
        proof = merkle.multiproof(indices, head.size, tiles.StoredNodes(self.action.organisation_id))
        self._json("journal/proof.json", {"size": head.size, "nodes": [node.hex() for node in proof]})
        self._json("journal/seal.json", as_json(head))
        self._checkpoint(head)
        self._step()
        return len(order)

    def _checkpoint(self, head: Seal) -> None:
        """The head as a transparency log says it, with what witnesses signed of it, and the key of the log."""
        if told := checkpoints.as_json(head):
            self.add("journal/checkpoint.txt", [told["checkpoint"].encode()], kind="journal")
            self._json("keys/log.json", told["log"])

    def _lines(self, order: list[int], places: dict[int, int], leaves: list[str]) -> Iterator[bytes]:
        for part in batched(order, PART, strict=False):
            rows = {
                row[0]: row for row in Entry.objects.filter(pk__in=part).values_list("id", "salt", "statement", "leaf")
            }
            lines = []
            for number in part:
                _id, salt, statement, leaf = rows[number]
                leaves.append(bytes(leaf).hex())
                self._remember(statement)
                lines.append(
                    json.dumps(
                        {"index": places[number], "salt": bytes(salt).hex(), "statement": statement}, ensure_ascii=False
                    )
                )
            yield ("\n".join(lines) + "\n").encode()

    def _remember(self, statement: str) -> None:
        if _OF_ATTENDANCE.search(statement):
            self.told.hear(json.loads(statement))
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
        page = cover_page(
            self.action, self.scope, self.readiness, facts=count, made_at=self.now, key=self.key.fingerprint
        )
        sealed = seal_pdf(
            render("cover", page, time=time), key=self.key, time=time, reason=f"Dossier {self.action.reference}"
        )
        self.add("cover.pdf", [sealed], kind="cover", compressed=False)
        self._step()

    def _manifest(self, count: int) -> None:
        member, organisation, action = self.scope.member, self.organisation, self.action
        manifest = {
            "format": FORMAT,
            "made_at": time_text(self.now),
            "key": self.key.fingerprint,
            "entries": count,
            "organisation": {"id": str(organisation.uid), "name": organisation.name},
            "action": {"id": str(action.uid), "reference": action.reference, "title": action.title},
            "person": {"id": str(member.uid), "name": member.full_name} if member else None,
            "files": dict(sorted(self.files.items())),
        }
        content = json.dumps(manifest, ensure_ascii=False, indent=1).encode()
        for name, part in (("manifest.json", content), ("manifest.sig", keys.sign(self.key, content))):
            self.add(name, [part])
        self._step()


def _finding(finding: Finding) -> dict[str, str]:
    return {
        "key": finding.key,
        "label": finding.label,
        "state": str(finding.state),
        "words": finding.words,
        "article": finding.article,
    }
