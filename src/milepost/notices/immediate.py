"""What is said at once, while somebody waits for it: one-time codes. Their secrets are never written down."""

import logging
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from django.utils.translation import gettext_lazy as _

from milepost.core.refusals import Refused
from milepost.journal.recording import Reference
from milepost.notices.channels import NotDelivered, RefusedForGood
from milepost.notices.outbox import Outside, Said, row_of
from milepost.notices.sending import send_now

logger = logging.getLogger(__name__)


class MailServerAway(Refused):
    """The message could not be brought now."""

    sentence = _("The mail server does not answer. Try again in a minute.")
    status = 503
    retry_after = 60


class AddressRefused(Refused):
    """The mail server does not take this address."""

    sentence = _("The mail server refuses this address. Check it, or ask whoever keeps the list to correct it.")


def say_now(kind: str, *, to: Outside, about: Reference, secret: Mapping[str, Any]) -> None:
    """Say something while the person waits; `secret` goes into the words and nowhere else.

    Raises `MailServerAway` or `AddressRefused`, and then nothing was said.
    """
    try:
        send_now(row_of(kind, Said(to, about, key=uuid4().hex)), secret)
    except RefusedForGood as refused:
        logger.warning("%s: %s", kind, refused)
        raise AddressRefused from refused
    except NotDelivered as trouble:
        logger.warning("%s: %s", kind, trouble)
        raise MailServerAway from trouble
