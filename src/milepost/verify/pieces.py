"""Pieces: sealed documents and files, each of which a fact knows."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any

from .archive import Archive
from .attendance import SAME_MOMENT
from .connection_records import ATTACHMENT
from .facts import Facts
from .pdf_seals import NEVER, Seal, attached, on_top, revisions, seals_in
from .piece_names import PieceNames
from .report import Broken, Progress, Report
from .spread import spread
from .strict_json import read_json

CONNECTIONS = "pieces/connections/"


def _read(piece: tuple[str, bytes]) -> tuple[list[Seal], bytes | Broken]:
    """The seals of a PDF with this name, and what a connection record carries, or that it carries nothing."""
    name, content = piece
    seals = seals_in(content)
    try:
        return seals, attached(content, ATTACHMENT) if name.startswith(CONNECTIONS) else b""
    except Broken as broken:
        return seals, broken


class Pieces:
    """The files of a dossier that are neither records nor journal; `keys` are the organisation’s, by their fingerprints."""

    def __init__(
        self, archive: Archive, manifest: dict[str, Any], facts: Facts, keys: Collection[str], report: Report
    ) -> None:
        self.archive, self.manifest, self.facts, self.keys, self.report = archive, manifest, facts, keys, report

    def check(self, progress: Progress) -> None:
        """Every sealed PDF is unchanged since, the journal knows it, and none that it knows is missing."""
        there = {told["sha256"]: name for name, told in self.manifest["files"].items()}
        self._additions(there)
        for mark, facts in self.facts.naming.items():
            for fact in facts:
                if (
                    fact["verb"] in ("sealed", "completed")
                    and fact["result"].get("sha256") == mark
                    and mark not in there
                    and mark not in self.facts.replaced
                    and not (fact["verb"] == "sealed" and fact["object"]["id"] in self.facts.asked)
                ):
                    raise Broken(f"A piece is missing: “{fact['object']['name']}”, sealed on {fact['time']}.")
        self._added(there)
        names = PieceNames({uid: one.reference for uid, one in self.facts.account.sessions.items()}, self.facts.kinds)
        for name, told in sorted(self.manifest["files"].items()):
            if name.startswith("pieces/") and told["sha256"] not in self.facts.marks and not self.is_made(name):
                raise Broken(f"{name} is a piece of which the journal knows nothing.")
            if name.startswith("pieces/") and not names.fits(
                name.removeprefix("pieces/"), self.facts.of_file[told["sha256"]]
            ):
                raise Broken(f"{name} is called otherwise than the facts tell that name it.")
        known = {
            mark
            for mark, facts in self.facts.naming.items()
            if any(fact["verb"] in ("sealed", "completed") for fact in facts)
        }
        self.hold_cover()
        sealed = [
            name
            for name, told in sorted(self.manifest["files"].items())
            if name == "cover.pdf"
            or name.startswith(("pieces/sheets/", "pieces/certificates/", CONNECTIONS))
            or told["sha256"] in known
        ]
        self.hold_seals(sealed, progress)
        if twice := self.facts.certificates.twice():
            raise Broken(
                f"{twice['actor']['name']} has two certificates for “{twice['object']['name']}”, and both stand."
            )

    def hold_seals(self, names: Sequence[str], progress: Progress) -> None:
        """Each of these PDFs is as the organisation sealed it."""
        found = spread(_read, ((name, self.archive.read(name)) for name in names))
        for done, (name, (seals, carried)) in enumerate(zip(names, found, strict=True), start=1):
            self._hold(name, seals)
            if isinstance(carried, Broken):
                raise carried
            if name.startswith(CONNECTIONS):
                self.facts.connections.hold(PurePosixPath(name).stem, carried)
            progress(done, len(names))
        self.report.holds.append(f"{len(names)} documents carry the organisation’s seal.")

    def is_made(self, name: str) -> bool:
        """Whether it is a file that proves itself, so that no fact has to name it. In a dossier none is."""
        return False

    def _added(self, there: Mapping[str, str]) -> None:
        """Files that were added by hand are there: of the action, or those about the one person. With an erased one goes its fact, too.

        Earlier facts, which have the fingerprint for an identifier, stayed when the file was erased with the person whom it was about.
        """
        person = (self.manifest["person"] or {}).get("id")
        for fact in self.facts.added:
            context, mark = fact["context"], fact["result"]["sha256"]
            is_owed = context["action"] == self.manifest["action"]["id"] and fact["object"]["id"] != mark
            if is_owed and (person is None or context.get("holder") == person) and mark not in there:
                raise Broken(f"A file is missing that was added: “{context['file']}”, on {fact['time']}.")

    def hold_cover(self) -> None:
        """What the cover's attachment tells is what is in the dossier. What is printed on it was not read."""
        said, action = (
            read_json(attached(self.archive.read("cover.pdf"), "cover.json")),
            read_json(self.archive.read("records/action.json")),
        )
        pieces = Counter(name.split("/")[1] for name in self.manifest["files"] if name.startswith("pieces/"))
        names = ("reference", "title", "client", "funder", "funding_reference", "starts_on", "ends_on", "minutes")
        told = {name: action[name] for name in names} | {
            "organisation": self.manifest["organisation"],
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
        for mark in self.facts.replaced:
            last, seen = mark, {mark}
            while (last := self.facts.replaced.get(last, "")) and last not in there and last not in seen:
                seen.add(last)
            if last in there:
                before.setdefault(there[last], set()).add(mark)
        for name, marks in before.items():
            if not marks <= revisions(self.archive.read(name)):
                raise Broken(
                    f"{name} is said to be an earlier file with something added, and does not begin with that."
                )

    def _hold(self, name: str, found: Sequence[Seal]) -> None:
        if not found:
            raise Broken(f"{name} carries no seal.")
        for seal in found:
            if not seal.holds:
                raise Broken(f"{name} was changed after it was sealed.")
        ours = next((at for at, seal in enumerate(found) if seal.key in self.keys), None)
        if ours is None:
            raise Broken(f"{name} is sealed with a key that is not the organisation’s.")
        if (
            name == "cover.pdf"
            and abs((found[ours].made or NEVER) - datetime.fromisoformat(self.manifest["made_at"])) > SAME_MOMENT
        ):
            raise Broken("manifest.json says another time for “made_at” than that at which cover.pdf was sealed.")
        for seal in found[ours:]:  # a document that somebody brought may carry others’ signatures, from before
            if seal.key not in self.keys and not seal.dated:
                raise Broken(f"{name} {on_top(found[ours], seal)}")
