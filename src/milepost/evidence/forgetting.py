"""Files whose rows are gone, removed once the change is certain, unless something else still refers to them."""

from collections.abc import Iterable, Iterator
from itertools import batched

from milepost.core.blobs.fields import digests_in
from milepost.core.blobs.references import unused
from milepost.core.jobs import named
from milepost.journal.models import Entry
from milepost.people.models import Organisation

FILES_AT_ONCE = 200


def named_in(facts: Iterable[int]) -> Iterator[str]:
    """Every digest that these facts name, to be asked for before they lose their words.

    What a file was before a signature, a time stamp or a correction is a blob that nothing else names.
    """
    for part in batched(facts, 1_000, strict=False):
        for statement in Entry.objects.filter(pk__in=part).values_list("statement", flat=True):
            yield from digests_in(statement)


def forget_files(organisation: Organisation, digests: Iterable[str]) -> None:
    """Have those of the blobs removed that nothing refers to, in the transaction that deleted their rows.

    A job does it once that is certain (`evidence.remove_files`): it looks again, and a kill leaves no file behind.
    """
    for part in batched(sorted(unused(organisation, digests)), FILES_AT_ONCE, strict=False):
        named("evidence.remove_files").enqueue(organisation.pk, list(part))
