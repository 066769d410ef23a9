"""The tree as it is kept: rows of up to 256 hashes, so that a million leaves are four thousand rows.

Level 0 holds leaf hashes with the entries that they stand for; level 1 the heads of full tiles of level 0, and so
on. A node between two tile levels is computed from at most 128 hashes of one tile. The shape is that of tiled
transparency logs (C2SP tlog-tiles): a full tile never changes, so any part of it can be cached for ever.
"""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import batched

from django.db.models import Q
from django.utils.translation import gettext_lazy

from milepost.core.refusals import Refused
from milepost.journal.merkle import node_hash
from milepost.journal.models import Tile

WIDTH = 256
LEVELS = 8  # a tile stands for 2**8 nodes of the level below it
HASH = 32
ENTRY = 8
SPANS = 50  # of entries that are looked up with one query


class BrokenTree(Refused):
    """The stored levels of a tree do not belong together: what would be built on them could never be proved."""

    sentence = gettext_lazy(
        "The stored tree of this journal does not hold, so nothing is added to it or sealed, and nothing is lost. Tell whoever runs this Milepost:"
        " `milepost journal verify` says what was altered or damaged."
    )
    status = 503


def append(organisation_id: int, leaves: Sequence[tuple[int, bytes]], *, size: int) -> None:
    """Add `(entry id, leaf hash)` pairs to a tree of `size` leaves. Call it in a transaction that holds the lock.

    Raises `BrokenTree` if what it would go on with is not what stands below.
    """
    hashes = [leaf for _entry, leaf in leaves]
    entries = array("q", [entry for entry, _leaf in leaves])
    level = 0
    while hashes:
        partial, added = _extend(organisation_id, level, size, hashes, entries if level == 0 else None)
        if partial:
            partial.save(update_fields=["hashes", "entries", "first_entry", "last_entry"])
        Tile.objects.bulk_create(added)
        full = [tile for tile in (partial, *added) if tile and len(tile.hashes) == WIDTH * HASH]
        hashes = [_head(_parts(tile.hashes)) for tile in full]
        level, size = level + 1, size // WIDTH


