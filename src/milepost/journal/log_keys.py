"""The key with which an organisation signs as a transparency log (Ed25519), beside the one of its seals, PDFs and badges.

Witnesses and monitors of such logs read Ed25519 and no RSA (C2SP tlog-tiles). It is made on first use, kept encrypted
under the server's secret, and signed by the organisation's signing key, so that whoever knows the fingerprint of that one
knows this one, too; when the signing key changes, the next one signs it anew. Docs: decision 0047.

Its name is the origin of the log, by which witnesses know it: an address of this installation, which stays a name where
the installation moves to another.
"""

import base64
from functools import lru_cache

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.db import transaction

from milepost.journal import folding, keys
from milepost.journal.models import LogKey, LogKeyEndorsement, SigningKey
from milepost.journal.notes import NOTE, VerifierKey, in_base64, public_of
from milepost.journal.organisations import identity_of


def current_log_key(organisation_id: int) -> LogKey:
    """The key of the organisation's log, signed by the organisation's signing key of now; made on first use.

    Raises `keys.KeyLocked`, `tokens.TokenRefused`.
    """
    signed = LogKeyEndorsement.objects.filter(
        log_key__organisation_id=organisation_id, log_key__is_current=True, by__is_current=True
    )
    made = signed.select_related("log_key").first()
    return made.log_key if made else _endorsed(organisation_id)


def renew(organisation_id: int) -> LogKey:
    """Sign as a log with a new key from now on, under the address of now; witnesses have to be told of it."""
    return _endorsed(organisation_id, is_new=True)


def _current(organisation_id: int) -> LogKey | None:
    return LogKey.objects.filter(organisation_id=organisation_id, is_current=True).first()


def _endorsed(organisation_id: int, *, is_new: bool = False) -> LogKey:
    """The key as the signing key of now signs it. Both change under the lock of the tree, which whoever seals holds, too."""
    keys.private_key(keys.current_key(organisation_id))  # made and opened before the lock is taken
    with transaction.atomic():
        folding.lock(organisation_id)
        if is_new:
            LogKey.objects.filter(organisation_id=organisation_id, is_current=True).update(is_current=False)
        key = _current(organisation_id) or _made(organisation_id)
        signing = SigningKey.objects.get(organisation_id=organisation_id, is_current=True)
        if not LogKeyEndorsement.objects.filter(log_key=key, by=signing).exists():
            signature = keys.sign(signing, endorsement_of(verifier_key(key)))
            LogKeyEndorsement.objects.create(log_key=key, by=signing, signature=signature)
    return key


def _made(organisation_id: int) -> LogKey:
    private = Ed25519PrivateKey.generate()
    kept = in_base64(private.private_bytes_raw())
    return LogKey.objects.create(
        organisation_id=organisation_id, name=origin_of(organisation_id), public=public_of(private), private=kept
    )


def origin_of(organisation_id: int) -> str:
    """What the organisation's log is called: its address, without how it is reached (C2SP tlog-tiles)."""
    return f"{settings.BASE_URL.partition('://')[2]}/log/{identity_of(organisation_id).uid}"


def verifier_key(key: LogKey) -> VerifierKey:
    """The key as others are told it."""
    return VerifierKey(key.name, NOTE, bytes(key.public))


def private_key(key: LogKey) -> Ed25519PrivateKey:
    """The private key."""
    return _opened(key.private)


@lru_cache(maxsize=64)
def _opened(kept: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(base64.b64decode(kept))


def endorsement_of(key: VerifierKey) -> bytes:
    """What a signing key signs to say that the log of this key is its organisation's."""
    return f"milepost-log-key/1:{key}".encode()


def endorsement_by(key: LogKey, signing: SigningKey) -> bytes:
    """That signing key's signature over the log's key; empty where it made none that holds."""
    made = LogKeyEndorsement.objects.filter(log_key=key, by=signing).first()
    if made and keys.is_signed(signing, endorsement_of(verifier_key(key)), bytes(made.signature)):
        return bytes(made.signature)
    return b""
