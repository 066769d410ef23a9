"""What can be permitted about certificates. Everybody sees their own."""

from django.utils.translation import gettext_lazy as _

from milepost.people.permissions import Permission
from milepost.people.roles import Role
from milepost.people.scopes import PEOPLE

SEE_CERTIFICATES = Permission(
    "see_certificates", _("see certificates"), about=PEOPLE, roles=(Role.LEAD, Role.LEARNER), reads=True
)
MANAGE_CERTIFICATES = Permission(
    "manage_certificates", _("issue and revoke certificates"), about=PEOPLE, roles=(Role.LEAD,)
)
