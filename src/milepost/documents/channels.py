"""How a one-time code reaches somebody. E-mail comes with Milepost; another channel (SMS) registers itself here."""

from typing import Protocol

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from milepost.core.mails import compose
from milepost.documents.models import Signatory


class Channel(Protocol):
    """A way to somebody. `send` raises `OSError` when the way is closed now."""

    name: str
    label: str | Promise

    def send(self, signatory: Signatory, code: str, *, language: str) -> None:
        """Bring the code to the person."""


class EMail:
    """By e-mail, to the address that the link went to."""

    name: str = "e-mail"
    label: str | Promise = gettext_lazy("e-mail")

    def send(self, signatory: Signatory, code: str, *, language: str) -> None:
        """Bring the code to the person."""
        context = {"name": signatory.name, "code": code, "title": signatory.request.document.title}
        compose("documents/mail/code", context, to=signatory.email, language=language).send()


channels: dict[str, Channel] = {"e-mail": EMail()}


def register(channel: Channel) -> None:
    """Make a channel known."""
    channels[channel.name] = channel
