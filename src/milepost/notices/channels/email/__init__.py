"""By e-mail: through the mail server that is set, or into the outbox folder when there is none."""

import smtplib  # never: network (what its errors are called)
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from threading import BoundedSemaphore, local
from typing import Any

from django.core import mail
from django.utils.translation import gettext_lazy as _

from milepost.core.breaker import Breaker
from milepost.notices.channels import Away, Channel, Delivery, Lost, RefusedForGood, TryLater
from milepost.notices.channels.email.message import message_of
from milepost.notices.channels.email.smtp import EmailBackend
from milepost.notices.models import Recipient

TURN = 1.0  # seconds that somebody waits for the end of another's conversation
_CONVERSATIONS = BoundedSemaphore(3)  # at once in a web process, which has four threads (`config/serving.py`)


class EmailChannel(Channel):
    """E-mail. One connection serves a batch; a server in trouble is left alone for growing pauses (`Breaker`)."""

    label = _("E-mail")

    def __init__(self) -> None:
        self._thread = local()

    def reaches(self, to: Recipient) -> bool:
        return bool(to.email)

    def send(self, delivery: Delivery) -> None:
        server = getattr(self._thread, "server", None)
        with nullcontext() if server is not None else _at_hand():
            post(message_of(delivery), handing_over=delivery.handing_over, server=server)

    @property
    def trouble(self) -> str:
        return _breaker_of(mail.mailers.default).reason

    @contextmanager
    def held_open(self) -> Iterator[None]:
        self._thread.server = server = mail.mailers.default
        try:
            yield
        finally:
            self._thread.server = None
            server.close()


@contextmanager
def _at_hand() -> Iterator[None]:
    """A conversation while somebody waits for it. Raises `Away` where as many others wait as may: one thread is left to pages."""
    if not _CONVERSATIONS.acquire(timeout=TURN):
        raise Away("The mail server has not answered others yet.", TURN)
    try:
        yield
    finally:
        _CONVERSATIONS.release()


def post(message: mail.EmailMessage, *, handing_over: Callable[[], None] = lambda: None, server: Any = None) -> None:
    """Give the message to the mail server, over the connection of `server` if one is open. Raises as `Channel.send`."""
    mailer = mail.mailers.default if server is None else server
    breaker = _breaker_of(mailer)
    if pause := breaker.pause:
        raise Away(breaker.reason, pause)
    try:
        if isinstance(mailer, EmailBackend):
            mailer.hand_over(message, handing_over=handing_over)
        else:
            _hand_to_backend(mailer, message, handing_over)
    except Away as away:
        breaker.failed(str(away))
        away.seconds = breaker.pause
        raise
    except Lost as lost:
        breaker.failed(str(lost))
        raise
    except (RefusedForGood, TryLater):  # it answers, so it is well
        breaker.succeeded()
        raise
    finally:
        if server is None:
            mailer.close()
    breaker.succeeded()


def _breaker_of(mailer: Any) -> Breaker:
    server = getattr(mailer, "host", "") or type(mailer).__module__
    return Breaker(f"mail-server:{server}", first=5, longest=600)


def _hand_to_backend(mailer: Any, message: mail.EmailMessage, handing_over: Callable[[], None]) -> None:
    """What Django's own backends tell, in the words of channels: for the outbox folder and for tests."""
    handing_over()
    try:
        mailer.send_messages([message])
    except smtplib.SMTPRecipientsRefused as refused:
        raise RefusedForGood(str(refused)) from refused
    except OSError as error:
        raise Away(str(error)) from error
