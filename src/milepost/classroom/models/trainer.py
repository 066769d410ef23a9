"""Who holds a session."""

import uuid
from datetime import datetime, timedelta

from django.db import models
from django.db.models import Q

from milepost.classroom.models.session import LiveSession
from milepost.journal.recording import Reference
from milepost.people.models import Member, Organisation

LINK_LIVES = timedelta(days=14)  # of a trainer who has no account


class Trainer(models.Model):
    """Somebody who holds the session: a member, or a person from outside who has a personal link."""

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+", db_index=False)
    session = models.ForeignKey(LiveSession, on_delete=models.CASCADE, related_name="trainers")
    member = models.ForeignKey(Member, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    name = models.CharField(max_length=200)
    email = models.EmailField(blank=True)
    link = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)  # what their link is a signature of
    link_renewed_at = models.DateTimeField(null=True)
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

    @property
    def has_account(self) -> bool:
        """Whether they sign in, so that their link opens nothing by itself and needs no end."""
        return self.member is not None and self.member.user_id is not None

    @property
    def link_ends_at(self) -> datetime:
        """Until when their link works: two weeks after the session, or after it was renewed."""
        last = max(slot.ends_at for slot in self.session.slots.all())
        return max(last, self.link_renewed_at or last) + LINK_LIVES

    def as_reference(self) -> Reference:
        return self.member.as_reference() if self.member else Reference("trainer", str(self.uid), self.name)
