"""What can be permitted in this room."""

from django.utils.translation import gettext_lazy as _

from milepost.people.permissions import Permission

SEE_SECURITY = Permission("see_security", _("see security events, and let a program fetch them"))
