"""Whether a code, a PDF or a badge is genuine, and what the certificate is worth today.

Nothing about a person is told that the code's holder or the file does not show already.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from milepost.core.canonical import fingerprint
from milepost.credentials import issuers, reading
from milepost.credentials.models import ALPHABET, CODE_LENGTH, BadgeKey, Certificate, State, normal_code
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
    if file["kind"] == "proven":
        return _check_proven_badge(file)
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
    """A token, by the signing key that it names. What it is worth today the certificate says, and no date in the token."""
    import jwt  # large, and few processes need it

    certificate = _of_badge(badge)
    if certificate is None:
        return Finding(Verdict.UNKNOWN)
    named = re.search(r"[#/]([0-9a-f]{64})/?$", badge["kid"])  # badges of earlier releases name the key by its address
    ours = SigningKey.objects.filter(organisation_id=certificate.organisation_id)
    key = ours.filter(fingerprint=named[1]).first() if named else None
    if key is None:
        return Finding(Verdict.ALTERED, certificate)
    try:
        jwt.decode(
            badge["token"],
            keys.public_key(key),
            algorithms=[issuers.ALGORITHM],
            options={"verify_exp": False, "verify_nbf": False},
        )
    except jwt.PyJWTError:
        return Finding(Verdict.ALTERED, certificate)
    return _worth(certificate)


def _check_proven_badge(badge: dict[str, Any]) -> Finding:
    """JSON whose proof fits the key that it names: that must be one of ours."""
    certificate = _of_badge(badge)
    if certificate is None:
        return Finding(Verdict.UNKNOWN)
    ours = BadgeKey.objects.filter(organisation=certificate.organisation_id, public=badge["key"])
    return _worth(certificate) if badge["key"] and ours.exists() else Finding(Verdict.ALTERED, certificate)


def _of_badge(badge: dict[str, Any]) -> Certificate | None:
    address = re.search(r"/verify/([0-9A-Z]+)/$", badge["id"])
    return _with_codes([address[1]]) if address else None


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
