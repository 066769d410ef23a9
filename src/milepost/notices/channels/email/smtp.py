"""Django's SMTP backend with bounds: a server that drips or hangs costs `PATIENCE` seconds, never more.

What it makes of an answer is a `NotDelivered` (see `channels`); what happens to the message then, pauses, giving up and the
list of those to look after, is in `notices/sending.py` and `notices/undelivered.py`.

Each conversation as a whole is on a leash (`core.leash`), since a time-out on a socket bounds one read only.
"""

import smtplib  # never: network in this file (it sends mails, on a leash)
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from email import policy
from functools import partial
from typing import Any, cast

from django.core.mail import EmailMessage
from django.core.mail.backends import smtp

from milepost.core.leash import Leash
from milepost.notices.channels import Away, Lost, RefusedForGood, TryLater

PATIENCE = 30.0  # seconds for one message, and for opening a connection, unless `MILEPOST_MAIL_URL` says otherwise
SILENCE = 15.0  # seconds without a byte


class EmailBackend(smtp.EmailBackend):
    """Gives messages to a mail server, and tells apart what its answers mean."""

    def __init__(self, *, patience: float = PATIENCE, **options: Any) -> None:
        super().__init__(**options)
        self.patience = patience
        self.leash = Leash("The mail server")

    @property
    def connection_class(self) -> Callable[..., smtplib.SMTP]:  # type: ignore[override]
        return partial(_HeldSecurely if self.use_ssl else _Held, leash=self.leash)

    def open(self) -> bool | None:
        with self.leash.within(self.patience):
            return super().open()

    def close(self) -> None:
        with suppress(OSError), self.leash.within(self.patience):
            super().close()

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Send them one after another, as Django asks. Raises `NotDelivered`."""
        try:
            for message in email_messages:
                self.hand_over(message)
        finally:
            self.close()
        return len(email_messages)

    def hand_over(self, message: EmailMessage, *, handing_over: Callable[[], None] = lambda: None) -> None:
        """Give the server one message; the connection stays open. Raises `Away`, `Lost`, `TryLater` or `RefusedForGood`."""
        was_open = self.connection is not None
        try:
            self._open_or_away()
            with self.leash.within(self.patience):
                self._envelope(message)
        except Lost:
            if not was_open:
                raise
            self._open_or_away()  # a server may close a connection between two messages
            with self.leash.within(self.patience):
                self._envelope(message)
        try:
            content = message.message(policy=policy.SMTP.clone(cte_type="7bit")).as_bytes()
            handing_over()
        except BaseException:
            self._leave()
            raise
        with self.leash.within(self.patience):
            self._answered(lambda server: server.data(content), "DATA")

    def _open_or_away(self) -> None:
        try:
            self.open()
        except OSError as error:  # smtplib's exceptions are OSErrors: nobody there, no TLS, a password that is wrong
            self._leave()
            raise Away(_told(error)) from error

    def _envelope(self, message: EmailMessage) -> None:
        try:
            sender = self.prep_address(message.from_email)
            recipients = [self.prep_address(address) for address in message.recipients()]
        except ValueError as error:
            raise RefusedForGood(str(error)) from error
        try:
            self._answered(lambda server: server.mail(sender), "MAIL FROM")
        except RefusedForGood as refused:  # it does not want our sender: nobody's message would pass
            raise Away(str(refused)) from refused
        for recipient in recipients:
            self._answered(lambda server, to=recipient: server.rcpt(to), "RCPT TO")  # type: ignore[misc]

    def _answered(self, ask: Callable[[smtplib.SMTP], tuple[int, bytes]], step: str) -> None:
        server = cast(smtplib.SMTP, self.connection)  # `open` was called
        try:
            server.ehlo_or_helo_if_needed()
            code, words = ask(server)
        except smtplib.SMTPDataError as error:
            code, words = error.smtp_code, error.smtp_error if isinstance(error.smtp_error, bytes) else b""
        except OSError as error:
            self._leave()
            raise Lost(f"{step}: {_told(error)}") from error
        if 200 <= code < 300:
            return
        if code == 421:
            self._leave()
        else:
            with suppress(OSError):
                server.rset()
        reason = f"{step}: {code} {words.decode('utf-8', 'replace')}"
        raise RefusedForGood(reason) if code >= 500 else TryLater(reason)

    def _leave(self) -> None:
        """Close without a word."""
        for name in ("connection", "_partial_connection"):
            if (connection := getattr(self, name)) is not None:
                with suppress(OSError):
                    connection.close()
            setattr(self, name, None)


class _Held(smtplib.SMTP):
    """Puts the connection on the leash before anything is said on it, TLS included."""

    def __init__(self, *arguments: Any, leash: Leash, **options: Any) -> None:
        self._leash = leash
        options["timeout"] = min(options.get("timeout") or SILENCE, SILENCE)
        super().__init__(*arguments, **options)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        connection: socket.socket = super()._get_socket(host, port, timeout)  # type: ignore[misc]
        self._leash.hold(connection)
        return connection

    def close(self) -> None:
        super().close()
        self._leash.let_go()


class _HeldSecurely(smtplib.SMTP_SSL, _Held):
    """The same over TLS from the first byte: `SMTP_SSL` wraps what `_Held` connects."""

    def __init__(self, *arguments: Any, leash: Leash, **options: Any) -> None:
        self._leash = leash
        options["timeout"] = min(options.get("timeout") or SILENCE, SILENCE)
        super().__init__(*arguments, **options)


def _told(error: BaseException) -> str:
    """A reason that a person can read."""
    if isinstance(error, smtplib.SMTPResponseException):
        words = error.smtp_error
        return f"{error.smtp_code} {words.decode('utf-8', 'replace') if isinstance(words, bytes) else words}"
    return str(error) or type(error).__name__
