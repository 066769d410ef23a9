"""Check what Milepost gave out, without Milepost: a dossier (zip), a sealed PDF, a badge, or the proof of a fact (JSON).

    python -m milepost.verify FILE [--key FINGERPRINT]... [--earlier DOSSIER] [--witness VKEY]... [--policy FILE] [--issuer-keys JWKS]

This file can be copied out and run on its own, offline. It needs Python 3.12, `cryptography`, for the seals of PDFs `pyHanko`,
and for badges that are JSON `PyLD`; it knows neither Django nor a database. Exit status: 0 when everything in the file holds and its key is
one that was told, 3 when it is consistent with itself and nobody told whose key it must be, 1 when it does not hold.

A dossier holds files, a manifest with their fingerprints (SHA-256), the manifest's signature, facts of the journal,
and what it takes to come from these facts to the head of the journal's Merkle tree (RFC 9162), which is signed as well.
So nothing in it can be changed, left out or added without being found, unless everything is signed anew with another
key. Against that helps `--key`, with the fingerprint that the organisation publishes, or `--earlier`, with a dossier
that one has had from it before: the key must be the one of that, or one that it handed over to.

Who holds the key could still keep two journals, and show each to other people. Against that help witnesses: others who
sign a head only if it holds everything that they have signed of this journal before. `--witness` names the key of one
that must have signed this head; `--policy` is a file with several, and how many of them (C2SP tlog-policy).
"""

import argparse
import base64
import csv
import hashlib
import io
import json
import logging
import re
import struct
import sys
import unicodedata
import zipfile
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise, zip_longest
from pathlib import Path
from threading import Lock
from types import MappingProxyType
from typing import IO, Any
from zoneinfo import ZoneInfo

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

FORMAT = "milepost-dossier/2"
PROOF = "milepost-inclusion-proof/1"
HEAD = "milepost-tree-head/1"
MAX_UNZIPPED, MAX_RATIO = 64 * 1024**3, 200  # what text packs to is far from that: more is a trap
MAX_PART, MAX_MANIFEST, MAX_LINE = 512 * 1024**2, 32 * 1024**2, 16 * 1024**2  # what is held in memory at once
MAX_MESSAGE = 600  # letters of a line that is shown
MAX_NOTE, MAX_POLICY = 128 * 1024, 1024 * 1024  # bytes
NOBODY = "none"  # a quorum that asks for no witness
LOG_KEY, COSIGNER = 0x01, 0x04  # types of Ed25519 keys and their signatures (C2SP signed-note)
MAX_BADGE = 64 * 1024  # bytes; ours have some 3,000
CLOCKS_DIFFER = timedelta(minutes=10)
SAME_MOMENT = timedelta(seconds=5)
RECORDS = (
    "records/action.json",
    "records/sessions.json",
    "records/attendance.json",
    "records/attendance.csv",
    "records/completions.csv",
    "records/progress.csv",
    "records/certificates.csv",
)
OF_SESSIONS = {"sessions.json", "attendance.json", "attendance.csv"}
OF_COURSES = {"completions.csv", "progress.csv", "certificates.csv"}
KEYS = {"completions.csv": ("person",), "progress.csv": ("person", "activity"), "certificates.csv": ("certificate",)}
COLUMNS = {
    "attendance.csv": (
        *("name", "employer", "session", "hours", "state", "signed_at", "way", "arrived_at", "left_at", "minutes"),
        "absence_reason",
    ),
    "completions.csv": ("person", "name", "registered_at", "launched_at", "completed_at", "score"),
    "progress.csv": ("person", "name", "activity", "title", "version", "began_at", "done_at", "score", "caveat"),
    "certificates.csv": (
        *("certificate", "person", "name", "issued_at", "title", "begun", "completed", "minutes_at_a_distance"),
        *("minutes_live", "score", "valid_until", "ended_at", "why"),
    ),
}
OF_ATTENDANCE = {
    *(
        "person",
        "name",
        "employer",
        "slot",
        "session",
        "hours",
        "state",
        "signed_at",
        "way",
        "signature",
        "address",
        "agent",
    ),
    *(
        "location",
        "device_time",
        "arrived_at",
        "left_at",
        "minutes",
        "absence_reason",
        "earlier",
        "doubts",
        "decided_at",
    ),
    *("decided_by", "decision_reason"),
}
AS_SAID = "as-the-organisation-says/"
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet takes a cell for that begins so
PLACES = re.compile(
    r"cover\.pdf|journal/(entries\.jsonl|leaves\.txt|checkpoint\.txt|(proof|seal|completeness)\.json)"
    rf"|keys/([0-9a-f]{{64}}\.pem|(keys|log)\.json)|(records|pieces|{AS_SAID[:-1]})/.+"
)
NODE, LEAF = b"\x01", b"\x00"
Progress = Callable[[int, int], object]
STREAMED, ENCRYPTED, ZIP64, UNICODE_NAME, SYMLINK = 0x8, 0x1, 0xFFFFFFFF, 0x7075, 0o12  # zip: APPNOTE 6.3.10


class Broken(Exception):
    """Something does not hold; the message names the first thing, in plain words."""


@dataclass
class Report:
    """What was checked and holds, what whoever reads it should know, and by which key it is."""

    holds: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    key: str = ""


def verify(
    path: Path,
    *,
    keys: Collection[str] = (),
    policy: "Policy | None" = None,
    progress: Progress = lambda _done, _total: None,
    published: Path | None = None,
) -> Report:
    """Check the file. Its key must have one of the fingerprints `keys`; without any, whose it is was not checked.

    The head of its journal must be cosigned as the policy says. `progress` is told of a dossier's sealed documents;
    `published` are the keys of an issuer of badges, as it publishes them (jwks.json). Raises `Broken`, or `OSError`.
    """
    try:
        wanted = frozenset(key.lower().replace(":", "") for key in keys)
        return _verify(path, wanted, policy or Policy(), progress, published)
    except (Broken, OSError):
        raise
    except Exception as error:  # whatever a hostile file makes the libraries that read it raise
        raise Broken(f"The file is not as Milepost writes it ({type(error).__name__}: {error}).") from error


def _verify(path: Path, wanted: frozenset[str], policy: "Policy", progress: Progress, published: Path | None) -> Report:
    with path.open("rb") as file:
        start = file.read(1024)
        file.seek(0)
        if start.startswith(b"PK"):
            return _Dossier(file, wanted, policy, progress).check()
        content = file.read(MAX_PART + 1)
    if len(content) > MAX_PART:
        raise Broken("The file is larger than 512 MB, as no PDF, badge or proof of Milepost is.")
    is_badge = len(content) <= MAX_BADGE and b'"DataIntegrityProof"' in content
    if content.lstrip().startswith(b"{") and not is_badge:
        return _check_proof(content, wanted, policy)
    if policy.quorum != NOBODY:
        raise Broken(
            "Witnesses cosign journals: a dossier or the proof of a fact says whether they did, and nothing else."
        )
    if start.lstrip().startswith(b"%PDF"):
        return _check_pdf(content, wanted)
    if _PICTURE.match(content) or _TOKEN.fullmatch(content.strip()):
        return _check_badge(content, wanted)
    if is_badge:
        return _check_proven_badge(content, wanted, published)
    raise Broken("This is neither a dossier (zip), nor a PDF, nor a badge, nor the proof of a fact (JSON).")


# --- Dossiers ---------------------------------------------------------------------------------------------


