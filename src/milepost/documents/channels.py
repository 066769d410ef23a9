"""How a one-time code reaches somebody. E-mail comes with Milepost; another channel (SMS) registers itself here."""

from dataclasses import dataclass
from typing import Protocol

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from milepost.core.mails import compose
from milepost.core.refusals import Refused


@dataclass(frozen=True)
class Addressee:
    """Whom a code goes to, and in which language they are spoken to."""

    name: str
    email: str
    language: str
    phone: str = ""


class NotSent(Refused):
    """The way to the person is closed now."""

    sentence = gettext_lazy("The mail server does not answer. Try again in a minute.")
    status = 503


class Channel(Protocol):
    """A way to somebody. `send` raises `NotSent` when the way is closed now."""

    name: str
    label: str | Promise

    def send(self, code: str, *, to: Addressee, title: str) -> None:
        """Bring the code to the person; `title` is what it opens."""


class EMail:
    """By e-mail, to the address that the link went to."""

    name: str = "e-mail"
    label: str | Promise = gettext_lazy("e-mail")

    def send(self, code: str, *, to: Addressee, title: str) -> None:
        """Bring the code to the person; `title` is what it opens."""
        context = {"name": to.name, "code": code, "title": title}
        try:
            compose("documents/mail/code", context, to=to.email, language=to.language).send()
        except OSError as error:
            raise NotSent from error


channels: dict[str, Channel] = {"e-mail": EMail()}


def register(channel: Channel) -> None:
    """Make a channel known."""
    channels[channel.name] = channel


def hinted(email: str) -> str:
    """j…d@example.org: enough to know which mailbox."""
    local, _at, domain = email.partition("@")
    return f"{local[:1]}…{local[-1:]}@{domain}"
