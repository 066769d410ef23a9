"""The nouns of learning: an enrolment, its progress in each activity, attempts and their answers; an equivalence."""

import uuid
from datetime import date, datetime
from typing import Any, Self

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from milepost.core import clock
from milepost.core.prepared import Prepared
from milepost.core.refusals import Refused
from milepost.courses.models import Course, Version
from milepost.courses.outline import Outline, outline_of
from milepost.people.models import Member, Organisation


class EnrolmentQuerySet(models.QuerySet["Enrolment"]):
    """Sets of enrolments."""

    def current(self) -> Self:
        """The newest round of each person in each course."""
        return self.filter(is_current=True)

    def at(self, moment: "datetime | OuterRef") -> Self:
        """The round in which each person was at this moment in each course; the first of whoever was in none yet.

        An `OuterRef` names a column of the query that this one stands in.
        """
        inner = OuterRef(moment) if isinstance(moment, OuterRef) else moment
        same = {"member": OuterRef("member"), "course": OuterRef("course"), "round__gt": OuterRef("round")}
        later = Enrolment.objects.filter(enrolled_at__lt=inner, **same).order_by()
        return self.filter(Q(round=1) | Q(enrolled_at__lt=moment)).exclude(Exists(later))

    def open(self) -> Self:
        """Those that are to be completed: of a person in a course at most one, the newest round."""
        return self.current().filter(completed_at=None)

    def overdue(self, today: date) -> Self:
        return self.open().filter(due__lt=today)


class NotEnrolled(Refused):
    """The person was taken out of the course meanwhile."""

    sentence = _("This place in the course has ended: somebody took the person out. Ask the training team.")


class NotOpened(Refused):
    """Something was sent for an activity that the person was never shown, or not as it is now."""

    sentence = _("You had not opened this step as it is now. Here it is: look at it, then go on.")


class Enrolment(models.Model):
    """One round of a member in a course. `done` of `total` counted activities are complete; `version` is what they learn
    from, and once they completed, what they completed.

    Rounds are numbered from 1. Whoever is to do the course again has another one (see `rounds`); those before it stay as they
    were. The newest is the current one, which pages, players and numbers mean where they speak of somebody in a course.
    """

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+", db_index=False)
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="enrolments", db_index=False)
    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="enrolments", db_index=False)
    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="+", db_index=False)
    round = models.PositiveSmallIntegerField(default=1)
    is_current = models.BooleanField(default=True)
    enrolled_at = models.DateTimeField(default=clock.now)
    due = models.DateField(_("due"), null=True, blank=True)
    launched_at = models.DateTimeField(null=True)
    last_seen_at = models.DateTimeField(null=True)
    last_key = models.CharField(max_length=160, blank=True)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField()
    score = models.FloatField(null=True)  # per cent, over the assessments done
    completed_at = models.DateTimeField(null=True)

    objects = EnrolmentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["member", "course", "round"], name="enrolled_once_a_round"),
            models.UniqueConstraint(
                fields=["member", "course"], condition=Q(is_current=True), name="one_current_round"
            ),
            models.CheckConstraint(condition=Q(round__gte=1), name="rounds_from_one"),
            models.CheckConstraint(condition=Q(done__lte=F("total")), name="done_within_total"),
            models.CheckConstraint(
                condition=Q(completed_at=None) | Q(launched_at__isnull=False), name="launched_before_completed"
            ),
        ]
        indexes = [models.Index(fields=["course", "completed_at"], name="enrolment_by_course")]

    def __str__(self) -> str:
        return f"{self.member_id} in {self.course_id}, round {self.round}"

    def locked(self) -> "Enrolment":
        """This enrolment as it is now, its row held until the transaction ends: the lock of its progress and its attempts.

        Whoever changes one of them takes it first, and reads the rest after it. The person, the course and the
        organisation are those at hand: no other table is asked. Raises `NotEnrolled`.
        """
        held = _held.get(key=self.pk)
        if held is None:
            raise NotEnrolled
        held.member, held.course, held.organisation = self.member, self.course, self.organisation
        return held

    @property
    def outline(self) -> Outline:
        return outline_of(self.version_id)

    @property
    def percent(self) -> int:
        return 100 if self.completed_at else int(100 * self.done / self.total) if self.total else 0

    @property
    def is_overdue(self) -> bool:
        return self.is_current and self.completed_at is None and self.due is not None and self.due < clock.today()

    @property
    def in_round(self) -> dict[str, int]:
        """How its facts name its round: those of the first do not, as no fact did before there were others."""
        return in_round(self.round)


def in_round(number: int) -> dict[str, int]:
    """The part of a fact's context that names this round."""
    return {"round": number} if number > 1 else {}


_held = Prepared(lambda key: Enrolment.objects.select_for_update(no_key=True).filter(pk=key).order_by(), key=int)


