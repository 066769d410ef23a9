"""Checking a journal: every entry against its leaf, the leaves against the tree, the tree against the seals.

An entry that was altered, removed, inserted or moved is named. Somebody who rewrites the tree along with the
entries can't sign its head anew, so the first seal that fails names the entries among which the change is. What is
under no seal yet must carry the mark of Milepost, and have what it names as written before it (see `chaining`).
"""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import Any

from django.db import transaction

from milepost.journal import chaining, checkpoints, folding, index, keys, log_keys, second_memory, tiles, timestamping
from milepost.journal.chaining import Row
from milepost.journal.erasing import Erased
from milepost.journal.facts import ERASED, MISSED
from milepost.journal.leaves import leaf_hash
from milepost.journal.merkle import Frontier
from milepost.journal.models import Entry, LogKey, Seal, Tree, Unfolded
from milepost.journal.organisations import identity_of
from milepost.journal.recording import DEMONSTRATION, time_text, whose_of
from milepost.journal.recount import Recount
from milepost.journal.sealing import CLOCK, INDEX, head, is_earlier_demonstration
from milepost.journal.second_memory import Remembered
from milepost.journal.vocabulary import also_of, fact_type_of, holder_of

CHUNK = 20  # tiles
MARK = 12  # bytes of a leaf by which one is known


@dataclass(frozen=True)
class Finding:
    """Something that does not hold: the entry, and why, in plain words."""

    entry_id: int  # 0 where it is about no entry
    reason: str

    def __str__(self) -> str:
        return f"Entry {self.entry_id} does not hold: {self.reason}" if self.entry_id else self.reason


@dataclass(frozen=True)
class Verification:
    """How many entries were checked, how many of them are sealed, under how many seals, and the first fault if any."""

    checked: int
    sealed: int
    seals: int
    finding: Finding | None
    missed: tuple[str, ...] = ()  # of which entries facts tell that they were gone before their seals, by number
    late: tuple[int, ...] = ()  # which seals were stamped more than a day after they say that they were made


class _Fault(Exception):
    def __init__(self, entry_id: int, reason: str) -> None:
        self.finding = Finding(entry_id, reason)


def verify(
    organisation_id: int,
    *,
    progress: Callable[[int], object] | None = None,
    memory: Path | None = None,
    against: Iterable[Remembered] = (),
) -> Verification:
    """Recompute the organisation's whole journal and say what does not hold, the first in the order of the tree.

    `progress` is called with the number of entries checked since it was last called. Reads only, in chunks. `memory` is a
    folder with what is remembered of seals, instead of this machine's (see `second_memory`); `against` is what others remember.
    """
    remembered = chain(second_memory.all_of(organisation_id, memory), against)
    checking = _Checking(organisation_id, progress or (lambda _count: None), remembered)
    try:
        checking.tree()
        checking.size()
        checking.index()
        checking.waiting()
        checking.named()
        checking.erasures()
    except _Fault as fault:
        return Verification(checking.checked, checking.sealed, checking.seals, fault.finding)
    told = Entry.objects.filter(organisation_id=organisation_id, fact=MISSED.name).exclude(statement="").order_by("id")
    missed = tuple(entry.content["object"]["name"] for entry in told)
    late = tuple(checking.late)
    return Verification(checking.checked, checking.sealed, checking.seals, None, missed, late)


