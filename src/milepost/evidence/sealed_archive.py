"""A zip of facts and files with all that it takes to check them offline: what dossiers and receipts have in common.

It is written as it is read, so that its size does not matter to memory. Everything in it stands in a signed manifest with its
fingerprint; the facts lead to a sealed head of the organisation's tree, and to the root of the index beside it.
"""

import hashlib
import json
import re
import zipfile
from array import array
from base64 import b64encode
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import datetime
from functools import partial
from itertools import batched, count
from typing import Any

from cryptography.hazmat.primitives import serialization

from milepost.core import clock
from milepost.journal import checkpoints, dated_heads, folding, index, keys, merkle, tiles
from milepost.journal.cosigning import cosign_at_hand
from milepost.journal.erasing import erasures_of
from milepost.journal.models import Entry, Seal, SigningKey
from milepost.journal.proofs import as_json
from milepost.journal.recording import time_text
from milepost.journal.sealing import held, index_of, seal
from milepost.journal.timestamping import stamp_at_hand
from milepost.people.contributions import File
from milepost.people.identity import identity_uid
from milepost.people.models import Organisation
from milepost.verify.completeness import Erasures, Index
from milepost.verify.identity import TYPE as IDENTITY
from milepost.verify.time_stamps import clock_of

PART = 1_000
_TOLD_DIGEST = re.compile('"([0-9a-f]{64})"')  # in canonical JSON


class ChangedMeanwhile(RuntimeError):
    """What the zip is about was changed while it was being written: it is to be begun anew."""


