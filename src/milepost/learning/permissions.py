"""What can be permitted about people who learn."""

from django.utils.translation import gettext_lazy as _

from milepost.people.permissions import Permission
from milepost.people.roles import Role
from milepost.people.scopes import PEOPLE

SEE_RESULTS = Permission("see_results", _("see results"), about=PEOPLE, roles=(Role.LEAD,), reads=True)
ENROL_PEOPLE = Permission("enrol_people", _("enrol people"), about=PEOPLE, roles=(Role.LEAD,))
