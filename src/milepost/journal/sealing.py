"""Signing the head of an organisation's tree, so that nobody can change what stands under it.

An entry has its place in the tree within a second or two (see `folding`), and stands under a seal within a minute.
"""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, OuterRef, Subquery
from django.db.models.functions import Coalesce

from milepost.core import clock
from milepost.core.canonical import canonical_json
from milepost.journal import chaining, checkpoints, folding, index, keys, log_keys, merkle, second_memory, tiles
from milepost.journal.models import Entry, LogKey, Seal, SigningKey, Tree
from milepost.journal.organisations import Identity, identity_of
from milepost.journal.recording import DEMONSTRATION, MovedClock, time_text, whose_of

TYPE = "milepost-tree-head/1"
CLOCK = "clock"  # in a head whose time is not the clock's: what the clock said, which was before the seal before
EARLIER = "Aldermoor"  # the demonstration that earlier versions built
INDEX = "index"  # in a head with the root of the index
STEP = timedelta(microseconds=1)  # between two seals of which the clock would have put the second first

logger = logging.getLogger(__name__)


def unsealed() -> list[int]:
    """The organisations in which something was recorded that no seal covers."""
    newest = Seal.objects.filter(organisation_id=OuterRef("organisation_id")).order_by("-number").values("size")[:1]
    trees = Tree.objects.annotate(sealed=Coalesce(Subquery(newest), 0)).filter(size__gt=F("sealed"))
    return sorted({*folding.waiting(), *trees.values_list("organisation_id", flat=True)})


def seal(organisation_id: int) -> Seal | None:
    """Fold and seal whatever waits in the organisation; return its newest seal (None when it never had an entry).

    Everything that was recorded before the call is under that seal.
    """
    keys.private_key(keys.current_key(organisation_id))  # made and opened before the lock is taken
    log_keys.private_key(log_keys.current_log_key(organisation_id))
    folding.fold(organisation_id)
    folding.catch_up(organisation_id, batches=1)  # all of it, unless the journal is large and older than its index
    made = _seal_head(organisation_id, _Edge(organisation_id, newest(organisation_id)).looked_at())
    last = made or newest(organisation_id)
    if last:  # one that was there may not have been remembered: the disk was full
        second_memory.add(last, is_new=made is not None)
    return last


def clock_of(seal: Seal) -> datetime:
    """What the clock said when the seal was made: its time, or less where the clock had gone back."""
    return datetime.fromisoformat(json.loads(seal.statement).get(CLOCK) or time_text(seal.time))


def index_of(seal: Seal) -> bytes | None:
    """The root of the index that the seal signs; None for one from before there was an index."""
    told = json.loads(seal.statement).get(INDEX)
    return bytes.fromhex(told) if told else None


def newest(organisation_id: int) -> Seal | None:
    """The organisation's newest seal."""
    return Seal.objects.filter(organisation_id=organisation_id).select_related("key").order_by("number").last()


@contextmanager
def held(organisation_id: int) -> Iterator[Seal | None]:
    """The newest seal, over the whole tree: in the block nobody adds to tree or index. None if there never was an entry."""
    seal(organisation_id)
    with transaction.atomic():
        folding.lock(organisation_id)
        made = _seal_head(organisation_id)  # something may have been folded since
        yield made or newest(organisation_id)
    if made:
        second_memory.add(made)


def _seal_head(organisation_id: int, edge: "_Edge | None" = None) -> Seal | None:
    """A seal over the whole tree; None when the newest one covers it. What the `edge` has looked at is not looked at again."""
    with transaction.atomic():
        tree = folding.lock(organisation_id)
        previous = newest(organisation_id)
        if tree is None or tree.size == (previous.size if previous else 0):
            return None
        key = SigningKey.objects.get(organisation_id=organisation_id, is_current=True)
        if edge is None or edge.since != previous:
            edge = _Edge(organisation_id, previous)
        root = edge.root(tree.size)
        if merkle.root(tree.size, tiles.StoredNodes(organisation_id)) != root:
            raise tiles.BrokenTree  # the tree is not that of the entries
        of_index = index.root(index.StoredPages(organisation_id)) if tree.indexed == tree.size else None
        made = _sign(organisation_id, key, previous, size=tree.size, root=root, index=of_index)
        checkpoints.add(made, LogKey.objects.get(organisation_id=organisation_id, is_current=True))
        return made


