"""What this room adds to the page of an action: what of its invoice is not proven, and the way to what declarations ask."""

from milepost.declarations.models import Described
from milepost.declarations.permissions import DECLARE
from milepost.evidence.models import TrainingAction
from milepost.people.models import Member
from milepost.people.permissions import may
from milepost.people.sections import Section

ASKED_BY = frozenset({"fr"})  # the profiles in which declarations are owed: others are asked nothing


def euros_of(action: TrainingAction, member: Member) -> Section | None:
    """What is at risk; nothing for an action that owes no declaration and was not described."""
    described = Described.objects.filter(action=action).first()
    if described is None and action.profile not in ASKED_BY:
        return None
    return Section(
        "declarations/panel.html", {"action": action, "described": described, "may_declare": may(member, DECLARE)}
    )
