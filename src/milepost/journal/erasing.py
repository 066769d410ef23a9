"""Taking the words out of entries: the leaf stays, and with it every proof that other entries need.

Without words and salt nobody can find out what an entry said, not even by guessing (see `leaves`). Each erasure is
a fact of its own that names the entries, so that words which merely vanished are told from those that were erased.
"""

from collections.abc import Iterable, Iterator
from itertools import batched

from django.db import transaction

from milepost.core.canonical import fingerprint
from milepost.journal.models import Entry
from milepost.journal.recording import Reference, record
from milepost.journal.verbs import Verb

BATCH = 500
NAMED = 5_000  # entries that one fact names: their numbers stay a text of some kilobytes


def erase(entries: Iterable[int], *, organisation_id: int, by: Reference, about: Reference, reason: str) -> int:
    """Erase what these entries of the organisation say, for good; return how many did still say something.

    Records `erased`, with their numbers. Belongs in the transaction that removes what they speak of.
    """
    count = 0
    with transaction.atomic():
        for part in batched(_speaking(organisation_id, entries), NAMED, strict=False):
            record(
                Verb.ERASED, organisation_id=organisation_id, actor=by, object=about,
                result={"entries": as_ranges(part), "count": len(part), "reason": reason},
            )  # fmt: skip
            for numbers in batched(part, BATCH, strict=False):
                Entry.objects.filter(pk__in=numbers).update(statement="", salt=b"")
            count += len(part)
    return count


def _speaking(organisation_id: int, entries: Iterable[int]) -> Iterator[int]:
    """Those that were not erased before, in order. An erasure itself is never erased: it names nobody."""
    for numbers in batched(sorted(set(entries)), BATCH, strict=False):
        found = Entry.objects.filter(organisation_id=organisation_id, pk__in=numbers).exclude(statement="")
        yield from found.exclude(verb=Verb.ERASED).order_by("id").values_list("id", flat=True)


def nameless(reference: Reference) -> Reference:
    """The same thing without its name, for a fact that outlives the erasure of what it speaks of."""
    return Reference(reference.type, reference.id, fingerprint(reference.id.encode())[:8])


def as_ranges(numbers: Iterable[int]) -> str:
    """Numbers in rising order as text: 3-5,9."""
    ranges: list[list[int]] = []
    for number in numbers:
        if ranges and ranges[-1][1] == number - 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in ranges)


def in_ranges(text: str) -> Iterator[int]:
    """The numbers in such a text. Raises `ValueError`."""
    for part in filter(None, text.split(",")):
        first, _dash, last = part.partition("-")
        yield from range(int(first), int(last or first) + 1)
