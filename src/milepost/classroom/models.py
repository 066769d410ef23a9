"""The nouns: a live session, its slots, its trainers and participants, and each participant's attendance of each slot."""

import secrets
import uuid
from datetime import datetime, timedelta
from typing import Any, Self
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.formats import date_format, time_format
from django.utils.translation import gettext_lazy as _

from milepost.classroom.meetings import Meeting, meeting_tools
from milepost.core import clock
from milepost.core.blobs.fields import BlobField
from milepost.courses.models import Course
from milepost.documents.models import Dated
from milepost.documents.signatures import Signature
from milepost.journal.recording import Reference
from milepost.people.models import Member, Organisation

CODE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # what nobody mixes up when it is read aloud


def new_code() -> str:
    """A slot's public address: short enough for a QR code that is read from the last row."""
    return "".join(secrets.choice(CODE_ALPHABET) for _digit in range(10))


def new_secret() -> str:
    """What a slot's changing codes are made of."""
    return secrets.token_hex(32)


class Way(models.TextChoices):
    """How an attendance was signed."""

    PROJECTED = "projected", _("projected code, own device")
    LINK = "link", _("personal link, own device")
    CODE = "code", _("spoken code, own device")
    TRAINER = "trainer", _("the trainer’s device")


class TrainerRight(models.TextChoices):
    """What an organisation may let its trainers do."""

    ADD_PEOPLE = "add-people", _("add people whom the organisation knows")
    ADD_NEW_PEOPLE = "add-new-people", _("add people who are new")
    CHANGE_SESSIONS = "change-sessions", _("make and change sessions")
    JUSTIFY_ABSENCES = "justify-absences", _("justify absences")


class UnsignedReminder(models.TextChoices):
    """When those who have not signed are reminded."""

    NEVER = "never", _("not at all")
    AFTER_START = "start", _("30 minutes after the start")
    AFTER_END = "end", _("30 minutes after the end")


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

    @property
    def reference(self) -> str:
        """How people name it: S-0012."""
        return f"S-{self.number:04}"

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

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


class Slot(models.Model):
    """A half-day or less, which is what people sign for."""

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    code = models.CharField(max_length=10, unique=True, default=new_code)
    secret = models.CharField(max_length=64, default=new_secret)
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
        """09:00–12:30, in the session's zone."""
        return f"{time_format(self.local_start, 'H:i')}–{time_format(self.local_end, 'H:i')}"

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


class AttendanceQuerySet(models.QuerySet["Attendance"]):
    """Sets of attendances."""

    def signed(self) -> Self:
        """Those who signed."""
        return self.filter(signed_at__isnull=False)

    def missing(self) -> Self:
        """Those of whom nothing is known yet."""
        return self.filter(signed_at=None, attested_at=None, absent_at=None)


class Attendance(models.Model):
    """Whether a participant was at a slot: unsigned at first, then signed, attested by somebody else, or absent.

    `signature`, `address`, `agent` and `location` are the context, kept apart from the journal, which holds their
    fingerprints. `device_time` is what a device without a network said the time was.
    """

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+", db_index=False)
    slot = models.ForeignKey(Slot, on_delete=models.CASCADE, related_name="attendances", db_index=False)
    participant = models.ForeignKey(Participant, on_delete=models.CASCADE, related_name="attendances")
    signed_at = models.DateTimeField(null=True)
    way = models.CharField(max_length=10, choices=Way.choices, blank=True)
    signature: "models.JSONField[dict[str, Any] | None, dict[str, Any] | None]" = models.JSONField(null=True)
    address = models.CharField(max_length=45, blank=True)
    agent = models.CharField(max_length=400, blank=True)
    location: "models.JSONField[dict[str, Any] | None, dict[str, Any] | None]" = models.JSONField(null=True)
    context_fingerprint = models.CharField(max_length=64, blank=True)
    device_time = models.DateTimeField(null=True)
    arrived_at = models.DateTimeField(null=True)
    left_at = models.DateTimeField(null=True)
    absent_at = models.DateTimeField(null=True)
    absence_reason = models.CharField(max_length=300, blank=True)
    absence_file = BlobField(blank=True)
    absence_file_name = models.CharField(max_length=200, blank=True)
    attested_at = models.DateTimeField(null=True)  # somebody answers for their presence: there is no signature
    earlier = models.JSONField(default=list)  # signatures that a correction put aside, or that came after the closing
    corrections = models.PositiveSmallIntegerField(default=0)
    link_sent_at = models.DateTimeField(null=True)
    reminded_before_at = models.DateTimeField(null=True)
    reminded_at = models.DateTimeField(null=True)

    objects = AttendanceQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["slot", "participant"], name="one_attendance_each"),
            models.CheckConstraint(
                condition=Q(signed_at=None, signature=None, way="")
                | (Q(signed_at__isnull=False, signature__isnull=False) & ~Q(way="")),
                name="signed_with_a_signature",
            ),
            models.CheckConstraint(
                condition=Q(absent_at=None) | Q(signed_at=None, attested_at=None), name="there_or_not"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.participant_id} at {self.slot_id}"

    @property
    def state(self) -> str:
        """signed, attested, absent, or missing: nothing is known."""
        known = {"signed": self.signed_at, "attested": self.attested_at, "absent": self.absent_at}
        return next((state for state, since in known.items() if since), "missing")

    @property
    def is_present(self) -> bool:
        return self.state in ("signed", "attested")

    @property
    def minutes(self) -> int:
        """How long they were there: the slot, less what was missed at either end."""
        if not self.is_present:
            return 0
        start = max(self.slot.starts_at, self.arrived_at or self.slot.starts_at)
        end = min(self.slot.ends_at, self.left_at or self.slot.ends_at)
        return max(0, int((end - start).total_seconds() // 60))

    @property
    def drawn(self) -> Signature | None:
        return Signature.from_json(self.signature) if self.signature else None

    def as_reference(self) -> Reference:
        return Reference("attendance", str(self.uid), self.slot.session.title)


class Sheet(Dated):
    """A closed session's attendance sheet as a sealed PDF; a correction makes the next, and none is replaced."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+", db_index=False)
    session = models.ForeignKey(LiveSession, on_delete=models.CASCADE, related_name="sheets", db_index=False)
    number = models.PositiveIntegerField()
    asked_at = models.DateTimeField(default=clock.now)
    pdf = BlobField(blank=True)

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["session", "number"], name="sheet_numbered_once")]
        indexes = [
            models.Index(fields=["asked_at"], condition=Q(pdf=""), name="sheet_to_make"),
            models.Index(fields=["id"], condition=Q(dated_at=None), name="sheet_to_date"),
        ]

    def __str__(self) -> str:
        return f"sheet {self.number} of {self.session_id}"

    def as_reference(self) -> Reference:
        return Reference("sheet", f"{self.session.uid}/{self.number}", self.session.title)

    @property
    def file_context(self) -> dict[str, str]:
        return {"session": str(self.session.uid)}


def undated() -> "models.QuerySet[Sheet]":
    """Sealed sheets that no authority has dated yet."""
    return Sheet.objects.filter(dated_at=None).exclude(pdf="").select_related("session")


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
