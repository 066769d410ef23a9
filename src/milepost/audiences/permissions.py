"""What can be permitted about audiences, and what of the people in one somebody may see."""

from django.utils.translation import gettext_lazy as _

from milepost.people.permissions import Permission
from milepost.people.roles import Role
from milepost.people.scopes import PEOPLE

SEE_AUDIENCES = Permission(
    "see_audiences",
    _("see audiences and who is in them"),
    about=PEOPLE,
    roles=(Role.LEAD, Role.HR),
    reads=True,
)
MANAGE_AUDIENCES = Permission("manage_audiences", _("make and change audiences"), roles=(Role.LEAD, Role.HR))
