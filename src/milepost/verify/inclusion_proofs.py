"""The proof that one fact stands in the sealed journal."""

import hashlib
from datetime import datetime

from .demonstration import Marks
from .merkle import LEAF, climb
from .report import Broken, Report, Signing, hold_to
from .signatures import certificate_in, fingerprint_of, is_signed, unbase64
from .strict_json import read_canonical, read_json
from .time_stamps import clock_of
from .told_later import told_later
from .trust import Trust
from .witnesses import check_checkpoint

PROOF = "milepost-inclusion-proof/1"
HEAD = "milepost-tree-head/1"


def check_proof(content: bytes, wanted: frozenset[str], trust: Trust) -> Report:
    """The proof that a fact stands in the sealed journal: its leaf, the path to the head, the seal over the head."""
    try:
        told = read_json(content)
        if told["type"] != PROOF:
            raise Broken("This JSON is not the proof of a fact.")
        text, salt = told["entry"]["statement"], bytes.fromhex(told["entry"]["salt"])
        leaf = bytes.fromhex(told["leaf"])
        seal, head = told["seal"], read_json(told["seal"]["statement"])
        certificate = certificate_in(seal["certificate"])
        path = [bytes.fromhex(step) for step in told["path"]]
        found = climb(leaf, told["index"], head["size"], path)
        signature, stamp = unbase64(seal["signature"]), seal.get("timestamp")
        statement = read_canonical(text) if text else None
        if head["type"] != HEAD or fingerprint_of(certificate) != head["key"]:
            raise Broken("The seal in the proof is the seal of something else.")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Broken(f"The proof can’t be read ({type(error).__name__}: {error}).") from error
    if statement and statement["organisation"] != head["organisation"]:
        raise Broken("The fact is of another organisation than the seal.")
    if text and hashlib.sha256(LEAF + salt + text.encode()).digest() != leaf:
        raise Broken("The fact was changed: its words do not give the fingerprint that stands in the tree.")
    if found is None or found.hex() != head["root"]:
        raise Broken("The path does not lead from the fact to the sealed head: the fact is not in this journal.")
    if not is_signed(certificate, seal["statement"].encode(), signature):
        raise Broken("The seal was changed: its signature does not fit it.")
    report = Report(key=head["key"])
    marks = Marks()
    if statement:
        marks.hear(statement)
    marks.hold(head, report)
    words = (
        f"“{statement['actor']['name']} {statement['verb']} {statement['object']['name']}”, {statement['time']},"
        if statement
        else "A fact whose words are not told (erased, or left out of the proof)"
    )
    report.holds.append(
        f"{words} is number {told['index'] + 1} of the {head['size']} facts that were sealed on {head['time']}."
    )
    if statement and (later := told_later(statement)):
        report.notes.append(
            f"It was told later: recorded on {later}. For its time there is the word of whoever told it alone."
        )
    dated = trust.authorities.check(unbase64(stamp), signature, head) if stamp else None
    if dated:
        report.holds.append(f"A time-stamping authority dates the seal: {dated.dated.isoformat()} ({dated.name}).")
        trust.authorities.tell(report, [certificate])
    elif trust.authorities.trusted:
        raise Broken("The proof carries no time stamp, and --tsa asks for one.")
    report.signings.append(
        Signing(
            "The seal of the journal",
            report.key,
            datetime.fromisoformat(clock_of(head)),
            dated.dated if dated else None,
        )
    )
    note, log = told.get("checkpoint"), told.get("log")
    check_checkpoint(
        None if note is None else note.encode(), log, head, {report.key: certificate}, trust.policy, report
    )
    hold_to(wanted, report, {report.key}, "The journal is sealed with")
    return report
