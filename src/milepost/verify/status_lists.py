"""Whether a badge was revoked, by the list that its issuer publishes (Bitstring Status List 1.0, W3C), as a signed token."""

import zlib
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from .report import Broken, Report
from .signatures import unpadded
from .tokens import TOKEN, signed_claims

MOST = 16 * 1024**2  # bytes of a list when it is unpacked; ours have 16,384


@dataclass(frozen=True)
class Issuer:
    """What whoever checks a badge has of its issuer: its keys (jwks.json), and its list of an address; None for what they have not."""

    keys: Callable[[], bytes] | None = None
    status_list: Callable[[str], bytes] | None = None


def hold_revocation(badge: dict[str, Any], issuer: Issuer, keys: Collection[str], report: Report) -> None:
    """Raise `Broken` for a badge that the list of its issuer, signed with one of the keys, says is revoked; or say who knows."""
    where = badge.get("credentialStatus")
    if issuer.status_list is None or not where:
        told = (
            f", and its list: bit {where['statusListIndex']} of {where['statusListCredential']} (see --status-list)"
            if where
            else ""
        )
        report.notes.append(f"Whether it was revoked since was not looked at. The issuer’s /verify/ page knows{told}.")
        return
    content = issuer.status_list(where["statusListCredential"]).strip()
    if not TOKEN.fullmatch(content):
        raise Broken("The list of revocations is no signed token, as its address gives it out.")
    listed, mark, _name = signed_claims(content.decode(), "list of revocations")
    if mark not in keys:
        raise Broken(f"The list of revocations is signed with the key {mark}, which is none that you expect.")
    try:
        is_of_badge = (
            listed["id"] == where["statusListCredential"]
            and listed["issuer"] == badge["issuer"]["id"]
            and listed["credentialSubject"]["statusPurpose"] == where["statusPurpose"] == "revocation"
        )
        if not is_of_badge:
            raise Broken("The list of revocations is not the one that the badge names.")
        if datetime.fromisoformat(listed["validUntil"]) < datetime.now(UTC):
            raise Broken(f"The list of revocations was valid until {listed['validUntil']}: take the one of today.")
        is_revoked = _bit(listed["credentialSubject"]["encodedList"], int(where["statusListIndex"]))
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, zlib.error) as error:
        raise Broken(f"The list of revocations can’t be read ({type(error).__name__}).") from error
    if is_revoked:
        raise Broken(f"The badge was revoked: the issuer’s list of {listed['validFrom']} says so.")
    report.holds.append(f"It was not revoked, as the issuer’s list of {listed['validFrom']} says.")


def _bit(encoded: str, index: int) -> bool:
    """A bit of a list as it is published (section 3.3): written in Multibase, compressed; the first is the highest of its byte."""
    if not encoded.startswith("u") or index < 0:
        raise ValueError(encoded[:1])
    bits = zlib.decompressobj(wbits=31).decompress(unpadded(encoded[1:]), MOST)
    return bool(bits[index // 8] & 0x80 >> index % 8)
