"""What allauth says to people (sign-in codes, changes of a password), sent like everything else but at once.

Somebody waits for these, and they hold secrets, so they have no row in the outbox. They keep its other promises: the
organisation's name as sender, HTML and text from the same words, a mail server that hangs costs a bounded while, and one
that is known to be away is not asked at all.
"""

import logging
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from allauth.account.utils import get_next_redirect_url
from django.conf import settings
from django.contrib.sites.shortcuts import get_current_site
from django.utils import translation

from milepost.notices.channels import DEFAULT as EMAIL
from milepost.notices.channels import Delivery, NotDelivered, RefusedForGood, channels
from milepost.notices.immediate import AddressRefused, MailServerAway
from milepost.notices.letters import Letter, one_line, paragraphs
from milepost.notices.models import Recipient
from milepost.people import signing_in
from milepost.people.models import Member, Organisation, User
from milepost.people.signing_in import account_in_use

logger = logging.getLogger(__name__)


class AccountAdapter(signing_in.AccountAdapter):
    """Sends allauth's mails through the e-mail channel. Raises `MailServerAway` and `AddressRefused`, told as pages."""

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        member = self._addressee(email)
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

    def _addressee(self, email: str) -> Member | None:
        """As whom somebody is spoken to: the member of the organisation whose page they came from, or of their only one.

        An organisation that they have not joined speaks for their account as long as they have joined none. Where it could
        be several, none does.
        """
        members = Member.objects.active().select_related("organisation").order_by("pk")
        account = account_in_use(email) or User.objects.filter(email=email.lower()).first()
        known = list(members.filter(user=account)) if account else []
        known = known or list(members.filter(email=email.lower(), user=None, declined_at=None))
        came_from = urlsplit(get_next_redirect_url(self.request) or "").path.split("/")[1:2]
        of_page = [member for member in known if [member.organisation.slug] == came_from]
        return next(iter(of_page or known), None) if of_page or len(known) == 1 else None


def _stranger(email: str) -> Recipient:
    return Recipient("", "", email, translation.get_language() or settings.LANGUAGE_CODE, "UTC")