def _extend(
    organisation_id: int, level: int, size: int, hashes: Sequence[bytes], entries: "array[int] | None"
) -> tuple[Tile | None, list[Tile]]:
    """What these hashes make of one level: its last tile, if they went on with it, and the tiles that they began."""
    index, filled = divmod(size, WIDTH)
    partial = _checked(organisation_id, level, index, filled) if filled else None
    added: list[Tile] = []
    tile, taken = partial, 0
    while taken < len(hashes):
        if tile is None:
            tile = Tile(organisation_id=organisation_id, level=level, index=index)
            added.append(tile)
        part = slice(taken, taken + WIDTH - len(tile.hashes) // HASH)
        tile.hashes = bytes(tile.hashes) + b"".join(hashes[part])
        if entries is not None:
            tile.entries = bytes(tile.entries) + entries[part].tobytes()
            numbers = entries_of(tile)
            tile.first_entry, tile.last_entry = min(numbers), max(numbers)
        tile, index, taken = None, index + 1, part.stop
    return partial, added


def _checked(organisation_id: int, level: int, index: int, filled: int) -> Tile:
    """The last tile of a level, if it has as many hashes as it should and the newest is the head of the tile below it."""
    below = index * WIDTH + filled - 1  # the tile of the level below
    wanted = [(level, index), *([(level - 1, below)] if level else [])]
    found = [
        Tile.objects.filter(organisation_id=organisation_id, level=at, index=number).first() for at, number in wanted
    ]
    tile, *lower = found
    if tile is None or len(tile.hashes) != filled * HASH or (level == 0 and len(tile.entries) != filled * ENTRY):
        raise BrokenTree
    for child in lower:
        if child is None or len(child.hashes) != WIDTH * HASH or _head(_parts(child.hashes)) != _parts(tile.hashes)[-1]:
            raise BrokenTree
    return tile


def entries_of(tile: Tile) -> "array[int]":
    """The entries that the hashes of a level-0 tile stand for, in the order of the tree."""
    return _numbers(tile.entries)


def _numbers(entries: bytes | memoryview) -> "array[int]":
    numbers = array("q")
    numbers.frombytes(bytes(entries))
    return numbers


@dataclass(frozen=True)
class Place:
    """Where an entry is in the tree."""

    index: int
    leaf: bytes


def place_of(organisation_id: int, entry_id: int) -> Place | None:
    """The entry's place in the tree; None while it is not folded into it."""
    tiles = Tile.objects.filter(
        organisation_id=organisation_id, level=0, first_entry__lte=entry_id, last_entry__gte=entry_id
    )
    for tile in tiles:
        numbers = entries_of(tile)
        if entry_id in numbers:
            at = numbers.index(entry_id)
            return Place(tile.index * WIDTH + at, _parts(tile.hashes)[at])
    return None


def entries_from(organisation_id: int, position: int, *, limit: int) -> list[int]:
    """The entries of the leaves from `position` on, in the order of the tree, at most `limit`."""
    between = (position // WIDTH, (position + limit - 1) // WIDTH)
    tiles = Tile.objects.filter(organisation_id=organisation_id, level=0, index__range=between)
    numbers = [number for tile in tiles.order_by("index") for number in entries_of(tile)]
    return numbers[position % WIDTH :][:limit]


def size_of(organisation_id: int) -> int:
    """How many leaves the tiles hold."""
    last = Tile.objects.filter(organisation_id=organisation_id, level=0).order_by("index").last()
    return last.index * WIDTH + len(last.hashes) // HASH if last else 0


def places_of(organisation_id: int, entries: Iterable[int]) -> dict[int, int]:
    """The places of these entries in the tree, counted from 0; what is not sealed is left out.

    Reads the tiles that may hold them and no others.
    """
    places: dict[int, int] = {}
    wanted = set(entries)
    for part in batched(_spans(sorted(wanted)), SPANS, strict=False):
        among = Q()
        for first, last in part:
            among |= Q(first_entry__lte=last, last_entry__gte=first)
        tiles = Tile.objects.filter(among, organisation_id=organisation_id, level=0).values_list("index", "entries")
        for index, numbers in tiles.iterator(chunk_size=64):
            for at, number in enumerate(_numbers(numbers)):
                if number in wanted:
                    places[number] = index * WIDTH + at
    return places


def _spans(numbers: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Rising numbers as spans, with a new one wherever whole tiles lie between two of them."""
    first = last = None
    for number in numbers:
        if first is not None and last is not None and number - last > 2 * WIDTH:
            yield first, last
            first = None
        first, last = (number if first is None else first), number
    if first is not None and last is not None:
        yield first, last


def leaves_of(organisation_id: int) -> Iterator[list[tuple[int, bytes]]]:
    """Every leaf in the order of the tree as `(entry id, leaf hash)`, tile by tile."""
    tiles = Tile.objects.filter(organisation_id=organisation_id, level=0).order_by("index")
    for tile in tiles.iterator(chunk_size=64):
        yield list(zip(entries_of(tile), _parts(tile.hashes), strict=True))


def misfiled(organisation_id: int) -> int | None:
    """The first entry of a tile whose span, by which entries are found, is not that of its entries; None where there is none."""
    tiles = Tile.objects.filter(organisation_id=organisation_id, level=0).order_by("index")
    for content, first, last in tiles.values_list("entries", "first_entry", "last_entry").iterator(chunk_size=64):
        numbers = _numbers(content)
        if (first, last) != (min(numbers), max(numbers)):
            return min(numbers)
    return None


class StoredNodes:
    """The nodes of an organisation's tree, each tile read once."""

    def __init__(self, organisation_id: int) -> None:
        self._organisation_id = organisation_id
        self._tiles: dict[tuple[int, int], list[bytes]] = {}

    def __call__(self, level: int, index: int) -> bytes:
        tile_level, above = divmod(level, LEVELS)
        first = index << above
        hashes = self._tile(tile_level, first // WIDTH)
        start = first % WIDTH
        if len(hashes) < start + (1 << above):
            raise BrokenTree
        return _head(hashes[start : start + (1 << above)])

    def _tile(self, level: int, index: int) -> list[bytes]:
        if (level, index) not in self._tiles:
            tile = Tile.objects.filter(organisation_id=self._organisation_id, level=level, index=index).first()
            if tile is None:
                raise BrokenTree
            self._tiles[level, index] = _parts(tile.hashes)
        return self._tiles[level, index]


def _parts(hashes: bytes | memoryview) -> list[bytes]:
    hashes = bytes(hashes)
    return [hashes[at : at + HASH] for at in range(0, len(hashes), HASH)]


def _head(hashes: list[bytes]) -> bytes:
    """The head of a complete subtree over these hashes (a power of two of them)."""
    while len(hashes) > 1:
        hashes = [node_hash(hashes[at], hashes[at + 1]) for at in range(0, len(hashes), 2)]
    return hashes[0]
