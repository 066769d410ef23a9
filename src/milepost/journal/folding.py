"""Giving each new entry its place in its organisation's tree, which is the order in which facts are told.

Folding needs no key and is cheap, so it is done as soon as something waits; a seal is put over the tree a few times
a minute (see `sealing`). Appending never waits for either. Whoever folds or seals holds a lock on the organisation's
tree, so that two workers make one; a worker that is killed leaves nothing behind, and the next one does its work.
"""

import logging

from django.db import transaction

from milepost.journal import tiles
from milepost.journal.models import Entry, Tree, Unfolded

BATCH = 10_000  # entries in one transaction: on SQLite, appends wait for it a tenth of a second

logger = logging.getLogger(__name__)


def fold_all() -> int:
    """Fold whatever waits into the trees of all organisations; return how many entries. What another worker folds is left.

    A tree that can't be added to is logged, and holds up no other.
    """
    count = 0
    for organisation_id in waiting():
        try:
            count += fold(organisation_id, wait=False)
        except Exception:
            logger.exception("The tree of organisation %s can't be added to.", organisation_id)
    return count


def waiting() -> list[int]:
    """The organisations in which an entry waits for its place."""
    return list(Unfolded.objects.order_by().values_list("organisation_id", flat=True).distinct())


def fold(organisation_id: int, *, wait: bool = True) -> int:
    """Fold whatever waits in the organisation; return how many entries.

    `wait` for a worker that is at it, so that afterwards everything that was recorded before is in the tree.
    """
    count = 0
    while folded := _fold_batch(organisation_id, wait=wait):
        count += folded
    return count


def _fold_batch(organisation_id: int, *, wait: bool) -> int:
    with transaction.atomic():
        tree = lock(organisation_id, wait=wait)
        if tree is None:
            return 0
        queue = Unfolded.objects.filter(organisation_id=organisation_id).order_by("entry_id")
        numbers = list(queue.values_list("entry_id", flat=True)[:BATCH])
        entries = Entry.objects.filter(pk__in=numbers).order_by("id").values_list("id", "leaf")
        leaves = [(number, bytes(leaf)) for number, leaf in entries]
        if not leaves:  # none waits, or somebody removed them: those stay in the queue, for `verify` to tell
            return 0
        tiles.append(organisation_id, leaves, size=tree.size)
        tree.size += len(leaves)
        tree.save(update_fields=["size"])
        Unfolded.objects.filter(pk__in=[number for number, _leaf in leaves]).delete()
    return len(leaves)


def lock(organisation_id: int, *, wait: bool = True) -> Tree | None:
    """The organisation's tree, locked until the transaction ends; None while another worker holds it, unless you `wait`."""
    Tree.objects.get_or_create(organisation_id=organisation_id)
    return Tree.objects.select_for_update(skip_locked=not wait).filter(organisation_id=organisation_id).first()
