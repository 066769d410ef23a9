"""What can be permitted about requirements."""

from django.utils.translation import gettext_lazy as _

from milepost.people.permissions import Permission
from milepost.people.roles import Role
from milepost.people.scopes import PEOPLE

SEE_COMPLIANCE = Permission(
    "see_compliance", _("see who meets which requirement"), about=PEOPLE, roles=(Role.LEAD, Role.HR), reads=True
)
MANAGE_REQUIREMENTS = Permission(
    "manage_requirements", _("set requirements, and exempt people from them"), roles=(Role.LEAD,)
)
