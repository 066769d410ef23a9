"""Personal links: an identifier and 128 bits that only this server can make, in 45 characters. There is nothing to store.

    token = links.token("sign", attendance.uid)              # stands in an address, short enough for a QR code
    links.uid_in(token, "sign")                              # the identifier, or None for what is not ours
    raise links.BrokenLink                                   # a page that says what to do, for whoever has no account

They are Django's signatures, cut to 128 bits: enough against guessing, and a code that a phone reads from the last row.
A link outlives a change of `MILEPOST_SECRET_KEY` for as long as the earlier secret is among the fallbacks.
"""

import base64
from uuid import UUID

from django.core.signing import BadSignature, Signer, b64_encode
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy

from milepost.core.refusals import Refused

SIGNATURE_BYTES = 16


class BrokenLink(Refused):
    """A personal link that leads nowhere: cut off on its way, or to something that is there no more."""

    sentence = gettext_lazy(
        "This link leads nowhere. It may have been cut off: open it once more from the message, all of it, "
        "or ask whoever sent it for a new one."
    )
    status = 404


class _ShortSigner(Signer):
    """Django's signer with the first 128 bits of its signature."""

    def signature(self, value: str | bytes, key: str | bytes | None = None) -> str:
        whole = salted_hmac(self.salt, value, key or self.key, algorithm=self.algorithm).digest()
        return b64_encode(whole[:SIGNATURE_BYTES]).decode()


def token(use: str, uid: UUID) -> str:
    """What stands in a link for this use; a token for one use opens no other."""
    return _signer(use).sign(b64_encode(uid.bytes).decode())


def uid_in(text: str, use: str) -> UUID | None:
    """The identifier in a token for this use, or None for one that is not ours."""
    try:
        return UUID(bytes=base64.urlsafe_b64decode(_signer(use).unsign(text) + "=="))
    except (BadSignature, ValueError):
        return None


def _signer(use: str) -> Signer:
    return _ShortSigner(salt=f"milepost.links:{use}", sep=".")
