"""What can be permitted about documents and their signatures."""

from django.utils.translation import gettext_lazy as _

from milepost.people.permissions import Permission
from milepost.people.roles import Role

SEE_DOCUMENTS = Permission("see_documents", _("see documents"), roles=(Role.LEAD,), reads=True)
MANAGE_DOCUMENTS = Permission("manage_documents", _("make documents and ask for signatures"), roles=(Role.LEAD,))
