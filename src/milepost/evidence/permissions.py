"""What can be permitted about evidence, and about a person's data. Everybody may take their own."""

from django.utils.translation import gettext_lazy as _

from milepost.people.permissions import Permission
from milepost.people.roles import Role
from milepost.people.scopes import RECORDS

SEE_EVIDENCE = Permission("see_evidence", _("see evidence and the journal"), roles=(Role.LEAD,), reads=True)
MANAGE_EVIDENCE = Permission("manage_evidence", _("gather evidence and invite auditors"), roles=(Role.LEAD,))
TAKE_DATA = Permission(
    "take_data", _("take a person’s data as a file"), about=RECORDS, roles=(Role.LEAD, Role.HR, Role.LEARNER)
)
