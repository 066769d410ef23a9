"""Badges that carry their proof within themselves (Data Integrity EdDSA Cryptosuites 1.0, W3C)."""

import base64
import hashlib
from collections.abc import Mapping
from threading import Lock
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from .badges import be_valid_today, begins, told_by
from .demonstration import is_badge_of_one
from .report import Broken, NotInstalled, Report, Signing, hold_to
from .signatures import fingerprint_of, is_signed, unpadded
from .status_lists import Issuer, hold_revocation
from .strict_json import read_json

SUITE = "eddsa-rdfc-2022"  # Data Integrity EdDSA Cryptosuites 1.0 (W3C)
ED25519_KEY = b"\xed\x01"  # before the key in a Multikey (Controlled Identifiers 1.0, section 2.2.2)
_VC, _STATUS, _SECURITY = (
    "https://www.w3.org/2018/credentials#",
    "https://www.w3.org/ns/credentials/status#",
    "https://w3id.org/security#",
)
_OB, _SCHEMA = "https://purl.imsglobal.org/spec/vc/ob/vocab.html#", "https://schema.org/"
_TIME = "http://www.w3.org/2001/XMLSchema#dateTime"


def _of_type(address: str, kind: str = "@id") -> dict[str, str]:
    return {"@id": address, "@type": kind}


# What the words in badges and status lists of Milepost mean, as both contexts say that they name: all others are refused.
_MEANINGS: dict[str, Any] = {
    "id": "@id",
    "type": "@type",
    **{name: _VC + name for name in ("VerifiableCredential",)},
    **{name: _of_type(_VC + name) for name in ("issuer", "credentialSubject", "credentialStatus")},
    **{name: _of_type(_VC + name, _TIME) for name in ("validFrom", "validUntil")},
    **{
        name: _STATUS + name
        for name in (
            "BitstringStatusListCredential",
            "BitstringStatusListEntry",
            "BitstringStatusList",
            "statusPurpose",
            "statusListIndex",
        )
    },
    "statusListCredential": _of_type(_STATUS + "statusListCredential"),
    "encodedList": _of_type(_STATUS + "encodedList", _SECURITY + "multibase"),
    "DataIntegrityProof": _SECURITY + "DataIntegrityProof",
    "cryptosuite": _of_type(_SECURITY + "cryptosuite", _SECURITY + "cryptosuiteString"),
    "created": _of_type("http://purl.org/dc/terms/created", _TIME),
    "verificationMethod": _of_type(_SECURITY + "verificationMethod"),
    "proofPurpose": _of_type(_SECURITY + "proofPurpose", "@vocab"),
    "assertionMethod": _SECURITY + "assertionMethod",
    **{
        name: _OB + name
        for name in (
            "OpenBadgeCredential",
            "Achievement",
            "AchievementSubject",
            "IdentityObject",
            "Profile",
            "Result",
            "achievement",
            "achievementType",
            "identifier",
            "identityHash",
            "identityType",
            "narrative",
            "result",
        )
    },
    "criteria": _of_type(_OB + "Criteria"),
    "hashed": _of_type(_OB + "hashed", "https://www.w3.org/2001/XMLSchema#boolean"),
    **{name: _SCHEMA + name for name in ("name", "description", "inLanguage", "value")},
    "url": _of_type(_SCHEMA + "url", "https://www.w3.org/2001/XMLSchema#anyURI"),
}
CONTEXTS = {
    "https://www.w3.org/ns/credentials/v2": {"@context": _MEANINGS},
    "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json": {"@context": {}},
}
# Which words stand where in a badge: one that stood elsewhere would be shown, and not be signed.
_SHAPE: dict[str, Any] = {
    **dict.fromkeys(("@context", "id", "type", "name", "validFrom", "validUntil")),
    "issuer": dict.fromkeys(("id", "type", "name", "url")),
    "credentialSubject": {
        "id": None,
        "type": None,
        "identifier": dict.fromkeys(("type", "hashed", "identityHash", "identityType")),
        "achievement": {
            **dict.fromkeys(("id", "type", "achievementType", "name", "description", "inLanguage")),
            "criteria": {"narrative": None},
        },
        "result": dict.fromkeys(("type", "value")),
    },
    "credentialStatus": dict.fromkeys(("id", "type", "statusPurpose", "statusListIndex", "statusListCredential")),
    "proof": dict.fromkeys(("type", "cryptosuite", "created", "verificationMethod", "proofPurpose", "proofValue")),
}


def proven_badge(content: bytes) -> tuple[dict[str, Any], bytes]:
    """The badge in this JSON, and the 32 bytes of the key (Ed25519) that its proof names and fits. Raises `Broken`."""
    try:
        badge = read_json(content)
        proof = badge["proof"]
        if badge["@context"] != list(CONTEXTS) or not _fits(badge, _SHAPE):
            raise Broken("What was signed is no badge as Milepost gives them.")
        if (proof["type"], proof["cryptosuite"], proof["proofPurpose"]) != (
            "DataIntegrityProof",
            SUITE,
            "assertionMethod",
        ):
            raise Broken("The badge has a proof of another kind than Milepost gives.")
        issuer, _, name = proof["verificationMethod"].partition("#")
        key = key_in(name)
        if issuer != badge["issuer"]["id"] or key is None:
            raise Broken("The badge was changed: its proof does not name a key of its issuer.")
        Ed25519PublicKey.from_public_bytes(key).verify(from_base58(proof["proofValue"]), digests(badge, proof))
    except InvalidSignature as error:
        raise Broken("The badge was changed: its proof does not fit it.") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Broken("The badge was changed: it can’t be read.") from error
    return badge, key


