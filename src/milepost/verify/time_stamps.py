"""Time stamps of authorities (RFC 3161) over seals of the journal."""

import hashlib
from datetime import datetime
from typing import Any

from .report import CLOCKS_DIFFER, Broken, Report


def clock_of(head: dict[str, Any]) -> str:
    """When the clock said that the head was signed: less than the time, which keeps seals in order, if the clock had gone back."""
    return min(str(head["time"]), str(head.get("clock") or head["time"]))


def check_stamp(token: bytes, signature: bytes, time: str, report: Report) -> datetime | None:
    """That an RFC 3161 token speaks of this signature, made at this time, and that nothing in it was changed since.

    Returns the time that it says, or None where nothing is there to read it with. Anybody can stamp anything under any name: so it can't be older than what it dates, and whose it is, is for the reader.
    """
    try:
        from asn1crypto import cms
        from pyhanko.sign.validation.generic_cms import validate_sig_integrity
    except ImportError:
        report.notes.append("The time stamp was not looked at: pyHanko is not installed.")
        return None
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
    dated: datetime
    name, dated = certificate.subject.human_friendly, info["gen_time"].native
    if dated < datetime.fromisoformat(time) - CLOCKS_DIFFER:
        raise Broken(f"The time stamp ({dated.isoformat()}) is older than the seal that it dates ({time}).")
    report.holds.append(f"A time-stamping authority dates the seal: {dated.isoformat()} ({name}).")
    mark = hashlib.sha256(certificate.dump()).hexdigest()
    report.notes.append(f"That the time stamp is by the authority which it names, its certificate tells: {mark}")
    return dated
