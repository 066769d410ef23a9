"""Papers follow the title of their action: what was sealed under another one is made anew, beside it."""

from collections.abc import Sequence

from milepost.evidence.contributions import scope_of
from milepost.evidence.models import TrainingAction
from milepost.journal.models import Entry
from milepost.people.contributions import contributions


def retitle(facts: Sequence[Entry]) -> None:
    """Have every room look at the titles on its papers of the actions that were made or changed.

    Certificates are their people's, and are issued anew by whoever may (readiness says of which that is due).
    """
    uids = {fact.object_id for fact in facts}
    actions = TrainingAction.objects.filter(organisation=facts[0].organisation_id, uid__in=uids, let_go_at=None)
    for action in actions.select_related("organisation", "course").order_by("pk"):
        for room in contributions.all():
            room.retitle(scope_of(action))
