"""The head of an organisation's tree in the form in which logs, witnesses and monitors exchange it (C2SP tlog-checkpoint).

Each seal has one from the moment it is made, signed in its transaction; of it only the signature is kept, as the rest
follows from the seal. Seals of before have none: the newest head covers them, and one that was signed years later would say
nothing more. What others hold of it (cosignatures, published heads) is the room `anchors`.
"""

from datetime import UTC
from typing import Any

from django.db.models import QuerySet

from milepost.journal import log_keys
from milepost.journal.models import Cosignature, LogKey, Seal, SealCheckpoint
from milepost.journal.notes import Checkpoint, Note, Signature, VerifierKey, in_base64, sign


def add(seal: Seal, key: LogKey) -> SealCheckpoint:
    """Sign the seal's checkpoint. Call it in the transaction that makes the seal."""
    text = str(Checkpoint(key.name, seal.size, bytes(seal.root)))
    signature = sign(log_keys.private_key(key), log_keys.verifier_key(key), text)
    return SealCheckpoint.objects.create(seal=seal, key=key, signature=signature.content)


def note_of(checkpoint: SealCheckpoint) -> Note:
    """The checkpoint as the log signed it."""
    key, seal = log_keys.verifier_key(checkpoint.key), checkpoint.seal
    text = str(Checkpoint(key.name, seal.size, bytes(seal.root)))
    return Note(text, (Signature(key.name, key.id, bytes(checkpoint.signature)),))


def cosigned(checkpoint: SealCheckpoint) -> Note:
    """The same with what witnesses signed of it."""
    note, signatures = note_of(checkpoint), []
    for made in Cosignature.objects.filter(checkpoint=checkpoint).order_by("pk"):
        key = VerifierKey.parse(made.witness)
        signatures.append(Signature(key.name, key.id, bytes(made.content)))
    return Note(note.text, (*note.signatures, *signatures))


def line_of(checkpoint: SealCheckpoint) -> str:
    """The one line that a person can keep of it: whose log, how many entries, the root over them, and the day (in UTC)."""
    note = note_of(checkpoint).text.replace("\n", " ").strip()
    return f"{note} {checkpoint.seal.time.astimezone(UTC):%Y-%m-%d}"


def newest(organisation_id: int) -> SealCheckpoint | None:
    """The organisation's newest checkpoint, with its seal and key."""
    return _with_all().filter(seal__organisation_id=organisation_id).order_by("seal__number").last()


def numbered(organisation_id: int, number: int) -> SealCheckpoint | None:
    """The checkpoint of the organisation's seal of this number."""
    return _with_all().filter(seal__organisation_id=organisation_id, seal__number=number).first()


def of_seal(seal: Seal) -> SealCheckpoint | None:
    """The seal's checkpoint; None for a seal of before."""
    return _with_all().filter(seal=seal).first()


def as_json(seal: Seal) -> dict[str, Any]:
    """The seal's checkpoint as it leaves the house: the note, and the log's key as the seal's key signed it; empty without one."""
    checkpoint = of_seal(seal)
    if checkpoint is None:
        return {}
    key = checkpoint.key
    log = {
        "vkey": str(log_keys.verifier_key(key)),
        "endorsed_by": seal.key.fingerprint,
        "endorsement": in_base64(log_keys.endorsement_by(key, seal.key)),
    }
    return {"checkpoint": str(cosigned(checkpoint)), "log": log}


def is_signed(checkpoint: SealCheckpoint) -> bool:
    """Whether its key made its signature. Whose key that is, `log_keys.endorsement_by` says."""
    note = note_of(checkpoint)
    return log_keys.verifier_key(checkpoint.key).has_signed(note.text, note.signatures[0])


def _with_all() -> QuerySet[SealCheckpoint]:
    return SealCheckpoint.objects.select_related("seal__key", "key")
