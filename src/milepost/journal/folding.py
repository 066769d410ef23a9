"""Giving each new entry its place in its organisation's tree, which is the order in which facts are told, and in the index.

Folding needs no key and is cheap, so it is done as soon as something waits; a seal is put over the tree a few times
a minute (see `sealing`). Appending never waits for either. Whoever folds or seals holds a lock on the organisation's
tree, so that two workers make one; a worker that is killed leaves nothing behind, and the next one does its work.

The index follows the tree in the same transaction. That of a journal from before there was one catches up in batches.
"""

import logging
from functools import lru_cache

from django.db import transaction
from django.db.models import F

from milepost.journal import chaining, index, tiles
from milepost.journal.facts import MISSED
from milepost.journal.models import Entry, IndexPage, Tree, Unfolded
from milepost.journal.organisations import identity_of
from milepost.journal.recording import SYSTEM, Reference, record

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

    `wait` for a worker that is at it, so that afterwards everything that was recorded before is in the tree. An entry that
    Milepost did not write as it lies there stays in the queue, for `verify` to name; of one that is gone, a fact tells.
    """
    count = last = 0
    while part := _fold_batch(organisation_id, past=last, wait=wait):
        last, folded = part
        count += folded
    return count


def _fold_batch(organisation_id: int, *, past: int, wait: bool) -> tuple[int, int] | None:
    """The last entry of those that were looked at, and how many were folded; None when none waits."""
    with transaction.atomic():
        tree = lock(organisation_id, wait=wait)
        if tree is None:
            return None
        queue = Unfolded.objects.filter(organisation_id=organisation_id, entry_id__gt=past).order_by("entry_id")
        numbers = list(queue.values_list("entry_id", flat=True)[:BATCH])
        if not numbers:
            return None
        entries = [row for _number, row in sorted(chaining.rows_in(numbers).items()) if is_ours(row, organisation_id)]
        if entries:
            tiles.append(organisation_id, [(row.id, bytes(row.leaf)) for row in entries], size=tree.size)
            if tree.indexed == tree.size:
                index.add(index.StoredPages(organisation_id), index.told_by(map(_as_indexed, entries)))
                tree.indexed += len(entries)
            tree.size += len(entries)
            tree.save(update_fields=["size", "indexed"])
            Unfolded.objects.filter(pk__in=[row.id for row in entries]).delete()
            tell_of_missing(organisation_id, entries)
    return numbers[-1], len(entries)


def is_ours(row: chaining.Row, organisation_id: int) -> bool:
    """Whether Milepost wrote the entry as it lies there, in this journal."""
    trouble = chaining.trouble_of(row) or ("" if row.organisation_id == organisation_id else "it is of another journal")
    if trouble:
        _log_once(row.id, trouble)
    return not trouble


@lru_cache(maxsize=1_000)
def _log_once(number: int, trouble: str) -> None:
    """Whoever folds meets it again every second."""
    logger.error("Entry %s is not taken into the tree of its journal: %s.", number, trouble)


def _as_indexed(row: chaining.Row) -> index.Indexed:
    return index.Indexed(row.id, bytes(row.leaf), row.about, row.actor_id, row.holder, row.also)


def tell_of_missing(organisation_id: int, rows: list[chaining.Row]) -> None:
    """Record of each entry that some of these name and that is gone that it is, once. Call it in a transaction."""
    for one in chaining.missing(rows):
        tell_of(organisation_id, one.number, bytes(one.named_by.after), named_by=one.named_by)


def tell_of(organisation_id: int, number: int, mark: bytes, *, named_by: chaining.Row | None = None) -> None:
    """Record that this entry is gone, unless a fact says so: one that another names, or that the process looked after which wrote it."""
    told = Entry.objects.filter(organisation_id=organisation_id, fact=MISSED.name, object_id=mark.hex())
    if told.exists():
        return
    by = f"entry {named_by.id}, which the same process wrote next, names it" if named_by else "this process wrote it"
    logger.error("Entry %s is gone: %s.", number, by)
    record(
        MISSED,
        organisation=identity_of(organisation_id),
        actor=SYSTEM,
        object=Reference("entry", mark.hex(), str(number)),
        result={"named_by": bytes(named_by.leaf).hex()} if named_by else {},
    )


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
    return (
        Tree.objects.select_for_update(skip_locked=not wait, no_key=True)
        .filter(organisation_id=organisation_id)
        .first()
    )
