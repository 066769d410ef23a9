"""The address at which a member's calendar reads their sessions."""

import uuid
from datetime import datetime, timedelta

from django.db import models

from milepost.core import clock
from milepost.people.models import Member, Organisation

LIVES = timedelta(days=365)


class CalendarFeed(models.Model):
    """A calendar can't sign in, so the address opens the feed: made when its person asks, renewed by them, over after a year."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+", db_index=False)
    member = models.OneToOneField(Member, on_delete=models.CASCADE, related_name="calendar_feed")
    link = models.UUIDField(
        default=uuid.uuid4, unique=True
    )  # what the address is a signature of: another one, another address
    renewed_at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return f"calendar of {self.member_id}"

    @property
    def ends_at(self) -> datetime:
        return self.renewed_at + LIVES

    @property
    def is_over(self) -> bool:
        return clock.now() > self.ends_at
