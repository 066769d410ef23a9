"""Who was connected to the meeting of a session."""

import uuid

from django.db import models

from milepost.classroom.models.session import LiveSession
from milepost.core import clock
from milepost.core.blobs.fields import BlobField
from milepost.people.models import Member, Organisation


class ConnectionLog(models.Model):
    """What a meeting tool says of who was connected: a record beside the signatures, never in their place.

    `rows` are `{"name", "email", "from", "to", "minutes", "participant": uid or null}`.
    """

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+", db_index=False)
    session = models.ForeignKey(LiveSession, on_delete=models.CASCADE, related_name="logs")
    source = models.CharField(max_length=200)
    digest = BlobField()
    rows = models.JSONField(default=list)
    added_at = models.DateTimeField(default=clock.now)
    added_by = models.ForeignKey(Member, on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        ordering = ["-added_at"]
        constraints = [models.UniqueConstraint(fields=["session", "digest"], name="log_taken_once")]

    def __str__(self) -> str:
        return self.source
