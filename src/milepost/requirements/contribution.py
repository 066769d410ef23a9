"""What this room holds of people: how they stand under requirements, and from which they are exempt."""

from typing import ClassVar

from django.utils.translation import gettext_lazy

from milepost.people.contributions import Contribution
from milepost.people.models import Member
from milepost.requirements.models import Exemption, Standing


class RequirementsContribution(Contribution):
    """Both go with the person."""

    records: ClassVar = {
        "requirements.Standing": gettext_lazy("How they stand under requirements"),
        "requirements.Exemption": gettext_lazy("Exemptions"),
    }

    def erase(self, member: Member) -> None:
        Standing.objects.filter(member=member).delete()
        Exemption.objects.filter(member=member).delete()