class _Dossier:
    """A dossier while it is being checked."""

    def __init__(self, file: IO[bytes], wanted: frozenset[str], policy: "Policy", progress: Progress) -> None:
        try:
            self.zip = zipfile.ZipFile(file)
        except Exception as error:  # zipfile raises eight sorts
            raise Broken(f"The zip file is broken: {error}.") from error
        self.file = file
        self.wanted = wanted
        self.policy = policy
        self.progress = progress
        self.report = Report()
        self.keys: dict[str, x509.Certificate] = {}
        self.manifest: dict[str, Any] = {}
        self.facts: dict[str, list[dict[str, Any]]] = {}  # by the fingerprints (SHA-256) that they name
        self.marks: set[str] = set()  # every fingerprint that a fact names
        self.account = Account()  # what the facts say of the action, its sessions and who takes part
        self.told = Told()  # of each person's attendance
        self.learning = Learning()  # of what they did in courses
        self.standing = Standing()  # of their certificates
        self.asked: set[str] = set()  # documents of which signatures were asked for: their files are made anew for that
        self.replaced: dict[str, str] = {}  # fingerprints of files that something was added to: what they became
        self.index = Index()
        self.erasures = Erasures()
        self.parts = Parts()

    def check(self) -> Report:
        self._names()
        self._layout()
        self._manifest()
        self._files()
        self._keys()
        self._journal()
        self._records()
        self._pieces()
        return self.report

    def _names(self) -> None:
        names = [info.filename for info in self.zip.infolist()]
        twice = next((a for a, b in pairwise(sorted(names)) if a == b), None)
        if twice:
            raise Broken(f"{twice} is in the zip file twice.")
        odd = next((name for name in names if name.startswith("/") or ".." in name.split("/") or "\\" in name), None)
        if odd:
            raise Broken(f"{odd} has a name that leads out of the dossier.")
        folders = {name[: at.end()] for name in names for at in re.finditer("/", name) if at.end() < len(name)}
        for info in self.zip.infolist():
            if info.is_dir() and (info.file_size or info.filename not in folders):
                raise Broken(f"{info.filename} is a folder that was added.")
            if info.external_attr >> 28 == SYMLINK:
                raise Broken(f"{info.filename} is a link to another file.")
        unzipped, size = sum(info.file_size for info in self.zip.infolist()), self.file.seek(0, io.SEEK_END)
        if unzipped > MAX_UNZIPPED or unzipped > MAX_PART + size * MAX_RATIO:
            raise Broken("The zip file unpacks to more than 64 GB, or to more than a dossier of its size.")

    def _layout(self) -> None:
        """Nothing stands between, before or after the files, and both headers of each say the same (APPNOTE 6.3.10, 4.3).

        Otherwise a program that reads the zip from its beginning shows files that this one does not see.
        """
        place = 0
        for info in sorted(self.zip.infolist(), key=lambda info: info.header_offset):
            if not 0 <= info.header_offset - place <= (24 if place else 0):  # 24: what may follow a file (4.3.9)
                raise Broken(f"Before {info.filename} the zip file holds more than its list of files tells.")
            self.file.seek(info.header_offset)
            header = self.file.read(30).ljust(30)
            _sign, _version, flags, method, _time, crc, packed, size, name, extra = struct.unpack("<4s3HIIIIHH", header)
            told = (flags & ~STREAMED, method) == (info.flag_bits & ~STREAMED, info.compress_type)
            if not flags & STREAMED:
                told &= crc == info.CRC and packed in (info.compress_size, ZIP64) and size in (info.file_size, ZIP64)
            if not told:
                raise Broken(f"The zip file tells of {info.filename} in two ways.")
            if method not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) or flags & ENCRYPTED:
                raise Broken(f"{info.filename} is packed in a way in which Milepost packs nothing.")
            self.file.seek(info.header_offset + 30 + name)
            if info.comment or UNICODE_NAME in _tags(self.file.read(extra)) + _tags(info.extra):
                raise Broken(f"{info.filename} carries a comment or a second name.")
            place = info.header_offset + 30 + name + extra + info.compress_size
        if not 0 <= self.zip.start_dir - place <= 24:
            raise Broken("After its files the zip file holds more than its list of files tells.")
        self.file.seek(-22, io.SEEK_END)
        if self.zip.comment or not self.file.read(22).startswith(b"PK\x05\x06"):
            raise Broken("The zip file carries a comment, or something after its end.")

    def _read(self, name: str, most: int = MAX_PART) -> bytes:
        try:
            if self.zip.getinfo(name).file_size > most:
                raise Broken(f"{name} unpacks to more than {most >> 20} MB.")
            return self.zip.read(name)
        except KeyError as error:
            raise Broken(f"{name} is missing.") from error

    def _manifest(self) -> None:
        content = self._read("manifest.json", MAX_MANIFEST)
        self.manifest = _json(content)
        if self.manifest.get("format") != FORMAT:
            raise Broken(f"manifest.json is not of the format {FORMAT}.")
        mark = str(self.manifest["key"])
        if not re.fullmatch(r"[0-9a-f]{64}", mark):
            raise Broken("manifest.json names no key.")
        certificate = self._certificate(mark)
        if not _is_signed(certificate, content, self._read("manifest.sig")):
            raise Broken("manifest.json was changed: its signature (manifest.sig) does not fit it.")
        self.report.key = mark
        self.report.holds.append(f"The manifest is signed by “{_name(certificate)}”.")

    def _certificate(self, mark: str) -> x509.Certificate:
        if mark not in self.keys:
            certificate = x509.load_pem_x509_certificate(self._read(f"keys/{mark}.pem"))
            if _mark(certificate) != mark:
                raise Broken(f"keys/{mark}.pem is another certificate than its name says.")
            self.keys[mark] = certificate
        return self.keys[mark]

    def _files(self) -> None:
        """Every file is as the manifest says, none is missing, none was added."""
        told: dict[str, dict[str, Any]] = self.manifest["files"]
        there = {info.filename for info in self.zip.infolist() if not info.is_dir()} - {"manifest.json", "manifest.sig"}
        for name in sorted(told.keys() - there):
            raise Broken(f"{name} is missing.")
        for name in sorted(there - told.keys()):
            raise Broken(f"{name} was added: the manifest does not know it.")
        if odd := [name for name in told if not PLACES.fullmatch(name)]:
            raise Broken(f"{odd[0]} is nothing that Milepost puts into a dossier.")
        for name in sorted(told):
            digest = hashlib.sha256()
            with self.zip.open(name) as file:
                while chunk := file.read(1 << 20):
                    digest.update(chunk)
            if (digest.hexdigest(), self.zip.getinfo(name).file_size) != (told[name]["sha256"], told[name]["size"]):
                raise Broken(f"{name} was changed: {self._which(name)}")
        self.report.holds.append(f"{len(told)} files are there, unchanged.")

    def _which(self, name: str) -> str:
        """Which record of a changed file it is, as far as the rest of the dossier tells."""
        try:
            if name == "journal/entries.jsonl":
                return self._first_wrong(list(self._leaves()))
            if name.startswith("records/"):
                list(self._leaves())
                self._records()
        except Broken as error:
            return str(error)
        return "its fingerprint is not the one in the manifest."

    def _keys(self) -> None:
        """Every key is the manifest's, or leads to it by handing over."""
        told: dict[str, dict[str, str]] = _json(self._read("keys/keys.json"))
        known, mark = set(), self.report.key
        while mark:
            known.add(mark)
            self._certificate(mark)
            above = told.get(mark, {}).get("endorsed_by", "")
            if above and above not in known:
                text = f"milepost-key-endorsement/1:{mark}".encode()
                if not _is_signed(self._certificate(above), text, base64.b64decode(told[mark]["endorsement"])):
                    raise Broken(f"The key {above} did not hand over to {mark}.")
            mark = above if above not in known else ""
        _hold_to(self.wanted, self.report, known, "The dossier is signed with")
        for name in self.manifest["files"]:
            if (found := re.fullmatch(r"keys/([0-9a-f]{64})\.pem", name)) and found[1] not in known:
                raise Broken(f"{name} is a key that did not hand over to the one which signed the dossier.")
        self.known = known

    def _journal(self) -> None:
        """The facts lead to the head of the tree, and the head is signed."""
        seal = _json(self._read("journal/seal.json"))
        statement = _json(seal["statement"])
        if statement["type"] != HEAD or statement["organisation"] != self.manifest["organisation"]["id"]:
            raise Broken("journal/seal.json is the seal of something else.")
        certificate = x509.load_pem_x509_certificate(seal["certificate"].encode())
        mark = _mark(certificate)
        signature = base64.b64decode(seal["signature"])
        if mark != statement["key"] or mark not in self.known:
            raise Broken("The journal is sealed with a key that is not the organisation’s.")
        if not _is_signed(certificate, seal["statement"].encode(), signature):
            raise Broken("The journal’s seal was changed: its signature does not fit it.")
        if seal.get("timestamp"):
            _check_stamp(base64.b64decode(seal["timestamp"]), signature, _clock_of(statement), self.report)
        self._checkpoint(statement)
        leaves = list(self._leaves())
        proof = _json(self._read("journal/proof.json"))
        if proof["size"] != statement["size"]:
            raise Broken("journal/proof.json belongs to another state of the journal.")
        head = _root(leaves, proof["size"], [bytes.fromhex(node) for node in proof["nodes"]])
        if head is None or head.hex() != statement["root"]:
            raise Broken(
                f"The facts in journal/entries.jsonl are not those that were sealed: {self._first_wrong(leaves)}"
            )
        if len(leaves) != self.manifest["entries"]:
            raise Broken(
                f"journal/entries.jsonl holds {len(leaves)} facts; the manifest tells of {self.manifest['entries']}."
            )
        self.report.holds.append(f"{len(leaves)} facts are in the journal that was sealed on {statement['time']}.")
        self._completeness(statement)

    def _completeness(self, head: dict[str, Any]) -> None:
        """Of what the action consists of, no fact was left out; those that were erased are told by an erasure."""
        self.erasures.hold()
        if self.erasures.lines:
            told = f"{len(self.erasures.lines)} of them were erased: their fingerprints are there, and"
            self.report.holds.append(f"{told} {self.erasures.count} erasures that name them.")
        if "index" not in head:
            self.report.notes.append(
                "That no fact was left out is not proven: the journal was sealed before Milepost kept an index of it."
            )
            return
        person = (self.manifest.get("person") or {}).get("id")
        wanted = self.parts.wanted(self.manifest["action"]["id"], person)
        proof = _json(self._read("journal/completeness.json"))
        self.index.hold(bytes.fromhex(head["index"]), proof, wanted, self.parts.names)
        things, people = len({about for about, _whose in wanted}), len({whose for _about, whose in wanted if whose})
        if person:
            self.report.holds.append(f"No fact of this person about the {things} things of the action was left out.")
            self.report.notes.append(
                "That nothing else was left out, such as what the office did, only the dossier of the whole action proves."
            )
        else:
            course = f", or of its {people} people in its course," if people else ""
            self.report.holds.append(
                f"No fact about the action{course} was left out: the sealed index counts those of {things} things."
            )

    def _checkpoint(self, head: dict[str, Any]) -> None:
        """The head as a transparency log says it is the same, and as many witnesses signed it as the policy wants."""
        note, log = (
            self._read(name, MAX_NOTE) if name in self.manifest["files"] else None
            for name in ("journal/checkpoint.txt", "keys/log.json")
        )
        keys = {mark: self._certificate(mark) for mark in self.known}
        _check_checkpoint(note, _json(log) if log else None, head, keys, self.policy, self.report)

    def _first_wrong(self, leaves: list[tuple[int, bytes]]) -> str:
        """Which fact it is, as far as the fingerprints beside the facts tell."""
        marks: list[str] = self._read("journal/leaves.txt").decode().split()
        here, known = [leaf.hex() for _index, leaf in leaves], set(marks)

        def fact(at: int) -> str:
            told = self._statement(at)
            return f"number {leaves[at][0]} ({told['actor']['name']} {told['verb']} “{told['object']['name']}”, {told['time']})"

        for at, mark in enumerate(here):
            if mark not in known:
                return f"{fact(at)} was changed or added."
        there = set(here)
        for at, mark in enumerate(marks):
            if mark not in there:
                return f"the one after {fact(at - 1)} was left out." if at else "the first was left out."
        for at, (mark, wanted) in enumerate(zip(here, marks, strict=False)):
            if mark != wanted:
                return f"{fact(at)} is not in its place."
        return "their numbers were changed, or journal/proof.json was."

    def _statement(self, at: int) -> Any:
        with self.zip.open("journal/entries.jsonl") as file:
            told = _json(next(islice(file, at, None)))
            return _json(told["statement"]) if "statement" in told else _ERASED

    def _leaves(self) -> Iterator[tuple[int, bytes]]:
        with self.zip.open("journal/entries.jsonl") as file:
            for number, line in enumerate(iter(lambda: file.readline(MAX_LINE), b""), start=1):
                try:
                    told = _json(line)
                    if told.get("erased"):
                        yield self._erased(told)
                        continue
                    text: str = told["statement"]
                    index, salt = told["index"], bytes.fromhex(told["salt"])
                    statement = _json(text)
                    leaf = hashlib.sha256(LEAF + salt + text.encode()).digest()
                    self._remember(statement, leaf)
                    self.marks.update(re.findall(r'"([0-9a-f]{64})"', text))
                except (ValueError, KeyError, TypeError) as error:
                    raise Broken(f"Line {number} of journal/entries.jsonl can’t be read.") from error
                yield index, leaf

    def _erased(self, told: dict[str, Any]) -> tuple[int, bytes]:
        """A fact of which the fingerprint is left, and under what the index counts it."""
        index, leaf = int(told["index"]), bytes.fromhex(told["leaf"])
        for about in told["about"]:
            self.index.add(about, told["whose"], leaf)
        self.erasures.lines.append((index, leaf))
        return index, leaf

    def _remember(self, statement: dict[str, Any], leaf: bytes) -> None:
        for about in abouts_of(statement):
            self.index.add(about, whose_of(statement), leaf)
        self.parts.hear(statement)
        self.erasures.hear(statement)
        self.account.hear(statement)
        self.told.hear(statement)
        self.learning.hear(statement)
        self.standing.hear(statement, self.learning, self.account, self.told)
        result = statement.get("result") or {}
        if statement["verb"] == "requested" and statement["object"]["type"] == "document":
            self.asked.add(statement["object"]["id"])
        if statement["verb"] == "sealed" and "document_sha256" in result:
            self.replaced[result["document_sha256"]] = result["sha256"]
        for name in ("sha256", "signature_sha256"):
            if mark := result.get(name):
                self.facts.setdefault(mark, []).append(statement)

    def _pieces(self) -> None:
        """Every sealed PDF is unchanged since, the journal knows it, and none that it knows is missing."""
        there = {told["sha256"]: name for name, told in self.manifest["files"].items()}
        self._additions(there)
        for mark, facts in self.facts.items():
            for fact in facts:
                if (
                    fact["verb"] in ("sealed", "completed")
                    and fact["result"].get("sha256") == mark
                    and mark not in there
                    and mark not in self.replaced
                    and not (fact["verb"] == "sealed" and fact["object"]["id"] in self.asked)
                ):
                    raise Broken(f"A piece is missing: “{fact['object']['name']}”, sealed on {fact['time']}.")
        for name, told in sorted(self.manifest["files"].items()):
            if name.startswith("pieces/") and told["sha256"] not in self.marks:
                raise Broken(f"{name} is a piece of which the journal knows nothing.")
            found = re.fullmatch(r"pieces/certificates/([0-9a-f-]{36})\.pdf", name)
            if found and all(fact["object"]["id"] != found[1] for fact in self.facts.get(told["sha256"], [])):
                raise Broken(f"{name} is the file of another certificate.")
        known = {
            mark for mark, facts in self.facts.items() if any(fact["verb"] in ("sealed", "completed") for fact in facts)
        }
        self._cover()
        sealed = [
            name
            for name, told in sorted(self.manifest["files"].items())
            if name == "cover.pdf"
            or name.startswith(("pieces/sheets/", "pieces/certificates/"))
            or told["sha256"] in known
        ]
        for done, name in enumerate(sealed, start=1):
            self._seals(name)
            self.progress(done, len(sealed))
        self.report.holds.append(f"{len(sealed)} documents carry the organisation’s seal.")
        if twice := self.standing.twice():
            raise Broken(
                f"{twice['actor']['name']} has two certificates for “{twice['object']['name']}”, and both stand."
            )

    def _cover(self) -> None:
        """What the cover's attachment tells is what is in the dossier. What is printed on it was not read."""
        said, action = _json(_attached(self._read("cover.pdf"), "cover.json")), _json(self._read("records/action.json"))
        pieces = Counter(name.split("/")[1] for name in self.manifest["files"] if name.startswith("pieces/"))
        names = ("reference", "title", "client", "funder", "funding_reference", "starts_on", "ends_on", "minutes")
        told = {name: action[name] for name in names} | {
            "person": (self.manifest["person"] or {"name": ""})["name"],
            "people": len(action["people"]),
            "facts": self.manifest["entries"],
            "pieces": dict(pieces),
        }
        if wrong := next((name for name in sorted(told.keys() | said.keys()) if said.get(name) != told.get(name)), ""):
            raise Broken(f"The cover says “{said.get(wrong)}” for “{wrong}”, and the dossier “{told.get(wrong)}”.")
        self.report.holds.append("What the cover tells in its attachment (cover.json) is what is in the dossier.")
        self.report.notes.append("As the organisation says, without a proof: the words that are printed on cover.pdf")

    def _additions(self, there: Mapping[str, str]) -> None:
        """What a file was before something was added to it, it begins with (ISO 32000-2, 7.5.6), to the byte."""
        before: dict[str, set[str]] = {}
        for mark in self.replaced:
            last, seen = mark, {mark}
            while (last := self.replaced.get(last, "")) and last not in there and last not in seen:
                seen.add(last)
            if last in there:
                before.setdefault(there[last], set()).add(mark)
        for name, marks in before.items():
            if not marks <= _revisions(self._read(name)):
                raise Broken(
                    f"{name} is said to be an earlier file with something added, and does not begin with that."
                )

    def _seals(self, name: str) -> None:
        found = seals_in(self._read(name))
        if not found:
            raise Broken(f"{name} carries no seal.")
        for seal in found:
            if not seal.holds:
                raise Broken(f"{name} was changed after it was sealed.")
        ours = next((at for at, seal in enumerate(found) if seal.key in self.known), None)
        if ours is None:
            raise Broken(f"{name} is sealed with a key that is not the organisation’s.")
        for seal in found[ours:]:  # a document that somebody brought may carry others’ signatures, from before
            if seal.key not in self.known and not seal.dated:
                raise Broken(f"{name} {_on_top(found[ours], seal)}")

    # --- Records: each is made anew from the facts, and must say the same ---

    def _records(self) -> None:
        """Every record is what the facts say; what nobody can derive from them is not among the records."""
        for name in (name for name in self.manifest["files"] if name.startswith("records/")):
            if name not in RECORDS:
                raise Broken(f"{name} is a record of which the facts know nothing.")
        action = self.account.actions.get(self.manifest["action"]["id"])
        if action is None:
            raise Broken(f"Of the action {self.manifest['action']['reference']} the facts know nothing.")
        owed = (
            {"action.json"}
            | (OF_SESSIONS if self._owed_sessions() else set())
            | (OF_COURSES if action["course"] else set())
        )
        for name in RECORDS:
            if name in self.manifest["files"]:
                self._record(name)
            elif name.removeprefix("records/") in owed:
                raise Broken(f"{name} is missing.")
        if action["course"] and (gone := self.learning.unpublished(action["course"]["id"])):
            raise Broken(f"The publication of version {gone[0]} of “{action['course']['name']}” is missing.")
        self.report.notes += self.standing.differences
        said = [name for name in self.manifest["files"] if name.startswith(AS_SAID)]
        self.report.notes += [f"As the organisation says, without a proof: {name}" for name in sorted(said)]

    def _record(self, name: str) -> None:
        match name.removeprefix("records/"):
            case "action.json":
                self._action(_json(self._read(name)))
            case "sessions.json":
                self._sessions(_json(self._read(name)))
            case "attendance.json":
                self._attendance(_json(self._read(name)))
            case "attendance.csv":
                self._same_attendance(_json(self._read("records/attendance.json")))
            case table:
                self._table(name, table)

    def _action(self, told: dict[str, Any]) -> None:
        """The action is what was recorded when it was made, and its people are those who were registered to it."""
        about = self.manifest["action"]
        if (about["reference"], about["title"]) != (told["reference"], told["title"]):
            raise Broken("manifest.json and records/action.json name the action in two ways.")
        known, only = self.account.actions[about["id"]], (self.manifest["person"] or {}).get("id")
        if "title" not in known:
            self.report.notes.append(
                "What records/action.json says of the action is as the organisation says: it was made before such facts were kept."
            )
            return
        people = self.account.people.get(about["id"], {})
        wanted = known | {"people": sorted(uid for uid in people if only in (None, uid))}
        for name, value in (told | {"people": sorted(person["id"] for person in told["people"])}).items():
            if value != wanted.get(name):
                raise Broken(f"“{name}” in records/action.json is not what the journal says.")
        for person in told["people"]:
            if person != {"id": person["id"], "name": self.account.names.get(person["id"])}:
                raise Broken(f"{person['name']} in records/action.json has another name in the journal.")
        self.report.holds.append(f"The action and its {len(told['people'])} people are those of the journal.")

    def _sessions(self, rows: list[dict[str, Any]]) -> None:
        """Sessions, half-days and trainers are those that were planned last, and none of the action's is left out."""
        for row in rows:
            session = self.account.sessions.get(row["id"])
            if session is None:
                self.report.notes.append(
                    f"What records/sessions.json says of {row['reference']} is as the organisation says: "
                    "it was planned before such facts were kept."
                )
            elif wrong := _difference(row, session.as_json()):
                raise Broken(
                    f"“{wrong}” of session {row['reference']} in records/sessions.json is not what the journal says."
                )
        there = {row["id"] for row in rows}
        if len(there) < len(rows):
            raise Broken("A session stands twice in records/sessions.json.")
        if gone := [session for session in self._owed_sessions() if session.uid not in there]:
            raise Broken(f"Session {gone[0].reference} is left out of records/sessions.json.")

    def _owed_sessions(self) -> "list[Session]":
        """Those of the action of which the facts tell, or, of one person, those in which they have a seat."""
        planned = self.account.actions[self.manifest["action"]["id"]].get("sessions", self.account.sessions)
        only = (self.manifest["person"] or {}).get("id")
        known = [self.account.sessions[uid] for uid in planned if uid in self.account.sessions]
        return [session for session in known if only is None or only in self.account.seated(session.uid)]

    def _attendance(self, rows: list[dict[str, Any]]) -> None:
        """Every signature is the one that the journal speaks of, of the same person and slot; every row says what it says."""
        told_of: set[tuple[str, str]] = set()
        unplanned = 0
        for row in rows:
            if (row["slot"], row["person"]) in told_of:
                raise Broken(f"{row['name']} stands twice in records/attendance.json for {row['hours']}.")
            told_of.add((row["slot"], row["person"]))
            if unknown := sorted(row.keys() - OF_ATTENDANCE):
                raise Broken(f"“{unknown[0]}” in records/attendance.json is nothing of which the journal tells.")
            if trouble := self.told.trouble_of(row):
                raise Broken(f"{trouble} {row['name']} for {row['hours']} is not what the journal says.")
            self._signatures(row)
            planned = self.account.planned(row["slot"], row["person"], self.told.of(row["slot"], row["person"]))
            unplanned += planned is None
            if wrong := next((name for name, value in (planned or {}).items() if row.get(name) != value), ""):
                raise Broken(
                    f"“{wrong}” of {row['name']} for {row['hours']} in records/attendance.json is not what the journal says."
                )
        self.report.holds.append(
            f"{sum(bool(row.get('signature')) for row in rows)} attendance signatures fit the journal."
        )
        if gone := self.told.left_out(rows):
            raise Broken(
                f"An attendance is left out of records/attendance.json (“{gone['state']}”), of which the journal tells."
            )
        if missing := sorted(self.account.expected - told_of):
            slot, person = missing[0]
            raise Broken(
                f"{self.account.names.get(person, person)} had a seat at {self.account.hours_of(slot)}, "
                "and stands not in records/attendance.json."
            )
        if unplanned:
            self.report.notes.append(
                f"Names, employers and hours of {unplanned} rows of attendance are as the organisation says: "
                "their half-days were planned before such facts were kept."
            )
        self.report.holds.append(f"What {len(rows)} rows say of who was there is what the journal says.")

    def _signatures(self, row: dict[str, Any]) -> None:
        """The signature that counts, and those that do not, are all that the journal knows of this person and half-day."""
        marks = [
            hashlib.sha256(canonical(signature)).hexdigest()
            for signature in (row.get("signature"), *(kept["signature"] for kept in row["earlier"]))
            if signature
        ]
        whose = f"of {row['name']} for {row['hours']}"
        known = self.told.signatures_of(row["slot"], row["person"])
        if unknown := [mark for mark in marks if mark not in known]:
            first = row.get("signature") and marks[0] == unknown[0]
            raise Broken(
                f"{'The' if first else 'An earlier'} signature {whose} is not the one that the journal speaks of."
            )
        if len(set(marks)) < len(marks):
            raise Broken(f"A signature {whose} stands there twice.")
        if len(marks) < len(known):
            raise Broken(f"A signature {whose} is left out, of which the journal speaks.")
        from_where = [kept["circumstances"] for kept in row["earlier"]]
        if row.get("signature"):
            from_where.insert(0, {"address": row["address"], "agent": row["agent"], "location": row["location"]})
        for mark, told in zip(marks, from_where, strict=True):
            if hashlib.sha256(canonical(told)).hexdigest() not in known[mark]:
                raise Broken(f"From where {row['name']} signed ({row['hours']}) was changed.")
        for kept, mark in zip(row["earlier"], marks[len(marks) - len(row["earlier"]) :], strict=True):
            told = self.told.kept(row["slot"], row["person"], mark)
            said = {name: kept[name] for name in kept.keys() - {"signature", "circumstances", "signed_at"}}
            if said != {"way": told["way"], "kept_because": told["kept_because"]}:
                raise Broken(f"How an earlier signature {whose} came to be is not what the journal says.")
            if not _is_moment(kept["signed_at"], told["signed_at"]):
                raise Broken(f"When an earlier signature {whose} was made is not what the journal says.")
        told_at = self.told.of(row["slot"], row["person"]).get("signed_at")
        if row.get("signature") and not _is_moment(row["signed_at"], told_at):
            raise Broken(f"When {row['name']} signed ({row['hours']}) was changed.")

    def _same_attendance(self, rows: list[dict[str, Any]]) -> None:
        """The table of attendance, which people open, says what the JSON says that was held against the journal."""
        name = "records/attendance.csv"
        columns, table = self._rows_of(name)
        for number, (line, row) in enumerate(zip_longest(table, rows), start=1):
            if line is None or row is None:
                raise Broken(f"{name} has not as many rows as the JSON beside it, which has {len(rows)}.")
            for column, cell in zip(columns, line, strict=True):
                told = "" if row.get(column) is None else str(row[column])
                if cell != _harmless(told):
                    raise Broken(f"Row {number} of {name} says “{cell}” where the JSON beside it says “{told}”.")

    def _table(self, name: str, table: str) -> None:
        """A table has a row for each that the facts tell of, and each says what they say."""
        people = {person["id"] for person in _json(self._read("records/action.json"))["people"]}
        course = (self.account.actions[self.manifest["action"]["id"]].get("course") or {}).get("id", "")
        match table:
            case "completions.csv":
                wanted, row_of = self.learning.completions(course, people)
            case "progress.csv":
                wanted, row_of = self.learning.progress(course, people)
            case "certificates.csv":
                wanted, row_of = self.standing.certificates(course, people)
        columns, rows = self._rows_of(name)
        for number, line in enumerate(rows, start=1):
            row = dict(zip(columns, line, strict=True))
            key = tuple(row[column] for column in KEYS[table])
            if key not in wanted:
                raise Broken(
                    f"Row {number} of {name} is one of which the journal does not tell, or stands there twice."
                )
            wanted.discard(key)
            told = row_of(*key)
            for column, cell in row.items():
                said = self.account.names.get(row["person"], "") if column == "name" else told.get(column)
                if said is None or cell != _harmless(said):
                    raise Broken(f"Row {number} of {name} says “{cell}” for “{column}”, and the journal says “{said}”.")
        if wanted:
            raise Broken(f"A row is left out of {name}, of which the journal tells ({' '.join(next(iter(wanted)))}).")
        self.report.holds.append(f"{name} is what the journal says.")

    def _rows_of(self, name: str) -> tuple[list[str], Iterator[list[str]]]:
        """The columns of a table, and its rows, each with as many cells."""
        file = io.TextIOWrapper(self.zip.open(name), "utf-8-sig", newline="")
        lines = csv.reader(file, strict=True)
        columns = next(lines, [])
        if tuple(columns) != COLUMNS[name.removeprefix("records/")]:
            raise Broken(f"{name} has other columns than Milepost gives it.")
        return columns, (_whole_row(line, columns, name) for line in lines)


