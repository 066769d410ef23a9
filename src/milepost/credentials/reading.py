"""What a file that a stranger shows says of itself: the seals in a PDF, the claims of a badge. Nothing is believed of it here."""

import json
import re
from itertools import islice
from typing import Any

from milepost.core.sandbox import Unreadable, confined
from milepost.credentials import badge_keys, badges
from milepost.credentials.models import ALPHABET
from milepost.verify.badges import MAX_BADGE
from milepost.verify.data_integrity import proven_badge
from milepost.verify.pdf_seals import seals_in
from milepost.verify.report import Broken

MAX_CODES = 5
LOADED = ("jwt", "pyld.jsonld", "pyhanko.pdf_utils.reader", "pyhanko.sign.validation")
_SHOWN_CODE = re.compile(rf"[{ALPHABET}]{{4}}(?:-[{ALPHABET}]{{2,4}}){{6}}".encode())


@confined(Unreadable, by_strangers=True, loads=LOADED)
def read(content: bytes) -> dict[str, Any]:
    """What the file is, as `{"kind": …}`, and what it says.

    A `pdf`: its `seals` as `{"key", "reason", "signer", "holds", "is_uncovered", "is_stamp"}` in their order, none where they can't be read, and
    the first `codes` that stand in it. A `badge`: its `token`, the `id` that it claims, and the `kid` of its key. A `proven` badge: the
    `id` that it claims, and the `key` that its proof names and fits, as a Multikey ('' for none). Else `unknown`.
    """
    if content.lstrip()[:5] == b"%PDF-":
        return {"kind": "pdf", "seals": _seals(content), "codes": _codes(content)}
    if content.lstrip()[:1] == b"{" and len(content) <= MAX_BADGE:
        return _proven_badge(content)
    token = badges.token_in(content)
    return _badge(token) if token and len(token) <= MAX_BADGE else {"kind": "unknown"}


def _seals(content: bytes) -> list[dict[str, Any]]:
    try:
        return [
            {
                "key": seal.key,
                "reason": seal.reason,
                "signer": seal.signer,
                "holds": seal.holds,
                "is_uncovered": seal.is_uncovered,
                "is_stamp": bool(seal.dated),
            }
            for seal in seals_in(content)
        ]
    except Broken:
        return []


def _codes(content: bytes) -> list[str]:
    """The first few that differ: a file can be made to show millions."""
    shown = dict.fromkeys(code[0] for code in islice(_SHOWN_CODE.finditer(content), 100 * MAX_CODES))
    return [code.decode("ascii") for code in islice(shown, MAX_CODES)]


def _proven_badge(content: bytes) -> dict[str, Any]:
    try:
        badge, key = proven_badge(content)
    except Broken:
        return {"kind": "proven", "id": _claimed(content), "key": ""}
    return {"kind": "proven", "id": str(badge["id"])[:500], "key": badge_keys.multikey(key)}


def _claimed(content: bytes) -> str:
    try:
        return str(json.loads(content).get("id", ""))[:500]
    except (ValueError, AttributeError, RecursionError):
        return ""


def _badge(token: str) -> dict[str, Any]:
    import jwt

    try:
        claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
        kid = str(jwt.get_unverified_header(token).get("kid", ""))
    except jwt.PyJWTError:
        return {"kind": "unknown"}
    return {"kind": "badge", "token": token, "id": str(claims.get("id", ""))[:500], "kid": kid[:500]}
