"""The keys of proofs that stand in badges themselves: Ed25519 (RFC 8032), which is what their cryptosuite takes.

One serves beside each signing key of an organisation, which endorses it, and is followed by another when that is. It is made
when it is first needed, encrypted where it lies (`core.encryption`), and goes under a new secret with all others.
"""

import base64
import hashlib

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from milepost.credentials.models import BadgeKey
from milepost.journal import keys
from milepost.people.models import Organisation
from milepost.verify.data_integrity import DIGITS, ED25519_KEY


def current_badge_key(organisation: Organisation) -> BadgeKey:
    """The key that serves now; made on first use. Raises `keys.KeyLocked` or `tokens.TokenRefused` where that can't be endorsed."""
    signing_key = keys.current_key(organisation.pk)
    found = BadgeKey.objects.filter(signing_key=signing_key).first()
    if found is None:
        private = Ed25519PrivateKey.generate()
        public = private.public_key().public_bytes_raw()
        made = {
            "organisation": organisation,
            "public": multikey(public),
            "private": base64.b64encode(private.private_bytes_raw()).decode(),
            "endorsement": keys.sign(signing_key, endorsement_of(public)),
        }
        found, _is_new = BadgeKey.objects.get_or_create(signing_key=signing_key, defaults=made)
    return found


def endorsement_of(public: bytes) -> bytes:
    """What a signing key signs to endorse the key of badges with these 32 bytes."""
    return f"milepost-badge-key/1:{hashlib.sha256(public).hexdigest()}".encode()


def sign(key: BadgeKey, data: bytes) -> bytes:
    """The 64 bytes of the signature over `data`. Raises `encryption.Locked`."""
    return Ed25519PrivateKey.from_private_bytes(base64.b64decode(key.private)).sign(data)


def multikey(public: bytes) -> str:
    """The 32 bytes as Data Integrity names a key (Controlled Identifiers 1.0, section 2.2.2)."""
    return base58(ED25519_KEY + public)


def base58(content: bytes) -> str:
    """Written in base-58-btc with its mark (Controlled Identifiers 1.0, section 2.4)."""
    number, text = int.from_bytes(content), ""
    while number:
        number, digit = divmod(number, 58)
        text = DIGITS[digit] + text
    return "z" + "1" * (len(content) - len(content.lstrip(b"\0"))) + text
