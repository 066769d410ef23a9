"""A file for those who take part."""

import uuid

from django.db import models

from milepost.classroom.models.session import LiveSession
from milepost.core import clock
from milepost.core.blobs.fields import BlobField
from milepost.people.models import Organisation


class SessionDocument(models.Model):
    """A file for those who take part."""

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+", db_index=False)
    session = models.ForeignKey(LiveSession, on_delete=models.CASCADE, related_name="documents")
    name = models.CharField(max_length=200)
    digest = BlobField()
    size = models.PositiveBigIntegerField()
    added_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
