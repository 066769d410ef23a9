"""Reads of the journal that are more than a filter."""

from collections.abc import Collection, Iterator

from django.db.models import Q, QuerySet

from milepost.core.blobs.fields import digests_in
from milepost.core.blobs.references import Tenant
from milepost.journal.models import Entry
from milepost.journal.sparse import without_uid
from milepost.journal.vocabulary import fact_types


def timeline(organisation_id: int, *subject_ids: str, in_office: bool = True) -> QuerySet[Entry]:
    """Everything that the subject did or that was done to it, newest first; of several, where one person has several records.

    Without `in_office` what it did for the organisation is left out: that names others.
    """
    did = Q(actor_id__in=subject_ids)
    if not in_office:
        did &= ~Q(fact__in=[fact_type.name for fact_type in fact_types.all() if fact_type.is_office])
    by_or_to = did | Q(object_id__in=subject_ids)
    return Entry.objects.filter(by_or_to, organisation_id=organisation_id).order_by("-id")


def of_people(uids: Collection[str]) -> Q:
    """The facts of these people: those that they did, but for what is of somebody else, and what names them as its holder; erased ones, too."""
    return Q(actor_id__in=uids, holder="") | Q(holder__in=[*uids, *map(without_uid, uids)])


def files_told_of(organisation: Tenant) -> Iterator[str]:
    """The digest of every file that a fact tells of: what a document was before each signature, for one."""
    entries = Entry.objects.filter(organisation_id=organisation.pk).exclude(statement="")
    for statement in entries.values_list("statement", flat=True).iterator(2_000):
        yield from digests_in(statement)
