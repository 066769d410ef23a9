"""What this room holds of people: where they signed in from, and what was refused to them. It goes with their record."""

from typing import ClassVar

from django.utils.translation import gettext_lazy

from milepost.people.contributions import Contribution


class SecurityContribution(Contribution):
    """Events hang on the person's record: they are in the copy of their data, and are erased with it."""

    records: ClassVar = {"security.SecurityEvent": gettext_lazy("Security events")}
