"""Personal links: an identifier and 128 bits that only this server can make, in 43 letters. There is nothing to store."""

import base64
import hmac
from hashlib import sha256
from uuid import UUID

from django.conf import settings


def token(use: str, uid: UUID) -> str:
    """What stands in a link for this use; a token for one use opens no other."""
    return base64.urlsafe_b64encode(uid.bytes + _mac(use, uid)).decode().rstrip("=")


def uid_in(text: str, use: str) -> UUID | None:
    """The identifier in a token for this use, or None for one that is not ours."""
    try:
        told = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        return None
    if len(told) != 32:
        return None
    uid = UUID(bytes=told[:16])
    return uid if hmac.compare_digest(told[16:], _mac(use, uid)) else None


def _mac(use: str, uid: UUID) -> bytes:
    return hmac.new(settings.SECRET_KEY.encode(), f"milepost.links:{use}:{uid}".encode(), sha256).digest()[:16]