class _Checking:
    def __init__(
        self, organisation_id: int, progress: Callable[[int], object], remembered: Iterable[Remembered]
    ) -> None:
        self.told = remembered
        self.organisation_id = organisation_id
        organisation = identity_of(organisation_id)
        self.whose = whose_of(organisation)  # what each fact and each seal says of it
        self.may_lack_mark = organisation.is_demonstration and is_earlier_demonstration(organisation)
        self.progress = progress
        self.checked = 0
        self.seals = 0
        self.frontier = Frontier()
        self.sealed = 0  # how many leaves the last seal that held covers
        self.placed: set[int] = set()  # what stands in the tree
        self._marks: set[bytes] = set()  # beginnings of leaves: each has a salt of its own, so that no two are the same
        self._wordless: dict[int, tuple[bytes, int | None]] = {}  # with their leaves and places
        self._erased = Erased()
        self._keys: set[int] = set()  # those that were found to be the organisation's own
        self._log_keys: dict[tuple[int, int], LogKey] = {}  # likewise, each with the signing key that signed it
        self._sealed_at: datetime | None = None  # by the last seal that held
        self._index = Recount()
        self._has_index = False  # whether a seal that held had one
        self._since_seal = 0  # the first entry after the last seal that held
        self._unsealed: list[Row] = []
        self.late: list[int] = []  # the numbers of seals that were stamped long after they were made

    def tree(self) -> None:
        """Every entry in the order of the tree, and every seal as soon as the tree reaches its size."""
        rows = Seal.objects.filter(organisation_id=self.organisation_id).select_related(
            "key", "timestamp", "checkpoint"
        )
        waiting = [*rows.order_by("number")]
        covered = waiting[-1].size if waiting else 0
        seals = iter(waiting)
        seal, number = next(seals, None), 0
        remembered = self._remembered()
        later = {size: one.where for size, one in remembered.items() if size > covered}
        forgotten = {size: where for size, where in later.items() if size not in self._sizes()} if later else {}
        for part in _parts(tiles.leaves_of(self.organisation_id)):
            entries = self._entries([entry_id for entry_id, _leaf in part])
            for entry_id, leaf in part:
                row = self._check_leaf(entry_id, leaf, entries.get(entry_id), is_sealed=self.frontier.size < covered)
                self.frontier.append(leaf)
                self._index.add(index.Indexed(entry_id, leaf, row.about, row.actor_id, row.holder, row.also))
                self._since_seal = self._since_seal or entry_id
                size = self.frontier.size
                if seal is not None and seal.size == size:
                    number += 1
                    self._check_seal(seal, number, entry_id)
                    seal = next(seals, None)
                told = remembered.pop(size, None)
                if told and told.root != self.frontier.root:
                    raise _Fault(self._since_seal or entry_id, self._between(entry_id, f"the seal in {told.where}"))
            self.progress(len(part))
        if seal is not None or remembered:
            size = seal.size if seal else min(remembered)
            raise _Fault(
                max(self.placed, default=0),
                f"after it, entries are missing: a seal over {size} entries exists, and the tree ends at {self.frontier.size}",
            )
        if forgotten:
            raise _Fault(self._since_seal, f"the seal over it was removed: {forgotten[min(forgotten)]} remembers it")

    def _remembered(self) -> dict[int, Remembered]:
        """What is remembered of a seal of each size; one size has one root."""
        remembered: dict[int, Remembered] = {}
        for one in self.told:
            if not one.root:
                raise _Fault(0, f"{one.where}: what is remembered of a seal can’t be read there")
            before = remembered.setdefault(one.size, one)
            if before.root != one.root:
                places = f"{before.where}; {one.where}"
                raise _Fault(
                    0, f"two seals over {one.size} entries say different things: there were two journals ({places})"
                )
        return remembered

    def _sizes(self) -> set[int]:
        """The sizes of all seals that there are now."""
        return set(Seal.objects.filter(organisation_id=self.organisation_id).values_list("size", flat=True))

    def size(self) -> None:
        """The tree is as large as it is said to be; more may have been folded into it meanwhile."""
        tree = Tree.objects.filter(organisation_id=self.organisation_id).first()
        size = tree.size if tree else 0
        if not self.frontier.size <= size <= tiles.size_of(self.organisation_id):
            difference = f"after it, the tree is said to have {size} leaves, and it has {self.frontier.size}"
            raise _Fault(max(self.placed, default=0), difference)
        if first := tiles.misfiled(self.organisation_id):
            raise _Fault(first, "its tile says of other entries that they are in it: it would not be found")

    def index(self) -> None:
        """The index that is kept is that of the entries, down to each page; until it has caught up, there is nothing to check."""
        with transaction.atomic():
            trees = Tree.objects.select_for_update(no_key=True)  # so that nobody adds to the index while it is read
            tree = trees.filter(organisation_id=self.organisation_id).first()
            if tree is None or tree.indexed < tree.size:
                return
            while new := tiles.entries_from(self.organisation_id, self._index.size, limit=folding.BATCH):
                rows = index.entries_in(new)
                for number in new:
                    self._index.add(rows[number])
            if trouble := index.trouble_in(index.StoredPages(self.organisation_id), self._index.root()):
                raise _Fault(
                    0,
                    f"The index of the journal is not that of its facts: {trouble}. `milepost journal index` makes it anew",
                )

    def _entries(self, numbers: list[int]) -> dict[int, Row]:
        rows = Entry.objects.filter(organisation_id=self.organisation_id, pk__in=numbers).order_by()
        return {row.id: row for row in map(Row._make, rows.values_list(*Row._fields))}

    def _check_leaf(self, entry_id: int, leaf: bytes, row: Row | None, *, is_sealed: bool) -> Row:
        """The entry of the leaf, if it is as it was."""
        if entry_id in self.placed:
            raise _Fault(entry_id, "it stands in the tree twice")
        if row is None:
            raise _Fault(entry_id, "it was removed")
        from_words, reason = self._leaf_of(row, self.frontier.size)
        if from_words != leaf:
            if moved := _place_of_leaf(self.organisation_id, from_words):
                raise _Fault(entry_id, f"it was sealed as entry {moved}: entries were reordered")
            when = "after its seal" if is_sealed else "before its seal"
            raise _Fault(entry_id, f"it was altered {when}: {reason or 'its words are not those in the tree'}")
        if reason:
            raise _Fault(entry_id, f"it was altered: {reason}")
        if not is_sealed:
            self._is_ours(row)
        self._is_no_copy(row)
        self.placed.add(entry_id)
        self.checked += 1
        return row

    def _check_seal(self, seal: Seal, number: int, last: int) -> None:
        root, time = self.frontier.root, time_text(seal.time)
        signature = bytes(seal.signature)
        if seal.number != number:
            raise _Fault(self._since_seal, f"seal {number} was removed")
        if seal.key_id not in self._keys and not keys.is_ours(seal.key):
            raise _Fault(self._since_seal, f"seal {number} over it was made with a key that is not this organisation's")
        self._keys.add(seal.key_id)
        if not keys.is_signed(seal.key, seal.statement.encode(), signature):
            raise _Fault(self._since_seal, f"seal {number} over it has no valid signature: the seal was replaced")
        said = json.loads(seal.statement)
        if CLOCK in said and not said[CLOCK] < time:
            raise _Fault(
                self._since_seal, f"seal {number} over it tells of a clock that went backwards, and it did not"
            )
        due = head(self._whose(said), size=seal.size, root=root, index=None, time=time, key=seal.key.fingerprint)
        if {key: value for key, value in said.items() if key not in (CLOCK, INDEX)} != due or bytes(seal.root) != root:
            raise _Fault(self._since_seal, self._between(last, f"seal {number}"))
        if trouble := self._trouble_of_index(said):
            raise _Fault(
                self._since_seal, f"seal {number} over it {trouble}: facts could be left out, and nobody miss them"
            )
        if stamp := getattr(seal, "timestamp", None):
            if trouble := timestamping.trouble_of(stamp, seal):
                raise _Fault(self._since_seal, f"the time stamp of seal {number} over it {trouble}")
            if stamp.time - seal.time > timestamping.LATE:
                self.late.append(number)
        if trouble := self._trouble_of_checkpoint(seal):
            raise _Fault(self._since_seal, f"seal {number} over it has {trouble}")
        if self._sealed_at and seal.time <= self._sealed_at:
            raise _Fault(self._since_seal, f"seal {number} over it is dated before the one before it")
        self._sealed_at = seal.time
        self.seals += 1
        self.sealed = seal.size
        self._since_seal = 0

    def _trouble_of_checkpoint(self, seal: Seal) -> str:
        """What does not hold about it, in words. Seals of before have none; from the first that has one on, all have."""
        if not hasattr(seal, "checkpoint"):
            return "no checkpoint, which those before it have: it was removed" if self._log_keys else ""
        pair = seal.checkpoint.key_id, seal.key_id
        if pair not in self._log_keys:
            key = LogKey.objects.get(pk=pair[0])
            if key.organisation_id != self.organisation_id or not log_keys.endorsement_by(key, seal.key):
                return "a checkpoint by a key that its own did not sign"
            self._log_keys[pair] = key
        seal.checkpoint.key = self._log_keys[pair]
        return "" if checkpoints.is_signed(seal.checkpoint) else "a checkpoint whose signature does not hold"

    def _trouble_of_index(self, said: dict[str, Any]) -> str:
        """What is wrong with the index that a seal signs. Those of before have none; from the first that has one on, all have."""
        if INDEX not in said:
            return "signs no index, which those before it do" if self._has_index else ""
        self._has_index = True
        return (
            "" if said[INDEX] == self._index.root().hex() else "signs another index than that of the facts up to there"
        )

    def _between(self, last: int, seal: str) -> str:
        return f"between it and entry {last} something was altered together with the tree: {seal} does not hold"

    def _leaf_of(self, row: Row, place: int | None) -> tuple[bytes, str | None]:
        if not row.statement and not bytes(row.salt):  # no words, no salt: the leaf speaks for them
            self._wordless[row.id] = bytes(row.leaf), place
            return bytes(row.leaf), None
        from_words, reason = _leaf_of(row, self._whose)
        if row.verb == ERASED.verb and reason is None:
            self._erased.add(json.loads(row.statement)["result"])
        return from_words, reason

    def _whose(self, said: dict[str, Any]) -> dict[str, Any]:
        """What a fact or a head must say of the organisation: that it is for demonstration, too, if it is, and else nothing of that."""
        if self.may_lack_mark and DEMONSTRATION not in said:
            return {name: value for name, value in self.whose.items() if name != DEMONSTRATION}
        return self.whose

    def erasures(self) -> None:
        """Words may be missing only where an erasure says that they are."""
        if self._erased.left_out(self._wordless):
            self._hear_later_erasures()
        if vanished := self._erased.left_out(self._wordless):
            raise _Fault(min(vanished), "its words were removed, and no erasure in the journal names it")

    def _hear_later_erasures(self) -> None:
        """What was erased while this looked through the journal is named by facts that came behind it."""
        said = Entry.objects.filter(organisation_id=self.organisation_id, fact=ERASED.name).order_by("id")
        for row in map(Row._make, said.values_list(*Row._fields).iterator()):
            if row.id not in self.placed and not chaining.trouble_of(row):
                self._leaf_of(row, None)  # which takes it in

    def waiting(self) -> None:
        """What is not in the tree must be in the queue, and the other way round."""
        queued = set(Unfolded.objects.filter(organisation_id=self.organisation_id).values_list("entry_id", flat=True))
        ours = Entry.objects.filter(organisation_id=self.organisation_id).order_by("id")
        for row in map(Row._make, ours.filter(pk__in=sorted(queued)).values_list(*Row._fields).iterator()):
            leaf, reason = self._leaf_of(row, None)
            if reason or leaf != bytes(row.leaf):
                raise _Fault(row.id, f"it was altered before its seal: {reason or 'its words do not match its hash'}")
            self._is_ours(row)
            self._is_no_copy(row)
            queued.discard(row.id)
            self.checked += 1
            self.progress(1)
        if queued:
            raise _Fault(min(queued), "it was removed before its seal")
        if ours.count() > self.checked:
            # Asked again after the count: an entry that came meanwhile is in the queue, like all that wait.
            new = set(Unfolded.objects.filter(organisation_id=self.organisation_id).values_list("entry_id", flat=True))
            known = self.placed | new
            for entry_id in ours.values_list("id", flat=True).iterator():
                if entry_id not in known and not tiles.place_of(self.organisation_id, entry_id):
                    raise _Fault(entry_id, "it was inserted past the journal: no seal covers it, and none was to")

    def _is_ours(self, row: Row) -> None:
        """What no seal covers must have been written by Milepost."""
        if trouble := chaining.trouble_of(row):
            if self._was_erased_meanwhile(row):
                return
            raise _Fault(row.id, f"before its seal {trouble}")
        self._unsealed.append(row._replace(statement="", salt=b""))  # there may be many: without their words

    def _is_no_copy(self, row: Row) -> None:
        """A fact that somebody doubled has its words, its salt and its mark: nothing but the other one says so."""
        mark = bytes(row.leaf)[:MARK]
        if mark in self._marks:
            raise _Fault(row.id, "it is a copy of another: somebody wrote it a second time")
        self._marks.add(mark)

    def _was_erased_meanwhile(self, row: Row) -> bool:
        """Whether it was sealed and then erased while this looked through the journal: then its columns went with its words."""
        place = None if row.fact or row.statement else tiles.place_of(self.organisation_id, row.id)
        return place is not None and max(self._sizes(), default=0) > place.index

    def named(self) -> None:
        """What an entry that no seal covers names as written before it must be there, in whatever journal."""
        for gone in chaining.missing(self._unsealed):
            if not self._is_told(gone):
                raise _Fault(
                    gone.number,
                    f"it was removed before its seal, or the database lost it: entry {gone.named_by.id}, which the same process"
                    " wrote next, names it",
                )

    def _is_told(self, gone: chaining.Missing) -> bool:
        """Whether a fact says so already: who verifies reads it beside what holds."""
        told = Entry.objects.filter(organisation_id=self.organisation_id, fact=MISSED.name)
        return told.filter(object_id=bytes(gone.named_by.after).hex()).exists()


