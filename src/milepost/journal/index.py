"""The index beside an organisation's tree: how many facts there are about each thing and of each person, and which.

Two tiers of one structure (see `sparse`). The first maps what facts are about (a uid) to the head of a tree of the second,
which maps whose they are (the person's uid) to their count and the running hash over their leaves, in the order of the tree.
Its root stands in each seal. So whoever has facts can prove that these are all that there are.

It is kept in pages: up to 128 records that begin alike, or, where there are more, the heads of the sixteen pages below. What
few people have facts about (a member, a document) keeps their records within the page of the first tier. A fact rewrites a page or two and
the nodes above, and ten thousand facts of a course some hundred pages.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import batched
from typing import Any, NamedTuple, Protocol

from milepost.journal import sparse
from milepost.journal.models import Entry, IndexPage
from milepost.journal.sparse import ABOUT, BRANCHES, EMPTY, KEY, WHOSE, Leaf, Tier, branch, key_of

RECORDS = 128  # in a page: one more, and it is split
WITHIN = 8  # records of one thing that are kept within the page of the first tier
VALUE = 8 + 32
HASH = 32
FEW, LEVELS = 20, 5  # keys that are looked for at once, and how deep: a tree of a million people has no more
PART = 500  # pages that one query reads

IN_QUERY = 5_000  # entries that one query reads

Told = tuple[str, str, bytes]  # what a fact is about, whose it is, and its leaf


class Indexed(NamedTuple):
    """What of an entry the index needs."""

    id: int
    leaf: bytes
    about: str
    actor_id: str
    holder: str
    also: str

    @classmethod
    def of(cls, row: Sequence[Any]) -> "Indexed":
        """The columns as they were read."""
        number, leaf, *texts = row
        return cls(number, bytes(leaf), *texts)

    @property
    def whose(self) -> str:
        """The uid of the person that it is of."""
        return self.holder or self.actor_id


def entries_in(numbers: Iterable[int]) -> dict[int, Indexed]:
    """Those of the entries that there are, by their numbers."""
    parts = (Entry.objects.filter(pk__in=part).order_by() for part in batched(numbers, IN_QUERY, strict=False))
    rows = (Indexed.of(row) for part in parts for row in part.values_list(*Indexed._fields))
    return {row.id: row for row in rows}


def told_by(entries: Iterable[Indexed]) -> Iterator[Told]:
    """What the index is told of entries: each is about one thing, and may belong to an action besides."""
    for entry in entries:
        yield entry.about, entry.whose, entry.leaf
        if entry.also:
            yield entry.also, entry.whose, entry.leaf


class Pages(Protocol):
    """Where pages are kept, by their places: the tree's name, a slash, and the half-bytes by which their keys begin."""

    def read(self, places: Collection[str]) -> Mapping[str, bytes]:
        """Those of the pages that there are."""

    def write(self, pages: Mapping[str, bytes]) -> None:
        """Keep these, in the place of what was there."""


class StoredPages:
    """The pages of an organisation in the database."""

    def __init__(self, organisation_id: int) -> None:
        self._organisation_id = organisation_id

    def read(self, places: Collection[str]) -> Mapping[str, bytes]:
        rows = IndexPage.objects.filter(organisation_id=self._organisation_id)
        parts = (
            rows.filter(place__in=part).values_list("place", "content") for part in batched(places, PART, strict=False)
        )
        return {place: bytes(content) for part in parts for place, content in part}

    def write(self, pages: Mapping[str, bytes]) -> None:
        rows = [
            IndexPage(organisation_id=self._organisation_id, place=place, content=content)
            for place, content in sorted(pages.items())
        ]
        IndexPage.objects.bulk_create(
            rows, PART, update_conflicts=True, unique_fields=["organisation_id", "place"], update_fields=["content"]
        )


