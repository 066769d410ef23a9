"""Badges as signed tokens (Open Badges 3.0, section 8.2), alone or within a picture."""

import base64
import hashlib
import re
from datetime import datetime
from typing import Any

from cryptography import x509

from .report import CLOCKS_DIFFER, Broken, Report, hold_to
from .signatures import is_signed, name_of, unpadded
from .strict_json import read_json

MAX_BADGE = 64 * 1024  # bytes; ours have some 3,000
PICTURE = re.compile(rb"\s*(<\?xml[^>]*>\s*)?<svg\b")
TOKEN = re.compile(rb"(?<![\w-])[\w-]{20,}+\.[\w-]{20,}+\.[\w-]{20,}+")


def check_badge(content: bytes, wanted: frozenset[str]) -> Report:
    """A badge (Open Badges 3.0 as VC-JWT, RS256): the token, or an SVG that carries it. Its key comes with `--key`.

    The picture around it is nobody's word: so the report says what is signed, and of whom.
    """
    found = TOKEN.findall(content)
    if not found:
        raise Broken("There is no badge in this file.")
    if len(found) > 1:
        raise Broken("There is more than one badge in this file: another program may take another one.")
    token = found[0].decode()
    head, body, signature = token.split(".")
    try:
        header, claims = read_json(unpadded(head)), read_json(unpadded(body))
    except ValueError as error:
        raise Broken("The badge was changed: it can’t be read.") from error
    chain = header.get("jwk", header).get("x5c")  # earlier releases had it in the header itself
    if not chain or header.get("alg") != "RS256":
        raise Broken(
            "The badge does not carry its certificate, so it can’t be checked offline. Check it at the issuer’s /verify/ page."
        )
    try:
        der = base64.b64decode(chain[0])
        certificate = x509.load_der_x509_certificate(der)
    except (ValueError, TypeError, KeyError) as error:
        raise Broken("The badge was changed: its certificate can’t be read.") from error
    if not is_signed(certificate, f"{head}.{body}".encode(), unpadded(signature)):
        raise Broken("The badge was changed: its signature does not fit it.")
    mark = hashlib.sha256(der).hexdigest()
    told = told_by(claims)
    _agree(claims)
    be_valid_today(claims)
    report = Report([f"The badge is unchanged since “{name_of(certificate)}” signed it.", told], key=mark)
    if PICTURE.match(content):
        report.notes.append("The picture around the badge is not signed: what it shows is worth what is told here.")
    note_revocation(claims, report)
    hold_to(wanted, report, {mark}, "The badge is signed with")
    return report


def told_by(claims: dict[str, Any]) -> str:
    """What a badge says. Raises `Broken` for a token that is none."""
    try:
        if "OpenBadgeCredential" not in claims["type"]:
            raise Broken("What was signed is no badge.")
        holder = claims["credentialSubject"]["identifier"][0]["identityHash"]
        return (
            f"It says: “{claims['name']}”, of “{holder}”, since {claims['validFrom']}, by “{claims['issuer']['name']}”."
        )
    except (KeyError, IndexError, TypeError) as error:
        raise Broken("What was signed is no badge as Milepost gives them.") from error


def _agree(claims: dict[str, Any]) -> None:
    """The claims of the token say what the badge says (Open Badges 3.0, section 8.2.6.1): programs read one or the other.

    Badges of earlier releases named nobody but the badge itself as `sub`, and had no `exp`.
    """
    until = _seconds(claims, "validUntil")
    said = {
        "iss": claims["issuer"].get("id"),
        "sub": claims["credentialSubject"].get("id", claims.get("id")),
        "jti": claims.get("id"),
        "nbf": _seconds(claims, "validFrom"),
        "exp": until,
    }
    for name, value in said.items():
        if claims.get(name, until if name == "exp" else None) != value:
            raise Broken(f"The badge contradicts itself: its “{name}” is not what it says elsewhere.")


def be_valid_today(badge: dict[str, Any]) -> None:
    """Raise `Broken` for a badge that has expired, or begins only later."""
    now = datetime.now().astimezone().timestamp()
    if (until := _seconds(badge, "validUntil")) is not None and until < now:
        raise Broken(f"The badge has expired: it was valid until {badge['validUntil']}.")
    if (_seconds(badge, "validFrom") or 0) > now + CLOCKS_DIFFER.total_seconds():
        raise Broken(f"The badge is not valid yet: it says from {badge['validFrom']}.")


def _seconds(badge: dict[str, Any], name: str) -> int | None:
    """The instant in a badge as its token counts it (NumericDate; RFC 7519, section 2)."""
    try:
        return int(datetime.fromisoformat(badge[name]).timestamp()) if name in badge else None
    except (ValueError, TypeError) as error:
        raise Broken(f"The badge was changed: its “{name}” is no time.") from error


def note_revocation(badge: dict[str, Any], report: Report) -> None:
    """Say where it stands whether the badge was revoked."""
    where = badge.get("credentialStatus")
    told = (
        f", and the issuer’s list: bit {where['statusListIndex']} of {where['statusListCredential']}" if where else ""
    )
    report.notes.append(f"Whether it was revoked since, only the issuer’s /verify/ page knows{told}.")
