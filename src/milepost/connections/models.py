"""The noun: a connection record."""

import uuid
from datetime import datetime
from typing import Any, Self

from django.db import models
from django.db.models import Q

from milepost.core import clock
from milepost.core.blobs.fields import BlobField
from milepost.documents.models import Dated
from milepost.evidence.models import TrainingAction
from milepost.journal.recording import Reference
from milepost.people.models import Member, Organisation


class ConnectionRecordQuerySet(models.QuerySet["ConnectionRecord"]):
    """Sets of connection records."""

    def current(self) -> Self:
        """The newest of each person."""
        return self.filter(superseded_at=None)

    def untypeset(self) -> Self:
        """Those whose paper is still to be made."""
        return self.filter(pdf="")

    def sealed(self) -> Self:
        """Those whose paper is made."""
        return self.exclude(pdf="")


class ConnectionRecord(Dated):
    """When one person was at the course of an action, and what they did there, as the facts told it when it was drawn up.

    `content` is what it says, frozen (see `drawing_up`); `pdf` is the SHA-256 of the sealed file, once made. A later one
    supersedes it, and takes nothing away.
    """

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+", db_index=False)
    action = models.ForeignKey(TrainingAction, on_delete=models.CASCADE, related_name="connection_records")
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+")
    content: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField()
    title = models.CharField(max_length=200)  # which stands on it
    minutes = models.PositiveIntegerField()  # done at a distance
    minutes_live = models.PositiveIntegerField()
    made_at = models.DateTimeField(default=clock.now)
    pdf = BlobField(blank=True)
    superseded_at = models.DateTimeField(null=True)

    objects = ConnectionRecordQuerySet.as_manager()

    class Meta:
        ordering = ["-made_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["action", "member"], condition=Q(superseded_at=None), name="one_current_connection_record"
            ),
        ]
        indexes = [
            models.Index(fields=["id"], condition=Q(pdf=""), name="connection_record_to_make"),
            models.Index(fields=["id"], condition=Q(dated_at=None), name="connection_record_to_date"),
        ]

    def __str__(self) -> str:
        return f"connection record of {self.member_id} in {self.action_id}"

    @property
    def asked_for_at(self) -> datetime:
        return self.made_at

    @property
    def file_name(self) -> str:
        return f"connection-record-{self.action.reference}-{str(self.uid)[:8]}"

    def as_reference(self) -> Reference:
        return Reference("connection-record", str(self.uid), self.title)

    @property
    def file_context(self) -> dict[str, str]:
        """What the facts about its file name beside it: of which action it is, and whose."""
        return {"action": str(self.action.uid), "holder": str(self.member.uid)}
