"""Files whose rows are gone, removed once the change is certain, unless something else still refers to them."""

import re
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import batched

from django.db import models, transaction

from milepost.classroom.models import Attendance, ConnectionLog, SessionDocument, Sheet
from milepost.core import blobs
from milepost.courses.models import Course, Version
from milepost.credentials.models import Certificate
from milepost.documents.models import Document
from milepost.evidence.models import Dossier, Piece
from milepost.journal.models import Entry
from milepost.people.models import Organisation

# Where a digest of the organisation may stand: in a column of its own, or within JSON.
_COLUMNS: tuple[tuple[type[models.Model], str], ...] = (
    (Attendance, "absence_file"), (ConnectionLog, "digest"), (SessionDocument, "digest"), (Sheet, "pdf"),
    (Certificate, "pdf"), (Document, "pdf"), (Document, "source"), (Dossier, "digest"), (Piece, "digest"),
)  # fmt: skip
_JSON: tuple[tuple[type[models.Model], str], ...] = ((Course, "draft"), (Version, "files"), (Document, "annexes"))


def digests_in(statement: str) -> list[str]:
    """Every digest (SHA-256) that a fact names."""
    return re.findall(r'"([0-9a-f]{64})"', statement)


def named_in(facts: Iterable[int]) -> Iterator[str]:
    """Every digest that these facts name, to be asked for before they lose their words.

    What a file was before a signature, a time stamp or a correction is a blob that nothing else names.
    """
    for part in batched(facts, 1_000, strict=False):
        for statement in Entry.objects.filter(pk__in=part).values_list("statement", flat=True):
            yield from digests_in(statement)


def forget_files(organisation: Organisation, digests: Iterable[str]) -> None:
    """Remove these blobs when the transaction has committed. Called after their rows were deleted."""
    for part in batched(sorted(set(digests) - {"", organisation.logo}), 500, strict=False):
        there = {digest for digest in part if blobs.is_there(organisation.uid, digest)}
        for digest in _unused(organisation, there):
            transaction.on_commit(partial(blobs.remove, organisation.uid, digest))


def _unused(organisation: Organisation, digests: set[str]) -> set[str]:
    """Those that no row refers to any more, in a number of queries that does not grow with theirs."""
    left = set(digests)
    for model, name in _COLUMNS:
        rows = model._default_manager.filter(organisation=organisation, **{f"{name}__in": left})
        left.difference_update(rows.values_list(name, flat=True))
    for model, name in _JSON:
        owner = "course__organisation" if model is Version else "organisation"
        if left:
            rows = model._default_manager.filter(**{owner: organisation}).values_list(name, flat=True)
            for text in map(str, rows.iterator()):
                left = {digest for digest in left if digest not in text}
    return left
