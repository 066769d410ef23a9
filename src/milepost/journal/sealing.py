"""Folding new entries into the organisation's tree, and signing its head.

Appending never waits for this. Whoever seals holds a lock on the organisation's key, so two workers at once make
one chain; a worker that is killed leaves nothing behind, and the next one does its work.
"""

from collections.abc import Iterator
from typing import Any

from django.db import connection, transaction

from milepost.core import clock
from milepost.core.canonical import canonical_json
from milepost.journal import keys, merkle, tiles, witnesses
from milepost.journal.models import Entry, Seal, SigningKey, Unsealed
from milepost.journal.recording import time_text

BATCH = 10_000  # entries in one transaction: on SQLite, appends wait for it a tenth of a second
TYPE = "milepost-tree-head/1"


def unsealed() -> list[int]:
    """The organisations in which entries wait for their seal."""
    return list(Unsealed.objects.order_by().values_list("organisation_id", flat=True).distinct())


def seal(organisation_id: int) -> Seal | None:
    """Seal whatever waits in the organisation; return its newest seal (None when it never had an entry)."""
    for _before, _seal in _seals(organisation_id):
        pass
    return newest(organisation_id)


def newest(organisation_id: int) -> Seal | None:
    """The organisation's newest seal."""
    return Seal.objects.filter(organisation_id=organisation_id).select_related("key").order_by("number").last()


def _seals(organisation_id: int) -> Iterator[tuple[int, Seal]]:
    """Seal batch after batch; yields the size of the tree before each seal, and the seal."""
    keys.private_key(keys.current_key(organisation_id))  # made and opened before the lock is taken
    while made := _seal_batch(organisation_id):
        witnesses.add(made[1])
        yield made


def _seal_batch(organisation_id: int) -> tuple[int, Seal] | None:
    with transaction.atomic():
        key = _lock(organisation_id)
        if key is None:
            return None
        waiting = Unsealed.objects.filter(organisation_id=organisation_id).order_by("entry_id")
        numbers = list(waiting.values_list("entry_id", flat=True)[:BATCH])
        if not numbers:
            return None
        entries = Entry.objects.filter(pk__in=numbers).order_by("id").values_list("id", "leaf")
        leaves = [(number, bytes(leaf)) for number, leaf in entries]
        if not leaves:  # somebody removed them before their seal: they stay in the queue, for `verify` to tell
            return None
        previous = newest(organisation_id)
        size = previous.size if previous else 0
        tiles.append(organisation_id, leaves, size=size)
        seal = _sign(organisation_id, key, number=previous.number + 1 if previous else 1, size=size + len(leaves))
        Unsealed.objects.filter(pk__in=[number for number, _leaf in leaves]).delete()
    return size, seal


def _lock(organisation_id: int) -> SigningKey | None:
    """The current key, locked until the transaction ends; None while another worker holds it."""
    found = SigningKey.objects.filter(organisation_id=organisation_id, is_current=True)
    if connection.features.has_select_for_update_skip_locked:
        found = found.select_for_update(skip_locked=True)
    return found.first()


def _sign(organisation_id: int, key: SigningKey, *, number: int, size: int) -> Seal:
    now = clock.now()
    root = merkle.root(size, tiles.StoredNodes(organisation_id))
    statement = canonical_json(head(organisation_id, size=size, root=root, time=time_text(now), key=key.fingerprint))
    return Seal.objects.create(
        organisation_id=organisation_id, number=number, size=size, root=root, time=now, key=key,
        statement=statement.decode(), signature=keys.sign(key, statement),
    )  # fmt: skip


def head(organisation_id: int, *, size: int, root: bytes, time: str, key: str) -> dict[str, Any]:
    """What a seal signs, as JSON: the tree head, when it was taken, and by which key."""
    return {
        "type": TYPE,
        "organisation": organisation_id,
        "size": size,
        "root": root.hex(),
        "time": time,
        "key": key,
    }
