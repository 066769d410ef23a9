"""Proofs that leave the house: that an entry is in the sealed tree, and that one seal only adds to another.

A proof is plain JSON. Whoever has it, and the organisation's certificate, checks it with any RFC 9162
implementation: leaf = SHA-256(0x00 || salt || statement), then the path, then the signature over the seal.
"""

from base64 import b64encode
from typing import Any

from django.utils.translation import gettext_lazy

from milepost.core.refusals import Refused
from milepost.journal import checkpoints, merkle, tiles
from milepost.journal.models import Entry, Seal
from milepost.journal.sealing import newest


class NotSealedYet(Refused):
    """The entry waits for its seal, which takes at most a minute; in the tree it may be already."""

    sentence = gettext_lazy("The journal is sealed within a minute. Ask again then.")
    status = 503
    retry_after = 60


def inclusion_proof(entry: Entry, seal: Seal | None = None) -> dict[str, Any]:
    """The entry, its place in the tree, the path to the root of this seal (else the newest), and that seal. Raises `NotSealedYet`."""
    place = tiles.place_of(entry.organisation_id, entry.pk)
    seal = seal or newest(entry.organisation_id)
    if place is None or seal is None or place.index >= seal.size:
        raise NotSealedYet
    path = merkle.inclusion_proof(place.index, seal.size, tiles.StoredNodes(entry.organisation_id))
    return {
        "type": "milepost-inclusion-proof/1",
        "entry": {"statement": entry.statement, "salt": bytes(entry.salt).hex()},
        "leaf": place.leaf.hex(),
        "index": place.index,
        "path": [step.hex() for step in path],
        "seal": as_json(seal),
        **checkpoints.as_json(seal),
    }


def consistency_proof(first: Seal, second: Seal) -> dict[str, Any]:
    """That the tree under `second` holds the tree under `first` unchanged. Both are of one organisation."""
    path = merkle.consistency_proof(first.size, second.size, tiles.StoredNodes(first.organisation_id))
    return {
        "type": "milepost-consistency-proof/1",
        "first": as_json(first),
        "second": as_json(second),
        "path": [step.hex() for step in path],
    }


def as_json(seal: Seal) -> dict[str, Any]:
    """A seal as it leaves the house: the exact text that was signed, the signature, the certificate, the time stamp."""
    stamp = getattr(seal, "timestamp", None)
    return {
        "statement": seal.statement,
        "signature": b64encode(bytes(seal.signature)).decode(),
        "certificate": seal.key.certificate,
        "timestamp": b64encode(bytes(stamp.token)).decode() if stamp else None,
    }
