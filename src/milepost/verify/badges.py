"""Badges as signed tokens (Open Badges 3.0, section 8.2), alone or within a picture."""

import re
from datetime import UTC, datetime
from typing import Any

from .demonstration import is_badge_of_one
from .report import CLOCKS_DIFFER, Broken, Report, Signing, hold_to
from .status_lists import Issuer, hold_revocation
from .tokens import TOKEN, signed_claims

MAX_BADGE = 64 * 1024  # bytes; ours have some 3,000
PICTURE = re.compile(rb"\s*(<\?xml[^>]*>\s*)?<svg\b")


def check_badge(content: bytes, wanted: frozenset[str], issuer: Issuer) -> Report:
    """A badge (Open Badges 3.0 as VC-JWT, RS256): the token, or an SVG that carries it. Its key comes with `--key`.

    The picture around it is nobody's word: so the report says what is signed, and of whom.
    """
    claims, mark, name = signed_badge(content)
    told = told_by(claims)
    be_valid_today(claims)
    report = Report([f"The badge is unchanged since “{name}” signed it.", told], key=mark)
    if PICTURE.match(content):
        report.notes.append("The picture around the badge is not signed: what it shows is worth what is told here.")
    report.signings.append(Signing("The badge", mark, begins(claims)))
    report.is_demonstration = is_badge_of_one(claims)
    hold_revocation(claims, issuer, wanted | {mark}, report)
    hold_to(wanted, report, {mark}, "The badge is signed with")
    return report


def signed_badge(content: bytes) -> tuple[dict[str, Any], str, str]:
    """What the badge in a file claims, in one way only, and the fingerprint and name of whose key it is. Whether it is valid today was not
    looked at. Raises `Broken`.
    """
    found = TOKEN.findall(content)
    if not found:
        raise Broken("There is no badge in this file.")
    if len(found) > 1:
        raise Broken("There is more than one badge in this file: another program may take another one.")
    claims, mark, name = signed_claims(found[0].decode(), "badge")
    told_by(claims)
    _agree(claims)
    return claims, mark, name


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


def begins(badge: dict[str, Any]) -> datetime:
    """From when on it says that it is valid, which is when it was issued. Raises `Broken`."""
    since = _seconds(badge, "validFrom")
    if since is None:
        raise Broken("The badge does not say from when on it is valid.")
    return datetime.fromtimestamp(since, UTC)
