"""The attendance sheet of a closed session."""

from datetime import datetime

from django.db import models
from django.db.models import Q

from milepost.classroom.models.session import LiveSession
from milepost.core import clock
from milepost.core.blobs.fields import BlobField
from milepost.documents.models import Dated
from milepost.journal.recording import Reference
from milepost.people.models import Organisation


class Sheet(Dated):
    """A closed session's attendance sheet as a sealed PDF; a correction makes the next, and none is replaced."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+", db_index=False)
    session = models.ForeignKey(LiveSession, on_delete=models.CASCADE, related_name="sheets", db_index=False)
    number = models.PositiveIntegerField()
    asked_at = models.DateTimeField(default=clock.now)
    pdf = BlobField(blank=True)
    title = models.CharField(max_length=200, blank=True)  # which stands on it; none: that of the session

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["session", "number"], name="sheet_numbered_once")]
        indexes = [
            models.Index(fields=["asked_at"], condition=Q(pdf=""), name="sheet_to_make"),
            models.Index(fields=["id"], condition=Q(dated_at=None), name="sheet_to_date"),
        ]

    def __str__(self) -> str:
        return f"sheet {self.number} of {self.session_id}"

    @property
    def asked_for_at(self) -> datetime:
        return self.asked_at

    def as_reference(self) -> Reference:
        return Reference("sheet", f"{self.session.uid}/{self.number}", self.session.title)

    @property
    def file_context(self) -> dict[str, str]:
        return {"session": str(self.session.uid)}


def sealed_sheets() -> "models.QuerySet[Sheet]":
    """Those whose file is made."""
    return Sheet.objects.exclude(pdf="").select_related("session")
