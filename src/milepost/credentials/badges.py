"""The same achievement as an Open Badge 3.0: a W3C Verifiable Credential, as a signed token and as JSON with its proof in it.

Open Badges 3.0 (1EdTech), sections 8 (proofs) and 5.3 (baking into an SVG); the data model is that of Verifiable Credentials
2.0 (W3C). Issuer, keys and revocations are published at addresses of this server (`issuers`, `status_lists`), so that any wallet
or validator finds them from the badge alone. docs/decisions/0046 says why it is as it is.
"""

import re
from typing import Any
from uuid import uuid5
from xml.sax.saxutils import escape

from django.conf import settings

from milepost.credentials import issuers, status_lists
from milepost.credentials.models import Certificate
from milepost.credentials.securing import as_token, second_text, with_proof
from milepost.people.models import Member, Organisation
from milepost.verify.data_integrity import CONTEXTS

DEMONSTRATION = "Demonstration: nobody achieved this. "


def credential(certificate: Certificate) -> dict[str, Any]:
    """The achievement as an AchievementCredential (section B.1.4)."""
    content, organisation = certificate.content, certificate.organisation
    subject: dict[str, Any] = {
        "id": subject_id(certificate.enrolment.member),
        "type": ["AchievementSubject"],
        "identifier": [_identity(certificate)],
        "achievement": achievement(organisation, content),
    }
    if content["score"] is not None:
        subject["result"] = [{"type": ["Result"], "value": f"{content['score']:.0f} %"}]
    badge = {
        "@context": list(CONTEXTS),
        "id": f"{settings.BASE_URL}/verify/{certificate.code}/",
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "name": content["title"],
        "issuer": issuers.profile(organisation, issuers.did_of(organisation)),
        "validFrom": second_text(certificate.issued_at),
        "credentialSubject": subject,
        "credentialStatus": status_lists.entry_of(certificate),
    }
    if certificate.valid_until:
        badge["validUntil"] = f"{certificate.valid_until.isoformat()}T23:59:59Z"
    return badge


def subject_id(member: Member) -> str:
    """Whose badge it is: the same in all badges of a person, and of no use to find out more about them."""
    return uuid5(member.uid, "open badges").urn


def achievement(organisation: Organisation, content: dict[str, Any]) -> dict[str, Any]:
    """What is achieved by completing a version of a course (Achievement, section B.1.1)."""
    return {
        "id": f"{issuers.issuer_url(organisation)}achievements/{content['course']}/{content['version']}/",
        "type": ["Achievement"],
        "achievementType": "ext:Demonstration" if organisation.is_demonstration else "Course",
        "name": content["title"],
        "description": DEMONSTRATION * organisation.is_demonstration
        + ("; ".join(content["objectives"]) or content["title"]),
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
    """The badge as a signed token (VC-JWT)."""
    return as_token(certificate.organisation, credential(certificate))


def document(certificate: Certificate) -> dict[str, Any]:
    """The badge as JSON that carries its proof."""
    return with_proof(certificate.organisation, credential(certificate))


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
