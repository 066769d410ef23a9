"""Recording who takes part in an action, one fact a person: of few while somebody waits, of many in the background."""

from typing import Any

from django.db import transaction

from milepost.evidence.facts import ACTION_REGISTERED
from milepost.evidence.models import TrainingAction
from milepost.journal.recording import Fact, record_many

AT_ONCE = 500  # people of whom it is recorded while somebody waits
BATCH = 500  # of one transaction: whoever else writes waits so long


def register_people(action: TrainingAction) -> None:
    """Record of everybody in the action that they take part, unless it is recorded. Records `registered` for each.

    A part of them at a time, in a transaction that says how far it came: whoever is killed in between goes on where it stood.
    """
    while _next_part(action.pk):
        pass


def _next_part(key: int) -> bool:
    with transaction.atomic():
        rows = TrainingAction.objects.select_for_update(of=("self",), no_key=True)
        action = rows.select_related("organisation", "created_by").get(pk=key)
        seats = TrainingAction.members.through._default_manager.filter(
            trainingaction=key, pk__gt=action.registered_up_to
        )
        part = list(seats.select_related("member").order_by("pk")[:BATCH])
        if not part:
            return False
        by, about = action.created_by, action.as_reference()
        context: dict[str, Any] = {"instructor": by.as_reference().as_json()} if by else {}
        facts = (Fact(ACTION_REGISTERED, seat.member.as_reference(), about, {}, context) for seat in part)
        record_many(facts, organisation=action.organisation)
        TrainingAction.objects.filter(pk=key).update(registered_up_to=part[-1].pk)
    return True