@dataclass
class _Page:
    """A page as it is worked with: the heads below it, or its records."""

    heads: list[bytes] = field(default_factory=list)
    records: dict[bytes, Any] = field(
        default_factory=dict
    )  # a value, or, within the first tier, the records of the second

    @property
    def weight(self) -> int:
        return sum(len(record) if isinstance(record, dict) else 1 for record in self.records.values())

    def leaves(self) -> list[Leaf]:
        """The records as leaves of their tier."""
        return [
            (key, sparse.head(WHOSE, list(record.items())) if isinstance(record, dict) else record)
            for key, record in self.records.items()
        ]

    def packed(self, tier: Tier) -> bytes:
        if self.heads:
            return b"\x01" + b"".join(self.heads)
        if tier is WHOSE:
            return b"\x00" + b"".join(key + value for key, value in self.records.items())
        return b"\x00" + b"".join(key + _packed(record) for key, record in self.records.items())


def _packed(record: "bytes | dict[bytes, bytes]") -> bytes:
    if isinstance(record, dict):
        return bytes([len(record)]) + b"".join(key + value for key, value in record.items())
    return b"\x00" + record


def _unpacked(tier: Tier, content: bytes) -> _Page:
    if content[0] == 1:
        return _Page(heads=[content[at : at + HASH] for at in range(1, len(content), HASH)])
    page, at = _Page(), 1
    while at < len(content):
        key, at = content[at : at + KEY], at + KEY
        if tier is WHOSE:
            page.records[key], at = content[at : at + VALUE], at + VALUE
        elif count := content[at]:
            end = at + 1 + count * (KEY + VALUE)
            starts = range(at + 1, end, KEY + VALUE)
            page.records[key] = {content[s : s + KEY]: content[s + KEY : s + KEY + VALUE] for s in starts}
            at = end
        else:
            page.records[key], at = content[at + 1 : at + 1 + HASH], at + 1 + HASH
    return page


class _Trees:
    """Trees of one tier while something is added to them or read from them; the tree's name is nothing in the first tier."""

    def __init__(self, pages: Pages, tier: Tier) -> None:
        self._pages, self._tier = pages, tier
        self._known: dict[str, _Page | None] = {}
        self._changed: set[str] = set()

    def find(self, keys: Mapping[str, Iterable[bytes]]) -> dict[str, list[bytes]]:
        """The keys of each tree by the page where they stand, or would stand; all on the way are read, a level at a time."""
        found: dict[str, list[bytes]] = {}
        level, depth = {f"{tree}/": list(some) for tree, some in keys.items()}, 0
        if sum(map(len, level.values())) <= FEW:  # one query instead of one a level
            ways = ((place, key.hex()) for place, some in level.items() for key in some)
            self._read(
                {f"{place}{way[:length]}" for place, way in ways for length in range(LEVELS)} - self._known.keys()
            )
        while level:
            self._read([place for place in level if place not in self._known])
            below: dict[str, list[bytes]] = {}
            for place, some in level.items():
                page = self._known[place]
                if page is None or not page.heads:
                    found[place] = some
                    continue
                for key in some:
                    below.setdefault(f"{place}{branch(key, depth):x}", []).append(key)
                self._known |= {f"{place}{way:x}": None for way, head in enumerate(page.heads) if head == EMPTY}
            level, depth = below, depth + 1
        return found

    def read_all(self, tree: str) -> None:
        """Read every page of a tree, a level at a time."""
        level = [f"{tree}/"]
        while level:
            self._read([place for place in level if place not in self._known])
            level = [
                f"{place}{way:x}"
                for place in level
                if (page := self._known[place])
                for way, head in enumerate(page.heads)
                if head != EMPTY
            ]

    def _read(self, places: Collection[str]) -> None:
        there = self._pages.read(places) if places else {}
        for place in places:
            self._known[place] = _unpacked(self._tier, there[place]) if place in there else None

    def page(self, place: str) -> _Page | None:
        """One that was read."""
        return self._known[place]

    def to_change(self, place: str) -> _Page:
        """One that was read, or a new one, to be written anew."""
        self._changed.add(place)
        page = self._known[place] = self._known[place] or _Page()
        return page

    def start(self, tree: str, records: dict[bytes, bytes]) -> None:
        """A new tree of these."""
        place = f"{tree}/"
        self._known[place] = _Page(records=records)
        self._changed.add(place)

    def heads(self) -> dict[str, bytes]:
        """Compute anew what is above the changed pages, and return the head of each tree that they are in."""
        heads: dict[str, bytes] = {}
        levels: dict[int, dict[str, bytes]] = {}
        for place in sorted(self._changed):
            tree, _slash, prefix = place.rpartition("/")
            levels.setdefault(len(prefix), {})[place] = self._settle(tree, place)
        for depth in range(max(levels, default=0), 0, -1):
            above = levels.setdefault(depth - 1, {})
            touched = set()
            for place, head in levels[depth].items():
                page = self.to_change(place[:-1])
                page.heads[int(place[-1], 16)] = head
                touched.add(place[:-1])
            for place in touched:
                page = self.to_change(place)
                above[place] = sparse.node_hash(self._tier, page.heads)
        for place, head in levels.get(0, {}).items():
            heads[place[:-1]] = head
        return heads

    def _settle(self, tree: str, place: str) -> bytes:
        """The head of a page; one with too many records is split."""
        page, depth = self.to_change(place), len(place) - len(tree) - 1
        if page.weight <= RECORDS:
            return sparse.head(self._tier, page.leaves(), depth)
        parts: list[dict[bytes, Any]] = [{} for _way in range(BRANCHES)]
        for key, record in page.records.items():
            parts[branch(key, depth)][key] = record
        page.records, page.heads = {}, [EMPTY] * BRANCHES
        for way, records in enumerate(parts):
            if records:
                below = f"{place}{way:x}"
                self._known[below] = _Page(records=records)
                page.heads[way] = self._settle(tree, below)
        return sparse.node_hash(self._tier, page.heads)

    def save(self) -> None:
        """Write what was changed."""
        self._pages.write({place: self.to_change(place).packed(self._tier) for place in self._changed})

    def subtree(self, place: str) -> sparse.Subtree:
        """What was read, for a proof."""
        page = self._known[place]
        if page and page.heads:
            return sparse.Node(page.heads, lambda way: self.subtree(f"{place}{way:x}"))
        return page.leaves() if page else []


