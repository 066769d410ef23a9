"""The facts of a dossier, and what it takes to come from them to the signed head of the journal’s tree."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from .archive import Archive
from .dated_heads import FILE, DatedHeads
from .earlier import Earlier
from .facts import Facts
from .identity import identity_of
from .inclusion_proofs import HEAD
from .keys import Keys
from .merkle import LEAF, root_of
from .report import CLOCKS_DIFFER, Broken, Report, Signing, State
from .signatures import certificate_in, fingerprint_of, is_signed, unbase64
from .strict_json import read_canonical, read_json
from .time_stamps import clock_of
from .told_later import Times
from .trust import Trust
from .witnesses import check_checkpoint

SALT = 16  # bytes
MAX_LINE, MAX_NOTE = 16 * 1024**2, 128 * 1024  # bytes of a fact, of a checkpoint
A_DAY = timedelta(days=1)  # clocks of readers are not set to the minute
ERASED = {"actor": {"name": "–"}, "verb": "erased", "object": {"name": "–"}, "time": "–"}


class Journal:
    """The journal of a dossier while it is being checked: its facts are told to `facts`."""

    def __init__(
        self,
        archive: Archive,
        manifest: dict[str, Any],
        facts: Facts,
        keys: Keys,
        trust: Trust,
        report: Report,
        earlier: Earlier | None,
    ) -> None:
        self.archive, self.manifest, self.facts, self.keys = archive, manifest, facts, keys
        self.trust, self.report, self.earlier = trust, report, earlier
        self.times, self.dated = Times(), DatedHeads(keys, trust.authorities, report)

    def check(self) -> None:
        """The facts lead to the head of the tree, and the head is signed."""
        seal = read_json(self.archive.read("journal/seal.json"))
        statement = read_json(seal["statement"])
        if statement["type"] != HEAD or statement["organisation"] != self.manifest["organisation"]["id"]:
            raise Broken("journal/seal.json is the seal of something else.")
        certificate = certificate_in(seal["certificate"])
        mark = fingerprint_of(certificate)
        signature = unbase64(seal["signature"])
        if mark != statement["key"] or mark not in self.keys.known:
            raise Broken("The journal is sealed with a key that is not the organisation’s.")
        if not is_signed(certificate, seal["statement"].encode(), signature):
            raise Broken("The journal’s seal was changed: its signature does not fit it.")
        self._heads(statement, seal.get("timestamp"), signature)
        self._checkpoint(statement)
        leaves = list(self.leaves())
        proof = read_json(self.archive.read("journal/proof.json"))
        if proof["size"] != statement["size"]:
            raise Broken("journal/proof.json belongs to another state of the journal.")
        head = root_of(leaves, proof["size"], [bytes.fromhex(node) for node in proof["nodes"]])
        if head is None or head.hex() != statement["root"]:
            raise Broken(
                f"The facts in journal/entries.jsonl are not those that were sealed: {self.first_wrong(leaves)}"
            )
        if len(leaves) != self.manifest["entries"]:
            raise Broken(
                f"journal/entries.jsonl holds {len(leaves)} facts; the manifest tells of {self.manifest['entries']}."
            )
        self.facts.demonstration.hold(statement, self.report)
        self.report.holds.append(f"{len(leaves)} facts are in the journal that was sealed on {statement['time']}.")
        self.times.tell(self.report)
        self.dated.tell(self.times.recorded)
        self._completeness(statement)
        self.facts.identities.hold(self.manifest["organisation"], self.report)
        self._earlier(statement)

    def _made(self, sealed: datetime, dated: datetime | None) -> None:
        """It was made after its journal was sealed and dated, and not in days to come; the cover's seal holds it to that time."""
        made = datetime.fromisoformat(self.manifest["made_at"])
        if made < sealed:
            raise Broken(
                f"manifest.json says “{made.isoformat()}” for “made_at”, before its journal was sealed ({sealed.isoformat()})."
            )
        if dated and made < dated - CLOCKS_DIFFER:
            raise Broken(
                f"manifest.json says “{made.isoformat()}” for “made_at”, before its journal was dated ({dated.isoformat()})."
            )
        if made > datetime.now(UTC) + A_DAY:
            raise Broken(
                f"manifest.json says “{made.isoformat()}” for “made_at”, which is yet to come by the clock here."
            )

    def _earlier(self, head: dict[str, Any]) -> None:
        """What an earlier dossier counted, this one still has; and what this one counts, a later one will be held against."""
        state = State(head["organisation"], head["size"], head["root"], self.facts.index.counted)
        if self.earlier:
            self.report.holds.append(self.earlier.hold(state, self.facts.parts.names))
        self.report.state = state

    def _completeness(self, head: dict[str, Any]) -> None:
        """Of what the action consists of, no fact was left out; those that were erased are told by an erasure."""
        self.facts.erasures.hold()
        if self.facts.erasures.lines:
            told = f"{len(self.facts.erasures.lines)} of them were erased: their fingerprints are there, and"
            self.report.holds.append(f"{told} {self.facts.erasures.count} erasures that name them.")
            self.report.notes += self.facts.erasures.notes
        if "index" not in head:
            raise Broken("The seal of the journal names no index: that no fact was left out is not proven.")
        wanted = self.wanted()
        identity = identity_of(head["organisation"])
        proof = read_json(self.archive.read("journal/completeness.json"))
        self.facts.index.hold(
            bytes.fromhex(head["index"]),
            proof,
            {*wanted, (identity, None)},
            {**self.facts.parts.names, identity: "who the organisation is"},
        )
        self.say_complete(wanted)

    def wanted(self) -> set[tuple[str, str | None]]:
        """Things of which each fact must be there, or each of a person."""
        return self.facts.parts.wanted(self.manifest["action"]["id"], (self.manifest["person"] or {}).get("id"))

    def say_complete(self, wanted: set[tuple[str, str | None]]) -> None:
        """Of what nothing was left out, in words."""
        person = (self.manifest["person"] or {}).get("id")
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

    def _heads(self, head: dict[str, Any], token: str | None, signature: bytes) -> None:
        """The seal is as old as its stamp says, and so are those before it that the dossier has."""
        authorities = self.trust.authorities
        stamp = authorities.check(unbase64(token), signature, head) if token else None
        told = Signing(
            "The seal of the journal",
            head["key"],
            datetime.fromisoformat(clock_of(head)),
            stamp.dated if stamp else None,
        )
        self.report.signings.append(told)
        self._made(told.time, told.dated)
        there = FILE in self.manifest["files"]
        self.dated.check(self.earlier_heads() if there else [], head, stamp)
        if token:
            dated = (
                f": {stamp.dated.isoformat()} ({stamp.name})"
                if stamp
                else ", which was not looked at: pyHanko is missing"
            )
            self.report.holds.append(f"A time-stamping authority dates the seal{dated}.")
        elif authorities.trusted and not there:
            raise Broken("The dossier carries no time stamp, and --tsa asks for one.")
        elif not there:
            self.report.notes.append(
                "No authority dates this journal: when its facts were sealed, the organisation says alone."
            )
        authorities.tell(self.report, [self.keys.certificate(mark) for mark in sorted(self.keys.known)])

    def earlier_heads(self) -> list[dict[str, Any]]:
        """The stamped heads before the last, which say how early its facts were sealed."""
        told: list[dict[str, Any]] = read_json(self.archive.read(FILE))
        return told

    def _checkpoint(self, head: dict[str, Any]) -> None:
        """The head as a transparency log says it is the same, and as many witnesses signed it as the policy wants."""
        note, log = (
            self.archive.read(name, MAX_NOTE) if name in self.manifest["files"] else None
            for name in ("journal/checkpoint.txt", "keys/log.json")
        )
        keys = {mark: self.keys.certificate(mark) for mark in self.keys.known}
        check_checkpoint(note, None if log is None else read_json(log), head, keys, self.trust.policy, self.report)

    def first_wrong(self, leaves: list[tuple[int, bytes]]) -> str:
        """Which fact it is, as far as the fingerprints beside the facts tell."""
        marks: list[str] = self.archive.read("journal/leaves.txt").decode().split()
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
        with self.archive.open("journal/entries.jsonl") as file:
            told = read_json(next(islice(file, at, None)))
            return read_json(told["statement"]) if "statement" in told else ERASED

    def leaves(self) -> Iterator[tuple[int, bytes]]:
        with self.archive.open("journal/entries.jsonl") as file:
            for number, line in enumerate(iter(lambda: file.readline(MAX_LINE), b""), start=1):
                try:
                    told = read_json(line)
                    if told.get("erased"):
                        yield self.facts.hear_erased(told)
                        continue
                    text: str = told["statement"]
                    index, salt = told["index"], bytes.fromhex(told["salt"])
                    if len(salt) != SALT:
                        raise ValueError
                    statement = read_canonical(text)
                    leaf = hashlib.sha256(LEAF + salt + text.encode()).digest()
                    self.facts.hear(statement, text, leaf)
                    self.times.hear(index, statement)
                except (ValueError, KeyError, TypeError) as error:
                    raise Broken(f"Line {number} of journal/entries.jsonl can’t be read.") from error
                yield index, leaf
