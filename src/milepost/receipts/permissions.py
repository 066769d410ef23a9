"""What can be permitted about receipts. Everybody takes their own, and brings those of others."""

from django.utils.translation import gettext_lazy as _

from milepost.people.permissions import Permission
from milepost.people.roles import Role
from milepost.people.scopes import RECORDS

RECOGNISE_LEARNING = Permission(
    "recognise_learning",
    _("recognise what people completed elsewhere"),
    about=RECORDS,
    roles=(Role.LEAD, Role.HR),
)