def add(pages: Pages, told: Iterable[Told]) -> bytes:
    """Add facts, in the order of the tree, and return the root. Call it while nobody else changes these pages."""
    new = _by_keys(told)
    first, second = _Trees(pages, ABOUT), _Trees(pages, WHOSE)
    places = first.find({"": new})
    apart = _apart(first, places)
    for place, people in second.find({about.hex(): new[about] for about in apart}).items():
        records, leaves = second.to_change(place).records, new[bytes.fromhex(place.partition("/")[0])]
        for whose in people:
            _extend(records, whose, leaves[whose])
    for place, abouts in places.items():
        records = first.to_change(place).records
        for about in abouts:
            if about not in apart:
                within = records.setdefault(about, {})
                for whose in new[about]:
                    _extend(within, whose, new[about][whose])
                if len(within) > WITHIN:
                    second.start(about.hex(), within)
    heads = second.heads()
    for place, abouts in places.items():
        records = first.to_change(place).records
        for about in abouts:
            records[about] = heads.get(about.hex(), records[about])
    [root] = first.heads().values()
    second.save()
    first.save()
    return root


def _by_keys(told: Iterable[Told]) -> dict[bytes, dict[bytes, list[bytes]]]:
    """The leaves by the keys under which they come."""
    keys: dict[str, bytes] = {}
    new: dict[bytes, dict[bytes, list[bytes]]] = {}
    for about, whose, leaf in told:
        if about not in keys:
            keys[about] = key_of(about)
        if whose not in keys:
            keys[whose] = key_of(whose)
        new.setdefault(keys[about], {}).setdefault(keys[whose], []).append(leaf)
    return new


def _apart(first: _Trees, places: Mapping[str, Iterable[bytes]]) -> set[bytes]:
    """Those of these things whose people have a tree of pages."""
    pages = ((first.page(place), abouts) for place, abouts in places.items())
    return {about for page, abouts in pages if page for about in abouts if isinstance(page.records.get(about), bytes)}


