"""Whether a code, a PDF or a badge is genuine, and what the certificate is worth today.

Nothing about a person is told that the code's holder or the file does not show already.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import jwt

from milepost.core.canonical import fingerprint
from milepost.credentials import badges
from milepost.credentials.models import ALPHABET, CODE_LENGTH, Certificate, State, normal_code
from milepost.journal import keys
from milepost.journal.models import SigningKey
from milepost.verify import Broken, Seal, seals_in

_SHOWN_CODE = rf"[{ALPHABET}]{{4}}(?:-[{ALPHABET}]{{2,4}}){{6}}"


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
    certificate = _with_code(text)
    return _worth(certificate) if certificate else Finding(Verdict.UNKNOWN)


def check_file(content: bytes) -> Finding:
    """Check a PDF or a badge. Hostile content is unknown at worst; nothing is stored."""
    known = Certificate.objects.select_related("organisation").filter(pdf=fingerprint(content)).first()
    if known:  # the very bytes that left here
        return _worth(known)
    if content.lstrip()[:5] == b"%PDF-":
        return _check_pdf(content)
    if token := badges.token_in(content):
        return _check_badge(token)
    return Finding(Verdict.UNKNOWN)


def _check_pdf(content: bytes) -> Finding:
    try:
        seals = seals_in(content)
    except Broken:
        seals = []
    certificate = _named_in(content, seals)
    if certificate is None:
        return Finding(Verdict.UNKNOWN)
    if not seals or not all(seal.holds for seal in seals):
        return Finding(Verdict.ALTERED, certificate)
    first, *others = seals
    if first.key not in _fingerprints(certificate) or _with_code(_code_of(first)) != certificate:
        return Finding(Verdict.ALTERED, certificate)
    signers = tuple(seal.signer for seal in others if not seal.dated)
    return Finding(_worth(certificate).verdict, certificate, signers)


def _named_in(content: bytes, seals: list[Seal]) -> Certificate | None:
    """The certificate that the file claims to be: by its seal, or by the codes that a broken file still shows."""
    shown = [code.decode("ascii") for code in re.findall(_SHOWN_CODE.encode(), content)]
    for code in [*map(_code_of, seals), *shown]:
        if certificate := _with_code(code):
            return certificate
    return None


def _code_of(seal: Seal) -> str:
    """The code in a seal's reason, whose last word it is."""
    return seal.reason.rpartition(" ")[2]


def _check_badge(token: str) -> Finding:
    try:
        claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
        kid = str(jwt.get_unverified_header(token).get("kid", ""))
    except jwt.PyJWTError:
        return Finding(Verdict.UNKNOWN)
    address = re.search(r"/verify/([0-9A-Z]+)/$", str(claims.get("id", "")))
    certificate = _with_code(address[1]) if address else None
    if certificate is None:
        return Finding(Verdict.UNKNOWN)
    for key in SigningKey.objects.filter(organisation_id=certificate.organisation_id):
        if kid.endswith(f"/keys/{key.fingerprint}/"):
            try:
                jwt.decode(token, keys.public_key(key), algorithms=[badges.ALGORITHM])
            except jwt.PyJWTError:
                break
            return _worth(certificate)
    return Finding(Verdict.ALTERED, certificate)


def _with_code(text: str) -> Certificate | None:
    code = normal_code(text[:64])
    if len(code) != CODE_LENGTH or set(code) - set(ALPHABET):
        return None
    return Certificate.objects.select_related("organisation").filter(code=code).first()


def _worth(certificate: Certificate) -> Finding:
    return Finding(_BY_STATE[certificate.state], certificate)


def _fingerprints(certificate: Certificate) -> list[str]:
    ours = SigningKey.objects.filter(organisation_id=certificate.organisation_id)
    return list(ours.values_list("fingerprint", flat=True))
