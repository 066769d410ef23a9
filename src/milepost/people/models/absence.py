"""Long absences: from which day until which somebody is not there. Why is not kept: it is health or family."""

import uuid
from datetime import date

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from milepost.core import clock
from milepost.core.local_days import before_today
from milepost.core.refusals import Refused
from milepost.people.models.member import Member
from milepost.people.models.organisation import Organisation, zone_of


class AbsenceGone(Refused):
    """It was removed meanwhile."""

    sentence = _("This absence was removed already.")
    status = 404


class AbsenceQuerySet(models.QuerySet["Absence"]):
    """Sets of absences."""

    def to_tell(self) -> "AbsenceQuerySet":
        """Those that are over by their organisation's calendar, and whose end no fact told yet."""
        return self.filter(before_today("ends", zone_of("organisation")), told_at=None)


class Absence(models.Model):
    """Somebody is away from the day `begins` until `ends`, both included; without `ends` nobody knows yet until when.

    The database refuses two of one person that share a day. `told_at` is when the fact was recorded that they are back.
    """

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="absences")
    begins = models.DateField()
    ends = models.DateField(null=True)
    told_at = models.DateTimeField(null=True)

    objects = AbsenceQuerySet.as_manager()

    class Meta:
        ordering = ["begins", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(ends=None) | Q(ends__gte=F("begins")), name="absence_begins_first"),
            models.CheckConstraint(condition=Q(told_at=None) | Q(ends__isnull=False), name="absence_told_when_over"),
        ]
        indexes = [
            models.Index(fields=["ends"], condition=Q(told_at=None), name="absence_to_tell"),
        ]

    def __str__(self) -> str:
        return f"{self.member_id}: {self.begins} – {self.ends or ''}"

    @classmethod
    def locked(cls, key: int) -> "Absence":
        """It as it is now, its row held until the transaction ends. Raises `AbsenceGone`."""
        held = cls.objects.select_for_update(no_key=True).filter(pk=key).first()
        if held is None:
            raise AbsenceGone
        return held

    @property
    def days(self) -> int | None:
        """How many days it lasts; None as long as nobody knows."""
        return None if self.ends is None else (self.ends - self.begins).days + 1

    def is_over(self, today: date) -> bool:
        """Whether its last day is over."""
        return self.ends is not None and self.ends < today

    def has_begun(self, today: date) -> bool:
        """Whether its first day has come."""
        return self.begins <= today

    def shares_a_day_with(self, begins: date, ends: date | None) -> bool:
        """Whether a day of it is one of these, too."""
        return (ends is None or self.begins <= ends) and (self.ends is None or begins <= self.ends)

    @property
    def is_told(self) -> bool:
        """Whether a fact told that they are back, and others went by it."""
        return self.told_at is not None

    def note_told(self) -> None:
        self.told_at = clock.now()
        self.save(update_fields=["told_at"])
