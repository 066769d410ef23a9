"""The outbox of the embedded default: without a mail server every mail becomes a file that a page shows."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage as Parsed
from pathlib import Path
from typing import Any

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from milepost.core import clock

KEPT = 500
_NAME = re.compile(r"^[0-9TZ-]+\.eml$")


class EmailBackend(BaseEmailBackend):
    """Writes each mail into a folder, the newest `KEPT` of them."""

    def __init__(self, file_path: Path, **options: Any) -> None:
        super().__init__(**options)
        self.folder = Path(file_path)

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for number, message in enumerate(email_messages):
            name = f"{clock.now():%Y%m%dT%H%M%S-%f}-{number:04}.eml"
            written = self.folder / f"{name}.part"  # a disk that is full keeps half of a mail, which is none
            try:
                written.write_bytes(message.message().as_bytes())
                written.replace(self.folder / name)
            except BaseException:
                written.unlink(missing_ok=True)
                raise
        for old in sorted(self.folder.glob("*.eml"))[:-KEPT]:
            old.unlink(missing_ok=True)
        return len(email_messages)


@dataclass(frozen=True)
class Mail:
    """A mail in the outbox."""

    name: str
    to: str
    subject: str
    sent: datetime | None
    body: str
    files: tuple[str, ...] = ()  # the names of what is attached


def mails(folder: Path) -> list[Mail]:
    """The mails, newest first."""
    return [_read(path) for path in sorted(folder.glob("*.eml"), reverse=True)[:100]] if folder.exists() else []


def mail(folder: Path, name: str) -> Mail | None:
    """One mail by its file's name; None if there is none."""
    path = folder / name
    return _read(path) if _NAME.match(name) and path.is_file() else None


def _read(path: Path) -> Mail:
    message: Parsed = message_from_bytes(path.read_bytes(), policy=policy.default)
    body = message.get_body(("plain", "html"))
    date = message["date"]
    return Mail(
        path.name,
        str(message["to"]),
        str(message["subject"]),
        date.datetime if date else None,
        body.get_content() if body else "",
        tuple(part.get_filename() or "" for part in message.iter_attachments()),
    )