class _Edge:
    """The tree's growing edge since a seal, made of the entries themselves: of those that Milepost wrote, as it wrote them.

    Most of it is looked at before anybody is kept waiting. What is changed behind it leads to another root, which is not signed.
    """

    def __init__(self, organisation_id: int, since: Seal | None) -> None:
        self.organisation_id = organisation_id
        self.since = since
        self._frontier = merkle.Frontier()
        if since:
            self._frontier = merkle.Frontier.at(since.size, tiles.StoredNodes(organisation_id))
            if self._frontier.root != bytes(since.root):
                raise tiles.BrokenTree  # what was sealed is not what stands there now

    def looked_at(self) -> "_Edge":
        """This, after it has looked at whatever is in the tree by now."""
        self.root(Tree.objects.filter(pk=self.organisation_id).values_list("size", flat=True).first() or 0)
        return self

    def root(self, size: int) -> bytes:
        """The root over so many entries. Raises `BrokenTree` for an entry that is not as Milepost wrote it."""
        while (count := size - self._frontier.size) > 0:
            numbers = tiles.entries_from(self.organisation_id, self._frontier.size, limit=min(count, folding.BATCH))
            rows = chaining.rows_in(numbers)
            if not numbers or not all(
                number in rows and folding.is_ours(rows[number], self.organisation_id) for number in numbers
            ):
                raise tiles.BrokenTree
            for number in numbers:
                self._frontier.append(bytes(rows[number].leaf))
            with transaction.atomic():
                folding.tell_of_missing(self.organisation_id, list(rows.values()))
        return self._frontier.root


def _sign(
    organisation_id: int, key: SigningKey, previous: Seal | None, *, size: int, root: bytes, index: bytes | None
) -> Seal:
    organisation = identity_of(organisation_id)
    if not clock.may_be_recorded(of_a_demonstration=organisation.is_demonstration):
        raise MovedClock("Only the journal of an organisation for demonstration is sealed while the clock is moved.")
    _refuse_turned(organisation, previous)
    by_clock, number = clock.now(), previous.number + 1 if previous else 1
    now = by_clock if previous is None else max(by_clock, previous.time + STEP)
    if now != by_clock:
        logger.warning("The clock says %s, which is before the seal of %s: it went backwards.", by_clock, now - STEP)
    said = head(whose_of(organisation), size=size, root=root, index=index, time=time_text(now), key=key.fingerprint)
    statement = canonical_json(said if now == by_clock else said | {CLOCK: time_text(by_clock)})
    return Seal.objects.create(
        organisation_id=organisation_id,
        number=number,
        size=size,
        root=root,
        time=now,
        key=key,
        statement=statement.decode(),
        signature=keys.sign(key, statement),
    )


def _refuse_turned(organisation: Identity, previous: Seal | None) -> None:
    """What an organisation was under the seal before, it is. Only the demonstration of earlier versions was not marked from birth."""
    was = previous is not None and bool(json.loads(previous.statement).get(DEMONSTRATION))
    if previous is None or was == organisation.is_demonstration or (not was and is_earlier_demonstration(organisation)):
        return
    logger.error("Organisation %s is said to be for demonstration now, or not to be any more.", organisation.pk)
    raise tiles.BrokenTree


def is_earlier_demonstration(organisation: Identity) -> bool:
    """Whether its first fact founds the demonstration as earlier versions built it, which marked neither facts nor heads."""
    first = Entry.objects.filter(organisation_id=organisation.pk).order_by("id").first()
    return first is not None and not first.is_erased and first.content["object"]["name"] == EARLIER


def head(whose: dict[str, Any], *, size: int, root: bytes, index: bytes | None, time: str, key: str) -> dict[str, Any]:
    """What a seal signs, as JSON: whose tree (see `whose_of`), its head and that of its index, when it was taken, and by which key.

    Seals have no index where the journal is older than it, until it has caught up.
    """
    return ({INDEX: index.hex()} if index is not None else {}) | {
        "type": TYPE,
        **whose,
        "size": size,
        "root": root.hex(),
        "time": time,
        "key": key,
    }
