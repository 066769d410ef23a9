"""Taking the words out of entries: the leaf stays, and with it every proof that other entries need.

Without words and salt nobody can find out what an entry said, not even by guessing (see `leaves`). Each erasure is
a fact of its own that names the entries, so that words which merely vanished are told from those that were erased. It
names them as the tree does, by their places, and those that wait for their seal by their leaves.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import batched
from types import MappingProxyType
from typing import Any

from django.db import transaction
from django.db.models import Case, F, Value, When

from milepost.core import clock
from milepost.core.canonical import fingerprint
from milepost.journal import tiles
from milepost.journal.facts import ERASED
from milepost.journal.models import Entry, Seal
from milepost.journal.organisations import Journalled
from milepost.journal.recording import Reference, record
from milepost.journal.sparse import without_uid

BATCH = 500
NOTHING: Mapping[str, Any] = MappingProxyType({})
NAMELESS = dict.fromkeys(("fact", "verb", "actor_id", "object_id"), "")
NAMED = 5_000  # entries that one fact names: their places stay a text of some kilobytes


def erase(
    entries: Iterable[int],
    *,
    organisation: Journalled,
    by: Reference,
    about: Reference,
    reason: str,
    context: Mapping[str, Any] = NOTHING,
    own: Collection[str] = (),
) -> int:
    """Erase what these entries of the organisation say, for good; return how many did still say something.

    With their words goes what would lead back to whoever they are of: who, did what, to what, when. What the index has to count stays:
    about what they were, unless that is one of the person's `own` things, and whose, as a hash (`sparse.without_uid`). So much stays
    of those that no seal covers yet: whoever verifies asks for their marks, and the seal comes within a minute.
    Records `erased`, with their places. Belongs in the transaction that removes what they speak of.
    """
    count = 0
    with transaction.atomic():
        for part in batched(_speaking(organisation.pk, entries), NAMED, strict=False):
            result = _named(organisation.pk, part) | {"count": len(part), "reason": reason}
            record(ERASED, organisation=organisation, actor=by, object=about, result=result, context=dict(context))
            for numbers in batched(part, BATCH, strict=False):
                _take_words(organisation.pk, numbers, frozenset(own))
            count += len(part)
    return count


def _take_words(organisation_id: int, numbers: Collection[int], own: Collection[str]) -> None:
    seal = Seal.objects.filter(organisation_id=organisation_id).order_by("-number").first()
    sealed = {n for n, place in tiles.places_of(organisation_id, numbers).items() if seal and place < seal.size}
    Entry.objects.filter(pk__in=set(numbers) - sealed).update(statement="", salt=b"")
    whose: dict[str, list[int]] = defaultdict(list)
    things: dict[str, list[int]] = defaultdict(list)
    rows = Entry.objects.filter(pk__in=sealed).order_by().values_list("pk", "actor_id", "holder", "about")
    for number, actor, holder, about in rows:
        whose[without_uid(holder or actor)].append(number)
        if about in own:
            things[without_uid(about)].append(number)
    if sealed:
        Entry.objects.filter(pk__in=sealed).update(
            **NAMELESS,
            statement="",
            salt=b"",
            time=clock.now(),
            holder=_by_number(whose, "holder"),
            about=_by_number(things, "about"),
        )


def _by_number(values: Mapping[str, list[int]], column: str) -> "Case | F":
    """Each of these values for the entries of these numbers; for all others what stands there."""
    cases = [When(pk__in=numbers, then=Value(value)) for value, numbers in values.items()]
    return Case(*cases, default=F(column)) if cases else F(column)


def erasures_of(organisation_id: int, erased: Collection[int]) -> Iterator[int]:
    """The entries that say of some of these that they were erased."""
    places = sorted(tiles.places_of(organisation_id, erased).values())
    parts = (Entry.objects.filter(pk__in=part).order_by() for part in batched(erased, NAMED, strict=False))
    leaves = {bytes(leaf).hex() for part in parts for leaf in part.values_list("leaf", flat=True)}
    said = Entry.objects.filter(organisation_id=organisation_id, fact=ERASED.name).order_by("id")
    for entry in said.iterator(BATCH):
        result = entry.content["result"]
        if not leaves.isdisjoint(result.get("leaves", ())) or any(
            bisect_left(places, one.start) < bisect_left(places, one.stop) for one in ranges_in(result["places"])
        ):
            yield entry.pk


def _speaking(organisation_id: int, entries: Iterable[int]) -> Iterator[int]:
    """Those that were not erased before, in order. An erasure itself is never erased: it names nobody."""
    for numbers in batched(sorted(set(entries)), BATCH, strict=False):
        entries_with_words = Entry.objects.filter(organisation_id=organisation_id, pk__in=numbers).exclude(statement="")
        yield from entries_with_words.exclude(fact=ERASED.name).order_by("id").values_list("id", flat=True)


def _named(organisation_id: int, numbers: Iterable[int]) -> dict[str, Any]:
    """These entries as the tree names them, for the result of the fact."""
    places = tiles.places_of(organisation_id, numbers)
    named: dict[str, Any] = {"places": as_ranges(sorted(places.values()))}
    if unsealed := [number for number in numbers if number not in places]:
        rows = (Entry.objects.filter(pk__in=part) for part in batched(unsealed, BATCH, strict=False))
        named["leaves"] = sorted(bytes(leaf).hex() for part in rows for leaf in part.values_list("leaf", flat=True))
    return named


class Erased:
    """What the erasures of a journal name, gathered while it is read."""

    def __init__(self) -> None:
        self._places: list[range] = []
        self._leaves: set[bytes] = set()

    def add(self, result: dict[str, Any]) -> None:
        """Take in the result of one erasure. Raises `KeyError`, `ValueError` for what is none."""
        self._places += ranges_in(result["places"])
        self._leaves.update(map(bytes.fromhex, result.get("leaves", [])))

    def left_out(self, wordless: Mapping[int, tuple[bytes, int | None]]) -> list[int]:
        """Which of these entries, each with its leaf and its place in the tree, no erasure names."""
        unnamed = {number: place for number, (leaf, place) in wordless.items() if leaf not in self._leaves}
        left_out = [number for number, place in unnamed.items() if place is None]
        ranges, end, at = sorted(self._places, key=lambda one: one.start), 0, 0
        for place, number in sorted((place, number) for number, place in unnamed.items() if place is not None):
            while at < len(ranges) and ranges[at].start <= place:
                end, at = max(end, ranges[at].stop), at + 1
            if place >= end:
                left_out.append(number)
        return left_out


def nameless(reference: Reference) -> Reference:
    """The same thing without its name and uid, for a fact that outlives the erasure of what it speaks of."""
    return Reference(reference.type, without_uid(reference.id), fingerprint(reference.id.encode())[:8])


def as_ranges(numbers: Iterable[int]) -> str:
    """Numbers in rising order as text: 3-5,9."""
    ranges: list[list[int]] = []
    for number in numbers:
        if ranges and ranges[-1][1] == number - 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in ranges)


def ranges_in(text: str) -> list[range]:
    """What such a text says. Raises `ValueError`."""
    parts = (part.partition("-") for part in text.split(",") if part)
    return [range(int(first), int(last or first) + 1) for first, _dash, last in parts]
