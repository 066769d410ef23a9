"""All that the facts of a dossier say, as they are read one after the other."""

import re
from collections.abc import Collection
from typing import Any

from .attendance import Attendance
from .certificates import Certificates
from .completeness import Erasures, Index, Parts, abouts_of, whose_of
from .connection_records import ConnectionRecords
from .demonstration import Marks
from .earlier import Earlier
from .identity import Identities
from .learning import Learning
from .papers import Papers
from .sessions import Account


class Facts:
    """What the facts say, by what it is about; and which fingerprints of files they name."""

    def __init__(self, files: Collection[str] = (), earlier: Earlier | None = None) -> None:
        """`files` are the fingerprints of the pieces, of which it is kept which facts name them."""
        self.of_file: dict[str, list[dict[str, Any]]] = {mark: [] for mark in files}
        self.added: list[dict[str, Any]] = []  # facts of files that were added by hand
        self.kinds: dict[str, str] = {}  # what documents were written as, by their uid
        self.naming: dict[str, list[dict[str, Any]]] = {}  # by the fingerprints (SHA-256) that they name
        self.marks: set[str] = set()  # every fingerprint that a fact names
        self.account = Account()  # what the facts say of the action, its sessions and who takes part
        self.attendance = Attendance()  # of each person
        self.learning = Learning()  # of what they did in courses
        self.certificates = Certificates()  # which of theirs stand
        self.connections = ConnectionRecords()  # what was drawn up of them
        self.asked: set[str] = set()  # documents of which signatures were asked for: their files are made anew for that
        self.replaced: dict[str, str] = {}  # fingerprints of files that something was added to: what they became
        self.papers = Papers()  # what they say against one another
        self.index = Index(earlier)
        self.erasures = Erasures()
        self.parts = Parts()
        self.demonstration = Marks()
        self.identities = Identities()

    def hear(self, statement: dict[str, Any], text: str, leaf: bytes) -> None:
        """Take the next fact in the order of the journal: what it says, in its words, and its leaf in the tree."""
        for about in abouts_of(statement):
            self.index.add(about, whose_of(statement), leaf)
        self.demonstration.hear(statement)
        self.parts.hear(statement)
        self.identities.hear(statement)
        self.erasures.hear(statement)
        self.account.hear(statement)
        self.attendance.hear(statement)
        self.learning.hear(statement)
        self.certificates.hear(statement, self.learning, self.account, self.attendance)
        self.connections.hear(statement, self.learning, self.account, self.attendance)
        self.papers.hear(statement)
        self.note_files(statement, text)

    def note_files(self, statement: dict[str, Any], text: str) -> None:
        """Take the fingerprints of files that a fact names."""
        result = statement.get("result") or {}
        match statement["object"]["type"], statement["verb"]:
            case "document", "created":
                self.kinds[statement["object"]["id"]] = (statement.get("context") or {}).get("kind") or "document"
            case "piece", "created":
                self.added.append(statement)
        if statement["verb"] == "requested" and statement["object"]["type"] == "document":
            self.asked.add(statement["object"]["id"])
        if statement["verb"] == "sealed" and "document_sha256" in result:
            self.replaced[result["document_sha256"]] = result["sha256"]
        for name in ("sha256", "signature_sha256"):
            if mark := result.get(name):
                self.naming.setdefault(mark, []).append(statement)
        for mark in re.findall(r'"([0-9a-f]{64})"', text):
            self.marks.add(mark)
            if mark in self.of_file:
                self.of_file[mark].append(statement)

    def hear_erased(self, told: dict[str, Any]) -> tuple[int, bytes]:
        """A fact of which the fingerprint is left, and under what the index counts it."""
        index, leaf = int(told["index"]), bytes.fromhex(told["leaf"])
        for about in told["about"]:
            self.index.add(about, told["whose"], leaf)
            self.learning.hear_erased(about, told["whose"])
        self.erasures.lines.append((index, leaf))
        return index, leaf
