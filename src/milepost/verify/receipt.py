"""A receipt: what one person learnt, as they take it along. Facts of theirs alone, of each course and session that it tells of all."""

import re
from collections.abc import Collection, Sequence
from typing import IO, Any
from uuid import UUID, uuid5

from .archive import Archive
from .attendance import Attendance
from .badges import signed_badge, told_by
from .completeness import abouts_of, whose_of
from .contents import format_of, hold_files, manifest_of, pieces_in
from .facts import Facts
from .identity import TYPE as IDENTITY
from .journal import Journal
from .keys import Keys
from .pieces import Pieces
from .report import Broken, Progress, Report
from .sessions import Account
from .strict_json import read_json
from .trust import Trust

FORMAT = "milepost-receipt/1"
_UID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_BADGE = re.compile(rf"pieces/badges/({_UID})\.svg")
PLACES = re.compile(
    r"read-me\.txt|journal/(entries\.jsonl|leaves\.txt|checkpoint\.txt|(proof|seal|heads|completeness)\.json)"
    rf"|keys/([0-9a-f]{{64}}\.pem|(keys|log)\.json)|pieces/certificates/{_UID}\.pdf|{_BADGE.pattern}"
)
MAX_BADGE_FILE = 1 << 20  # bytes


def wanted_of(things: Collection[str], person: str) -> set[tuple[str, str | None]]:
    """Of what each fact of the person must be there."""
    return {(thing, person) for thing in things}


def is_receipt(file: IO[bytes]) -> bool:
    """What a zip says that it is; whoever checks it begins anew. Raises `Broken`."""
    found = format_of(Archive(file)) == FORMAT
    file.seek(0)
    return found


def check_receipt(file: IO[bytes], wanted: frozenset[str], trust: Trust, progress: Progress) -> Report:
    """Check the receipt in this file; its key must be one of those that are wanted, if any are. Raises `Broken`."""
    return _check(file, wanted, trust, progress, in_full=True)[0]


def read_receipt(file: IO[bytes]) -> tuple[Report, dict[str, Any]]:
    """What the receipt tells, once all was checked that this stands on. No key is wanted.

    The facts tell everything, and the manifest holds each paper to the byte. Whether the PDFs carry their seals, and how early the facts
    were under a stamp, `check_receipt` says: that costs ten times as much, and hands what strangers made to the largest of libraries.

    `issuer`, `organisation`, `person`, `person_id`, `published` are its issuer's words; `key` and `keys` the fingerprint of the key that sealed it, and of
    those that handed over to it; `achievements` has for each course its uid there, title, when it was completed ('' for not), score,
    until when it is valid, and whether a certificate stands; `sessions` is how many live sessions it tells of. Raises `Broken`.
    """
    try:
        return _check(file, frozenset(), Trust(), lambda _done, _total: None, in_full=False)
    except (Broken, OSError):
        raise
    except Exception as error:  # whatever a hostile file makes the libraries that read it raise
        raise Broken(f"The file is not as Milepost writes it ({type(error).__name__}).") from error


def _check(
    file: IO[bytes], wanted: frozenset[str], trust: Trust, progress: Progress, *, in_full: bool
) -> tuple[Report, dict[str, Any]]:
    archive, report = Archive(file), Report()
    with archive.named():
        return report, _told(archive, Keys(archive, wanted, report), trust, report, progress, in_full=in_full)


def _told(
    archive: Archive, keys: Keys, trust: Trust, report: Report, progress: Progress, *, in_full: bool
) -> dict[str, Any]:
    manifest = manifest_of(archive, keys, report, FORMAT, "The receipt")
    person, things = manifest["person"], manifest["things"]
    facts = _OwnFacts(str(person["id"]), things, pieces_in(manifest))
    journal = (_Journal if in_full else _UndatedJournal)(archive, manifest, facts, keys, trust, report, None)
    hold_files(
        archive, manifest, PLACES, "receipt", report, lambda _name: "its fingerprint is not the one in the manifest."
    )
    keys.check(manifest)
    journal.check()
    pieces = (_Pieces if in_full else _UnopenedPieces)(archive, manifest, facts, keys.known, report)
    pieces.check(progress)
    report.notes.append(f"It is a receipt of “{person['name']}”, and of what else they did it says nothing.")
    return {
        "issuer": str(manifest["organisation"]["name"]),
        "organisation": str(manifest["organisation"]["id"]),
        "person": str(person["name"]),
        "person_id": str(person["id"]),
        "published": str(manifest.get("published", "")),
        "key": report.key,
        "keys": sorted(keys.known),
        "made_at": str(manifest["made_at"]),
        "sealed_at": str(read_json(read_json(archive.read("journal/seal.json"))["statement"])["time"]),
        "achievements": facts.achievements(),
        "sessions": len(facts.sessions),
    }


