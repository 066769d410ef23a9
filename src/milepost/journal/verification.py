"""Checking the journal against its own hashes.

This finds every entry whose words or hash were altered. What hashes alone can't show (an entry removed or
added whole) is what seals are for.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from milepost.journal.leaves import leaf_hash
from milepost.journal.models import Entry
from milepost.journal.recording import time_text

CHUNK = 5_000


@dataclass(frozen=True)
class Finding:
    """An entry that does not hold, and why, in plain words."""

    entry_id: int
    reason: str


@dataclass(frozen=True)
class Verification:
    """How many entries were checked, and the first that does not hold (None when all do)."""

    checked: int
    finding: Finding | None


def verify(organisation_id: int, *, progress: Callable[[int], object] | None = None) -> Verification:
    """Recompute every leaf of the organisation's journal, in order, until one does not hold.

    `progress` is called with the number of entries checked since it was last called.
    """
    checked = 0
    for entries in _chunks(organisation_id):
        for entry in entries:
            if reason := _fault(entry):
                return Verification(checked, Finding(entry.id, reason))
            checked += 1
        if progress:
            progress(len(entries))
    return Verification(checked, None)


def _chunks(organisation_id: int) -> Iterator[list[Entry]]:
    last = 0
    while chunk := list(Entry.objects.filter(organisation_id=organisation_id, id__gt=last).order_by("id")[:CHUNK]):
        yield chunk
        last = chunk[-1].id


def _fault(entry: Entry) -> str | None:
    statement = entry.statement.encode()
    if leaf_hash(salt=bytes(entry.salt), statement=statement) != bytes(entry.leaf):
        return "its words do not match its hash"
    told = json.loads(statement)
    repeated = {
        "actor": entry.actor_id == told["actor"]["id"],
        "verb": entry.verb == told["verb"],
        "object": entry.object_id == told["object"]["id"],
        "time": time_text(entry.time) == told["time"],
        "organisation": entry.organisation_id == told["organisation"],
    }
    wrong = [name for name, holds in repeated.items() if not holds]
    return f"its column for {wrong[0]} says something else than its words" if wrong else None