def _parts(leaves: Iterable[list[tuple[int, bytes]]]) -> Iterator[list[tuple[int, bytes]]]:
    """Tiles joined so that their entries are read with one query."""
    part: list[list[tuple[int, bytes]]] = []
    for tile in leaves:
        part.append(tile)
        if len(part) == CHUNK:
            yield list(chain.from_iterable(part))
            part = []
    if part:
        yield list(chain.from_iterable(part))


def _place_of_leaf(organisation_id: int, leaf: bytes) -> int | None:
    """Which entry the tree says this leaf is of."""
    for tile in tiles.leaves_of(organisation_id):
        for entry_id, known in tile:
            if known == leaf:
                return entry_id
    return None


_WRONG = {
    "demonstration": "it was recorded for a demonstration and the organisation is not one, or the other way round: it was turned into it",
}


def _leaf_of(row: Row, due: Callable[[dict[str, Any]], dict[str, Any]]) -> tuple[bytes, str | None]:
    """The leaf that the entry's words give, and which of its columns says something else than they do."""
    from_words = leaf_hash(salt=bytes(row.salt), statement=row.statement.encode())
    try:
        statement = json.loads(row.statement)
        whose = due(statement)
        repeated = (
            ("hash", bytes(row.leaf), from_words),
            ("actor", row.actor_id, statement["actor"]["id"]),
            ("verb", row.verb, statement["verb"]),
            ("object", row.object_id, statement["object"]["id"]),
            ("time", time_text(row.time), statement["time"]),
            ("organisation", whose["organisation"], statement["organisation"]),
            ("demonstration", whose.get(DEMONSTRATION), statement.get(DEMONSTRATION)),
            ("holder", row.holder, holder_of(statement["actor"]["id"], statement.get("context", {}))),
            ("action", row.also, also_of(row.about, statement.get("context", {}))),
        )
        wrong = next((name for name, column, words in repeated if column != words), None) or _wrong_type(row, statement)
    except (ValueError, KeyError, TypeError):
        return from_words, "its words are not a statement"
    return from_words, _WRONG.get(wrong, f"its {wrong} says something else than its words") if wrong else None


def _wrong_type(row: Row, statement: dict[str, Any]) -> str | None:
    """Which of what the entry is found by is not as its words say: its type, or what it belongs to. None if both are."""
    fact_type = fact_type_of(row.fact)
    if fact_type is None:  # of a room that is not installed any more
        return None
    if fact_type.verb != row.verb or fact_type.object_type not in ("", statement["object"]["type"]):
        return "fact type"
    about = fact_type.about_of(statement["object"]["id"], statement.get("context", {}))
    return "subject" if row.about != about else None