class _OwnFacts(Facts):
    """The facts of one person about some courses and sessions, and the erasures that name them; no other may be there."""

    def __init__(self, person: str, things: Collection[str], files: Collection[str]) -> None:
        super().__init__(files)
        self.person, self.things = person, frozenset(things)
        self.titles: dict[str, str] = {}  # of courses, as the last fact about each calls it
        self.sessions: set[str] = set()

    def hear(self, statement: dict[str, Any], text: str, leaf: bytes) -> None:
        thing = statement["object"]
        for about in abouts_of(statement):
            self.index.add(about, whose_of(statement), leaf)
        self.erasures.hear(statement)
        self.demonstration.hear(statement)
        if statement["verb"] == "erased":
            return
        if thing["type"] == IDENTITY:
            self.identities.hear(statement)
            return
        if whose_of(statement) != self.person or abouts_of(statement)[0] not in self.things:
            raise Broken(f"A fact in the receipt is of somebody else, or about something else: “{thing['name']}”.")
        self.note_files(statement, text)
        self.learning.hear(statement)
        self.certificates.hear(statement, self.learning, Account(), Attendance())
        if thing["type"] == "course":
            self.titles[thing["id"]] = thing["name"]
        elif thing["type"] == "session":
            self.sessions.add(thing["id"])

    def achievements(self) -> list[dict[str, Any]]:
        """What the person did in each course, by its title."""
        told = []
        for course, title in self.titles.items():
            newest = str(self.learning.last_completed(course, self.person))
            learner = self.learning.completions(course, [self.person])[1](self.person, newest)
            standing = self.certificates.standing(course, self.person)
            told.append(
                {
                    "course": course,
                    "title": title,
                    "completed_at": learner["completed_at"],
                    "score": learner["score"],
                    "valid_until": str((standing or {}).get("valid_until", "")),
                    "has_certificate": standing is not None,
                }
            )
        return sorted(told, key=lambda one: (one["title"].casefold(), one["course"]))


class _Journal(Journal):
    """The journal of a receipt."""

    def wanted(self) -> set[tuple[str, str | None]]:
        return wanted_of(self.manifest["things"], self.manifest["person"]["id"])

    def say_complete(self, wanted: set[tuple[str, str | None]]) -> None:
        self.report.holds.append(
            f"No fact of this person about the {len(wanted)} courses and sessions that it tells of was left out."
        )


class _UndatedJournal(_Journal):
    """The same, and how early its facts were sealed not looked at."""

    def earlier_heads(self) -> list[dict[str, Any]]:
        return []


class _Pieces(Pieces):
    """The certificates and badges of a receipt."""

    facts: _OwnFacts

    def hold_cover(self) -> None:
        """A receipt has none."""

    def is_made(self, name: str) -> bool:
        """A badge is signed by itself, whenever it is asked for: no fact names its file."""
        found = _BADGE.fullmatch(name)
        if not found:
            return False
        if not self.facts.certificates.stands(found[1]):
            raise Broken(f"{name} is the badge of no certificate that stands.")
        claims, mark, _name = signed_badge(self.archive.read(name, MAX_BADGE_FILE))
        if mark not in self.keys:
            raise Broken(f"{name} is signed with a key that is not the organisation’s.")
        subject, course = claims["credentialSubject"], self.facts.certificates.course_of(found[1])
        if subject["id"] != uuid5(UUID(self.facts.person), "open badges").urn:
            raise Broken(f"{name} is the badge of somebody else.")
        if f"/achievements/{course}/" not in subject["achievement"]["id"]:
            raise Broken(f"{name} is a badge for something else.")
        self.report.holds.append(f"{name}: {told_by(claims)}")
        return True


class _UnopenedPieces(_Pieces):
    """The same, known by the facts and whole by the manifest, and no PDF of them opened."""

    def hold_seals(self, names: Sequence[str], progress: Progress) -> None:
        """Left to whoever checks the file itself."""
