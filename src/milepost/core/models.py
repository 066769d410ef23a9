"""The one noun of the lowest floor: a job that waits, is being done, or was given up."""

from typing import Any

from django.db import models
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from milepost.core import clock


class State(models.TextChoices):
    """Where a job stands. One that is done has no row any more."""

    WAITING = "waiting", _("waiting")
    RUNNING = "running", _("being done")
    DEAD = "dead", _("given up")


class Fault(models.TextChoices):
    """Why the last attempt failed, as it is told to somebody who can't read a log."""

    NONE = "", ""
    REFUSED = "refused", _("Milepost refused it.")
    UNREACHABLE = "unreachable", _("Another server did not answer.")
    GONE = "gone", _("A file that it needs is missing.")
    FULL = "full", _("The disk is full, or can’t be written to.")
    LOST = "lost", _("The worker was stopped from outside, or ran out of memory, while it did this.")
    OTHER = "other", _("Something in Milepost went wrong. Whoever runs it finds the details in the log.")


class JobQuerySet(models.QuerySet["Job"]):
    """Jobs as workers and people look for them."""

    def due(self) -> "JobQuerySet":
        """Those that can be taken now, the fairest first (see `Job.rank`)."""
        return self.filter(state=State.WAITING, run_after__lte=clock.now()).order_by("rank", "pk")

    def failing(self) -> "JobQuerySet":
        """Those given up, and those that go on failing or are refused though nobody gives them up; the newest first."""
        is_refused = models.Q(attempts__gte=1, fault=Fault.REFUSED)
        stubborn = models.Q(state=State.WAITING) & (models.Q(attempts__gte=STUBBORN) | is_refused)
        return self.filter(models.Q(state=State.DEAD) | stubborn).order_by("-failed_at", "-pk")


STUBBORN = 4  # failed attempts after which a job that still waits is shown to people


class Job(models.Model):
    """Work for the background, kept from the transaction that made it necessary until it is done.

    `task` is the dotted name of a function made by `milepost.core.jobs.job`, `arguments` what it is called with.
    Of the same task and `key` at most one waits: what was given up waits for a person and counts as well.
    A worker holds a job by a lease: once `leased_until` is over, another takes it.
    """

    task = models.CharField(max_length=200)
    queue = models.CharField(max_length=20)
    arguments = models.JSONField(default=dict)
    key = models.CharField(max_length=200)
    # No foreign key: organisations live on a higher floor. None: the work of the installation itself.
    organisation_id = models.BigIntegerField(null=True)
    seconds = models.FloatField(null=True)  # between two turns of what comes round again and again
    # The place in the queue: an organisation's second waiting job stands behind everybody's first, and so on.
    rank = models.IntegerField(default=0)
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    attempts = models.PositiveIntegerField(default=0)  # begun, the running one included
    enqueued_at = models.DateTimeField()
    run_after = models.DateTimeField()
    worker = models.CharField(max_length=100, blank=True)
    started_at = models.DateTimeField(null=True)
    leased_until = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    fault = models.CharField(max_length=12, choices=Fault, blank=True)
    reason = models.CharField(max_length=500, blank=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["task", "key"], condition=~models.Q(state=State.RUNNING), name="job_waits_once"
            ),
            models.CheckConstraint(
                condition=models.Q(state=State.RUNNING, leased_until__isnull=False)
                | (~models.Q(state=State.RUNNING) & models.Q(leased_until=None)),
                name="job_is_leased_while_it_runs",
            ),
        ]
        indexes = [
            models.Index(fields=["queue", "rank", "id"], condition=models.Q(state=State.WAITING), name="job_to_take"),
            models.Index(fields=["queue", "organisation_id", "rank"], name="job_of_organisation"),
            models.Index(fields=["leased_until"], condition=models.Q(state=State.RUNNING), name="job_to_reap"),
        ]

    def __str__(self) -> str:
        arguments = ", ".join(f"{name}={value}" for name, value in self.arguments.items())
        return f"{self.task}({arguments})"

    @property
    def is_dead(self) -> bool:
        """Whether it was given up."""
        return self.state == State.DEAD

    @property
    def told_reason(self) -> Any:
        """Why it failed, in words for whoever looks at the page."""
        return self.reason if self.fault == Fault.REFUSED else Fault(self.fault).label

    @property
    def title(self) -> Any:
        """What it does, in words; its name where this version has no such job."""
        try:
            title = import_string(self.task).title
        except ImportError:
            title = ""
        return title or self.task.rpartition(".")[2].replace("_", " ")


class Tries(models.Model):
    """How often something was tried in a window of time that ends at `ends_at` (seconds since 1970)."""

    key = models.CharField(max_length=200, primary_key=True)
    count = models.PositiveIntegerField()
    ends_at = models.FloatField(db_index=True)

    class Meta:
        db_table = "core_tries"

    def __str__(self) -> str:
        return f"{self.key}: {self.count}"


class Kept(models.Model):
    """A value of the cache, as JSON, until `ends_at` (seconds since 1970). No loss when it is gone."""

    key = models.CharField(max_length=250, primary_key=True)
    value = models.TextField()
    ends_at = models.FloatField(db_index=True)


class Stored(models.Model):
    """How many bytes an organisation stores: as they were measured, and what was sent since then (`quotas`)."""

    organisation_id = models.BigIntegerField(primary_key=True)
    measured = models.BigIntegerField(default=0)
    since = models.BigIntegerField(default=0)
    measured_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.organisation_id}: {self.measured} + {self.since}"


class NearlyFull(models.Model):
    """Something of which an organisation uses nearly all that it may, from when that was seen until it is so no more (`quotas`)."""

    organisation_id = models.BigIntegerField()
    quota = models.CharField(max_length=20)
    since = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation_id", "quota"], name="nearly_full_once")]

    def __str__(self) -> str:
        return f"{self.organisation_id}: {self.quota} since {self.since}"
