"""Which stamped seals show how early facts were sealed: what a dossier holds of them (decision 52).

A time stamp of an authority on a seal says that all facts under it were there by then. So of each fact the first stamped seal after
it bounds from above when it was recorded. Each is shown to be a beginning of the journal by a consistency proof (RFC 9162, 2.1.4).
"""

from base64 import b64encode
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from milepost.journal import merkle, tiles
from milepost.journal.models import Seal, Timestamp

MOST = 500  # in one dossier: some 6 kB each, and 2 ms to verify
SHORTEST = timedelta(minutes=1)  # seals are not made more often than that while facts come in


def as_json(places: Iterable[int], head: Seal) -> list[dict[str, Any]]:
    """The stamped seals before `head` that cover these places of its tree (in order), each with its proof, in order."""
    rows = Timestamp.objects.filter(seal__organisation_id=head.organisation_id, seal__size__lt=head.size)
    stamped = list(rows.order_by("seal__size").values_list("seal__size", "time", "seal_id"))
    chosen = [stamped[at][2] for at in choose([row[:2] for row in stamped], places)]
    nodes = tiles.StoredNodes(head.organisation_id)
    found = Seal.objects.filter(pk__in=chosen).select_related("timestamp").order_by("size")
    return [_as_json(seal, head, nodes) for seal in found.iterator(100)]


def choose(stamped: Sequence[tuple[int, datetime]], places: Iterable[int], most: int = MOST) -> list[int]:
    """Which of the stamped sizes (in order) come first after each place; no more than so many.

    Where there would be more, each place has the last of those within some minutes, hours or days instead: the shortest such span.
    """
    sizes = [size for size, _time in stamped]
    firsts = sorted({at for place in places if (at := bisect_right(sizes, place)) < len(sizes)})
    span = SHORTEST
    kept = firsts
    while len(kept) > most:
        kept = list({int(stamped[at][1].timestamp() // span.total_seconds()): at for at in firsts}.values())
        span *= 2
    return sorted(kept)


def _as_json(seal: Seal, head: Seal, nodes: merkle.Nodes) -> dict[str, Any]:
    return {
        "statement": seal.statement,
        "signature": b64encode(bytes(seal.signature)).decode(),
        "timestamp": b64encode(bytes(seal.timestamp.token)).decode(),
        "path": [step.hex() for step in merkle.consistency_proof(seal.size, head.size, nodes)],
    }