def _extend(records: dict[bytes, bytes], whose: bytes, leaves: list[bytes]) -> None:
    records[whose] = sparse.extended(records.get(whose, sparse.NOTHING), leaves)


def root(pages: Pages) -> bytes:
    """The root as it is now."""
    first = _Trees(pages, ABOUT)
    first.find({"": [EMPTY]})
    return _head_of(ABOUT, first.page("/") or _Page(), 0)


def trouble_in(pages: Pages, root: bytes) -> str:
    """The first page that does not lead to this root, in words; nothing if all do."""
    level = {"/": root}
    while level:
        below: dict[str, bytes] = {}
        for part in batched(level.items(), PART, strict=False):
            there = pages.read([place for place, _head in part])
            for place, head in part:
                tier = ABOUT if place.startswith("/") else WHOSE
                try:
                    page = _unpacked(tier, there[place]) if place in there else _Page()
                    is_right = _head_of(tier, page, len(place) - place.index("/") - 1) == head
                except IndexError:
                    is_right = False
                if not is_right:
                    return f"page {place} was altered or damaged, or is missing"
                below |= {f"{place}{way:x}": one for way, one in enumerate(page.heads) if one != EMPTY}
                if tier is ABOUT:
                    below |= {f"{key.hex()}/": one for key, one in page.records.items() if isinstance(one, bytes)}
        level = below
    return ""


def _head_of(tier: Tier, page: _Page, depth: int) -> bytes:
    return sparse.node_hash(tier, page.heads) if page.heads else sparse.head(tier, page.leaves(), depth)


# --- Proofs -----------------------------------------------------------------------------------------------


def prove(pages: Pages, whole: Iterable[str], of: Mapping[str, Collection[str]]) -> dict[str, Any]:
    """What it takes to come from all facts about the things in `whole`, and those of the people `of` things, to the root.

    As JSON values: `nodes` beside the things (see `sparse.multiproof`), and of each thing its `people` by the hashes of their
    uids, with how many facts are theirs and the running hash over them. Where these are not all of its people, those whom it was
    asked for and who have none stand in `without`, and what it takes to come to the thing's head in `nodes`.
    """
    wanted: dict[bytes, tuple[str, set[bytes] | None]] = {key_of(about): (about, None) for about in whole}
    wanted |= {key_of(about): (about, set(map(key_of, people))) for about, people in of.items()}
    first, second = _Trees(pages, ABOUT), _Trees(pages, WHOSE)
    places = first.find({"": wanted or [EMPTY]})
    apart = _apart(first, places)
    second.find({key.hex(): wanted[key][1] or () for key in apart})
    things = []
    for place, keys in places.items():
        page = first.page(place)
        for key in keys if wanted else ():
            about, people = wanted[key]
            if key in apart and people is None:
                second.read_all(key.hex())
            within = page.records.get(key, {}) if page and key not in apart else {}
            subtree = second.subtree(f"{key.hex()}/") if key in apart else list(within.items())
            things.append(_thing(about, people, subtree))
    nodes = sparse.multiproof(ABOUT, sorted(wanted), first.subtree("/"))
    return {"nodes": nodes, "things": sorted(things, key=lambda thing: thing["about"])}


def _thing(about: str, people: set[bytes] | None, subtree: sparse.Subtree) -> dict[str, Any]:
    """What a proof says of one thing: all of its people, or some."""
    told = sorted(sparse.leaves_of(subtree, people))
    thing: dict[str, Any] = {"about": about, "people": [_person(*pair) for pair in told]}
    if people is not None:
        thing["without"] = sorted(whose.hex() for whose in people - {whose for whose, _value in told})
        thing["nodes"] = sparse.multiproof(WHOSE, sorted(people), subtree)
    return thing


def _person(whose: bytes, value: bytes) -> list[Any]:
    return [whose.hex(), int.from_bytes(value[:8]), value[8:].hex()]
