"""Who issues badges, as programs look it up: the identifier of an organisation, and the keys that its badges are checked with.

An organisation is `did:web:HOST:issuers:UID` (did:web method; decision 0046), which leads to its DID document (DID 1.0, W3C) at
/issuers/UID/did.json. The same keys are published as a JSON Web Key Set (RFC 7517), with the certificates of those that sign
and the endorsements by which one led to the next. What an earlier key signed stays valid, so all of them are there but those that were revoked.
"""

import base64
from typing import Any
from urllib.parse import quote, urlsplit

from cryptography.hazmat.primitives import serialization
from django.conf import settings

from milepost.credentials.models import BadgeKey
from milepost.journal import keys
from milepost.journal.models import SigningKey
from milepost.people.models import Organisation
from milepost.verify.data_integrity import key_in

ALGORITHM = "RS256"
DID_CONTEXT = [
    "https://www.w3.org/ns/did/v1",
    "https://w3id.org/security/multikey/v1",
    "https://w3id.org/security/suites/jws-2020/v1",
]


def issuer_url(organisation: Organisation) -> str:
    """Below which the issuer is published."""
    return f"{settings.BASE_URL}/issuers/{organisation.uid}/"


def did_of(organisation: Organisation) -> str:
    """The issuer’s identifier."""
    return f"did:web:{quote(urlsplit(settings.BASE_URL).netloc, safe='')}:issuers:{organisation.uid}"


def method_of(organisation: Organisation, key: SigningKey | BadgeKey) -> str:
    """What a signature or proof names its key by."""
    return f"{did_of(organisation)}#{key.fingerprint if isinstance(key, SigningKey) else key.public}"


def profile(organisation: Organisation, identifier: str) -> dict[str, Any]:
    """The issuer as Open Badges describes one (Profile, section B.1.22)."""
    name = f"{organisation.name} (demonstration)" if organisation.is_demonstration else organisation.name
    return {"id": identifier, "type": ["Profile"], "name": name, "url": settings.BASE_URL}


def did_document(organisation: Organisation) -> dict[str, Any]:
    """The identifier with its keys, that of now first: programs take it where nothing names another."""
    did = did_of(organisation)
    methods: list[dict[str, Any]] = [
        {
            "id": method_of(organisation, key),
            "type": "JsonWebKey2020",
            "controller": did,
            "publicKeyJwk": public_jwk(key),
        }
        for key in _signing_keys(organisation)
    ]
    methods += [
        {"id": method_of(organisation, key), "type": "Multikey", "controller": did, "publicKeyMultibase": key.public}
        for key in _badge_keys(organisation)
    ]
    return {
        "@context": DID_CONTEXT,
        "id": did,
        "alsoKnownAs": [issuer_url(organisation)],
        "verificationMethod": methods,
        "assertionMethod": [method["id"] for method in methods],
    }


def key_set(organisation: Organisation) -> dict[str, Any]:
    """All keys of the issuer, each with whoever endorsed it."""
    signing = [
        jwk_with_certificate(key)
        | {"alg": ALGORITHM, "use": "sig", "kid": method_of(organisation, key)}
        | _endorsed(key.endorsed_by, key.endorsement)
        for key in _signing_keys(organisation)
    ]
    badge = [
        {"kty": "OKP", "crv": "Ed25519", "x": base64url(key_in(key.public) or b""), "alg": "EdDSA", "use": "sig"}
        | {"kid": method_of(organisation, key)}
        | _endorsed(key.signing_key.fingerprint, key.endorsement)
        for key in _badge_keys(organisation)
    ]
    return {"keys": [*signing, *badge]}


def _endorsed(by: str, endorsement: bytes | memoryview) -> dict[str, str]:
    """Members of our own, which others leave aside (RFC 7517, section 4)."""
    return {"endorsed_by": by, "endorsement": base64url(bytes(endorsement))} if by else {}


def _signing_keys(organisation: Organisation) -> list[SigningKey]:
    rows = SigningKey.objects.filter(organisation_id=organisation.pk, revocation=None)
    return list(rows.order_by("-is_current", "-pk"))


def _badge_keys(organisation: Organisation) -> list[BadgeKey]:
    rows = BadgeKey.objects.filter(organisation=organisation, signing_key__revocation=None)
    return list(rows.select_related("signing_key").order_by("-signing_key__is_current", "-pk"))


def public_jwk(key: SigningKey) -> dict[str, Any]:
    """The public key as a JSON Web Key (RFC 7518, section 6.3)."""
    numbers = keys.public_key(key).public_numbers()
    return {"kty": "RSA", "n": _number(numbers.n), "e": _number(numbers.e)}


def jwk_with_certificate(key: SigningKey) -> dict[str, Any]:
    """The same with its certificate (RFC 7517, section 4.7), by which a badge can be checked offline."""
    der = key.x509.public_bytes(serialization.Encoding.DER)
    return public_jwk(key) | {"x5c": [base64.b64encode(der).decode()]}


def _number(number: int) -> str:
    return base64url(number.to_bytes((number.bit_length() + 7) // 8))


def base64url(data: bytes) -> str:
    """As tokens have it (RFC 7515, section 2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
