"""The outbox folder of the embedded default."""

import errno
from pathlib import Path

import pytest
from django.core.mail import EmailMessage

from milepost.people.outbox import EmailBackend, mails


def test_half_a_mail_that_a_full_disk_took_is_none(tmp_path, monkeypatch):
    def half(path, content):
        written(path, content[:20])
        raise OSError(errno.ENOSPC, "No space left on device")

    written, backend = Path.write_bytes, EmailBackend(tmp_path)
    message = EmailMessage("Hello", "Words.", "milepost@example.org", ["jonas@example.org"])
    with monkeypatch.context() as full, pytest.raises(OSError, match="No space"):
        full.setattr(Path, "write_bytes", half)
        backend.send_messages([message])
    assert list(tmp_path.iterdir()) == []
    backend.send_messages([message])
    assert [mail.to for mail in mails(tmp_path)] == ["jonas@example.org"]
