"""A live session: what, when, where, and on which step of a course."""

import uuid
from datetime import date
from itertools import groupby
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from milepost.classroom.meetings import Meeting, meeting_tools
from milepost.core import clock
from milepost.courses.models import Course
from milepost.journal.recording import Reference
from milepost.people.models import Member, Organisation

if TYPE_CHECKING:
    from milepost.classroom.models.slot import Slot


class LiveSession(models.Model):
    """A meeting of people who learn. `sequence` counts the changes that invitations speak of (RFC 5546, 2.1.4)."""

    class Form(models.TextChoices):
        ROOM = "room", _("workshop in a room")
        VIRTUAL = "virtual", _("virtual classroom")
        WEBINAR = "webinar", _("webinar")
        HYBRID = "hybrid", _("in a room and online")

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+", db_index=False)
    number = models.PositiveIntegerField()
    title = models.CharField(_("title"), max_length=200)
    form = models.CharField(_("kind"), max_length=12, choices=Form.choices, default=Form.ROOM)
    place = models.CharField(_("place"), max_length=300, blank=True)
    provider = models.CharField(_("meeting tool"), max_length=24, blank=True)
    meeting = models.JSONField(default=dict, blank=True)
    description = models.TextField(_("what it is about"), max_length=5000, blank=True)
    language = models.CharField(_("language"), max_length=8, choices=settings.LANGUAGES)
    time_zone = models.CharField(max_length=64)
    capacity = models.PositiveIntegerField(_("seats"), null=True, blank=True)
    course = models.ForeignKey(Course, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    activity_key = models.CharField(max_length=160, blank=True)
    sequence = models.PositiveIntegerField(default=0)
    created_by = models.ForeignKey(Member, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=clock.now)
    cancelled_at = models.DateTimeField(null=True)
    cancellation_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "number"], name="session_numbered_once"),
            models.CheckConstraint(condition=Q(capacity=None) | Q(capacity__gt=0), name="a_seat_at_least"),
            models.CheckConstraint(
                condition=Q(course=None, activity_key="") | Q(course__isnull=False), name="a_step_has_its_course"
            ),
        ]
        indexes = [models.Index(fields=["course", "activity_key"], name="session_by_step")]

    def __str__(self) -> str:
        return self.title

    @classmethod
    def locked(cls, key: int) -> "LiveSession":
        """The session as it is now, its row held until the transaction ends: the lock of its seats, half-days and signatures.

        Whoever changes one of them takes it first and reads the rest after it. A condition on a joined row would not do:
        PostgreSQL, having waited for a row, checks that row again, and none that it was joined with (READ COMMITTED).
        """
        return cls.objects.select_for_update(of=("self",), no_key=True).get(pk=key)

    @property
    def reference(self) -> str:
        """How people name it: S-0012."""
        return f"S-{self.number:04}"

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    @property
    def slots_by_day(self) -> "dict[date, list[Slot]]":
        """The half-days of each day, in the session's zone."""
        return {day: list(slots) for day, slots in groupby(self.slots.all(), key=lambda slot: slot.local_start.date())}

    @property
    def where(self) -> str:
        """The place, the tool, or both."""
        tool = str(meeting_tools.get(self.provider).label) if self.provider else ""
        return " · ".join(part for part in (self.place, tool) if part)

    @property
    def is_online(self) -> bool:
        return bool(self.provider)

    def as_meeting(self) -> Meeting:
        """What its meeting tool knows of it."""
        return Meeting(self.uid, self.title, self.meeting)

    def as_reference(self) -> Reference:
        return Reference("session", str(self.uid), self.title)