def _harmless(text: str) -> str:
    """As a table has it: an apostrophe keeps a spreadsheet from taking it for a formula."""
    return f"'{text}" if text[:1] in FORMULA else text


def _difference(row: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
    """The name of the first member in which the two differ, or that only one has; empty where there is none."""
    return next((name for name in sorted(row.keys() | wanted.keys()) if row.get(name) != wanted.get(name)), "")


def _whole_row(line: list[str], columns: list[str], name: str) -> list[str]:
    if len(line) != len(columns):
        raise Broken(f"{name} has a row with {len(line)} cells under {len(columns)} columns.")
    return line


# --- Completeness -----------------------------------------------------------------------------------------

_ERASED = {"actor": {"name": "–"}, "verb": "erased", "object": {"name": "–"}, "time": "–"}
# What facts about these are filed under, by the key in their context; those about anything else under that itself.
_FILED = {
    "activity": "course",
    "module": "course",
    "certificate": "course",
    "slot": "session",
    "sheet": "session",
    "trainer": "session",
    "piece": "action",
}


def abouts_of(statement: Mapping[str, Any]) -> list[str]:
    """What a fact is about, by uid, as the index counts it: first what it is filed under, then the action that it is of besides."""
    context = statement.get("context") or {}
    key = (
        "action" if "audit" in context else _FILED.get(statement["object"]["type"])
    )  # an auditor opens things of any type
    about = context[key] if key else statement["object"]["id"]
    also = context.get("action", about)
    return [about] if also == about else [about, also]


def whose_of(statement: Mapping[str, Any]) -> str:
    """The uid of the person that a fact is of: its holder, where it names one, or else whoever did it."""
    return str((statement.get("context") or {}).get("holder") or statement["actor"]["id"])


class Parts:
    """What the action of a dossier consists of, by its facts: of all that, each fact must be there."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}  # of what facts are about
        self._actions: dict[str, dict[str, Any]] = {}  # of each action the newest word on its course and sessions
        self._people: dict[str, set[str]] = {}  # who takes part, by what the facts say
        self._documents: dict[str, set[str]] = {}

    def hear(self, statement: Mapping[str, Any]) -> None:
        """Take the next fact."""
        thing, abouts = statement["object"], abouts_of(statement)
        if thing["type"] in ("action", "course", "document", "session"):
            self.names[thing["id"]] = thing["name"]
        if thing["type"] == "action":
            result = statement.get("result") or {}
            told = {**result, **(result.get("changes") or {})}
            known = self._actions.setdefault(thing["id"], {})
            known |= {name: told[name] for name in ("course", "sessions") if name in told}
            if statement["verb"] == "registered":
                self._people.setdefault(thing["id"], set()).add(statement["actor"]["id"])
            elif statement["verb"] == "withdrew":
                self._people.setdefault(thing["id"], set()).discard(statement["actor"]["id"])
        elif thing["type"] == "document" and len(abouts) == 2:
            self._documents.setdefault(abouts[1], set()).add(thing["id"])

    def wanted(self, action: str, person: str | None) -> set[tuple[str, str | None]]:
        """Things of which each fact must be there, or each of a person: of the whole action, or of one person in it."""
        told = self._actions.get(action, {})
        course, people = (told.get("course") or {}).get("id"), self._people.get(action, set())
        things = {action, *told.get("sessions", ()), *self._documents.get(action, ())}
        if person:
            return {(thing, person) for thing in (*things, course) if thing}
        return {(thing, None) for thing in things} | {(course, one) for one in people if course}


class Erasures:
    """Facts that were erased, and the facts that say so: each names the places of those that it erased, or their leaves."""

    def __init__(self) -> None:
        self.lines: list[tuple[int, bytes]] = []  # what is left of them: place and leaf
        self.count = 0
        self._places: list[tuple[int, int]] = []
        self._leaves: set[bytes] = set()

    def hear(self, statement: Mapping[str, Any]) -> None:
        """Take the next fact."""
        if statement["verb"] == "erased":
            self.count += 1
            result = statement["result"]
            for part in filter(None, result["places"].split(",")):
                first, _dash, last = part.partition("-")
                self._places.append((int(first), int(last or first)))
            self._leaves.update(map(bytes.fromhex, result.get("leaves", ())))

    def hold(self) -> None:
        """Raise `Broken` for a fact whose words are missing and that no erasure names."""
        ranges, end, at = sorted(self._places), -1, 0
        for index, leaf in self.lines:  # in order
            while at < len(ranges) and ranges[at][0] <= index:
                end, at = max(end, ranges[at][1]), at + 1
            if index > end and leaf not in self._leaves:
                raise Broken(f"Number {index} is said to be erased, and no erasure in the dossier names it.")


EMPTY, BRANCHES, NOTHING = bytes(32), 16, (0, bytes(32))
ABOUT, WHOSE, CHAIN = (
    (b"\x10", b"\x11"),
    (b"\x20", b"\x21"),
    b"\x30",
)  # what stands before leaves, nodes, running hashes


class Index:
    """How many facts about each thing and of each person there are, as facts tell it, to be held against the seal’s index.

    The index is two tiers of sparse Merkle trees: what facts are about leads to the head of a tree in which the person leads to
    the number of their facts and the running hash over their leaves. A tree has sixteen branches by the half-bytes of the
    SHA-256 of the key; one of a single key is its leaf, one of none 32 zero bytes.
    """

    def __init__(self) -> None:
        self._told: dict[str, dict[str, tuple[int, bytes]]] = {}

    def add(self, about: str, whose: str, leaf: bytes) -> None:
        """Take the next fact in the order of the journal, by its leaf there."""
        people = self._told.setdefault(about, {})
        count, chain = people.get(whose, NOTHING)
        people[whose] = count + 1, hashlib.sha256(CHAIN + chain + leaf).digest()

    def hold(
        self,
        root: bytes,
        proof: dict[str, Any],
        wanted: Collection[tuple[str, str | None]],
        names: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Raise `Broken` unless the facts are all that the index counts, of everything that is wanted: a thing, or a person in it."""
        things = {thing["about"]: _Thing(thing) for thing in proof["things"]}
        leaves = {
            _key(about): _leaf(ABOUT, _key(about), thing.head) for about, thing in things.items() if thing.head != EMPTY
        }
        without = {_key(about) for about in things} - leaves.keys()
        head = _sparse_head(ABOUT, [*leaves, *without], leaves, without, proof["nodes"])
        if len(things) != len(proof["things"]) or head != root:
            raise Broken("journal/completeness.json does not lead to the index that was sealed.")
        for about, whose in wanted:
            if about not in things or not things[about].covers(whose):
                raise Broken(
                    f"journal/completeness.json does not tell how many facts there are about “{names.get(about, about)}”."
                )
        for about, thing in things.items():
            missing, is_other = thing.compare(self._told.get(about, {}))
            if missing:
                words = f"{missing} facts about “{names.get(about, about)}” are missing"
                raise Broken(f"{words if missing > 1 else words.replace('facts', 'fact').replace(' are', ' is')}.")
            if is_other:
                raise Broken(f"The facts about “{names.get(about, about)}” are not those that the sealed index counts.")


class _Thing:
    """What completeness.json says of the facts about one thing: of all people, or of some."""

    def __init__(self, told: dict[str, Any]) -> None:
        self.people = {bytes.fromhex(key): (int(count), bytes.fromhex(chain)) for key, count, chain in told["people"]}
        self.without = set(map(bytes.fromhex, told.get("without", ())))
        self.is_whole = "nodes" not in told
        leaves = {
            key: _leaf(WHOSE, key, count.to_bytes(8, "big") + chain) for key, (count, chain) in self.people.items()
        }
        if len(self.people) != len(told["people"]) or self.without & self.people.keys():
            raise Broken("journal/completeness.json names somebody twice.")
        self.head = (
            _head_of(WHOSE, list(leaves.items()))
            if self.is_whole
            else _sparse_head(WHOSE, [*self.people, *self.without], leaves, self.without, told["nodes"])
        )

    def covers(self, whose: str | None) -> bool:
        """Whether it tells how many facts this person has; without one, of everybody."""
        return self.is_whole or (whose is not None and self._tells_of(_key(whose)))

    def compare(self, told: Mapping[str, tuple[int, bytes]]) -> tuple[int, bool]:
        """How many facts are missing of those that the index counts, and whether they are others."""
        here = {key: counted for whose, counted in told.items() if self._tells_of(key := _key(whose))}
        missing = sum(max(0, count - here.get(key, NOTHING)[0]) for key, (count, _chain) in self.people.items())
        return missing, here != self.people

    def _tells_of(self, key: bytes) -> bool:
        return self.is_whole or key in self.people or key in self.without


def _key(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def _leaf(tier: tuple[bytes, bytes], key: bytes, value: bytes) -> bytes:
    return hashlib.sha256(tier[0] + key + value).digest()


def _branch(key: bytes, depth: int) -> int:
    return key[depth >> 1] & 15 if depth & 1 else key[depth >> 1] >> 4


def _head_of(tier: tuple[bytes, bytes], leaves: Sequence[tuple[bytes, bytes]], depth: int = 0) -> bytes:
    """The head of the tree of these keys, all of which are there."""
    if len(leaves) < 2:
        return leaves[0][1] if leaves else EMPTY
    parts: list[list[tuple[bytes, bytes]]] = [[] for _branch in range(BRANCHES)]
    for leaf in leaves:
        parts[_branch(leaf[0], depth)].append(leaf)
    return hashlib.sha256(tier[1] + b"".join(_head_of(tier, part, depth + 1) for part in parts)).digest()


def _sparse_head(
    tier: tuple[bytes, bytes],
    keys: Sequence[bytes],
    leaves: Mapping[bytes, bytes],
    without: Collection[bytes],
    words: Sequence[str],
) -> bytes:
    """The head to which some keys, with their leaves or `without` any, and the words beside them lead. Raises `Broken`.

    The words, from left to right: of a subtree where a key would stand `node`, and then of its sixteen; or its only leaf as key
    and value; or nothing. Of any other subtree its head.
    """
    rest = iter(words)

    def head(keys: Sequence[bytes], depth: int) -> bytes:
        word = next(rest)
        if word == "node":
            parts: list[list[bytes]] = [[] for _branch in range(BRANCHES)]
            for key in keys:
                parts[_branch(key, depth)].append(key)
            heads = [head(part, depth + 1) if part else other(next(rest)) for part in parts]
            return hashlib.sha256(tier[1] + b"".join(heads)).digest()
        stated = bytes.fromhex(word)
        key, value = stated[:32], stated[32:]
        here = _leaf(tier, key, value) if stated else EMPTY
        for one in keys:
            if (one not in without) if one != key else (here != leaves[one]):
                raise ValueError
        return here

    def other(word: str) -> bytes:
        if len(word) not in (0, 64):  # or one could stand for two, and all after it for others
            raise ValueError
        return bytes.fromhex(word) or EMPTY

    try:
        found = head(keys, 0)
        if next(rest, None) is not None:
            raise ValueError
    except (StopIteration, ValueError, KeyError, IndexError):
        raise Broken("journal/completeness.json does not fit together.") from None
    return found


# --- Attendance -------------------------------------------------------------------------------------------


class Told:
    """What facts say of who was there, the last one last: of each slot and person a state, times, doubts, and who decided.

    A state is signed, struck (signed, and somebody decided that they were not there), attested, absent, or missing.
    """

    NOTHING: Mapping[str, Any] = {"state": "missing"}
    _AFTER = ("decided_by", "decided_at", "decision_reason")
    _OF_SIGNATURE = ("signed_at", "way", "device_time", "doubts", *_AFTER)

    def __init__(self) -> None:
        self._told: dict[tuple[str, str], Mapping[str, Any]] = {}
        self._signatures: dict[tuple[str, str], dict[str, set[str]]] = {}  # by fingerprint: those of the circumstances
        self._signed: dict[
            tuple[str, str, str], dict[str, Any]
        ] = {}  # by half-day, person, and fingerprint: what is told of it
        self._hearing = {
            "signed": self._sign,
            "delivered": self._deliver,
            "marked": self._note,
            "corrected": self._note,
            "doubted": self._doubt,
            "decided": self._decide,
        }

    def hear(self, statement: dict[str, Any]) -> None:
        """Take the next fact; those about anything else say nothing here."""
        hearing = self._hearing.get(statement["verb"])
        if hearing and statement["object"].get("type") == "slot":
            key = (statement["object"]["id"], statement["actor"]["id"])
            told = hearing(key, self._told.get(key, self.NOTHING), statement)
            if told is not None:
                self._told[key] = told

    def of(self, slot: str, person: str) -> Mapping[str, Any]:
        """The last word on whether this person was there."""
        return self._told.get((slot, person), self.NOTHING)

    def signatures_of(self, slot: str, person: str) -> Mapping[str, set[str]]:
        """The fingerprints of all that they signed for it, each with those of the circumstances under which they did."""
        return self._signatures.get((slot, person), {})

    def kept(self, slot: str, person: str, mark: str) -> Mapping[str, Any]:
        """What is told of a signature of theirs, and why it is kept where it does not count."""
        return self._signed[(slot, person, mark)]

    def left_out(self, rows: Iterable[Mapping[str, Any]]) -> Mapping[str, Any] | None:
        """The first state that the facts tell of and no row does, if there is one."""
        there = {(row["slot"], row["person"]) for row in rows}
        gone = (told for key, told in self._told.items() if told["state"] != "missing" and key not in there)
        return next(gone, None)

    def trouble_of(self, row: Mapping[str, Any]) -> str:
        """What of a row of records/attendance.json is not what the facts say, as the beginning of a sentence; or nothing."""
        told = self.of(row["slot"], row["person"])
        if row["state"] != told["state"]:
            return f"The state (“{row['state']}”, told: “{told['state']}”) of"
        if bool(row.get("signature")) != (told["state"] in ("signed", "struck")):
            return "The signature of"
        if told["state"] not in ("signed", "attested") and row.get("minutes"):
            return "The time of"
        for name, words in _OF_ATTENDANCE.items():
            if (row.get(name) or "") != (told.get(name) or ""):
                return words
        if bool(row.get("decided_at")) != bool(told.get("decided_at")):
            return "When it was decided about"
        if row.get("decided_at") and not _is_moment(row["decided_at"], told["decided_at"]):
            return "When it was decided about"
        return ""

    def _sign(self, key: tuple[str, str], before: Mapping[str, Any], fact: dict[str, Any]) -> Mapping[str, Any]:
        return {"state": "signed", **self._keep(key, fact), **_times(before)}

    def _deliver(self, key: tuple[str, str], _before: Mapping[str, Any], fact: dict[str, Any]) -> None:
        self._keep(key, fact)

    def _keep(self, key: tuple[str, str], fact: dict[str, Any]) -> dict[str, Any]:
        mark, context = fact["result"]["signature_sha256"], fact["context"]
        self._signatures.setdefault(key, {}).setdefault(mark, set()).add(context["circumstances_sha256"])
        told = {"signed_at": fact["time"], "way": fact["result"]["way"], "doubts": context.get("doubts", [])}
        why = "delivered after the closing" if fact["verb"] == "delivered" else "put aside by a correction"
        self._signed.setdefault((*key, mark), told | {"kept_because": why})
        return told | ({"device_time": context["device_time"]} if "device_time" in context else {})

    def _note(self, key: tuple[str, str], before: Mapping[str, Any], fact: dict[str, Any]) -> Mapping[str, Any]:
        now = {name: text for name, text in fact["result"]["now"].items() if name in ("state", *_OF_STATE)}
        if now["state"] not in ("signed", "struck"):
            return now
        if before["state"] in (
            "signed",
            "struck",
        ):  # else it is one that came after the closing, and a correction takes
            return {name: before[name] for name in self._OF_SIGNATURE if name in before} | now
        late = self._signed.get((*key, fact["result"]["now"].get("signature_sha256", "")), {})
        return {name: late[name] for name in ("signed_at", "way") if name in late} | now

    def _doubt(self, _key: tuple[str, str], before: Mapping[str, Any], fact: dict[str, Any]) -> Mapping[str, Any]:
        """A further doubt, or more people to whom it is due, ends that somebody said they were there."""
        known = {doubt["code"]: doubt.get("others", 0) for doubt in before.get("doubts", ())}
        doubts = fact["result"]["doubts"]
        is_further = any(doubt.get("others", 0) > known.get(doubt["code"], -1) for doubt in doubts)
        ends = self._AFTER if is_further and before["state"] == "signed" else ()
        return {name: value for name, value in before.items() if name not in ends} | {"doubts": doubts}

    def _decide(self, _key: tuple[str, str], before: Mapping[str, Any], fact: dict[str, Any]) -> Mapping[str, Any]:
        result = fact["result"]
        kept = {name: value for name, value in before.items() if name not in self._AFTER}
        if result["decision"] == "undecided":
            return kept | {"state": "signed"}
        by = (fact["context"].get("instructor") or {}).get("name", "")[:200]
        decided = {"decided_by": by, "decided_at": fact["time"], "decision_reason": result.get("reason", "")}
        return kept | {"state": "struck" if result["decision"] == "not-there" else "signed"} | decided


_OF_STATE = ("arrived_at", "left_at", "absence_reason")
_OF_ATTENDANCE = {
    "arrived_at": "The arrival of",
    "left_at": "The departure of",
    "absence_reason": "The reason of the absence of",
    "way": "The way of signing of",
    "device_time": "The time of the device of",
    "doubts": "What was doubtful about",
    "decided_by": "Who decided about",
    "decision_reason": "What was decided about",
}


def _times(told: Mapping[str, Any]) -> dict[str, Any]:
    return {name: told[name] for name in ("arrived_at", "left_at") if name in told}


def _is_moment(said: str, told: Any) -> bool:
    """Whether two times are one: facts of earlier versions were told a moment after what they tell."""
    return abs(datetime.fromisoformat(said) - datetime.fromisoformat(told)) < SAME_MOMENT


# --- The action and its sessions --------------------------------------------------------------------------


@dataclass
class Session:
    """A live session, as the facts tell of it: half-days by their uid with beginning and end, trainers by theirs."""

    uid: str
    reference: str
    title: str = ""
    form: str = ""
    where: str = ""
    time_zone: str = "UTC"
    course: str = ""
    slots: dict[str, tuple[str, str]] = field(default_factory=dict)
    trainers: dict[str, str] = field(default_factory=dict)

    def change(self, title: str, changes: Mapping[str, Any]) -> None:
        """Take what was planned, or planned anew."""
        self.title = title
        for name in ("form", "where", "time_zone"):
            setattr(self, name, changes.get(name, getattr(self, name)))
        if "slots" in changes:
            self.slots = {slot["id"]: (slot["starts_at"], slot["ends_at"]) for slot in changes["slots"]}

    def as_json(self) -> dict[str, Any]:
        """As records/sessions.json has it."""
        slots = [{"id": uid, "starts_at": start, "ends_at": end} for uid, (start, end) in self.slots.items()]
        said = {name: getattr(self, name) for name in ("reference", "title", "form", "where", "time_zone")}
        return {"id": self.uid, **said, "slots": slots, "trainers": list(self.trainers.values())}

    def hours(self, slot: str) -> str:
        """2026-11-26 09:00–12:30, in the session's zone."""
        start, end = (datetime.fromisoformat(time).astimezone(ZoneInfo(self.time_zone)) for time in self.slots[slot])
        return f"{start:%Y-%m-%d %H:%M}–{end:%H:%M}"

    def minutes(self, slot: str, told: Mapping[str, Any]) -> int:
        """How long somebody was there of whom this is told: the half-day, less what was missed at either end."""
        if told["state"] not in ("signed", "attested"):
            return 0
        start, end = self.slots[slot]
        there = max(start, told.get("arrived_at", start)), min(end, told.get("left_at", end))
        span = datetime.fromisoformat(there[1]) - datetime.fromisoformat(there[0])
        return max(0, int(span.total_seconds() // 60))


class Account:
    """What facts say of the action, of its sessions and of who takes part, the last one last.

    `expected` are half-day and person of whoever has a seat: each has a row in the attendance. Sessions and actions that were
    made before facts told so much of them are not among `sessions`, or have no title among `actions`.
    """

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.actions: dict[str, dict[str, Any]] = {}
        self.people: dict[str, dict[str, None]] = {}
        self.sessions: dict[str, Session] = {}
        self.expected: set[tuple[str, str]] = set()
        self._seats: dict[str, dict[str, str]] = {}  # by session and person: for whom they work
        self._session_of: dict[str, Session] = {}  # by half-day
        self._closed: set[str] = set()
        self._hearing: dict[tuple[str, str], Callable[[dict[str, Any]], None]] = {
            ("action", "created"): self._created,
            ("action", "registered"): self._registered,
            ("session", "scheduled"): self._scheduled,
            ("session", "updated"): self._updated,
            ("session", "registered"): self._seated,
            ("session", "withdrew"): self._left,
            ("trainer", "granted"): self._granted,
            ("trainer", "revoked"): self._revoked,
            ("slot", "closed"): self._closed_slot,
        }

    def hear(self, statement: dict[str, Any]) -> None:
        """Take the next fact; those about anything else tell a name at most."""
        if statement["actor"].get("type") == "member":
            self.names[statement["actor"]["id"]] = statement["actor"]["name"]
        if hearing := self._hearing.get((statement["object"].get("type"), statement["verb"])):
            hearing(statement)

    def seated(self, session: str) -> Mapping[str, str]:
        """Who has a seat at the session, by uid, and for whom each works."""
        return self._seats.get(session, {})

    def hours_of(self, slot: str) -> str:
        return self._session_of[slot].hours(slot)

    def planned(self, slot: str, person: str, told: Mapping[str, Any]) -> dict[str, Any] | None:
        """What a row of attendance says of what was planned, and how long of that they were there; None where no fact tells it.

        `told` is what is known of the person's attendance (`Told.of`).
        """
        session = self._session_of.get(slot)
        if session is None:
            return None
        if (slot, person) not in self.expected:
            raise Broken(f"{self.names.get(person, person)} stands in records/attendance.json, and had no seat there.")
        return {
            "name": self.names.get(person),
            "employer": self.seated(session.uid).get(person, ""),
            "session": session.reference,
            "hours": session.hours(slot),
            "minutes": session.minutes(slot, told),
        }

    def minutes_live(self, course: str, person: str, told: Told) -> int | None:
        """How long the person was at the sessions of a course; None where no fact here tells of any."""
        slots = [
            (session, slot) for session in self.sessions.values() if session.course == course for slot in session.slots
        ]
        return sum(session.minutes(slot, told.of(slot, person)) for session, slot in slots) if slots else None

    def _created(self, fact: dict[str, Any]) -> None:
        told = fact.get("result") or {}
        texts = dict.fromkeys(("client", "funder", "funding_reference", "objectives", "price"), "")
        common = {"profile": fact["context"]["profile"], "course": None}
        self.actions[fact["object"]["id"]] = {**texts, **common, **told} if told else common

    def _registered(self, fact: dict[str, Any]) -> None:
        self.people.setdefault(fact["object"]["id"], {})[fact["actor"]["id"]] = None

    def _scheduled(self, fact: dict[str, Any]) -> None:
        told, uid = fact["result"], fact["object"]["id"]
        if all(isinstance(slot, dict) for slot in told["slots"]):
            self.sessions[uid] = Session(uid, fact["context"]["reference"], course=fact["context"].get("course", ""))
            self._plan(self.sessions[uid], fact["object"]["name"], told)

    def _updated(self, fact: dict[str, Any]) -> None:
        if session := self.sessions.get(fact["object"]["id"]):
            self._plan(session, fact["object"]["name"], fact["result"]["changes"])

    def _plan(self, session: Session, title: str, changes: Mapping[str, Any]) -> None:
        before = set(session.slots)
        session.change(title, changes)
        for slot in before - set(session.slots):
            del self._session_of[slot]
        self.expected = (
            {pair for pair in self.expected if pair[0] not in before - set(session.slots)} if before else self.expected
        )
        for slot in set(session.slots) - before:
            self._session_of[slot] = session
            self.expected |= {(slot, person) for person in self.seated(session.uid)}

    def _seated(self, fact: dict[str, Any]) -> None:
        session, person = fact["object"]["id"], fact["actor"]["id"]
        if fact["result"]["status"] == "seated" and session in self.sessions:
            self._seats.setdefault(session, {})[person] = (
                fact["context"].get("employer", "") if fact.get("context") else ""
            )
            self.expected |= {(slot, person) for slot in self.sessions[session].slots if slot not in self._closed}

    def _left(self, fact: dict[str, Any]) -> None:
        session, person = fact["object"]["id"], fact["actor"]["id"]
        self._seats.get(session, {}).pop(person, None)
        if session in self.sessions:
            self.expected -= {(slot, person) for slot in self.sessions[session].slots}

    def _granted(self, fact: dict[str, Any]) -> None:
        if session := self.sessions.get(fact["context"]["session"]):
            session.trainers[fact["object"]["id"]] = fact["object"]["name"]

    def _revoked(self, fact: dict[str, Any]) -> None:
        if session := self.sessions.get(fact["context"]["session"]):
            session.trainers.pop(fact["object"]["id"], None)

    def _closed_slot(self, fact: dict[str, Any]) -> None:
        self._closed.add(fact["object"]["id"])


# --- Courses ----------------------------------------------------------------------------------------------


type Rows = tuple[set[tuple[str, ...]], Callable[..., dict[str, str]]]  # the keys of a table, and the row of each


@dataclass(slots=True)
class _Step:
    """An activity as somebody began it, and did it last; texts as tables have them, of which many are one."""

    title: str = ""
    version: str = ""
    began_at: str = ""
    done_at: str = ""
    score: str = ""
    caveat: str = ""
    digest: str = ""

    def begin_again(self) -> None:
        self.done_at = self.caveat = ""


@dataclass(slots=True)
class _Learner:
    """What somebody did in a course; texts as tables have them."""

    registered_at: str = ""
    launched_at: str = ""
    completed_at: str = ""
    score: str = ""
    steps: dict[str, _Step] = field(default_factory=dict)


class Learning:
    """What facts say of who did what in a course, the last one last, and of the minutes that its versions state."""

    def __init__(self) -> None:
        self._learners: dict[str, dict[str, _Learner]] = {}  # by course and person
        self._named: dict[str, set[int]] = {}  # by course: the versions in which somebody did something
        self._stated: dict[str, dict[int, dict[tuple[str, str], int]]] = {}  # by course, version, activity and content

    def hear(self, fact: dict[str, Any]) -> None:
        """Take the next fact; those about anything else say nothing here."""
        match fact["object"].get("type"):
            case "course":
                self._course(fact, fact["object"]["id"])
            case "activity":
                self._activity(fact, self._learner(fact["context"]["course"], fact["actor"]["id"]))

    def unpublished(self, course: str) -> list[int]:
        """The versions in which people did something, and of which no fact tells that they were published."""
        return sorted(self._named.get(course, set()) - self._stated.get(course, {}).keys())

    def completions(self, course: str, people: Collection[str]) -> Rows:
        """records/completions.csv, by person."""
        known = self._learners.get(course, {})

        def row(person: str) -> dict[str, str]:
            learner = known.get(person, _Learner())
            columns = COLUMNS["completions.csv"][2:]
            return {"person": person} | {column: getattr(learner, column) for column in columns}

        return {(person,) for person in people}, row

    def progress(self, course: str, people: Collection[str]) -> Rows:
        """records/progress.csv, by person and activity."""
        known = self._learners.get(course, {})

        def row(person: str, key: str) -> dict[str, str]:
            step = known[person].steps[key]
            columns = COLUMNS["progress.csv"][3:]
            return {"person": person, "activity": key} | {column: getattr(step, column) for column in columns}

        return {(person, key) for person in people if person in known for key in known[person].steps}, row

    def minutes_at_a_distance(self, course: str, person: str, version: int) -> int | None:
        """The minutes that the course states for what the person did in their own time; None where no fact tells what it states.

        By the version that they are in, or, for what that has not as it was done, by the last before it that had it.
        """
        versions = self._stated.get(course, {})
        if version not in versions:
            return None
        done = [(key, step.digest) for key, step in self._learner(course, person).steps.items() if step.done_at]
        before = sorted((number for number in versions if number <= version), reverse=True)
        return sum(next((versions[n][what] for n in before if what in versions[n]), 0) for what in done)

    def _learner(self, course: str, person: str) -> _Learner:
        return self._learners.setdefault(course, {}).setdefault(person, _Learner())

    def _course(self, fact: dict[str, Any], course: str) -> None:
        result, time = fact.get("result") or {}, fact["time"]
        if fact["verb"] == "published":
            self._publish(course, result)
            return
        if fact["verb"] == "withdrew":
            self._learners.get(course, {}).pop(fact["actor"]["id"], None)
            return
        learner = self._learner(course, fact["actor"]["id"])
        match fact["verb"]:
            case "registered":
                learner.registered_at = time
            case "launched":
                learner.launched_at = time
            case "completed":
                learner.completed_at, learner.score = time, str(result.get("score", ""))
            case "reopened":
                learner.completed_at = ""

    def _publish(self, course: str, result: Mapping[str, Any]) -> None:
        self._stated.setdefault(course, {})[result["version"]] = {
            (activity["key"], activity["digest"]): 0 if activity["is_live"] else activity["minutes"]
            for activity in result.get("activities", ())
        }
        for learner in self._learners.get(course, {}).values():
            if not learner.completed_at:  # who completed it stays with what they completed
                for key in result.get("asked_again", ()):
                    if key in learner.steps:
                        learner.steps[key].begin_again()
                        learner.steps[key].score = ""

    def _activity(self, fact: dict[str, Any], learner: _Learner) -> None:
        activity, result, context = fact["object"], fact.get("result") or {}, fact["context"]
        self._named.setdefault(context["course"], set()).add(context["version"])
        step = learner.steps.setdefault(sys.intern(activity["id"]), _Step())
        step.title, step.version = sys.intern(activity["name"]), sys.intern(str(context["version"]))
        match fact["verb"]:
            case "initialized":
                step.began_at = fact["time"]
            case "passed" | "failed":
                step.score = max(step.score, sys.intern(str(result["score"])), key=lambda text: float(text or "-inf"))
            case "progressed":
                step.done_at, step.digest = fact["time"], sys.intern(activity["version"])
                step.caveat = sys.intern(context.get("caveat", ""))
            case "reopened":
                step.begin_again()


# --- Certificates -----------------------------------------------------------------------------------------


class Standing:
    """Which certificates stand, by what facts say: those that were issued, and neither revoked nor replaced by another.

    `differences` are certificates that state other hours than the facts before them, which is not for a program to judge.
    """

    STATED = ("title", "begun", "completed", "minutes_at_a_distance", "minutes_live", "score", "valid_until")

    def __init__(self) -> None:
        self.differences: list[str] = []
        self._issued: dict[str, dict[str, Any]] = {}
        self._gone: dict[str, tuple[str, str]] = {}  # when, and why

    def hear(self, fact: dict[str, Any], learning: Learning, account: Account, told: Told) -> None:
        """Take the next fact; those about anything else say nothing here. The others have taken all before it."""
        if fact["object"].get("type") != "certificate":
            return
        uid = fact["object"]["id"]
        if fact["verb"] == "issued":
            self._issued[uid] = fact
            if replaced := fact["context"].get("replaces"):
                self._gone[replaced] = (fact["time"], f"replaced by {uid}")
            self._compare(fact, learning, account, told)
        elif fact["verb"] == "revoked":
            self._gone[uid] = (fact["time"], fact["result"]["reason"])

    def twice(self) -> dict[str, Any] | None:
        """The fact that gave somebody a second one for the same course while the first still stands, if there is one."""
        seen: set[tuple[str, str]] = set()
        for statement in (told for uid, told in self._issued.items() if uid not in self._gone):
            key = (statement["actor"]["id"], statement["context"]["course"])
            if key in seen:
                return statement
            seen.add(key)
        return None

    def certificates(self, course: str, people: Collection[str]) -> Rows:
        """records/certificates.csv, by certificate."""

        def row(uid: str) -> dict[str, str]:
            fact = self._issued[uid]
            ended_at, why = self._gone.get(uid, ("", ""))
            stated = {name: str(fact["result"].get(name, "")) for name in self.STATED}
            whose = {"certificate": uid, "person": fact["actor"]["id"], "issued_at": fact["time"]}
            return whose | stated | {"ended_at": ended_at, "why": why}

        theirs = (
            uid
            for uid, fact in self._issued.items()
            if fact["context"]["course"] == course and fact["actor"]["id"] in people
        )
        return {(uid,) for uid in theirs}, row

    def _compare(self, fact: dict[str, Any], learning: Learning, account: Account, told: Told) -> None:
        person, course, stated = fact["actor"]["id"], fact["context"]["course"], fact.get("result") or {}
        own = learning.minutes_at_a_distance(course, person, fact["context"].get("version", 0))
        live = account.minutes_live(course, person, told)
        for words, known, name in (("in their own time", own, "minutes_at_a_distance"), ("live", live, "minutes_live")):
            if known is not None and name in stated and stated[name] != known:
                self.differences.append(
                    f"The certificate of {fact['actor']['name']} states {stated[name]} minutes {words}; "
                    f"the facts before it come to {known}."
                )


def _tags(extra: bytes) -> list[int]:
    """The kinds of the extra fields of a file in a zip (APPNOTE 6.3.10, section 4.5)."""
    tags, at = [], 0
    while at + 4 <= len(extra):
        tag, length = struct.unpack_from("<HH", extra, at)
        tags.append(tag)
        at += 4 + length
    return tags


# --- PDFs and badges --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Seal:
    """A seal or a time stamp in a PDF: by which key (the SHA-256 of its certificate), and when, for a stamp.

    It `holds` if what it covers is as it was, its signature fits, and nothing was added after it but what it allows
    (ISO 32000-2, 12.8.2) and another seal covers in turn.
    """

    key: str
    signer: str
    reason: str
    holds: bool
    dated: str = ""
    common_name: str = ""  # of the signer, in the form in which two look the same
    made: datetime | None = None  # when, as whoever sealed it says themselves
    is_uncovered: bool = True  # no field came after it that shows something, such as a picture across the page


def seals_in(content: bytes) -> list[Seal]:
    """The seals and time stamps in a PDF, in the order in which they were set. Raises `Broken` for what can't be read."""
    try:
        from pyhanko.pdf_utils.reader import PdfFileReader
        from pyhanko.sign.diff_analysis import ModificationLevel
        from pyhanko.sign.validation import SignatureCoverageLevel, validate_pdf_signature, validate_pdf_timestamp
        from pyhanko_certvalidator import ValidationContext
    except ImportError as error:
        raise Broken("The seals of PDFs can’t be checked: install pyHanko (pip install pyHanko).") from error

    proofs = (ModificationLevel.NONE, ModificationLevel.LTA_UPDATES)
    try:
        found = []
        reader = PdfFileReader(io.BytesIO(content), strict=False)
        signatures = reader.embedded_signatures
        seen = _seen_in(reader)
        last_seal = max((at for at, one in enumerate(signatures) if one.sig_object_type != "/DocTimeStamp"), default=-1)
        for at, signature in enumerate(signatures):
            certificate = signature.signer_cert
            context = ValidationContext(trust_roots=[certificate], allow_fetching=False)
            is_stamp = signature.sig_object_type == "/DocTimeStamp"
            status: Any = (
                validate_pdf_timestamp(signature, validation_context=context)
                if is_stamp
                else validate_pdf_signature(signature, signer_validation_context=context)
            )
            # A value typed into a form, or a picture across a page, is somebody's who sealed it. A time stamp says nothing of who
            # set it: what came after the last seal may prove and date it, and change nothing that people see.
            allowed = (*proofs, ModificationLevel.FORM_FILLING) if at < last_seal else proofs
            is_whole = status.coverage == SignatureCoverageLevel.ENTIRE_FILE or (
                signature is not signatures[-1]
                and status.coverage == SignatureCoverageLevel.ENTIRE_REVISION
                and status.modification_level in allowed
            )
            holds = status.intact and status.valid and is_whole and _is_packed(signature.pkcs7_content)
            key, signer = hashlib.sha256(certificate.dump()).hexdigest(), certificate.subject.human_friendly
            reason = str(signature.sig_object.get("/Reason", ""))
            dated = status.timestamp.isoformat() if is_stamp else ""
            name = unicodedata.normalize("NFKC", str(certificate.subject.native.get("common_name", ""))).casefold()
            uncovered = not seen or not seen - _seen_in(reader.get_historical_resolver(signature.signed_revision))
            made = None if is_stamp else signature.self_reported_timestamp
            found.append(Seal(key, signer, reason, bool(holds), dated, name, made, uncovered))
    except Exception as error:  # pyHanko and what it reads with raise a dozen sorts for a hostile PDF
        raise Broken(f"The PDF can’t be read as it was sealed ({type(error).__name__}).") from error
    return found


def _revisions(content: bytes) -> set[str]:
    """The fingerprints of all that a PDF may have been before something was added: up to each of its ends, with or without a line’s."""
    digest, at, found = hashlib.sha256(), 0, set()
    for end in re.finditer(rb"%%EOF(\r\n|\r|\n)?", content):
        for until in range(end.start() + 5, end.end() + 1):
            digest.update(content[at:until])
            at = until
            found.add(digest.hexdigest())
    return found


def _attached(content: bytes, name: str) -> bytes:
    """A file that is embedded in a PDF (ISO 32000-2, 7.11.4). Raises `Broken` where there is none, or not just one."""
    from pyhanko.pdf_utils.reader import PdfFileReader

    try:
        names = PdfFileReader(io.BytesIO(content), strict=False).root["/Names"]["/EmbeddedFiles"]["/Names"]
        [found] = [names[at + 1] for at in range(0, len(names), 2) if names[at] == name]
        return bytes(found["/EF"]["/F"].data)
    except Exception as error:  # pyHanko and what it reads with raise a dozen sorts
        raise Broken(f"The PDF carries no file {name}.") from error


def _seen_in(reader: Any) -> set[str]:
    """The names of the fields for signatures that stand on a page with anything to see (ISO 32000-2, 12.7.5.5)."""
    from pyhanko.sign.fields import enumerate_sig_fields

    fields = [(name, reference.get_object()) for name, _value, reference in enumerate_sig_fields(reader)]
    return {name for name, field in fields if any(map(_has_area, (field, *field.get("/Kids", ()))))}


def _has_area(widget: Any) -> bool:
    left, low, right, high = map(float, widget.get_object().get("/Rect", (0, 0, 0, 0)))
    return left != right and low != high


def _is_packed(contents: bytes) -> bool:
    """Whether nothing but zeros fills what was set aside for the signature (DER, X.690, section 8.1.3)."""
    length = contents[1]
    size = 2 + length if length < 128 else 2 + (length & 127) + int.from_bytes(contents[2 : 2 + (length & 127)])
    return not any(contents[size:])


def _on_top(seal: Seal, other: Seal) -> str:
    """That another sealed over a seal, as the rest of a sentence."""
    return (
        "was changed after sealing, by a key that is not the issuer’s: "
        f"“{other.signer}” ({other.key}) over “{seal.signer}” ({seal.key})."
    )


def _check_pdf(content: bytes, wanted: frozenset[str]) -> Report:
    seals = seals_in(content)
    _in_time(seals)
    stamps, seals = [seal for seal in seals if seal.dated], [seal for seal in seals if not seal.dated]
    if not seals:
        raise Broken("The PDF carries no seal.")
    for stamp in stamps:
        if not stamp.holds:
            raise Broken(f"The PDF was changed after its time stamp ({stamp.signer}).")
    for number, seal in enumerate(seals, start=1):
        if not seal.holds:
            raise Broken(f"The PDF was changed after seal {number} ({seal.signer}).")
    # Whoever signed a document before it was brought to Milepost has a name of their own; who seals under the same one is asked.
    issuer = next((seal for seal in seals if seal.key in wanted), seals[-1] if wanted else seals[0])
    for seal in seals[seals.index(issuer) :]:
        if seal.key != issuer.key and (seal.key not in wanted if wanted else seal.common_name == issuer.common_name):
            raise Broken(f"The PDF {_on_top(issuer, seal)}")
    report = Report(key=seals[-1].key)
    report.holds = [f"Seal {number}: by {seal.signer}; unchanged since." for number, seal in enumerate(seals, start=1)]
    report.holds += [f"Dated {stamp.dated} by {stamp.signer}." for stamp in stamps]
    report.notes += [
        f"That {stamp.signer} dated it, the certificate of the stamp tells: {stamp.key}" for stamp in stamps
    ]
    _hold_to(wanted, report, {report.key}, "The last seal is by")
    return report


def _in_time(seals: Sequence[Seal]) -> None:
    """No time stamp is older than what it dates: anybody can make one, under any name, that says any time."""
    made: datetime | None = None
    for seal in seals:
        if made and seal.dated and datetime.fromisoformat(seal.dated) < made - CLOCKS_DIFFER:
            raise Broken(
                f"The time stamp by {seal.signer} ({seal.dated}) is older than what it dates ({made.isoformat()})."
            )
        if seal.made and seal.made.tzinfo:
            made = max(made or seal.made, seal.made)


_PICTURE = re.compile(rb"\s*(<\?xml[^>]*>\s*)?<svg\b")
_TOKEN = re.compile(rb"(?<![\w-])[\w-]{20,}+\.[\w-]{20,}+\.[\w-]{20,}+")


def _check_badge(content: bytes, wanted: frozenset[str]) -> Report:
    """A badge (Open Badges 3.0 as VC-JWT, RS256): the token, or an SVG that carries it. Its key comes with `--key`.

    The picture around it is nobody's word: so the report says what is signed, and of whom.
    """
    found = _TOKEN.findall(content)
    if not found:
        raise Broken("There is no badge in this file.")
    if len(found) > 1:
        raise Broken("There is more than one badge in this file: another program may take another one.")
    token = found[0].decode()
    head, body, signature = token.split(".")
    try:
        header, claims = _json(_unpadded(head)), _json(_unpadded(body))
    except ValueError as error:
        raise Broken("The badge was changed: it can’t be read.") from error
    chain = header.get("jwk", header).get("x5c")  # earlier releases had it in the header itself
    if not chain or header.get("alg") != "RS256":
        raise Broken(
            "The badge does not carry its certificate, so it can’t be checked offline. Check it at the issuer’s /verify/ page."
        )
    try:
        der = base64.b64decode(chain[0])
        certificate = x509.load_der_x509_certificate(der)
    except (ValueError, TypeError, KeyError) as error:
        raise Broken("The badge was changed: its certificate can’t be read.") from error
    if not _is_signed(certificate, f"{head}.{body}".encode(), _unpadded(signature)):
        raise Broken("The badge was changed: its signature does not fit it.")
    mark = hashlib.sha256(der).hexdigest()
    told = _told_by(claims)
    _agree(claims)
    _be_valid_today(claims)
    report = Report([f"The badge is unchanged since “{_name(certificate)}” signed it.", told], key=mark)
    if _PICTURE.match(content):
        report.notes.append("The picture around the badge is not signed: what it shows is worth what is told here.")
    _note_revocation(claims, report)
    _hold_to(wanted, report, {mark}, "The badge is signed with")
    return report


def _told_by(claims: dict[str, Any]) -> str:
    """What a badge says. Raises `Broken` for a token that is none."""
    try:
        if "OpenBadgeCredential" not in claims["type"]:
            raise Broken("What was signed is no badge.")
        holder = claims["credentialSubject"]["identifier"][0]["identityHash"]
        return (
            f"It says: “{claims['name']}”, of “{holder}”, since {claims['validFrom']}, by “{claims['issuer']['name']}”."
        )
    except (KeyError, IndexError, TypeError) as error:
        raise Broken("What was signed is no badge as Milepost gives them.") from error


def _agree(claims: dict[str, Any]) -> None:
    """The claims of the token say what the badge says (Open Badges 3.0, section 8.2.6.1): programs read one or the other.

    Badges of earlier releases named nobody but the badge itself as `sub`, and had no `exp`.
    """
    until = _seconds(claims, "validUntil")
    said = {
        "iss": claims["issuer"].get("id"),
        "sub": claims["credentialSubject"].get("id", claims.get("id")),
        "jti": claims.get("id"),
        "nbf": _seconds(claims, "validFrom"),
        "exp": until,
    }
    for name, value in said.items():
        if claims.get(name, until if name == "exp" else None) != value:
            raise Broken(f"The badge contradicts itself: its “{name}” is not what it says elsewhere.")


def _be_valid_today(badge: dict[str, Any]) -> None:
    now = datetime.now().astimezone().timestamp()
    if (until := _seconds(badge, "validUntil")) is not None and until < now:
        raise Broken(f"The badge has expired: it was valid until {badge['validUntil']}.")
    if (_seconds(badge, "validFrom") or 0) > now + CLOCKS_DIFFER.total_seconds():
        raise Broken(f"The badge is not valid yet: it says from {badge['validFrom']}.")


def _seconds(badge: dict[str, Any], name: str) -> int | None:
    """The instant in a badge as its token counts it (NumericDate; RFC 7519, section 2)."""
    try:
        return int(datetime.fromisoformat(badge[name]).timestamp()) if name in badge else None
    except (ValueError, TypeError) as error:
        raise Broken(f"The badge was changed: its “{name}” is no time.") from error


def _note_revocation(badge: dict[str, Any], report: Report) -> None:
    where = badge.get("credentialStatus")
    told = (
        f", and the issuer’s list: bit {where['statusListIndex']} of {where['statusListCredential']}" if where else ""
    )
    report.notes.append(f"Whether it was revoked since, only the issuer’s /verify/ page knows{told}.")


# --- Badges that carry their proof within themselves ------------------------------------------------------

SUITE = "eddsa-rdfc-2022"  # Data Integrity EdDSA Cryptosuites 1.0 (W3C)
ED25519_KEY = b"\xed\x01"  # before the key in a Multikey (Controlled Identifiers 1.0, section 2.2.2)
_VC, _STATUS, _SECURITY = (
    "https://www.w3.org/2018/credentials#",
    "https://www.w3.org/ns/credentials/status#",
    "https://w3id.org/security#",
)
_OB, _SCHEMA = "https://purl.imsglobal.org/spec/vc/ob/vocab.html#", "https://schema.org/"
_TIME = "http://www.w3.org/2001/XMLSchema#dateTime"


def _of_type(address: str, kind: str = "@id") -> dict[str, str]:
    return {"@id": address, "@type": kind}


# What the words in badges and status lists of Milepost mean, as both contexts say that they name: all others are refused.
_MEANINGS: dict[str, Any] = {
    "id": "@id",
    "type": "@type",
    **{name: _VC + name for name in ("VerifiableCredential",)},
    **{name: _of_type(_VC + name) for name in ("issuer", "credentialSubject", "credentialStatus")},
    **{name: _of_type(_VC + name, _TIME) for name in ("validFrom", "validUntil")},
    **{
        name: _STATUS + name
        for name in (
            "BitstringStatusListCredential",
            "BitstringStatusListEntry",
            "BitstringStatusList",
            "statusPurpose",
            "statusListIndex",
        )
    },
    "statusListCredential": _of_type(_STATUS + "statusListCredential"),
    "encodedList": _of_type(_STATUS + "encodedList", _SECURITY + "multibase"),
    "DataIntegrityProof": _SECURITY + "DataIntegrityProof",
    "cryptosuite": _of_type(_SECURITY + "cryptosuite", _SECURITY + "cryptosuiteString"),
    "created": _of_type("http://purl.org/dc/terms/created", _TIME),
    "verificationMethod": _of_type(_SECURITY + "verificationMethod"),
    "proofPurpose": _of_type(_SECURITY + "proofPurpose", "@vocab"),
    "assertionMethod": _SECURITY + "assertionMethod",
    **{
        name: _OB + name
        for name in (
            "OpenBadgeCredential",
            "Achievement",
            "AchievementSubject",
            "IdentityObject",
            "Profile",
            "Result",
            "achievement",
            "achievementType",
            "identifier",
            "identityHash",
            "identityType",
            "narrative",
            "result",
        )
    },
    "criteria": _of_type(_OB + "Criteria"),
    "hashed": _of_type(_OB + "hashed", "https://www.w3.org/2001/XMLSchema#boolean"),
    **{name: _SCHEMA + name for name in ("name", "description", "inLanguage", "value")},
    "url": _of_type(_SCHEMA + "url", "https://www.w3.org/2001/XMLSchema#anyURI"),
}
CONTEXTS = {
    "https://www.w3.org/ns/credentials/v2": {"@context": _MEANINGS},
    "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json": {"@context": {}},
}
# Which words stand where in a badge: one that stood elsewhere would be shown, and not be signed.
_SHAPE: dict[str, Any] = {
    **dict.fromkeys(("@context", "id", "type", "name", "validFrom", "validUntil")),
    "issuer": dict.fromkeys(("id", "type", "name", "url")),
    "credentialSubject": {
        "id": None,
        "type": None,
        "identifier": dict.fromkeys(("type", "hashed", "identityHash", "identityType")),
        "achievement": {
            **dict.fromkeys(("id", "type", "achievementType", "name", "description", "inLanguage")),
            "criteria": {"narrative": None},
        },
        "result": dict.fromkeys(("type", "value")),
    },
    "credentialStatus": dict.fromkeys(("id", "type", "statusPurpose", "statusListIndex", "statusListCredential")),
    "proof": dict.fromkeys(("type", "cryptosuite", "created", "verificationMethod", "proofPurpose", "proofValue")),
}


def proven_badge(content: bytes) -> tuple[dict[str, Any], bytes]:
    """The badge in this JSON, and the 32 bytes of the key (Ed25519) that its proof names and fits. Raises `Broken`."""
    try:
        badge = _json(content)
        proof = badge["proof"]
        if badge["@context"] != list(CONTEXTS) or not _fits(badge, _SHAPE):
            raise Broken("What was signed is no badge as Milepost gives them.")
        if (proof["type"], proof["cryptosuite"], proof["proofPurpose"]) != (
            "DataIntegrityProof",
            SUITE,
            "assertionMethod",
        ):
            raise Broken("The badge has a proof of another kind than Milepost gives.")
        issuer, _, name = proof["verificationMethod"].partition("#")
        key = key_in(name)
        if issuer != badge["issuer"]["id"] or key is None:
            raise Broken("The badge was changed: its proof does not name a key of its issuer.")
        Ed25519PublicKey.from_public_bytes(key).verify(_base58(proof["proofValue"]), digests(badge, proof))
    except InvalidSignature as error:
        raise Broken("The badge was changed: its proof does not fit it.") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Broken("The badge was changed: it can’t be read.") from error
    return badge, key


def digests(document: Mapping[str, Any], proof: Mapping[str, Any]) -> bytes:
    """What a proof of the suite signs (section 3.3): of itself, then of the document, the SHA-256 of their canonical form.

    That is RDFC-1.0, which PyLD calls by its earlier name. Raises `Broken` where PyLD is missing or can't read it.
    """
    try:
        from pyld import jsonld
    except ImportError as error:
        raise Broken("Badges that are JSON can’t be checked: install PyLD (pip install PyLD).") from error

    options = {"algorithm": "URDNA2015", "format": "application/n-quads", "documentLoader": _context}
    config = {name: value for name, value in proof.items() if name != "proofValue"}
    unsecured = {name: value for name, value in document.items() if name != "proof"}
    parts = ({**config, "@context": document["@context"]}, unsecured)
    try:
        with _ONE_AT_A_TIME:
            return b"".join(hashlib.sha256(jsonld.normalize(part, options).encode()).digest() for part in parts)
    except jsonld.JsonLdError as error:
        raise Broken("The badge was changed: it can’t be read.") from error


_ONE_AT_A_TIME = Lock()  # PyLD keeps what it has read of contexts for the whole process, and knows no threads


def _context(address: str, _options: object) -> dict[str, Any]:
    return {"contextUrl": None, "documentUrl": address, "document": CONTEXTS[address]}


def _fits(value: Any, shape: Any) -> bool:
    """Whether words stand only where they may."""
    if isinstance(
        value, list
    ):  # of things that have no name one is canonical in no time, and ten that look the same never
        return (not shape or len(value) == 1) and all(_fits(one, shape) for one in value)
    if isinstance(value, dict):
        return (
            bool(shape) and value.keys() <= shape.keys() and all(_fits(one, shape[name]) for name, one in value.items())
        )
    return not shape and isinstance(value, str | bool)


def key_in(multikey: str) -> bytes | None:
    """The 32 bytes of an Ed25519 key that is written as a Multikey; None for another."""
    content = _base58(multikey)
    return content[2:] if content.startswith(ED25519_KEY) and len(content) == 34 else None


DIGITS = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def _base58(text: str) -> bytes:
    """What is written in base-58-btc (Controlled Identifiers 1.0, section 2.4). Raises `ValueError`."""
    if not text.startswith("z") or len(text) > 100:
        raise ValueError("not in base 58")
    number = 0
    for digit in text[1:]:
        number = number * 58 + DIGITS.index(digit)
    zeros = len(text) - 1 - len(text[1:].lstrip("1"))
    return b"\0" * zeros + number.to_bytes((number.bit_length() + 7) // 8)


def _check_proven_badge(content: bytes, wanted: frozenset[str], published: Path | None) -> Report:
    """A badge that is JSON. Its key is told by `--key`, or endorsed by one that is, as the issuer's published keys show."""
    badge, key = proven_badge(content)
    told = _told_by(badge)
    _be_valid_today(badge)
    mark = hashlib.sha256(key).hexdigest()
    report = Report(
        [f"The badge is unchanged since its key signed it, and names “{badge['issuer']['id']}”.", told], key=mark
    )
    _note_revocation(badge, report)
    known = _endorsers(_json(published.read_bytes())["keys"], key) if published else set()
    _hold_to(wanted, report, known, "The badge is signed with")
    return report


def _endorsers(keys: list[dict[str, Any]], key: bytes) -> set[str]:
    """The fingerprints of the signing keys that lead to the key of a badge: each endorsed the next, the last one this key."""
    certificates = {_mark(one): one for one in map(_certificate_of, keys) if one}
    told = next((one for one in keys if one.get("kty") == "OKP" and _unpadded(one["x"]) == key), None)
    words, found = f"milepost-badge-key/1:{hashlib.sha256(key).hexdigest()}", set[str]()
    while told and (by := told.get("endorsed_by")) in certificates and by not in found:
        if not _is_signed(certificates[by], words.encode(), _unpadded(told["endorsement"])):
            break
        found.add(by)
        told = next(one for one in keys if (held := _certificate_of(one)) and _mark(held) == by)
        words = f"milepost-key-endorsement/1:{by}"
    return found


def _certificate_of(key: dict[str, Any]) -> x509.Certificate | None:
    return x509.load_der_x509_certificate(base64.b64decode(key["x5c"][0])) if "x5c" in key else None


# --- Time stamps ------------------------------------------------------------------------------------------


def _clock_of(head: dict[str, Any]) -> str:
    """When the clock said that the head was signed: less than the time, which keeps seals in order, if the clock had gone back."""
    return min(str(head["time"]), str(head.get("clock") or head["time"]))


def _check_stamp(token: bytes, signature: bytes, time: str, report: Report) -> None:
    """That an RFC 3161 token speaks of this signature, made at this time, and that nothing in it was changed since.

    Anybody can stamp anything under any name: so it can't be older than what it dates, and whose it is, is for the reader.
    """
    try:
        from asn1crypto import cms
        from pyhanko.sign.validation.generic_cms import validate_sig_integrity
    except ImportError:
        report.notes.append("The time stamp was not looked at: pyHanko is not installed.")
        return
    try:
        signed = cms.ContentInfo.load(token)["content"]
        info = signed["encap_content_info"]["content"].parsed
        imprint = info["message_imprint"]
        algorithm = imprint["hash_algorithm"]["algorithm"].native
        if imprint["hashed_message"].native != hashlib.new(algorithm, signature).digest():
            raise Broken("The time stamp speaks of another seal.")
        signer = signed["signer_infos"][0]
        serial = signer["sid"].chosen["serial_number"].native
        certificate = next(one.chosen for one in signed["certificates"] if one.chosen.serial_number == serial)
        digest = hashlib.new(
            signer["digest_algorithm"]["algorithm"].native, bytes(signed["encap_content_info"]["content"])
        ).digest()
        intact, valid = validate_sig_integrity(
            signer, certificate, expected_content_type="tst_info", actual_digest=digest
        )
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, StopIteration) as error:
        raise Broken(f"The time stamp can’t be read ({type(error).__name__}).") from error
    if not (intact and valid):
        raise Broken("The time stamp was changed: its authority’s signature does not fit it.")
    name, dated = certificate.subject.human_friendly, info["gen_time"].native
    if dated < datetime.fromisoformat(time) - CLOCKS_DIFFER:
        raise Broken(f"The time stamp ({dated.isoformat()}) is older than the seal that it dates ({time}).")
    report.holds.append(f"A time-stamping authority dates the seal: {dated.isoformat()} ({name}).")
    mark = hashlib.sha256(certificate.dump()).hexdigest()
    report.notes.append(f"That the time stamp is by the authority which it names, its certificate tells: {mark}")


# --- Witnesses --------------------------------------------------------------------------------------------
# What logs and their witnesses exchange: C2SP signed-note, tlog-checkpoint, tlog-cosignature and tlog-policy, all at c2sp.org.


@dataclass(frozen=True)
class VerifierKey:
    """The key of a log or a witness: its name, its type, and 32 bytes of Ed25519."""

    name: str
    type: int
    public: bytes

    @classmethod
    def parse(cls, text: str, of_type: int) -> "VerifierKey":
        """Read `<name>+<id>+<key>`. Raises `Broken`."""
        name, told, encoded = [*text.strip().split("+", 2), "", ""][:3]
        try:
            content = base64.b64decode(encoded, validate=True)
        except ValueError:
            content = b""
        key = cls(name, content[0] if content else 0, content[1:])
        if not name or len(key.public) != 32 or key.type != of_type or key.id.hex() != told:
            raise Broken(f"“{text}” is no key of a {'witness' if of_type == COSIGNER else 'log'} (Ed25519).")
        return key

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(bytes([self.type]) + self.public).decode()}"

    @property
    def id(self) -> bytes:
        """Four bytes that stand before its signatures."""
        return hashlib.sha256(self.name.encode() + b"\n" + bytes([self.type]) + self.public).digest()[:4]

    def has_signed(self, message: bytes, signature: bytes) -> bool:
        """Whether the signature over the message is the key's (RFC 8032)."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True)
class Policy:
    """Which witnesses must have cosigned: by name, with groups of which so many must, and the rule. Without one: nobody."""

    witnesses: Mapping[str, VerifierKey] = field(default_factory=dict)
    groups: Mapping[str, tuple[int, Sequence[str]]] = field(default_factory=dict)
    quorum: str = NOBODY

    @classmethod
    def of_all(cls, keys: Sequence[str]) -> "Policy":
        """Each of these witnesses, by their keys; without any, nobody. Raises `Broken`."""
        if not keys:
            return cls()
        witnesses = {key: VerifierKey.parse(key, COSIGNER) for key in keys}
        return cls(witnesses, {"all of them": (len(witnesses), tuple(witnesses))}, "all of them")

    @classmethod
    def parse(cls, text: str) -> "Policy":
        """Read a policy file (C2SP tlog-policy). Raises `Broken`."""
        witnesses, groups, quorum = dict[str, VerifierKey](), dict[str, tuple[int, Sequence[str]]](), ""
        for number, line in enumerate(text.split("\n"), start=1):
            words = re.split(r"[ \t]+", line.strip(" \t"))
            known = {*witnesses, *groups}
            match words:
                case [""] | ["log", _] | ["log", _, _]:  # whose journal it is, --key says
                    continue
                case [word, *_] if word.startswith("#"):
                    continue
                case ["witness", name, key, *address] if name not in {*known, NOBODY} and len(address) < 2:
                    witnesses[name] = VerifierKey.parse(key, COSIGNER)
                    if [witness.public for witness in witnesses.values()].count(witnesses[name].public) > 1:
                        raise Broken(f"Line {number} of the policy names a witness for the second time.")
                case ["group", name, count, *members] if (
                    name not in {*known, NOBODY} and members and known.issuperset(members)
                ):
                    wanted = {"all": str(len(members)), "any": "1"}.get(count, count)
                    taken = [member for _count, others in groups.values() for member in others]
                    if not (re.fullmatch("[1-9][0-9]{0,5}", wanted) and int(wanted) <= len(members)):
                        raise Broken(f"Line {number} of the policy does not say how many of the group.")
                    if len({*members, *taken}) < len(members) + len(taken):
                        raise Broken(f"Line {number} of the policy has somebody in two groups.")
                    groups[name] = int(wanted), members
                case ["quorum", name] if not quorum and name in {*known, NOBODY}:
                    quorum = name
                case _:
                    raise Broken(f"Line {number} of the policy can’t be read: “{line}”.")
        if not quorum:
            raise Broken("The policy has no line “quorum”.")
        return cls(witnesses, groups, quorum)

    def is_met(self, cosigned: Collection[str], name: str = "") -> bool:
        """Whether these witnesses are enough."""
        name = name or self.quorum
        if name in self.groups:
            count, members = self.groups[name]
            return sum(self.is_met(cosigned, member) for member in members) >= count
        return name == NOBODY or name in cosigned


def _check_checkpoint(
    content: bytes | None,
    log: dict[str, str] | None,
    head: dict[str, Any],
    keys: Mapping[str, x509.Certificate],
    policy: Policy,
    report: Report,
) -> None:
    """That the checkpoint says what the head says, by a log key that one of `keys` signed; and who cosigned it, and when."""
    if content is None or log is None:
        if policy.quorum != NOBODY:
            raise Broken("The head of the journal carries nothing that witnesses could have signed.")
        return
    key, by = VerifierKey.parse(log["vkey"], LOG_KEY), keys.get(log["endorsed_by"])
    if by is None or not _is_signed(by, f"milepost-log-key/1:{key}".encode(), base64.b64decode(log["endorsement"])):
        raise Broken("The checkpoint of the journal is signed with a key that is not the organisation’s.")
    text, _blank, lines = content.decode().rpartition("\n\n")
    root = base64.b64encode(bytes.fromhex(head["root"])).decode()
    if f"{text}\n" != f"{key.name}\n{head['size']}\n{root}\n":
        raise Broken("The checkpoint of the journal says something else than its seal.")
    signatures = [_note_signature(line) for line in lines.splitlines()]
    message = f"{text}\n".encode()
    of_log = [signature for name, mark, signature in signatures if (name, mark) == (key.name, key.id)]
    if not of_log or not all(key.has_signed(message, signature) for signature in of_log):
        raise Broken("The checkpoint of the journal was changed: the signature of its log does not fit it.")
    cosigned = set()
    for told, witness in policy.witnesses.items():
        for name, mark, signature in signatures:
            if (name, mark) == (witness.name, witness.id):
                report.holds.append(
                    f"{name} cosigned the head of the journal: {_cosigned(witness, message, signature, head)}"
                )
                cosigned.add(told)
    if not policy.is_met(cosigned):
        missing = ", ".join(sorted({policy.witnesses[told].name for told in policy.witnesses.keys() - cosigned}))
        raise Broken(f"Not enough witnesses cosigned the head of the journal; missing: {missing}.")
    others = len(signatures) - len(of_log) - len(cosigned)
    if others > 0:
        report.notes.append(f"The head carries {others} signatures of witnesses that nobody asked for: see --witness.")


def _note_signature(line: str) -> tuple[str, bytes, bytes]:
    """Whose a line says that it is, the four bytes that identify the key, and the signature."""
    dash, name, encoded = line.split(" ")
    content = base64.b64decode(encoded, validate=True)
    if dash != "\u2014":
        raise Broken("The checkpoint of the journal is not as logs write it.")
    return name, content[:4], content[4:]


def _cosigned(witness: VerifierKey, message: bytes, signature: bytes, head: dict[str, Any]) -> str:
    """When the witness cosigned. Raises `Broken` where it did not, and where that was before there was such a head."""
    time, signature = int.from_bytes(signature[:8]), signature[8:]
    if not witness.has_signed(f"cosignature/v1\ntime {time}\n".encode() + message, signature):
        raise Broken(f"The signature of the witness {witness.name} does not fit the head of the journal.")
    dated = datetime.fromtimestamp(time, UTC)
    if dated < datetime.fromisoformat(_clock_of(head)) - CLOCKS_DIFFER:
        raise Broken(
            f"The witness {witness.name} cosigned ({dated.isoformat()}) before the journal was sealed ({head['time']})."
        )
    return dated.isoformat()


# --- The proof of one fact --------------------------------------------------------------------------------


def _check_proof(content: bytes, wanted: frozenset[str], policy: Policy) -> Report:
    """The proof that a fact stands in the sealed journal: its leaf, the path to the head, the seal over the head."""
    try:
        told = _json(content)
        if told["type"] != PROOF:
            raise Broken("This JSON is not the proof of a fact.")
        text, salt = told["entry"]["statement"], bytes.fromhex(told["entry"]["salt"])
        leaf = bytes.fromhex(told["leaf"])
        seal, head = told["seal"], _json(told["seal"]["statement"])
        certificate = x509.load_pem_x509_certificate(seal["certificate"].encode())
        path = [bytes.fromhex(step) for step in told["path"]]
        found = _climb(leaf, told["index"], head["size"], path)
        signature, stamp = base64.b64decode(seal["signature"]), seal.get("timestamp")
        statement = _json(text) if text else None
        if head["type"] != HEAD or _mark(certificate) != head["key"]:
            raise Broken("The seal in the proof is the seal of something else.")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Broken(f"The proof can’t be read ({type(error).__name__}: {error}).") from error
    if text and hashlib.sha256(LEAF + salt + text.encode()).digest() != leaf:
        raise Broken("The fact was changed: its words do not give the fingerprint that stands in the tree.")
    if found is None or found.hex() != head["root"]:
        raise Broken("The path does not lead from the fact to the sealed head: the fact is not in this journal.")
    if not _is_signed(certificate, seal["statement"].encode(), signature):
        raise Broken("The seal was changed: its signature does not fit it.")
    report = Report(key=head["key"])
    words = (
        f"“{statement['actor']['name']} {statement['verb']} {statement['object']['name']}”, {statement['time']},"
        if statement
        else "A fact whose words are not told (erased, or left out of the proof)"
    )
    report.holds.append(
        f"{words} is number {told['index'] + 1} of the {head['size']} facts that were sealed on {head['time']}."
    )
    if stamp:
        _check_stamp(base64.b64decode(stamp), signature, _clock_of(head), report)
    note, log = told.get("checkpoint"), told.get("log")
    _check_checkpoint(note.encode() if note else None, log, head, {report.key: certificate}, policy, report)
    _hold_to(wanted, report, {report.key}, "The journal is sealed with")
    return report


def _climb(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """The head that the path leads to (RFC 9162, section 2.1.3.2); None when it does not fit the tree."""
    if not 0 <= index < size:
        return None
    at, last, found = index, size - 1, leaf
    for step in path:
        if last == 0:
            return None
        if at & 1 or at == last:
            found = _node(step, found)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            found = _node(found, step)
        at, last = at >> 1, last >> 1
    return found if last == 0 else None


def _unpadded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


# --- Arithmetic -------------------------------------------------------------------------------------------


def _hold_to(wanted: frozenset[str], report: Report, known: Collection[str], words: str) -> None:
    """Its key is one that was told, or one of those `known` is, which handed over to it."""
    if not wanted:
        report.notes.append(f"Compare the key with the one that the organisation publishes: {report.key}")
    elif report.key in wanted:
        report.holds.append(f"Its key is one that you expect: {report.key}")
    elif handed := sorted(wanted.intersection(known)):
        report.holds.append(f"Its key {report.key} was handed over to by one that you expect: {handed[0]}")
    else:
        raise Broken(f"{words} the key {report.key}, which is none that you expect.")


def _is_signed(certificate: x509.Certificate, data: bytes, signature: bytes) -> bool:
    """RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017, section 8.2)."""
    public = certificate.public_key()
    if not isinstance(public, rsa.RSAPublicKey):
        return False
    try:
        public.verify(signature, data, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return False
    return True


def _mark(certificate: x509.Certificate) -> str:
    """The fingerprint (SHA-256) of a certificate."""
    return hashlib.sha256(certificate.public_bytes(serialization.Encoding.DER)).hexdigest()


def _name(certificate: x509.Certificate) -> str:
    names = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return str(names[0].value) if names else certificate.subject.rfc4514_string()


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(NODE + left + right).digest()


def _root(leaves: Sequence[tuple[int, bytes]], size: int, proof: Sequence[bytes]) -> bytes | None:
    """The head of the tree (RFC 9162, section 2.1.1) that leaves and the heads beside them lead to; None if they don't fit."""
    indices = [index for index, _leaf in leaves]
    if any(a >= b for a, b in pairwise(indices)) or (indices and not 0 <= indices[0] <= indices[-1] < size):
        return None
    rest = iter(proof)

    def head(start: int, end: int, first: int, last: int) -> bytes:
        if first == last:
            return next(rest)
        if end - start == 1:
            return leaves[first][1]
        middle = start + (1 << ((end - start - 1).bit_length() - 1))
        between = bisect_left(indices, middle, first, last)
        left = head(start, middle, first, between)
        return _node(left, head(middle, end, between, last))

    try:
        found = head(0, size, 0, len(leaves)) if size else hashlib.sha256().digest()
    except (StopIteration, RuntimeError):
        return None
    return found if next(rest, None) is None else None


def _json(content: str | bytes) -> Any:
    """What JSON says, where it can be read in one way only (RFC 8259, section 4). Raises `Broken`, or `ValueError`."""
    return json.loads(content, object_pairs_hook=_each_once, parse_constant=_no_number)


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    told = dict(pairs)
    if len(told) != len(pairs):
        names = [name for name, _value in pairs]
        raise Broken(
            f"“{next(name for name in names if names.count(name) > 1)}” is said twice in one place of its JSON."
        )
    return told


def _no_number(words: str) -> Any:
    raise ValueError(f"{words} is no number")


def canonical(value: Any) -> bytes:
    """Canonical JSON (RFC 8785) of what Milepost keeps: names in ASCII, and numbers that are whole or have few digits."""
    return json.dumps(_whole(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _whole(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _whole(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_whole(inner) for inner in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


# --- The command ------------------------------------------------------------------------------------------


def main(arguments: Sequence[str] | None = None, *, say: Callable[[str], object] = print) -> int:
    """Check the file that is named, say what was found, and return the exit status (above; 2: it can't be read)."""
    parser = argparse.ArgumentParser(
        prog="milepost verify", description="Check a dossier, a sealed PDF, a badge or the proof of a fact."
    )
    parser.add_argument("file", type=Path, help="the zip, PDF, badge or JSON")
    parser.add_argument("--key", action="append", default=[], help="a fingerprint (SHA-256) that the key may have")
    parser.add_argument("--earlier", type=Path, help="a dossier that you had from the same organisation before")
    who = parser.add_mutually_exclusive_group()
    who.add_argument("--witness", action="append", default=[], help="the key of a witness that must have cosigned")
    who.add_argument("--policy", type=Path, help="a file that says which witnesses must have (C2SP tlog-policy)")
    parser.add_argument("--issuer-keys", type=Path, help="the keys that an issuer of badges publishes (its jwks.json)")
    told = parser.parse_args(arguments)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a name that the terminal has no letters for
    logging.getLogger("pyhanko").addHandler(logging.NullHandler())  # else it prints its reasons, as tracebacks
    progress: Progress = _show if sys.stderr.isatty() else lambda _done, _total: None
    path, keys = told.earlier or told.file, list(told.key)
    try:
        policy = _policy(told.witness, told.policy)
        if told.earlier:
            if not _is_zip(path):
                raise Broken("only a dossier tells whose key it must be; others may have sealed this, too.")
            keys.append(verify(path, keys=keys, progress=progress).key)
            path = told.file
        report = verify(path, keys=keys, policy=policy, progress=progress, published=told.issuer_keys)
    except Broken as error:
        say(f"DOES NOT HOLD: {_plain(error if path == told.file else f'{path}: {error}')}")
        return 1
    except OSError as error:
        say(f"{error.filename or path} can’t be read: {error.strerror or error}.")
        return 2
    word = "holds" if keys else "fits"  # whoever makes a file with a key of their own gets as far as that
    for line in report.holds:
        say(f"{word}: {_plain(line)}")
    for line in report.notes:
        say(f"note: {_plain(line)}")
    if not keys:
        say("It is consistent with itself. Who issued it was not checked: say with --key which key it must have.")
        return 3
    say("Everything in it holds.")
    return 0


def _policy(witnesses: Sequence[str], file: Path | None) -> Policy:
    if file is None:
        return Policy.of_all(witnesses)
    with file.open("rb") as content:
        return Policy.parse(content.read(MAX_POLICY).decode(errors="replace"))


def _is_zip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == b"PK"


def _plain(words: object) -> str:
    """Words from a file as a terminal may show them: on one line, so that no name in it can write a line of its own."""
    text = str(words)
    text = text if len(text) <= MAX_MESSAGE else text[:MAX_MESSAGE] + "…"
    return "".join(c if c.isprintable() or c in "\u00a0\u202f" else f"\\u{ord(c):04x}" for c in text)


def _show(done: int, total: int) -> None:
    """On a terminal, how far it is: the seals of ten thousand documents take a minute."""
    if done % 100 == 0 or done == total:
        sys.stderr.write(f"\r{done} of {total} sealed documents checked" + ("\n" if done == total else ""))
        sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
