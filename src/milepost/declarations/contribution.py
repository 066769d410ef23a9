"""What this room holds of actions and people: what they said for declarations."""

from typing import ClassVar

from django.utils.translation import gettext_lazy

from milepost.declarations.drawing_up import forget_about
from milepost.declarations.models import Described, Trainee
from milepost.people.contributions import Contribution, Scope
from milepost.people.models import Member


class DeclarationsContribution(Contribution):
    """Facts about the action are the action's already; rows go with it and with the person."""

    records: ClassVar = {"declarations.Trainee": gettext_lazy("In declarations")}

    def let_go(self, scope: Scope) -> None:
        Trainee.objects.filter(action__uid=scope.uid).delete()
        Described.objects.filter(action__uid=scope.uid).delete()

    def erase(self, member: Member) -> None:
        Trainee.objects.filter(member=member).delete()
        forget_about(member)
