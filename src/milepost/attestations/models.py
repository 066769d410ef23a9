"""The noun: an attestation about everybody whom a course concerns, as of a day."""

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from milepost.core import clock
from milepost.core.blobs.fields import BlobField
from milepost.courses.models import Course
from milepost.documents.models import Dated
from milepost.journal.recording import Reference
from milepost.people.models import Member, Organisation


class State(StrEnum):
    """What an attestation is worth today."""

    BEING_MADE = "being-made"
    VALID = "valid"
    SUPERSEDED = "superseded"
    REVOKED = "revoked"


class Whom(models.TextChoices):
    """Whom it concerns, of those who belonged to the organisation, and to the site or department, on the day."""

    ENROLLED = "enrolled", _("everybody who was enrolled in one of the courses")
    EMPLOYEES = "employees", _("every employee")
    EVERYBODY = "everybody", _("everybody: employees, partners, clients and others")


class Attestation(Dated):
    """What is attested of a day. `content` is what it says, frozen once it is made; `pdf` and `annex` are the SHA-256 of the files.

    Dated, as every sealed file is, by an authority where one is configured. The annex goes when somebody in it is erased.
    """

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+", db_index=False)
    courses = models.ManyToManyField(Course, related_name="+")
    day = models.DateField()
    whom = models.CharField(max_length=12, choices=Whom.choices)
    site = models.CharField(max_length=120, blank=True)
    department = models.CharField(max_length=600, blank=True)
    language = models.CharField(max_length=8)
    content: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField(default=dict)
    pdf = BlobField(blank=True)
    annex = BlobField(blank=True)
    made_at = models.DateTimeField(null=True)
    asked_by = models.ForeignKey(Member, on_delete=models.SET_NULL, null=True, related_name="+")
    asked_at = models.DateTimeField(default=clock.now)
    replaces = models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="replaced_by")
    superseded_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    revocation_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["-asked_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(revoked_at=None) | ~Q(revocation_reason=""), name="attestation_revoked_for_a_reason"
            ),
            models.CheckConstraint(condition=~Q(replaces=F("id")), name="no_attestation_replaces_itself"),
        ]
        indexes = [
            models.Index(fields=["organisation", "-asked_at"], name="attestation_by_organisation"),
            models.Index(fields=["id"], condition=Q(dated_at=None), name="attestation_to_date"),
        ]

    def __str__(self) -> str:
        return f"attestation of {self.day}"

    @property
    def state(self) -> State:
        if self.revoked_at:
            return State.REVOKED
        if self.superseded_at:
            return State.SUPERSEDED
        return State.VALID if self.made_at else State.BEING_MADE

    @property
    def asked_for_at(self) -> datetime:
        return self.asked_at

    @property
    def title(self) -> str:
        """What it is about: the courses, as they are called."""
        return " · ".join(course["title"] for course in self.content["courses"]) if self.content else ""

    @property
    def file_name(self) -> str:
        return f"attestation-{self.day}-{str(self.uid)[:8]}"

    def as_reference(self) -> Reference:
        return Reference("attestation", str(self.uid), f"{self.day} {self.title}"[:200].strip())


def sealed_attestations() -> "models.QuerySet[Attestation]":
    """Those whose file is made."""
    return Attestation.objects.exclude(pdf="")
