"""The nouns: a requirement, how each person stands under it, and who is exempt."""

import uuid
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from milepost.audiences.models import Audience
from milepost.core import clock
from milepost.core.local_days import before_today
from milepost.courses.models import Course
from milepost.journal.recording import Reference
from milepost.people.models import Member, Organisation, zone_of
from milepost.requirements.cycles import Counted, Cycle, First, State

LABELS = {
    State.COMPLIANT: _("Up to date"),
    State.DUE: _("To be done"),
    State.OVERDUE: _("Overdue"),
    State.EXEMPT: _("Exempt"),
    State.PAUSED: _("Away"),
}
NAME_LENGTH = 120


class RequirementQuerySet(models.QuerySet["Requirement"]):
    """Sets of requirements."""

    def current(self) -> Self:
        """Those that nobody ended."""
        return self.filter(ended_at=None)

    def due(self) -> Self:
        """Those of which something happened, or a midnight passed, since it was looked how people stand."""
        is_new_day = before_today("evaluated_on", zone_of("organisation"))
        return self.current().filter(Q(stale_at__isnull=False) | Q(evaluated_on=None) | is_new_day)


class Requirement(models.Model):
    """That whoever is in the audience completes the course, by when, and how often (`cycles.Cycle`).

    A completion of one of the `equivalents` counts as much. `stale_at` is set by whatever happens after which somebody may stand
    otherwise, `evaluated_on` is the day, by the organisation's calendar, of which it was looked last.
    """

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+", db_index=False)
    name = models.CharField(_("name"), max_length=NAME_LENGTH)
    audience = models.ForeignKey(Audience, on_delete=models.PROTECT, related_name="requirements")
    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="requirements")
    equivalents = models.ManyToManyField(Course, related_name="+", blank=True)
    starts_on = models.DateField(_("holds from"))
    first = models.CharField(max_length=8, choices=[(one.value, one.value) for one in First])
    day = models.DateField(null=True, blank=True)
    days = models.PositiveIntegerField(default=0)
    least_days = models.PositiveIntegerField(default=0)
    every_months = models.PositiveSmallIntegerField(null=True, blank=True)
    counted = models.CharField(
        max_length=12, choices=[(one.value, one.value) for one in Counted], default=Counted.COMPLETION
    )
    opens_days = models.PositiveIntegerField(default=60)
    accepts_days = models.PositiveIntegerField(null=True, blank=True)
    made_by = models.ForeignKey(Member, on_delete=models.SET_NULL, null=True, related_name="+")
    made_at = models.DateTimeField(default=clock.now)
    ended_at = models.DateTimeField(null=True)
    stale_at = models.DateTimeField(null=True, default=clock.now)
    evaluated_on = models.DateField(null=True)

    objects = RequirementQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "name"], condition=Q(ended_at=None), name="requirement_named_once"
            ),
            models.CheckConstraint(condition=~Q(first="day") | Q(day__isnull=False), name="a_day_where_one_is_meant"),
        ]
        indexes = [models.Index(fields=["organisation", "ended_at", "name"], name="requirement_by_organisation")]

    def __str__(self) -> str:
        return self.name

    @property
    def cycle(self) -> Cycle:
        """By when and how often, for the arithmetic."""
        return Cycle(
            starts_on=self.starts_on,
            first=First(self.first),
            day=self.day,
            days=self.days,
            least_days=self.least_days,
            every_months=self.every_months,
            counted=Counted(self.counted),
            opens_days=self.opens_days,
            accepts_days=self.accepts_days,
        )

    @property
    def has_ended(self) -> bool:
        return self.ended_at is not None

    @property
    def is_being_looked_at(self) -> bool:
        """Whether it is being looked how people stand."""
        return self.stale_at is not None or self.evaluated_on is None

    def as_reference(self) -> Reference:
        return Reference("requirement", str(self.uid), self.name)


class Standing(models.Model):
    """How somebody in the audience stands, as `cycles.standing` says: derived, and made anew whenever something happens.

    `due_on` is the day of what is to be done, now or next; `given_due` the due date that their enrolment got by it, so that one which
    somebody gave by hand stays.
    """

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+", db_index=False)
    requirement = models.ForeignKey(Requirement, on_delete=models.CASCADE, related_name="standings", db_index=False)
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="standings")
    state = models.CharField(max_length=12, choices=[(one.value, one.value) for one in State])
    is_covered = models.BooleanField(default=False)
    opens_on = models.DateField(null=True)
    due_on = models.DateField(null=True)
    done_on = models.DateField(null=True)
    given_due = models.DateField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["requirement", "member"], name="stands_once")]
        indexes = [models.Index(fields=["requirement", "state", "due_on", "id"], name="standing_by_state")]

    def __str__(self) -> str:
        return f"{self.member_id} under {self.requirement_id}: {self.state}"

    @property
    def label(self) -> str:
        """The state in words."""
        return str(LABELS[State(self.state)])


class Exemption(models.Model):
    """That somebody need not, from a day until another, or until it is taken back; who decided so, and why."""

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+", db_index=False)
    requirement = models.ForeignKey(Requirement, on_delete=models.CASCADE, related_name="exemptions", db_index=False)
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="exemptions")
    begins = models.DateField()
    ends = models.DateField(null=True, blank=True)
    reason = models.CharField(max_length=300)
    decided_by = models.ForeignKey(Member, on_delete=models.SET_NULL, null=True, related_name="+")
    decided_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(reason=""), name="exempt_for_a_reason"),
            models.CheckConstraint(
                condition=Q(ends=None) | Q(ends__gte=models.F("begins")), name="exemption_ends_later"
            ),
        ]
        indexes = [models.Index(fields=["requirement", "member"], name="exemption_by_requirement")]

    def __str__(self) -> str:
        return f"{self.member_id} from {self.requirement_id}"