def digests(document: Mapping[str, Any], proof: Mapping[str, Any]) -> bytes:
    """What a proof of the suite signs (section 3.3): of itself, then of the document, the SHA-256 of their canonical form.

    That is RDFC-1.0, which PyLD calls by its earlier name. Raises `Broken` where PyLD is missing or can't read it.
    """
    try:
        from pyld import jsonld
    except ImportError as error:
        raise NotInstalled("Badges that are JSON can’t be checked: install PyLD (pip install PyLD).") from error

    options = {"algorithm": "URDNA2015", "format": "application/n-quads", "documentLoader": _context}
    config = {name: value for name, value in proof.items() if name != "proofValue"}
    unsecured = {name: value for name, value in document.items() if name != "proof"}
    parts = ({**config, "@context": document["@context"]}, unsecured)
    try:
        with _ONE_AT_A_TIME:
            return b"".join(hashlib.sha256(jsonld.normalize(part, options).encode()).digest() for part in parts)
    except jsonld.JsonLdError as error:
        raise Broken("The badge was changed: it can’t be read.") from error


_ONE_AT_A_TIME = Lock()  # PyLD keeps what it has read of contexts for the whole process, and knows no threads


def _context(address: str, _options: object) -> dict[str, Any]:
    return {"contextUrl": None, "documentUrl": address, "document": CONTEXTS[address]}


def _fits(value: Any, shape: Any) -> bool:
    """Whether words stand only where they may."""
    if isinstance(
        value, list
    ):  # of things that have no name one is canonical in no time, and ten that look the same never
        return (not shape or len(value) == 1) and all(_fits(one, shape) for one in value)
    if isinstance(value, dict):
        return (
            bool(shape) and value.keys() <= shape.keys() and all(_fits(one, shape[name]) for name, one in value.items())
        )
    return not shape and isinstance(value, str | bool)


def key_in(multikey: str) -> bytes | None:
    """The 32 bytes of an Ed25519 key that is written as a Multikey; None for another."""
    content = from_base58(multikey)
    return content[2:] if content.startswith(ED25519_KEY) and len(content) == 34 else None


DIGITS = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def from_base58(text: str) -> bytes:
    """What is written in base-58-btc (Controlled Identifiers 1.0, section 2.4). Raises `ValueError`."""
    if not text.startswith("z") or len(text) > 100:
        raise ValueError("not in base 58")
    number = 0
    for digit in text[1:]:
        number = number * 58 + DIGITS.index(digit)
    zeros = len(text) - 1 - len(text[1:].lstrip("1"))
    return b"\0" * zeros + number.to_bytes((number.bit_length() + 7) // 8)


def check_proven_badge(content: bytes, wanted: frozenset[str], issuer: Issuer) -> Report:
    """A badge that is JSON. Its key is told by `--key`, or endorsed by one that is, as the issuer's published keys show."""
    badge, key = proven_badge(content)
    told = told_by(badge)
    be_valid_today(badge)
    mark = hashlib.sha256(key).hexdigest()
    report = Report(
        [f"The badge is unchanged since its key signed it, and names “{badge['issuer']['id']}”.", told], key=mark
    )
    report.is_demonstration = is_badge_of_one(badge)
    known = _endorsers(read_json(issuer.keys())["keys"], key) if issuer.keys else []
    report.signings += [Signing("The badge", by, begins(badge)) for by in known[:1]]
    hold_revocation(badge, issuer, wanted.union(known), report)
    hold_to(wanted, report, known, "The badge is signed with")
    return report


def _endorsers(keys: list[dict[str, Any]], key: bytes) -> list[str]:
    """The fingerprints of the signing keys that lead to the key of a badge: the first one endorsed it, each further one that before."""
    certificates = {fingerprint_of(one): one for one in map(_certificate_of, keys) if one}
    told = next((one for one in keys if one.get("kty") == "OKP" and unpadded(one["x"]) == key), None)
    words, found = f"milepost-badge-key/1:{hashlib.sha256(key).hexdigest()}", list[str]()
    while told and (by := told.get("endorsed_by")) in certificates and by not in found:
        if not is_signed(certificates[by], words.encode(), unpadded(told["endorsement"])):
            break
        found.append(by)
        told = next(one for one in keys if (held := _certificate_of(one)) and fingerprint_of(held) == by)
        words = f"milepost-key-endorsement/1:{by}"
    return found


def _certificate_of(key: dict[str, Any]) -> x509.Certificate | None:
    return x509.load_der_x509_certificate(base64.b64decode(key["x5c"][0])) if "x5c" in key else None