class Progress(models.Model):
    """A person's state in one activity. `state` belongs to the kind (watched ranges, for instance)."""

    class Status(models.TextChoices):
        STARTED = "started", _("Started")
        COMPLETED = "completed", _("Done")
        FAILED = "failed", _("Not passed")

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+", db_index=False)
    enrolment = models.ForeignKey(Enrolment, on_delete=models.CASCADE, related_name="progress", db_index=False)
    activity_key = models.CharField(max_length=160)
    digest = models.CharField(max_length=64)  # of the content that was seen
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.STARTED)
    score = models.FloatField(null=True)
    state: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField(default=dict)
    started_at = models.DateTimeField(default=clock.now)
    completed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["enrolment", "activity_key"], name="progress_once")]

    def __str__(self) -> str:
        return f"{self.enrolment_id} {self.activity_key}: {self.status}"

    @property
    def is_complete(self) -> bool:
        return self.status == self.Status.COMPLETED

    def was_shown(self, digest: str) -> bool:
        """Whether the person opened the activity with this content, or has done it."""
        return self.is_complete or self.digest == digest


class Attempt(models.Model):
    """One go at an assessment. `seed` fixes the order in which this attempt shows questions and answers."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+", db_index=False)
    enrolment = models.ForeignKey(Enrolment, on_delete=models.CASCADE, related_name="attempts", db_index=False)
    activity_key = models.CharField(max_length=160)
    digest = models.CharField(max_length=64)
    number = models.PositiveIntegerField()
    seed = models.BigIntegerField()
    started_at = models.DateTimeField(default=clock.now)
    expires_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    score = models.FloatField(null=True)
    is_passed = models.BooleanField(null=True)

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["enrolment", "activity_key", "number"], name="attempt_numbered_once"),
            models.UniqueConstraint(
                fields=["enrolment", "activity_key"], condition=Q(finished_at=None), name="one_open_attempt"
            ),
            models.CheckConstraint(
                condition=Q(finished_at=None, score=None) | Q(finished_at__isnull=False, score__isnull=False),
                name="finished_attempts_have_scores",
            ),
        ]
        indexes = [
            models.Index(
                fields=["expires_at"],
                condition=Q(finished_at=None, expires_at__isnull=False),
                name="attempt_under_way_until",
            )
        ]

    def __str__(self) -> str:
        return f"{self.enrolment_id} {self.activity_key} #{self.number}"

    def locked(self) -> "Attempt | None":
        """This attempt as it is now, its row held until the transaction ends: the lock of its answers. None if it is gone."""
        return _held_attempt.get(key=self.pk)

    @property
    def is_over(self) -> bool:
        return self.finished_at is not None

    @property
    def has_expired(self) -> bool:
        return self.expires_at is not None and clock.now() > self.expires_at

    @property
    def ran_out(self) -> bool:
        """Whether it was the time that ended it."""
        return self.expires_at is not None and self.finished_at is not None and self.finished_at > self.expires_at


_held_attempt = Prepared(lambda key: Attempt.objects.select_for_update(no_key=True).filter(pk=key).order_by(), key=int)


class Answer(models.Model):
    """What a person answered to one question of an attempt; judged when the attempt is over."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+", db_index=False)
    attempt = models.ForeignKey(Attempt, on_delete=models.CASCADE, related_name="answers", db_index=False)
    question = models.CharField(max_length=40)
    response = models.JSONField()
    saved_at = models.DateTimeField(default=clock.now)
    fraction = models.FloatField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["attempt", "question"], name="answered_once")]

    def __str__(self) -> str:
        return f"{self.attempt_id} {self.question}"


class EquivalenceQuerySet(models.QuerySet["Equivalence"]):
    """Sets of equivalences."""

    def standing(self) -> Self:
        """Those that nobody took back."""
        return self.filter(withdrawn_at=None)


class Equivalence(models.Model):
    """That what somebody completed elsewhere counts as much as a course here; see `equivalences`.

    It is no completion: whoever counts these counts it apart. `receipt_sha256` is the fingerprint of the file that showed it,
    `key` that of the key which sealed it, and `is_checked` whether that was held against what its issuer publishes.
    """

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+", db_index=False)
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="equivalences")
    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="equivalences", db_index=False)
    title = models.CharField(max_length=300)
    issuer = models.CharField(max_length=200)
    completed_on = models.DateField()
    receipt_sha256 = models.CharField(max_length=64)
    key = models.CharField(max_length=64)
    is_checked = models.BooleanField()
    reason = models.CharField(max_length=300)
    decided_by = models.ForeignKey(Member, on_delete=models.SET_NULL, null=True, related_name="+")
    decided_at = models.DateTimeField(default=clock.now)
    withdrawn_at = models.DateTimeField(null=True)
    withdrawal_reason = models.CharField(max_length=300, blank=True)

    objects = EquivalenceQuerySet.as_manager()

    class Meta:
        ordering = ["-decided_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["member", "course"], condition=Q(withdrawn_at=None), name="one_standing_equivalence"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="recognised_for_a_reason"),
            models.CheckConstraint(
                condition=Q(withdrawn_at=None) | ~Q(withdrawal_reason=""), name="equivalence_withdrawn_for_a_reason"
            ),
        ]
        indexes = [models.Index(fields=["course", "withdrawn_at"], name="equivalence_by_course")]

    def __str__(self) -> str:
        return f"{self.title}: {self.member_id} in {self.course_id}"
