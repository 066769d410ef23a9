"""A dossier: its manifest, every file as that says, and then what each of them is held against."""

import re
from typing import IO

from .archive import Archive
from .contents import hold_files, manifest_of, pieces_in
from .earlier import Earlier
from .facts import Facts
from .journal import Journal
from .keys import Keys
from .pieces import Pieces
from .records import AS_SAID, Records
from .report import Broken, Progress, Report
from .trust import Trust

FORMAT = "milepost-dossier/2"
PLACES = re.compile(
    r"cover\.pdf|journal/(entries\.jsonl|leaves\.txt|checkpoint\.txt|(proof|seal|heads|completeness)\.json)"
    rf"|keys/([0-9a-f]{{64}}\.pem|(keys|log)\.json)|(records|pieces|{AS_SAID[:-1]})/.+"
)


def check_dossier(file: IO[bytes], wanted: frozenset[str], trust: Trust, progress: Progress) -> Report:
    """Check the dossier in this file; its key must be one of those that are wanted, if any are, and it goes on where an earlier one was, if
    there is one. Raises `Broken`.
    """
    archive, report = Archive(file), Report()
    with archive.named():
        _check(archive, Keys(archive, wanted, report), trust, report, progress)
    return report


def _check(archive: Archive, keys: Keys, trust: Trust, report: Report, progress: Progress) -> None:
    earlier = Earlier(trust.before) if trust.before else None
    manifest = manifest_of(archive, keys, report, FORMAT, "The dossier")
    if "person" not in manifest or not all(
        isinstance(manifest["action"][name], str) for name in ("id", "reference", "title")
    ):
        raise Broken("manifest.json does not say what the dossier is about as Milepost says it.")
    facts = Facts(pieces_in(manifest), earlier)
    journal = Journal(archive, manifest, facts, keys, trust, report, earlier)
    records = Records(archive, manifest, facts, report)
    hold_files(archive, manifest, PLACES, "dossier", report, lambda name: _which(name, journal, records))
    keys.check(manifest)
    journal.check()
    records.check()
    Pieces(archive, manifest, facts, keys.known, report).check(progress)


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
