"""One-time codes of six digits: that somebody reads the mailbox that a link went to.

A code works once, for ten minutes, and takes five tries. Only its hash is kept.
"""

import secrets
from datetime import timedelta

from django.contrib.auth.hashers import check_password, make_password
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from milepost.core import clock
from milepost.core.refusals import Refused

LIVES, TRIES, PAUSE = timedelta(minutes=10), 5, timedelta(seconds=30)


class TooSoon(Refused):
    """A code was sent a moment ago; the message says so."""

    sentence = gettext_lazy("A code was sent a moment ago. Look into your mail, or wait half a minute.")
    status = 429


class TakesCode(models.Model):
    """A row for whose person a code can be made."""

    code = models.CharField(max_length=128, blank=True)  # hashed
    code_sent_at = models.DateTimeField(null=True)
    code_tries = models.PositiveSmallIntegerField(default=0)

    class Meta:
        abstract = True

    def new_code(self) -> str:
        """A code for this person; an earlier one ends. Raises `TooSoon` within 30 seconds."""
        now = clock.now()
        code = f"{secrets.randbelow(1_000_000):06}"
        kept = {"code": make_password(code), "code_sent_at": now, "code_tries": 0}
        rows = type(self)._default_manager.filter(pk=self.pk)
        if not rows.filter(Q(code_sent_at=None) | Q(code_sent_at__lte=now - PAUSE)).update(**kept):
            raise TooSoon
        for name, value in kept.items():
            setattr(self, name, value)
        return code

    def take_code(self, typed: str) -> str:
        """Take what somebody typed; return what to tell them if it is not the code, else nothing. The row is locked."""
        is_fresh = self.code_sent_at is not None and clock.now() - self.code_sent_at < LIVES
        is_usable = bool(self.code) and is_fresh and self.code_tries < TRIES
        is_right = is_usable and check_password(typed, self.code)
        if is_right:
            self.code = ""
        else:
            self.code_tries += 1
        self.save(update_fields=["code", "code_tries"])
        if is_right:
            return ""
        if not is_usable or self.code_tries >= TRIES:
            return _("This is not the code, or it is too old. Ask for a new one.")
        return _("This is not the code. Look once more.")


def hinted(email: str) -> str:
    """j…d@example.org: enough to know which mailbox."""
    local, _at, domain = email.partition("@")
    return f"{local[:1]}…{local[-1:]}@{domain}"
