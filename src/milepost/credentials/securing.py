"""The two ways in which a credential of an organisation is signed (Open Badges 3.0, section 8): around it, and within it."""

import json
from datetime import UTC, datetime
from typing import Any

from milepost.core import clock
from milepost.credentials import badge_keys, issuers
from milepost.journal import keys
from milepost.people.models import Organisation
from milepost.verify.data_integrity import SUITE, digests


def as_token(organisation: Organisation, credential: dict[str, Any]) -> str:
    """The credential as a compact JSON Web Signature (section 8.2), whose claims say what it says.

    Raises `keys.KeyLocked`, or `tokens.TokenRefused` for a key in a token.
    """
    key = keys.current_key(organisation.pk)
    header = {
        "alg": issuers.ALGORITHM,
        "kid": issuers.method_of(organisation, key),
        "typ": "JWT",
        "jwk": issuers.jwk_with_certificate(key),
    }
    issuer = credential["issuer"]
    claims = credential | {
        "iss": issuer if isinstance(issuer, str) else issuer["id"],
        "sub": credential["credentialSubject"]["id"],
        "jti": credential["id"],
        "nbf": _seconds(credential["validFrom"]),
    }
    if "validUntil" in credential:
        claims["exp"] = _seconds(credential["validUntil"])
    # Written out (RFC 7515, section 7.1), since the key may lie in a token that PyJWT can't reach.
    signed = ".".join(issuers.base64url(json.dumps(part, separators=(",", ":")).encode()) for part in (header, claims))
    return f"{signed}.{issuers.base64url(keys.sign(key, signed.encode()))}"


def with_proof(organisation: Organisation, credential: dict[str, Any]) -> dict[str, Any]:
    """The credential with a Data Integrity proof in it (eddsa-rdfc-2022). It has no word that `verify` does not know."""
    key = badge_keys.current_badge_key(organisation)
    proof = {
        "type": "DataIntegrityProof",
        "cryptosuite": SUITE,
        "created": second_text(clock.now()),
        "verificationMethod": issuers.method_of(organisation, key),
        "proofPurpose": "assertionMethod",
    }
    signature = badge_keys.sign(key, digests(credential, proof))
    return credential | {"proof": proof | {"proofValue": badge_keys.base58(signature)}}


def second_text(time: datetime) -> str:
    """The whole second, which is as much as the claims of a token tell: 2026-11-23T14:05:00Z."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _seconds(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())
