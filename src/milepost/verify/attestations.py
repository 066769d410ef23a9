"""Attestations: what a sealed page says of everybody whom a course concerned, and the list that belongs to it (docs/attestations.md)."""

import csv
import hashlib
import io
from collections import defaultdict
from pathlib import Path
from typing import Any

from .archive import MAX_PART
from .demonstration import reason_without_mark
from .pdf_seals import attached, seals_in
from .report import Broken, Report
from .strict_json import read_json

FORMAT, ANNEX = "milepost-attestation/1", "milepost-attestation-annex/1"
HEADING = ["name", "site", "department", "certified", "until", "uid"]


def hold_attestation(path: Path, annex: Path | None, report: Report) -> None:
    """Of a PDF that is an attestation, whose seal was checked before, hold what it says, and its list. Raises `Broken`, `OSError`."""
    with path.open("rb") as file:
        content = file.read(MAX_PART) if file.read(1024).lstrip().startswith(b"%PDF") and not file.seek(0) else b""
    if content:
        check_attestation(content, _read(annex) if annex else None, report)
    elif annex:
        raise Broken("This is no attestation: no list belongs to it.")


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        content = file.read(MAX_PART + 1)
    if len(content) > MAX_PART:
        raise Broken("The list is larger than 512 MB, as none of Milepost is.")
    return content


def check_attestation(content: bytes, annex: bytes | None, report: Report) -> None:
    """Hold the numbers in a sealed PDF against one another, and against the list if it is there. Raises `Broken`.

    The seal was checked before: it covers the numbers, too. A PDF that carries none is no attestation.
    """
    try:
        said = read_json(attached(content, "attestation.json"))
    except Broken:
        if annex is not None:
            raise Broken("The PDF is no attestation: no list belongs to it.") from None
        return
    if not isinstance(said, dict) or said.get("format") != FORMAT:
        raise Broken(f"The attestation is not of the format {FORMAT}.")
    seals = [seal for seal in seals_in(content) if not seal.dated]
    if len(seals) != 1 or reason_without_mark(seals[0].reason) != f"Attestation {said['uid']}":
        # Whoever has the organisation sign a PDF of theirs could have put such numbers into it.
        raise Broken("The PDF carries the numbers of an attestation, and was not sealed as one.")
    _adds_up(said)
    where = ", ".join(filter(None, (said["scope"]["site"], said["scope"]["department"])))
    report.holds.append(
        f"It attests for {said['organisation']['name']}, as of {said['day']}{' at ' + where if where else ''}: "
        f"{said['certified']} of {said['concerned']} ({said['scope']['whom']}) were certified in "
        + ", ".join(f"“{course['title']}”" for course in said["courses"])
    )
    report.notes.append(
        "As the organisation says: that these are all whom it concerned. Whether it was revoked, only the organisation tells."
    )
    if said["placed_by_register"]:
        report.notes.append(
            f"Where {said['placed_by_register']} of them stood is told by the register as it was when it was made."
        )
    if annex is None:
        report.notes.append(
            f"The list is not here (--annex FILE). Its fingerprint (SHA-256) must be {said['annex']['sha256']}"
        )
    else:
        _belongs(said, annex)
        report.holds.append(
            f"The list is the one of this attestation: {said['annex']['rows']} people, and the same numbers."
        )


def _adds_up(said: dict[str, Any]) -> None:
    """No number contradicts another: none is more than its whole, and sites make the whole."""
    for row in (said, *said["sites"]):
        if not 0 <= row["certified"] <= row["concerned"]:
            raise Broken("The attestation says that more were certified than were concerned.")
    for name in ("concerned", "certified"):
        if sum(row[name] for row in said["sites"]) != said[name]:
            raise Broken(f"The numbers of the sites do not make the whole of those {name}.")
    if said["annex"]["rows"] != said["concerned"]:
        raise Broken("The list has another number of rows than people were concerned.")


def _belongs(said: dict[str, Any], annex: bytes) -> None:
    if hashlib.sha256(annex).hexdigest() != said["annex"]["sha256"]:
        raise Broken("The list is not the one of this attestation, or was changed: its fingerprint is another.")
    rows = list(csv.reader(io.StringIO(annex.decode(), newline="")))
    if len(rows) < 2 or rows[0][:2] != [ANNEX, said["uid"]] or rows[1] != HEADING:
        raise Broken("The list is not as Milepost writes it, or is that of another attestation.")
    counted: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for row in rows[2:]:
        site, certified = row[1].removeprefix("'"), row[3]
        counted[site][0] += 1
        counted[site][1] += certified == "yes"
    told = {row["name"].removeprefix("'"): [row["concerned"], row["certified"]] for row in said["sites"]}
    if dict(counted) != told:
        raise Broken("The list tells other numbers than the attestation.")
