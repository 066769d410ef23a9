"""What people holds of a person: their record, their account, and the roles that they lay down first."""

from collections.abc import Iterator
from typing import ClassVar

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from milepost.people.contributions import Contribution, Hold
from milepost.people.models import Member


class PeopleContribution(Contribution):
    """The person's own record."""

    records: ClassVar = {
        "people.Absence": gettext_lazy("Long absences"),
        "people.Merge": gettext_lazy("Links with earlier records"),
        "people.RoleGrant": gettext_lazy("Roles"),
        "people.FactorReset": gettext_lazy("Resets of a second factor"),
        "people.PeopleImport": gettext_lazy("Uploads of the HR file"),
        "people.ImportedPerson": gettext_lazy("What an HR file changed of them, lately"),
        "people.BulkActPerson": gettext_lazy("Changes to many people at once, lately"),
    }

    def things_of(self, member: Member) -> Iterator[str]:
        yield str(member.uid)

    def holds(self, member: Member) -> Iterator[Hold]:
        for role in sorted(member.roles, key=str):
            yield Hold(_("The role “%(role)s” is still held. Withdraw it first.") % {"role": role.label})

        if member.merges.exists():
            yield Hold(_("An earlier record of theirs is linked with it. Erase that one first."))

    def erase(self, member: Member) -> None:
        """The record goes; the account too, unless it is a member of another organisation."""
        user = member.user
        member.delete()
        if user and not user.memberships.exists():
            user.delete()
