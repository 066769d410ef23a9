"""The same achievement as an Open Badge 3.0: a W3C Verifiable Credential, signed as a JSON Web Token.

Open Badges 3.0 (1EdTech), sections 8.2 (JSON Web Token proof, RS256) and 5.3 (baking into an SVG); the data model is
that of Verifiable Credentials 2.0 (W3C). Issuer and key are published at addresses of this server, so that any wallet
or validator finds them from the badge alone.
"""

import base64
import json
import re
from typing import Any
from xml.sax.saxutils import escape

from cryptography.hazmat.primitives import serialization
from django.conf import settings

from milepost.credentials.models import Certificate
from milepost.journal import keys
from milepost.journal.models import SigningKey
from milepost.journal.recording import time_text
from milepost.people.models import Organisation

CONTEXT = ["https://www.w3.org/ns/credentials/v2", "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"]
ALGORITHM = "RS256"


def issuer_url(organisation: Organisation) -> str:
    """Where the issuer’s profile is published."""
    return f"{settings.BASE_URL}/issuers/{organisation.uid}/"


def key_url(organisation: Organisation, key: SigningKey) -> str:
    """Where the public key is published."""
    return f"{issuer_url(organisation)}keys/{key.fingerprint}/"


def issuer_profile(organisation: Organisation) -> dict[str, Any]:
    """The issuer as Open Badges describes one (Profile, section B.1.22)."""
    return {"id": issuer_url(organisation), "type": ["Profile"], "name": organisation.name, "url": settings.BASE_URL}


def credential(certificate: Certificate) -> dict[str, Any]:
    """The achievement as an AchievementCredential (section B.1.4)."""
    content, organisation = certificate.content, certificate.organisation
    subject: dict[str, Any] = {
        "type": ["AchievementSubject"],
        "identifier": [_identity(certificate)],
        "achievement": achievement(organisation, content),
    }
    if content["score"] is not None:
        subject["result"] = [{"type": ["Result"], "value": f"{content['score']:.0f} %"}]
    badge = {
        "@context": CONTEXT,
        "id": f"{settings.BASE_URL}/verify/{certificate.code}/",
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "name": content["title"],
        "issuer": issuer_profile(organisation),
        "validFrom": time_text(certificate.issued_at),
        "credentialSubject": subject,
    }
    if certificate.valid_until:
        badge["validUntil"] = f"{certificate.valid_until.isoformat()}T23:59:59Z"
    return badge


def achievement(organisation: Organisation, content: dict[str, Any]) -> dict[str, Any]:
    """What is achieved by completing a version of a course (Achievement, section B.1.1)."""
    return {
        "id": f"{issuer_url(organisation)}achievements/{content['course']}/{content['version']}/",
        "type": ["Achievement"],
        "achievementType": "Course",
        "name": content["title"],
        "description": "; ".join(content["objectives"]) or content["title"],
        "criteria": {"narrative": f"Completed every required activity of version {content['version']} of the course."},
        "inLanguage": content["course_language"],
    }


def _identity(certificate: Certificate) -> dict[str, Any]:
    """The holder by name, as the certificate shows it (IdentityObject, section B.1.16)."""
    return {
        "type": "IdentityObject",
        "hashed": False,
        "identityHash": certificate.content["beneficiary"],
        "identityType": "name",
    }


def token(certificate: Certificate) -> str:
    """The credential as a compact JSON Web Signature."""
    key = keys.current_key(certificate.organisation_id)
    payload = credential(certificate)
    issued = int(certificate.issued_at.timestamp())
    claims = payload | {"iss": payload["issuer"]["id"], "jti": payload["id"], "nbf": issued, "sub": payload["id"]}
    # With the certificate in it (RFC 7515, 4.1.6) a badge can be checked offline.
    der = base64.b64encode(key.x509.public_bytes(serialization.Encoding.DER)).decode()
    header = {"kid": key_url(certificate.organisation, key), "typ": "JWT", "x5c": [der]}
    # Written out (RFC 7515, section 7.1), since the key may lie in a token that PyJWT can't reach.
    parts = ({"alg": ALGORITHM, **header}, claims)
    signed = b".".join(_unpadded(json.dumps(part, separators=(",", ":")).encode()) for part in parts)
    return b".".join((signed, _unpadded(keys.sign(key, signed)))).decode()


def _unpadded(data: bytes) -> bytes:
    """Base64url as tokens have it (RFC 7515, section 2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def public_jwk(key: SigningKey, *, kid: str) -> dict[str, str]:
    """The public key as a JSON Web Key (RFC 7517)."""
    numbers = keys.public_key(key).public_numbers()
    modulus, exponent = _base64url(numbers.n), _base64url(numbers.e)
    return {"kty": "RSA", "n": modulus, "e": exponent, "alg": ALGORITHM, "use": "sig", "kid": kid}


def _base64url(number: int) -> str:
    return _unpadded(number.to_bytes((number.bit_length() + 7) // 8)).decode()


_BAKED = re.compile(r'<openbadges:credential[^>]*\bverify="([A-Za-z0-9_.-]+)"')


def baked_svg(certificate: Certificate) -> str:
    """A picture to share, with the signed badge inside it (section 5.3)."""
    content, organisation = certificate.content, certificate.organisation
    lines = _wrapped(content["title"], 18)[:3]
    title = "".join(
        f'<text x="200" y="{205 + 34 * at}" font-size="28" text-anchor="middle">{escape(line)}</text>'
        for at, line in enumerate(lines)
    )
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:openbadges="https://purl.imsglobal.org/ob/v3p0" viewBox="0 0 400 400" '
        f'role="img"><title>{escape(content["title"])}</title>'
        f'<openbadges:credential verify="{token(certificate)}"/>'
        f'<path d="M200 8 366 104v192L200 392 34 296V104Z" fill="{organisation.brand_colour}"/>'
        '<path d="M200 26 350 113v174L200 374 50 287V113Z" fill="#fff"/>'
        f'<path d="M168 108l22 22 44-48" fill="none" stroke="{organisation.brand_colour}" stroke-width="12" '
        'stroke-linecap="round" stroke-linejoin="round"/>'
        f'<g font-family="Georgia, serif" fill="#1c2321">{title}'
        f'<text x="200" y="330" font-size="17" text-anchor="middle">{escape(content["organisation"][:28])}</text></g></svg>'
    )


def _wrapped(text: str, width: int) -> list[str]:
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + len(word) >= width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines


def token_in(content: bytes) -> str | None:
    """The signed badge in a file: a baked SVG, or the token alone; None when there is none."""
    try:
        text = content.decode().strip()
    except UnicodeDecodeError:
        return None
    if baked := _BAKED.search(text):
        return baked[1]
    return text if re.fullmatch(r"[\w-]+\.[\w-]+\.[\w-]+", text) else None
