"""What can be permitted about attestations; who sees evidence reads them, without their lists."""

from django.utils.translation import gettext_lazy as _

from milepost.people.permissions import Permission
from milepost.people.roles import Role

ATTEST = Permission(
    "attest", _("attest for the organisation who is certified, and take the lists along"), roles=(Role.LEAD,)
)
