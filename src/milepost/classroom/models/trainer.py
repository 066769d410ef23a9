"""Who holds a session."""

import uuid

from django.db import models
from django.db.models import Q

from milepost.classroom.models.session import LiveSession
from milepost.journal.recording import Reference
from milepost.people.models import Member, Organisation


class Trainer(models.Model):
    """Somebody who holds the session: a member, or a person from outside who has a personal link."""

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+", db_index=False)
    session = models.ForeignKey(LiveSession, on_delete=models.CASCADE, related_name="trainers")
    member = models.ForeignKey(Member, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    name = models.CharField(max_length=200)
    email = models.EmailField(blank=True)
    invited_sequence = models.IntegerField(default=-1)  # of the invitation that was sent last
    invited_days = models.JSONField(default=list)  # ISO dates that stand in their calendar
    removed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["session", "member"], condition=Q(removed_at=None), name="trainer_named_once"
            )
        ]

    def __str__(self) -> str:
        return self.name

    def as_reference(self) -> Reference:
        return self.member.as_reference() if self.member else Reference("trainer", str(self.uid), self.name)
