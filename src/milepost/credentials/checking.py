"""Whether a code, a PDF or a badge is genuine, and what the certificate is worth today.

Nothing about a person is told that the code's holder or the file does not show already.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from milepost.core.canonical import fingerprint
from milepost.credentials import badges, reading
from milepost.credentials.models import ALPHABET, CODE_LENGTH, Certificate, State, normal_code
from milepost.journal import keys
from milepost.journal.models import SigningKey


class Verdict(StrEnum):
    """What was found."""

    GENUINE = "genuine"
    ALTERED = "altered"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"
    REVOKED = "revoked"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Finding:
    """The verdict, the certificate that it is about (if any), and what stands beside it in the file."""

    verdict: Verdict
    certificate: Certificate | None = None
    further_signers: tuple[str, ...] = ()


_BY_STATE = {
    State.VALID: Verdict.GENUINE,
    State.EXPIRED: Verdict.EXPIRED,
    State.SUPERSEDED: Verdict.SUPERSEDED,
    State.REVOKED: Verdict.REVOKED,
}


def check_code(text: str) -> Finding:
    """Check a code as people type it."""
    certificate = _with_codes([text])
    return _worth(certificate) if certificate else Finding(Verdict.UNKNOWN)


def check_file(content: bytes) -> Finding:
    """Check a PDF or a badge; nothing is stored. Raises `Unreadable`, and `TooManyFiles` while many check files."""
    known = Certificate.objects.select_related("organisation").filter(pdf=fingerprint(content)).first()
    if known:  # the very bytes that left here
        return _worth(known)
    file = reading.read(content)
    if file["kind"] == "pdf":
        return _check_pdf(file["seals"], file["codes"])
    if file["kind"] == "badge":
        return _check_badge(file)
    return Finding(Verdict.UNKNOWN)


def _check_pdf(seals: list[dict[str, Any]], codes: list[str]) -> Finding:
    """By its seal it is the certificate that it claims to be, or by the codes that a broken file still shows."""
    certificate = _with_codes([*map(_code_of, seals[: reading.MAX_CODES]), *codes])
    if certificate is None:
        return Finding(Verdict.UNKNOWN)
    if not seals or not all(seal["holds"] for seal in seals):
        return Finding(Verdict.ALTERED, certificate)
    first, *others = seals
    is_ours = first["key"] in _fingerprints(certificate) and _normal(_code_of(first)) == certificate.code
    if not is_ours or not first["is_uncovered"]:  # whoever signs it, too, may do so across the page
        return Finding(Verdict.ALTERED, certificate)
    signers = tuple(seal["signer"] for seal in others if not seal["is_stamp"])
    return Finding(_worth(certificate).verdict, certificate, signers)


def _code_of(seal: dict[str, Any]) -> str:
    """The code in a seal's reason, whose last word it is."""
    return str(seal["reason"]).rpartition(" ")[2]


def _check_badge(badge: dict[str, Any]) -> Finding:
    import jwt  # large, and few processes need it

    address = re.search(r"/verify/([0-9A-Z]+)/$", badge["id"])
    certificate = _with_codes([address[1]]) if address else None
    if certificate is None:
        return Finding(Verdict.UNKNOWN)
    for key in SigningKey.objects.filter(organisation_id=certificate.organisation_id):
        if badge["kid"].endswith(f"/keys/{key.fingerprint}/"):
            try:
                jwt.decode(badge["token"], keys.public_key(key), algorithms=[badges.ALGORITHM])
            except jwt.PyJWTError:
                break
            return _worth(certificate)
    return Finding(Verdict.ALTERED, certificate)


def _with_codes(texts: Sequence[str]) -> Certificate | None:
    """The certificate of the first of these codes that is one: in a single query, whatever somebody shows."""
    codes = [code for text in texts[: 2 * reading.MAX_CODES] if (code := _normal(text))]
    if not codes:
        return None
    known = Certificate.objects.select_related("organisation").filter(code__in=codes[: reading.MAX_CODES])
    return min(known, key=lambda certificate: codes.index(certificate.code), default=None)


def _normal(text: str) -> str:
    """The code as it is kept; '' for what can't be one."""
    code = normal_code(text[:64])
    return code if len(code) == CODE_LENGTH and set(code) <= set(ALPHABET) else ""


def _worth(certificate: Certificate) -> Finding:
    return Finding(_BY_STATE[certificate.state], certificate)


def _fingerprints(certificate: Certificate) -> list[str]:
    ours = SigningKey.objects.filter(organisation_id=certificate.organisation_id)
    return list(ours.values_list("fingerprint", flat=True))
