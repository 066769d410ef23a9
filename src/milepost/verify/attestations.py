"""Attestations: what a sealed page says of everybody whom a course concerned, and the list that belongs to it (docs/attestations.md)."""

import csv
import hashlib
import io
from collections import defaultdict
from pathlib import Path
from typing import Any

from .archive import MAX_PART
from .completeness import Index, whose_of
from .demonstration import reason_without_mark
from .identity import TYPE, identity_of, words_of
from .inclusion_proofs import check_proof
from .pdf_seals import attached, seals_in
from .report import Broken, Report
from .strict_json import canonical, read_json
from .trust import Trust

FORMAT, ANNEX = "milepost-attestation/2", "milepost-attestation-annex/1"
EARLIER = "milepost-attestation/1"  # tells whose it is by its name alone
HEADING = ["name", "site", "department", "certified", "until", "uid"]


def hold_attestation(path: Path, annex: Path | None, wanted: frozenset[str], report: Report) -> None:
    """Of a PDF that is an attestation, whose seals were checked before, hold what it says, and its list; whoever attests
    has one of the keys that are wanted, if any are. Raises `Broken`, `OSError`.
    """
    with path.open("rb") as file:
        content = file.read(MAX_PART) if file.read(1024).lstrip().startswith(b"%PDF") and not file.seek(0) else b""
    if content:
        check_attestation(content, _read(annex) if annex else None, wanted, report)
    elif annex:
        raise Broken("This is no attestation: no list belongs to it.")


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        content = file.read(MAX_PART + 1)
    if len(content) > MAX_PART:
        raise Broken("The list is larger than 512 MB, as none of Milepost is.")
    return content


def check_attestation(content: bytes, annex: bytes | None, wanted: frozenset[str], report: Report) -> None:
    """Hold the numbers in a sealed PDF against one another, and against the list if it is there. Raises `Broken`.

    The seal was checked before: it covers the numbers, too. A PDF that carries none is no attestation.
    """
    try:
        said = read_json(attached(content, "attestation.json"))
    except Broken:
        if annex is not None:
            raise Broken("The PDF is no attestation: no list belongs to it.") from None
        return
    if not isinstance(said, dict) or said.get("format") not in (FORMAT, EARLIER):
        raise Broken(f"The attestation is not of the format {FORMAT}, nor of the one before.")
    seals = [seal for seal in seals_in(content) if not seal.dated]
    # Whoever has the organisation sign a PDF of theirs could have put such numbers into it, or sealed it so themselves. A trust
    # service provider seals over the organisation; in the format before, nothing but the one seal told whose it is.
    is_theirs = not wanted or seals[0].key in wanted
    is_alone = len(seals) == 1 or said["format"] == FORMAT
    if not is_theirs or not is_alone or reason_without_mark(seals[0].reason) != f"Attestation {said['uid']}":
        raise Broken("The PDF carries the numbers of an attestation, and was not sealed as one.")
    report.key = seals[0].key
    _adds_up(said)
    if said["format"] == EARLIER:
        report.notes.append(
            "As the organisation says: its name, which no fact in the attestation tells. It is of an earlier format."
        )
    else:
        _hold_identity(said, seals[0].key, report)
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


def _hold_identity(said: dict[str, Any], key: str, report: Report) -> None:
    """Who the organisation is, is what the newest fact of it says under the head up to which was counted. Raises `Broken`."""
    told, organisation = said["identity"], said["organisation"]
    proof, about = told["fact"], identity_of(organisation["uid"])
    inner = check_proof(canonical(proof), frozenset(), Trust())
    head, statement = read_json(proof["seal"]["statement"]), read_json(proof["entry"]["statement"] or "{}")
    if inner.key != key or head["organisation"] != organisation["uid"]:
        raise Broken("Who the organisation is, is told by the journal of somebody else.")
    if said["counted_at"] != {"size": head["size"], "root": head["root"]}:
        raise Broken("Who the organisation is, is told under another head than that up to which was counted.")
    thing = statement.get("object", {})
    if (thing.get("type"), thing.get("id")) != (TYPE, about) or told["leaves"][-1:] != [proof["leaf"]]:
        raise Broken("The fact in the attestation is not the newest that says who the organisation is.")
    for name in sorted((statement["result"].keys() | organisation.keys()) - {"uid"}):
        if (here := organisation.get(name)) != (newest := statement["result"].get(name)):
            raise Broken(
                f"The attestation says “{here}” for “{name}” of the organisation, and the newest fact of it “{newest}”."
            )
    if "index" not in head:
        raise Broken(
            "The journal’s seal names no index: that no newer fact says who the organisation is, is not proven."
        )
    index = Index()
    for leaf in told["leaves"]:
        index.add(about, whose_of(statement), bytes.fromhex(leaf))
    index.hold(bytes.fromhex(head["index"]), told["completeness"], {(about, None)}, {about: "who the organisation is"})
    report.signings += inner.signings
    report.holds.append(f"The organisation is who its newest fact says: {words_of(organisation)}.")


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
