"""Cosigning the logs of others (C2SP tlog-witness 1.0): of those that `MILEPOST_WITNESSED_LOGS` names, and of no other.

A cosignature says that this head holds all that was cosigned of the log before. What was seen is looked at and moved under
one lock, and is there for good before the signature leaves: two heads of one size, or a smaller tree after a larger one,
are never cosigned, whoever asks at once and whoever is killed. A restored copy of the database may have forgotten what it
signed: it cosigns under another key (`milepost.backup.restoring`).
"""

import base64
from functools import lru_cache

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.db import transaction

from milepost.anchors.models import WitnessedLog, WitnessKey
from milepost.core import clock
from milepost.core.canonical import fingerprint
from milepost.journal.merkle import EMPTY_ROOT, is_consistent
from milepost.journal.notes import (
    COSIGNATURE,
    MOST,
    Checkpoint,
    NotANote,
    Note,
    Signature,
    VerifierKey,
    cosign,
    hashes_in,
    in_base64,
    number_in,
    public_of,
)

MOST_STEPS = 63  # lines of a proof
SIZE = "text/x.tlog.size"
TEXT = "text/plain; charset=utf-8"


class NotCosigned(Exception):
    """Why not: a status of HTTP with words, or, where it is 409, the size up to which this witness has seen the log."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status


def add_checkpoint(body: bytes) -> str:
    """What is asked is `old` size, proof, an empty line and a checkpoint; return our signature line. Raises `NotCosigned`."""
    old, proof, note, head = _read(body)
    keys = [key for key in logs() if key.name == head.origin]
    if not keys:
        raise NotCosigned(404, "This witness does not cosign this log.")
    by_log = _signatures_of(note, keys)
    if old > head.size:
        raise NotCosigned(400, "The old size is larger than that of the checkpoint.")
    key = witness_key()
    private = private_key(key)
    with transaction.atomic():
        seen = _locked(head.origin)
        if old != seen.size:
            raise NotCosigned(409, str(seen.size))
        _refuse_another_past(seen, head, proof)
        now = int(clock.now().timestamp())
        if now < seen.cosigned_at:
            raise NotCosigned(503, "The clock of this witness has gone back: it signs no time before its last.")
        signature = cosign(private, verifier_key(key), note.text, time=now)
        seen.size, seen.root, seen.cosigned_at = head.size, head.root, now
        seen.note = str(Note(note.text, (*by_log, signature)))
        seen.save()
    return str(signature)


def _read(body: bytes) -> tuple[int, list[bytes], Note, Checkpoint]:
    above, _blank, below = body.partition(b"\n\n")
    try:
        first, *steps = above.decode("ascii").split("\n")
        if not first.startswith("old ") or len(steps) > MOST_STEPS or len(body) > MOST:
            raise NotANote(f"it begins with “old” and a size, with at most {MOST_STEPS} hashes after it")
        note = Note.parse(below)
        return number_in(first.removeprefix("old ")), hashes_in(steps), note, Checkpoint.parse(note.text)
    except (NotANote, UnicodeDecodeError) as error:
        raise NotCosigned(400, f"This is no request to cosign a checkpoint: {error}.") from error


def _signatures_of(note: Note, keys: list[VerifierKey]) -> list[Signature]:
    """Those that the log made, with any of its keys that are trusted here; of these none may be broken."""
    try:
        found = [signature for key in keys if (signature := note.signature_of(key))]
    except NotANote as error:
        raise NotCosigned(403, f"The checkpoint was changed: {error}.") from error
    if not found:
        raise NotCosigned(403, "The checkpoint is not signed by its log.")
    return found


def _locked(origin: str) -> WitnessedLog:
    WitnessedLog.objects.get_or_create(origin=origin, defaults={"root": EMPTY_ROOT})
    return WitnessedLog.objects.select_for_update(no_key=True).get(origin=origin)


def _refuse_another_past(seen: WitnessedLog, head: Checkpoint, proof: list[bytes]) -> None:
    """What was seen must be the beginning of what is shown (RFC 6962, section 2.1.2)."""
    if head.size == 0 or seen.size == 0:
        holds = not proof and (head.size > 0 or head.root == EMPTY_ROOT)
    else:
        holds = is_consistent(seen.size, bytes(seen.root), head.size, head.root, proof)
    if not holds:
        raise NotCosigned(422, "The checkpoint does not hold what this witness has seen of the log.")


def logs() -> list[VerifierKey]:
    """The keys of the logs that are cosigned here; a log that has several is in it several times."""
    return [VerifierKey.parse(key) for key in settings.WITNESSED_LOGS]


def newest(origin_sha256: str) -> str | None:
    """The checkpoint that was cosigned last of the log whose origin has this SHA-256; None without one."""
    for origin in {key.name for key in logs()}:
        if origin_hash(origin) == origin_sha256:
            return WitnessedLog.objects.filter(origin=origin).exclude(note="").values_list("note", flat=True).first()
    return None


def origin_hash(origin: str) -> str:
    """What a log is called in the address from which its monitors read it."""
    return fingerprint(origin.encode())


def witness_key() -> WitnessKey:
    """The key of this installation as a witness; made on first use."""
    if made := WitnessKey.objects.first():
        return made
    private = Ed25519PrivateKey.generate()
    kept = in_base64(private.private_bytes_raw())
    values = {"name": name(), "public": public_of(private), "private": kept}
    return WitnessKey.objects.get_or_create(pk=1, defaults=values)[0]


def name() -> str:
    """What this installation is called as a witness: its address, without how it is reached."""
    return f"{settings.BASE_URL.partition('://')[2]}/witness"


def verifier_key(key: WitnessKey) -> VerifierKey:
    """The key as others are told it."""
    return VerifierKey(key.name, COSIGNATURE, bytes(key.public))


def private_key(key: WitnessKey) -> Ed25519PrivateKey:
    """The private key."""
    return _opened(key.private)


@lru_cache(maxsize=4)
def _opened(kept: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(base64.b64decode(kept))