class SealedArchive:
    """Such a zip while it is being written: first the journal, then files, keys, and the manifest last."""

    def __init__(self, organisation: Organisation, archive: zipfile.ZipFile) -> None:
        self.organisation, self.archive = organisation, archive
        self.key = keys.current_key(organisation.pk)
        self.now = clock.now()
        self.files: dict[str, dict[str, Any]] = {}
        self.order: list[int] = []  # the numbers of the facts, in the order in which they stand in the tree
        # Where in it those of each type are that have their words:
        self.of_type = defaultdict[str, array[int]](partial(array, "Q"))
        self.index, self.erasures = Index(), Erasures()  # what the verifier will make of the facts
        self.known: set[str] = set()  # every digest that the facts name
        self.identity: dict[str, str] = {}  # who the organisation is, by the newest fact
        self.newest: dict[str, str] = {}  # of each thing, the digest of its file in the newest fact

    def add(self, name: str, chunks: Iterable[bytes], *, compressed: bool = True) -> None:
        """Add a file, and remember its fingerprint."""
        info = zipfile.ZipInfo(name, date_time=self.now.timetuple()[:6])
        info.compress_type = zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED
        digest, size = hashlib.sha256(), 0
        with self.archive.open(info, "w", force_zip64=True) as target:
            for chunk in chunks:
                digest.update(chunk)
                size += len(chunk)
                target.write(chunk)
        self.files[name] = {"sha256": digest.hexdigest(), "size": size}

    def add_json(self, name: str, value: Any) -> None:
        """Add a record for machines."""
        self.add(name, [json.dumps(value, ensure_ascii=False, indent=1).encode()])

    def told_digest(self, file: File) -> str:
        """The digest of a stored file as the facts tell of it: its own, or that of before a stamp that came since; '' for none."""
        return file.digest if file.digest in self.known else self.newest.get(file.thing, "")

    # --- The journal --------------------------------------------------------------------------------------

    def add_journal(
        self,
        numbers_with_erased: Callable[[], tuple[set[int], set[int]]],
        whole: set[str],
        of: Mapping[str, Collection[str]],
    ) -> int:
        """Add the facts, what it takes to come from them to the sealed head and to the root of its index, and the seal.

        The function answers, once nobody can add to the seal, with the facts' numbers, and with which of them were erased.
        Each fact is proved to be there about the things in `whole`, about who the organisation is, and about those in `of` each
        of these people.
        """
        organisation_id, identity = self.organisation.pk, identity_uid(self.organisation)
        with held(organisation_id) as head:
            assert head is not None  # noqa: S101 (what is asked of was recorded, and it was sealed)
            self.key = keys.current_key(organisation_id)  # keys change under this lock
            root = index_of(head)
            completeness = (
                index.prove(
                    index.StoredPages(organisation_id),
                    {*whole, identity},
                    {about: set(some) for about, some in of.items()},
                )
                if root
                else None
            )
        stamp_at_hand(head)
        cosign_at_hand(head)
        self.now = max(
            clock.now(), datetime.fromisoformat(clock_of(json.loads(head.statement)))
        )  # hosts' clocks differ
        numbers, erased = numbers_with_erased()
        numbers.update(erasures_of(organisation_id, erased) if erased else ())
        numbers.update(_numbers_about(organisation_id, identity))
        places = tiles.places_of(organisation_id, numbers)
        places = {number: place for number, place in places.items() if place < head.size}
        order = self.order = sorted(places, key=places.__getitem__)
        leaves = bytearray()
        self.add("journal/entries.jsonl", self._lines(order, places, leaves))
        self.add("journal/leaves.txt", _in_digits(leaves))
        indices = [places[number] for number in order]
        proof = merkle.multiproof(indices, head.size, tiles.StoredNodes(organisation_id))
        self.add_json("journal/proof.json", {"size": head.size, "nodes": [node.hex() for node in proof]})
        self.add_json("journal/seal.json", as_json(head))
        if dated := dated_heads.as_json(indices, head):
            self.add("journal/heads.json", [json.dumps(dated).encode()])
        if root and completeness:
            self.add("journal/completeness.json", [json.dumps(completeness).encode()])
        self._checkpoint(head)
        self.hold(root, completeness)
        return len(order)

    def hear(self, statement: str) -> None:
        """Take the next fact, as canonical JSON, as it is written."""
        if '"verb":"erased"' in statement:
            self.erasures.hear(json.loads(statement))
        if f'"type":"{IDENTITY}"' in statement and (fact := json.loads(statement))["object"]["type"] == IDENTITY:
            self.identity = fact["result"]
        self.known.update(_TOLD_DIGEST.findall(statement))
        if '"sha256":"' in statement:
            fact = json.loads(statement)
            if digest := fact.get("result", {}).get("sha256"):
                self.newest[fact["object"]["id"]] = digest

    def hold(self, root: bytes | None, completeness: "dict[str, Any] | None") -> None:
        """Raise `ChangedMeanwhile` for what would not hold."""

    def _lines(self, order: list[int], places: dict[int, int], leaves: bytearray) -> Iterator[bytes]:
        at = count()
        for part in batched(order, PART, strict=False):
            rows = _rows(part)
            lines = []
            for number in part:
                (row, fact_type, statement, salt), place = rows[number], next(at)
                leaves += row.leaf
                for about, whose, leaf in index.told_by([row]):
                    self.index.add(about, whose, leaf)
                told: dict[str, Any] = {"index": places[number]}
                if statement:
                    self.of_type[fact_type].append(place)
                    self.hear(statement)
                    told |= {"salt": salt.hex(), "statement": statement}
                else:
                    self.erasures.lines.append((places[number], row.leaf))
                    abouts = list(filter(None, (row.about, row.also)))
                    told |= {"erased": True, "leaf": row.leaf.hex(), "about": abouts, "whose": row.whose}
                lines.append(json.dumps(told, ensure_ascii=False))
            yield ("\n".join(lines) + "\n").encode()

    def _checkpoint(self, head: Seal) -> None:
        """The head as a transparency log says it, with what witnesses signed of it, and the key of the log."""
        if told := checkpoints.as_json(head):
            self.add("journal/checkpoint.txt", [told["checkpoint"].encode()])
            self.add_json("keys/log.json", told["log"])

    @property
    def told_organisation(self) -> dict[str, str]:
        """Who the organisation is, as the newest fact in the zip says."""
        return {"id": str(self.organisation.uid), **self.identity}

    # --- Keys and manifest --------------------------------------------------------------------------------

    def add_keys(self) -> None:
        """Every key that the organisation signed with up to the one that signs this, and how each handed over to the next."""
        endorsements = {}
        earlier = {key.fingerprint: key for key in SigningKey.objects.filter(organisation_id=self.organisation.pk)}
        mark = self.key.fingerprint
        while key := earlier.pop(mark, None):
            mark = key.endorsed_by
            endorsements[key.fingerprint] = {
                "endorsed_by": key.endorsed_by,
                "endorsement": b64encode(bytes(key.endorsement)).decode(),
            }
            pem = key.x509.public_bytes(serialization.Encoding.PEM)
            self.add(f"keys/{key.fingerprint}.pem", [pem])
        self.add_json("keys/keys.json", endorsements)

    def add_manifest(self, form: str, count: int, about: Mapping[str, Any]) -> None:
        """What is in the zip, signed: of which format it is, how many facts it has, and what it is about."""
        manifest = {
            "format": form,
            "made_at": time_text(self.now),
            "key": self.key.fingerprint,
            "entries": count,
            "organisation": self.told_organisation,
            **about,
            "files": dict(sorted(self.files.items())),
        }
        content = json.dumps(manifest, ensure_ascii=False, indent=1).encode()
        for name, part in (("manifest.json", content), ("manifest.sig", keys.sign(self.key, content))):
            self.add(name, [part])


def _in_digits(leaves: bytearray) -> Iterator[bytes]:
    """Hashes in hexadecimal digits, one a line; there is no line feed after the last."""
    size = hashlib.sha256().digest_size
    for start in range(0, len(leaves), PART * size):
        part = "\n".join(
            leaves[at : at + size].hex() for at in range(start, min(start + PART * size, len(leaves)), size)
        )
        yield ("\n" if start else "").encode() + part.encode()


def seal_with_index(organisation_id: int) -> None:
    """Seal whatever waits, under a head that names the whole index: without one it proves no completeness, and no dossier holds."""
    folding.fold(organisation_id)
    folding.catch_up(organisation_id)
    seal(organisation_id)


def _numbers_about(organisation_id: int, uid: str) -> Iterable[int]:
    return Entry.objects.filter(organisation_id=organisation_id, about=uid).order_by().values_list("id", flat=True)


def _rows(numbers: Iterable[int]) -> dict[int, tuple[index.Indexed, str, str, bytes]]:
    """Of each entry what the index knows, its type, its words and its salt."""
    columns = (*index.Indexed._fields, "fact", "statement", "salt")
    rows = Entry.objects.filter(pk__in=numbers).order_by().values_list(*columns)
    indexed = ((index.Indexed.of(row[:-3]), *row[-3:]) for row in rows)
    return {row.id: (row, fact_type, statement, bytes(salt)) for row, fact_type, statement, salt in indexed}
