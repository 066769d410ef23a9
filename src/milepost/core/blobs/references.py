"""What still refers to a blob: asked of every model that has a `BlobField` or a `BlobsJSONField`.

    gone = references.unused(organisation, digests)          # nothing needs these any more (see `removing`)

A file can also be named where it is not referred to: the journal tells what a document was before each signature. Such a
file stays until whatever tells of it is erased. The rooms that know register themselves:

    mentions.register("journal", digests_in_entries)         # organisation -> digests
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import batched
from typing import Any, Protocol
from uuid import UUID

from django.apps import apps
from django.db import models

from milepost.core.blobs.fields import BlobField, BlobsJSONField
from milepost.core.registry import Registry

BATCH = 500


class Tenant(Protocol):
    """An organisation, as far as files go."""

    pk: Any
    uid: UUID


mentions: Registry[Callable[[Tenant], Iterator[str]]] = Registry("place where files are told of")


@dataclass(frozen=True)
class Reference:
    """A column that names blobs."""

    model: type[models.Model]
    field: BlobField | BlobsJSONField

    def rows(self, organisation: Tenant) -> "models.QuerySet[Any]":
        """The organisation's rows, those that another thread is about to change included."""
        return self.model._base_manager.filter(**{self.field.of: organisation.pk})

    def named(self, organisation: Tenant) -> Iterator[tuple[Any, str]]:
        """Each digest that the column names, with the key of its row."""
        for key, value in self.rows(organisation).values_list("pk", self.field.name).iterator(BATCH):
            for digest in self.field.digests_in(value):
                yield key, digest

    def used(self, organisation: Tenant, digests: set[str]) -> set[str]:
        """Those of the digests that the column names."""
        name = self.field.name
        if isinstance(self.field, BlobField):
            return set(self.rows(organisation).filter(**{f"{name}__in": digests}).values_list(name, flat=True))
        return {digest for _key, digest in self.named(organisation) if digest in digests}


def references() -> list[Reference]:
    """Every column of every room that names blobs."""
    return [
        Reference(model, field)
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if isinstance(field, BlobField | BlobsJSONField)
    ]


def unused(organisation: Tenant, digests: Iterable[str]) -> set[str]:
    """Those of the digests that no row of the organisation refers to; the number of queries grows with BATCH alone."""
    left = set(digests) - {""}
    columns = sorted(references(), key=lambda reference: isinstance(reference.field, BlobsJSONField))  # the cheap first
    for reference in columns:
        for part in batched(sorted(left), BATCH, strict=False) if isinstance(reference.field, BlobField) else (left,):
            left = left - reference.used(organisation, set(part))
    return left
