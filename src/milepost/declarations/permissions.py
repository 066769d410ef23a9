"""What can be permitted about declarations; who sees evidence sees what of it is not proven."""

from django.utils.translation import gettext_lazy as _

from milepost.people.permissions import Permission
from milepost.people.roles import Role

DECLARE = Permission(
    "declare", _("draw up declarations to the state and funders, and take them along"), roles=(Role.LEAD,)
)
