"""Reads of the journal that are more than a filter."""

from django.db.models import Q, QuerySet

from milepost.journal.models import Entry


def timeline(organisation_id: int, subject_id: str) -> QuerySet[Entry]:
    """Everything that `subject_id` did or that was done to it, newest first."""
    return Entry.objects.filter(organisation_id=organisation_id).filter(
        Q(actor_id=subject_id) | Q(object_id=subject_id)
    ).order_by("-id")  # fmt: skip
