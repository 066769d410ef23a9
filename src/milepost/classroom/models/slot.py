"""A half-day or less of a session, with the code and the secret that its signing goes by."""

import secrets
import uuid
from datetime import datetime, timedelta

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from milepost.classroom.models.session import LiveSession
from milepost.core.encryption import EncryptedField
from milepost.core.words import date_format, hours
from milepost.documents.signatures import Signature
from milepost.journal.recording import Reference
from milepost.people.models import Organisation

CODE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # what nobody mixes up when it is read aloud


def new_code() -> str:
    """A slot's public address: short enough for a QR code that is read from the last row."""
    return "".join(secrets.choice(CODE_ALPHABET) for _digit in range(10))


def new_secret() -> str:
    """What a slot's changing codes are made of."""
    return secrets.token_hex(32)


class Slot(models.Model):
    """A half-day or less, which is what people sign for."""

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    code = models.CharField(max_length=10, unique=True, default=new_code)
    secret = EncryptedField(default=new_secret)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+", db_index=False)
    session = models.ForeignKey(LiveSession, on_delete=models.CASCADE, related_name="slots")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey("Trainer", on_delete=models.PROTECT, null=True, related_name="+")
    closing = models.JSONField(null=True)  # the trainer's signature and its circumstances

    class Meta:
        ordering = ["starts_at"]
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="slot_ends_after_it_starts"),
            models.UniqueConstraint(fields=["session", "starts_at"], name="slot_starts_once"),
            models.CheckConstraint(
                condition=Q(closed_at=None, closed_by=None, closing=None)
                | Q(closed_at__isnull=False, closed_by__isnull=False, closing__isnull=False),
                name="closed_by_a_signature",
            ),
        ]
        indexes = [models.Index(fields=["starts_at"], name="slot_by_start")]

    def __str__(self) -> str:
        return f"{self.day}, {self.hours}"

    @property
    def local_start(self) -> datetime:
        return self.starts_at.astimezone(self.session.zone)

    @property
    def local_end(self) -> datetime:
        return self.ends_at.astimezone(self.session.zone)

    @property
    def day(self) -> str:
        """Thursday 26 November 2026, in the active language."""
        return date_format(self.local_start, str(_("l j F Y")), use_l10n=False)

    @property
    def hours(self) -> str:
        """09:00–12:30, in the session's zone and the active language."""
        return hours(self.local_start, self.local_end)

    @property
    def part(self) -> str:
        """Morning, afternoon or evening."""
        hour = self.local_start.hour
        return str(_("Morning") if hour < 12 else _("Afternoon") if hour < 18 else _("Evening"))

    @property
    def minutes(self) -> int:
        return int((self.ends_at - self.starts_at).total_seconds() // 60)

    @property
    def is_closed(self) -> bool:
        return self.closed_at is not None

    @property
    def signing_opens_at(self) -> datetime:
        """People come early: a quarter of an hour before the start."""
        return self.starts_at - timedelta(minutes=15)

    @property
    def closing_signature(self) -> Signature | None:
        return Signature.from_json(self.closing["signature"]) if self.closing else None

    def as_reference(self) -> Reference:
        name = (
            f"{self.session.title}, {self.local_start:%Y-%m-%d %H:%M}–{self.local_end:%H:%M} {self.session.time_zone}"
        )
        return Reference("slot", str(self.uid), name)
