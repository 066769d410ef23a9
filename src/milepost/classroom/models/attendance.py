"""Whether a participant was at a slot, and the signature that says so."""

import uuid
from typing import Any, Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from milepost.classroom.models.participant import Participant
from milepost.classroom.models.slot import Slot
from milepost.core.blobs.fields import BlobField
from milepost.core.canonical import canonical_json, fingerprint
from milepost.documents.signatures import Signature
from milepost.journal.recording import Reference
from milepost.people.models import Organisation


class Way(models.TextChoices):
    """How an attendance was signed, as it is said after “signed at 09:12”."""

    PROJECTED = "projected", _("by scanning the projected code")
    LINK = "link", _("with a personal link")
    CODE = "code", _("with the code that was read out")
    TRAINER = "trainer", _("on the trainer’s device")


def is_signed(path: str = "") -> Q:
    """Signed, and nobody decided that they were not there; `path` leads to the attendance (`attendances__`) from another model."""
    return Q(**{f"{path}signed_at__isnull": False, f"{path}struck_at": None})


def is_present(path: str = "") -> Q:
    """Signed, or attested by somebody else."""
    return is_signed(path) | Q(**{f"{path}attested_at__isnull": False})


def is_settled(path: str = "") -> Q:
    """Present or not: something is known."""
    return Q(
        Q(**{f"{path}signed_at__isnull": False})
        | Q(**{f"{path}attested_at__isnull": False})
        | Q(**{f"{path}absent_at__isnull": False})
    )


def is_on_record(path: str = "") -> Q:
    """Somebody signed or was noted as anything, now or before a correction: the row stays, whatever becomes of hours and seats."""
    times = Q(**{f"{path}arrived_at__isnull": False}) | Q(**{f"{path}left_at__isnull": False})
    return Q(is_settled(path) | times | Q(**{f"{path}corrections__gt": 0}))


def is_in_doubt(path: str = "") -> Q:
    """There are doubts about the signature, and nobody has decided; it counts meanwhile."""
    return Q(**{f"{path}doubted_at__isnull": False, f"{path}judged_at": None})


class AttendanceQuerySet(models.QuerySet["Attendance"]):
    """Sets of attendances."""

    def signed(self) -> Self:
        """Those who signed."""
        return self.filter(signed_at__isnull=False)

    def in_doubt(self) -> Self:
        """Those whose signature is in doubt, and about whom nobody has decided."""
        return self.filter(is_in_doubt())

    def missing(self) -> Self:
        """Those of whom nothing is known yet."""
        return self.filter(signed_at=None, attested_at=None, absent_at=None)


class Attendance(models.Model):
    """Whether a participant was at a slot: unsigned at first, then signed, attested by somebody else, or absent.

    `signature`, `address`, `agent` and `location` are the context, kept apart from the journal, which holds their
    fingerprints. `device_time` is what a device without a network said the time was, `device` by what a browser is known
    again within this session (`devices.py`).

    `doubts` are reasons to ask whether it was they who signed, `[{"code", "others": how many}]` (`doubts.py`);
    `doubted_at` is when the newest came. Somebody decides (`deciding.py`): `judged_by` said that they were there, which
    holds until a further doubt comes, or, with `struck_at`, that they were not. The signature stays either way.
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
    device = models.CharField(max_length=64, blank=True)
    ink = models.CharField(max_length=64, blank=True)  # the fingerprint of a drawn signature
    doubts: "models.JSONField[list[dict[str, Any]], list[dict[str, Any]]]" = models.JSONField(default=list)
    doubted_at = models.DateTimeField(null=True)
    judged_at = models.DateTimeField(null=True)
    judged_by = models.CharField(max_length=200, blank=True)
    judgement_reason = models.CharField(max_length=300, blank=True)
    struck_at = models.DateTimeField(null=True)
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
            models.CheckConstraint(
                condition=Q(struck_at=None) | Q(signed_at__isnull=False, judged_at__isnull=False),
                name="struck_by_a_decision",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.participant_id} at {self.slot_id}"

    @property
    def state(self) -> str:
        """signed, struck (signed, and somebody decided that they were not there), attested, absent, or missing: nothing is known."""
        known = {
            "struck": self.struck_at,
            "signed": self.signed_at,
            "attested": self.attested_at,
            "absent": self.absent_at,
        }
        return next((state for state, since in known.items() if since), "missing")

    @property
    def is_present(self) -> bool:
        return self.state in ("signed", "attested")

    @property
    def is_in_doubt(self) -> bool:
        """As `is_in_doubt` asks the database."""
        return self.doubted_at is not None and self.judged_at is None

    @property
    def doubts_seen(self) -> str:
        """Changes with the doubts and with each decision: whoever decides says by it what they had read."""
        decided = [f"{at:%Y-%m-%dT%H:%M:%S.%f}" if at else "" for at in (self.judged_at, self.struck_at)]
        return fingerprint(canonical_json([self.doubts, decided]))[:12]

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
