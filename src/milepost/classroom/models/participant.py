"""Who takes part in a session: a seat, or a place on the waiting list."""

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from milepost.classroom.models.session import LiveSession
from milepost.core import clock
from milepost.people.models import Member, Organisation


class Participant(models.Model):
    """A member's seat in a session, or their place on its waiting list."""

    class Status(models.TextChoices):
        SEATED = "seated", _("has a seat")
        WAITING = "waiting", _("on the waiting list")
        LEFT = "left", _("cancelled")

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+", db_index=False)
    session = models.ForeignKey(LiveSession, on_delete=models.CASCADE, related_name="participants", db_index=False)
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="seats")
    employer = models.CharField(max_length=160, blank=True)
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.SEATED)
    asked_at = models.DateTimeField(default=clock.now)
    invited_sequence = models.IntegerField(default=-1)
    invited_days = models.JSONField(default=list)  # that stand in their calendar: what a cancellation must answer

    class Meta:
        constraints = [models.UniqueConstraint(fields=["session", "member"], name="one_seat_each")]

    def __str__(self) -> str:
        return f"{self.member_id} in {self.session_id}: {self.status}"
