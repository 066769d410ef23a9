"""How many messages an organisation sends a day, where whoever runs the installation bounds it: what is more waits for the next day."""

from django.utils.translation import gettext_lazy as _

from milepost.core.quotas import Quota, today

MAILS = Quota(
    _("Messages sent today"),
    _(
        "Your organisation has sent %(limit)s messages today, which is all that it may. The others wait, and go tomorrow."
    ),
    today("mails"),
)
