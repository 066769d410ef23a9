"""Files whose rows are gone, removed once the change is certain, unless something else still refers to them."""

from collections.abc import Iterable, Iterator
from functools import partial
from itertools import batched

from django.db import transaction

from milepost.core import blobs
from milepost.core.blobs.fields import digests_in
from milepost.core.blobs.references import unused
from milepost.journal.models import Entry
from milepost.people.models import Organisation


def named_in(facts: Iterable[int]) -> Iterator[str]:
    """Every digest that these facts name, to be asked for before they lose their words.

    What a file was before a signature, a time stamp or a correction is a blob that nothing else names.
    """
    for part in batched(facts, 1_000, strict=False):
        for statement in Entry.objects.filter(pk__in=part).values_list("statement", flat=True):
            yield from digests_in(statement)


def forget_files(organisation: Organisation, digests: Iterable[str]) -> None:
    """Remove these blobs when the transaction has committed. Called after their rows were deleted."""
    for digest in unused(organisation, digests):
        transaction.on_commit(partial(blobs.remove, organisation.uid, digest))
