"""The nouns: a training action, the files that belong to it, its dossiers, and the audits that look at it."""

import uuid
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from milepost.classroom.models import LiveSession
from milepost.core import clock
from milepost.core.blobs.fields import BlobField
from milepost.core.codes import TakesCode
from milepost.courses.models import Course
from milepost.journal.recording import Reference
from milepost.people.models import Member, Organisation


class TrainingAction(models.Model):
    """What a funding body or an auditor sees as one thing: a course, sessions, people, an agreement, dates, hours.

    `readiness` is what `evidence.readiness` last found, in per cent.
    """

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+", db_index=False)
    reference = models.CharField(_("reference"), max_length=40)
    title = models.CharField(_("title"), max_length=200)
    profile = models.CharField(_("profile"), max_length=40)
    language = models.CharField(_("language"), max_length=8, choices=settings.LANGUAGES)
    course = models.ForeignKey(
        Course, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("course")
    )
    client = models.CharField(_("the other party"), max_length=200, blank=True)
    client_address = models.CharField(_("its postal address"), max_length=300, blank=True)
    client_registration = models.CharField(_("its registration number"), max_length=80, blank=True)
    client_representative = models.CharField(_("who represents it"), max_length=120, blank=True)
    client_capacity = models.CharField(_("in which capacity"), max_length=120, blank=True)
    funder = models.CharField(_("funding body"), max_length=200, blank=True)
    funding_reference = models.CharField(_("its reference"), max_length=80, blank=True)
    starts_on = models.DateField(_("first day"))
    ends_on = models.DateField(_("last day"))
    minutes = models.PositiveIntegerField(_("duration, in minutes"))
    objectives = models.TextField(_("objectives"), max_length=4000, blank=True)
    price = models.CharField(_("price and terms of payment"), max_length=300, blank=True)
    help_by = models.CharField(_("who helps"), max_length=200, blank=True)
    help_means = models.CharField(_("by what means"), max_length=200, blank=True)
    help_within = models.CharField(_("within what time"), max_length=120, blank=True)
    last_paid_on = models.DateField(_("day of the last payment"), null=True, blank=True)
    sessions = models.ManyToManyField(LiveSession, blank=True, related_name="actions")
    members = models.ManyToManyField(Member, blank=True, related_name="+")
    registered_up_to = models.BigIntegerField(default=0)  # the key of the last seat in it that a fact tells of
    readiness = models.PositiveSmallIntegerField(default=0)
    checked_at = models.DateTimeField(null=True)
    letting_go_at = models.DateTimeField(null=True)  # when somebody said that its evidence can go, after its time
    letting_go_by = models.ForeignKey(Member, on_delete=models.SET_NULL, null=True, related_name="+")
    let_go_at = models.DateTimeField(null=True)  # when it was taken away
    created_by = models.ForeignKey(Member, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ["-starts_on", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["organisation", "reference"], name="action_referenced_once"),
            models.CheckConstraint(
                condition=Q(ends_on__gte=F("starts_on")),
                name="action_ends_after_it_starts",
                violation_error_message=_("The last day lies before the first."),
            ),
        ]
        indexes = [
            models.Index(fields=["organisation", "starts_on"], name="action_by_start"),
            models.Index(
                fields=["letting_go_at"],
                condition=Q(letting_go_at__isnull=False, let_go_at=None),
                name="action_to_let_go",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reference} {self.title}"

    @property
    def about(self) -> str:
        """How documents say that they belong to it."""
        return f"action:{self.uid}"

    def as_reference(self) -> Reference:
        return Reference("action", str(self.uid), f"{self.reference} {self.title}")


class Piece(models.Model):
    """A file that belongs to an action and was made elsewhere: an evaluation, a trainer's diploma, an analysis of needs."""

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+", db_index=False)
    action = models.ForeignKey(TrainingAction, on_delete=models.CASCADE, related_name="pieces")
    key = models.CharField(max_length=40)  # which piece of the profile it is
    member = models.ForeignKey(Member, on_delete=models.PROTECT, null=True, related_name="+")
    name = models.CharField(max_length=200)
    digest = BlobField()
    added_by = models.ForeignKey(Member, on_delete=models.SET_NULL, null=True, related_name="+")
    added_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ["key", "pk"]

    def __str__(self) -> str:
        return self.name


class Dossier(models.Model):
    """A dossier that was asked for: built in the background, kept as a blob once it is whole."""

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+", db_index=False)
    action = models.ForeignKey(TrainingAction, on_delete=models.CASCADE, related_name="dossiers")
    member = models.ForeignKey(Member, on_delete=models.CASCADE, null=True, related_name="+")  # none: of all people
    asked_by = models.ForeignKey(Member, on_delete=models.SET_NULL, null=True, related_name="+")
    asked_at = models.DateTimeField(default=clock.now)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    digest = BlobField(blank=True)
    size = models.PositiveBigIntegerField(default=0)
    problem = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["-asked_at"]
        indexes = [models.Index(fields=["asked_at"], condition=Q(digest="", problem=""), name="dossier_to_build")]

    def __str__(self) -> str:
        return f"dossier of {self.action_id}"


class Audit(TakesCode):
    """That somebody from outside may read: whom it lets in, from when until when, and to which actions."""

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+", db_index=False)
    name = models.CharField(_("name"), max_length=200)
    email = models.EmailField(_("e-mail"))
    body = models.CharField(_("sent by"), max_length=200, blank=True)
    language = models.CharField(_("language"), max_length=8, choices=settings.LANGUAGES)
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(_("until"))
    covers_all = models.BooleanField(_("every action"), default=False)
    actions = models.ManyToManyField(TrainingAction, blank=True, related_name="+")
    ended_at = models.DateTimeField(null=True)  # before its time
    created_by = models.ForeignKey(Member, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ["-ends_on", "-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(ends_on__gte=F("starts_on")), name="audit_ends_after_it_starts"),
        ]
        indexes = [
            models.Index(fields=["organisation", "ends_on"], name="audit_by_end"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def scope(self) -> "models.QuerySet[TrainingAction]":
        """The actions that the auditor may read."""
        rows = TrainingAction.objects.filter(organisation=self.organisation_id)
        return rows if self.covers_all else rows.filter(pk__in=self.actions.values("pk"))

    @property
    def is_open(self) -> bool:
        """Whether the auditor may read now."""
        today = clock.today(self.organisation.time_zone)
        return self.ended_at is None and self.starts_on <= today <= self.ends_on

    @property
    def is_over(self) -> bool:
        """Whether it was ended, or its last day has passed."""
        return self.ended_at is not None or clock.today(self.organisation.time_zone) > self.ends_on

    @property
    def closed_on(self) -> date:
        """Since which day nothing can be read: the one on which it was ended, or the one after its last."""
        if self.ended_at is not None:
            return self.ended_at.astimezone(ZoneInfo(self.organisation.time_zone)).date()
        return self.ends_on + timedelta(days=1)

    def as_reference(self) -> Reference:
        return Reference("audit", str(self.uid), self.name)
