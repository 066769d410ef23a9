"""Giving each new entry its place in its organisation's tree, which is the order in which facts are told, and in the index.

Folding needs no key and is cheap, so it is done as soon as something waits; a seal is put over the tree a few times
a minute (see `sealing`). Appending never waits for either. Whoever folds or seals holds a lock on the organisation's
tree, so that two workers make one; a worker that is killed leaves nothing behind, and the next one does its work.

The index follows the tree in the same transaction. That of a journal from before there was one catches up in batches.
"""

import logging

from django.db import transaction
from django.db.models import F

from milepost.journal import index, tiles
from milepost.journal.models import IndexPage, Tree, Unfolded

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
        entries = index.entries_in(numbers)
        leaves = [(number, entries[number].leaf) for number in sorted(entries)]
        if not leaves:  # none waits, or somebody removed them: those stay in the queue, for `verify` to tell
            return 0
        tiles.append(organisation_id, leaves, size=tree.size)
        if tree.indexed == tree.size:
            index.add(index.StoredPages(organisation_id), index.told_by(entries[number] for number, _leaf in leaves))
            tree.indexed += len(leaves)
        tree.size += len(leaves)
        tree.save(update_fields=["size", "indexed"])
        Unfolded.objects.filter(pk__in=[number for number, _leaf in leaves]).delete()
    return len(leaves)


def without_index() -> list[int]:
    """The organisations whose index has not caught up with the tree: their journal is older than it."""
    return list(Tree.objects.filter(indexed__lt=F("size")).order_by("pk").values_list("pk", flat=True))


def catch_up(organisation_id: int, *, batches: int | None = None) -> bool:
    """Put what is in the tree into its index, at most so many batches; return whether all of it is there.

    Each batch is a transaction. Raises `BrokenTree` where an entry was removed: there is nothing to make an index of.
    """
    while batches is None or batches > 0:
        with transaction.atomic():
            tree = lock(organisation_id)
            if tree is None or tree.indexed == tree.size:
                return True
            numbers = tiles.entries_from(organisation_id, tree.indexed, limit=BATCH)
            entries = index.entries_in(numbers)
            if not numbers or len(entries) < len(numbers):
                raise tiles.BrokenTree
            index.add(index.StoredPages(organisation_id), index.told_by(entries[number] for number in numbers))
            tree.indexed += len(numbers)
            tree.save(update_fields=["indexed"])
        batches = batches and batches - 1
    return False


def index_anew(organisation_id: int) -> int:
    """Make the index anew from the entries, all or nothing, where its pages were damaged; return how many entries are in it."""
    with transaction.atomic():
        tree = lock(organisation_id)
        IndexPage.objects.filter(organisation_id=organisation_id).delete()
        Tree.objects.filter(pk=organisation_id).update(indexed=0)
        catch_up(organisation_id)
    return tree.size if tree else 0


def lock(organisation_id: int, *, wait: bool = True) -> Tree | None:
    """The organisation's tree, locked until the transaction ends; None while another worker holds it, unless you `wait`."""
    Tree.objects.get_or_create(organisation_id=organisation_id)
    return Tree.objects.select_for_update(skip_locked=not wait).filter(organisation_id=organisation_id).first()
