"""What allauth says to people (sign-in codes, changes of a password), sent like everything else but at once.

Somebody waits for these, and they hold secrets, so they have no row in the outbox. They keep its other promises: the
organisation's name as sender, HTML and text from the same words, a mail server that hangs costs a bounded while, and one
that is known to be away is not asked at all.
"""

import logging
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.contrib.sites.shortcuts import get_current_site
from django.utils import translation

from milepost.notices.channels import DEFAULT as EMAIL
from milepost.notices.channels import Delivery, NotDelivered, RefusedForGood, channels
from milepost.notices.immediate import AddressRefused, MailServerAway
from milepost.notices.letters import Letter, one_line, paragraphs
from milepost.notices.models import Recipient
from milepost.people import signing_in
from milepost.people.models import Member, Organisation

logger = logging.getLogger(__name__)


class AccountAdapter(signing_in.AccountAdapter):
    """Sends allauth's mails through the e-mail channel. Raises `MailServerAway` and `AddressRefused`, told as pages."""

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        member = Member.objects.active().filter(email=email.lower()).select_related("organisation").first()
        organisation = member.organisation if member else Organisation(name="Milepost")
        to = Recipient.of(member) if member else _stranger(email)
        words = {
            "request": self.request,
            "email": email,
            "current_site": get_current_site(self.request),
            "organisation": organisation if member else None,
            **context,
        }
        with translation.override(to.language):
            written = self.render_mail(template_prefix, email, words)
        letter = Letter(one_line(written.subject), paragraphs(str(written.body)))
        try:
            channels.get(EMAIL).send(Delivery(uuid4(), to, organisation, letter))
        except RefusedForGood as refused:
            logger.warning("A sign-in mail: %s", refused)
            raise AddressRefused from refused
        except NotDelivered as trouble:
            logger.warning("A sign-in mail: %s", trouble)
            raise MailServerAway from trouble


def _stranger(email: str) -> Recipient:
    return Recipient("", "", email, translation.get_language() or settings.LANGUAGE_CODE, "UTC")
