"""What can be permitted about visits."""

from milepost.people.permissions import Permission
from milepost.people.roles import Role
from milepost.people.scopes import PEOPLE

SEE_VISITS = Permission("see_visits", "see visits at work", about=PEOPLE, roles=(Role.LEAD,), reads=True)
