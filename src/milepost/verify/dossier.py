"""A dossier: its manifest, every file as that says, and then what each of them is held against."""

import hashlib
import re
from datetime import datetime
from typing import IO, Any

from .archive import Archive
from .earlier import Earlier
from .facts import Facts
from .journal import Journal
from .keys import Keys
from .pieces import Pieces
from .records import AS_SAID, Records
from .report import Broken, Progress, Report, Signing, State
from .signatures import is_signed, name_of
from .strict_json import read_json
from .witnesses import Policy

FORMAT = "milepost-dossier/2"
MAX_MANIFEST = 32 * 1024**2
PLACES = re.compile(
    r"cover\.pdf|journal/(entries\.jsonl|leaves\.txt|checkpoint\.txt|(proof|seal|completeness)\.json)"
    rf"|keys/([0-9a-f]{{64}}\.pem|(keys|log)\.json)|(records|pieces|{AS_SAID[:-1]})/.+"
)


def check_dossier(
    file: IO[bytes], wanted: frozenset[str], policy: Policy, progress: Progress, before: State | None
) -> Report:
    """Check the dossier in this file; its key must be one of those that are wanted, if any are, and it goes on where an earlier one was, if
    there is one. Raises `Broken`.
    """
    earlier = Earlier(before) if before else None
    archive, report, facts = Archive(file), Report(), Facts(earlier)
    keys = Keys(archive, wanted, report)
    manifest = _manifest(archive, keys, report)
    journal = Journal(archive, manifest, facts, keys, policy, report, earlier)
    records = Records(archive, manifest, facts, report)
    _files(archive, manifest, journal, records, report)
    keys.check(manifest)
    journal.check()
    records.check()
    Pieces(archive, manifest, facts, keys.known, report).check(progress)
    return report


def _manifest(archive: Archive, keys: Keys, report: Report) -> dict[str, Any]:
    content = archive.read("manifest.json", MAX_MANIFEST)
    manifest: dict[str, Any] = read_json(content)
    if (of_format := manifest.get("format")) != FORMAT:
        raise Broken(
            f"This dossier is of the format “{of_format}”, and this program reads “{FORMAT}”. Take the verify.pyz that the Milepost "
            "which made it publishes, or have the dossier built anew."
        )
    mark = str(manifest["key"])
    if not re.fullmatch(r"[0-9a-f]{64}", mark):
        raise Broken("manifest.json names no key.")
    certificate = keys.certificate(mark)
    if not is_signed(certificate, content, archive.read("manifest.sig")):
        raise Broken("manifest.json was changed: its signature (manifest.sig) does not fit it.")
    report.key = mark
    report.signings.append(Signing("The dossier", mark, datetime.fromisoformat(manifest["made_at"])))
    report.holds.append(f"The manifest is signed by “{name_of(certificate)}”.")
    return manifest


def _files(archive: Archive, manifest: dict[str, Any], journal: Journal, records: Records, report: Report) -> None:
    """Every file is as the manifest says, none is missing, none was added."""
    told: dict[str, dict[str, Any]] = manifest["files"]
    there = archive.names - {"manifest.json", "manifest.sig"}
    for name in sorted(told.keys() - there):
        raise Broken(f"{name} is missing.")
    for name in sorted(there - told.keys()):
        raise Broken(f"{name} was added: the manifest does not know it.")
    if odd := [name for name in told if not PLACES.fullmatch(name)]:
        raise Broken(f"{odd[0]} is nothing that Milepost puts into a dossier.")
    for name in sorted(told):
        digest = hashlib.sha256()
        with archive.open(name) as file:
            while chunk := file.read(1 << 20):
                digest.update(chunk)
        if (digest.hexdigest(), archive.size_of(name)) != (told[name]["sha256"], told[name]["size"]):
            raise Broken(f"{name} was changed: {_which(name, journal, records)}")
    report.holds.append(f"{len(told)} files are there, unchanged.")


def _which(name: str, journal: Journal, records: Records) -> str:
    """Which record of a changed file it is, as far as the rest of the dossier tells."""
    try:
        if name == "journal/entries.jsonl":
            return journal.first_wrong(list(journal.leaves()))
        if name.startswith("records/"):
            list(journal.leaves())
            records.check()
    except Broken as error:
        return str(error)
    return "its fingerprint is not the one in the manifest."
