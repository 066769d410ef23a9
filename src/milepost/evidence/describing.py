"""What an action says of itself in words, and changing it: what is missing for its papers is typed when it is known."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.db import transaction

from milepost.evidence.facts import ACTION_UPDATED
from milepost.evidence.models import TrainingAction
from milepost.journal.recording import record
from milepost.people.models import Member

TEXTS = (
    *("client", "client_address", "client_registration", "client_representative", "client_capacity"),
    *("funder", "funding_reference", "objectives", "price", "help_by", "help_means", "help_within"),
)
ALWAYS_TOLD = (
    "client",
    "funder",
    "funding_reference",
    "objectives",
    "price",
)  # in a dossier, empty where nobody said it
DESCRIBED = ("title", *TEXTS, "last_paid_on")


def describe_action(*, action: TrainingAction, says: Mapping[str, str | date | None], by: Member) -> TrainingAction:
    """Have the action say this (by the names of `DESCRIBED`); what is not named stays, and so do papers that were written.

    Records `updated` with what changed, where anything did.
    """
    with transaction.atomic():
        locked = (
            TrainingAction.objects.select_for_update(of=("self",), no_key=True)
            .select_related("organisation")
            .get(pk=action.pk)
        )
        changes: dict[str, Any] = {}
        for name, value in says.items():
            value = value.strip() if isinstance(value, str) else value
            if value != getattr(locked, name) and (value or name != "title"):
                setattr(locked, name, value)
                changes[name] = value.isoformat() if isinstance(value, date) else value
        if changes:
            locked.save(update_fields=list(changes))
            record(
                ACTION_UPDATED,
                organisation=locked.organisation,
                actor=by.as_reference(),
                object=locked.as_reference(),
                result={"changes": changes},
            )
    for name in DESCRIBED:
        setattr(action, name, getattr(locked, name))
    return action
