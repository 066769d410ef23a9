"""The nouns: what an action says of itself for declarations, what it says of one person, and a declaration as drawn up."""

import uuid
from fractions import Fraction
from typing import Any

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from milepost.core import clock
from milepost.core.blobs.fields import BlobField
from milepost.evidence.models import TrainingAction
from milepost.people.models import Member, Organisation


class Nature(models.TextChoices):
    """What kind of action it is (Labour Code, L6313-1)."""

    TRAINING = "training", _("training action")
    SKILLS = "skills-assessment", _("skills assessment")
    EXPERIENCE = "validation-of-experience", _("validation of experience")
    APPRENTICESHIP = "apprenticeship", _("apprenticeship")


class Objective(models.TextChoices):
    """What a training action leads to (BPF, frame F-3)."""

    RNCP = "rncp", _("a diploma or title of the national register (RNCP)")
    RS = "rs", _("a certification or habilitation of the specific register (RS)")
    CQP = "cqp", _("a professional qualification (CQP) outside of the registers")
    OTHER = "other", _("other vocational training")


class Funding(models.TextChoices):
    """Where the money comes from, by the lines of the BPF, frame C."""

    EMPLOYER = "employer", _("companies, for the training of their employees")
    APPRENTICESHIP = "apprenticeship", _("skills operators: apprenticeship contracts")
    PROFESSIONALISATION = "professionalisation", _("skills operators: professionalisation contracts")
    RETRAINING = "retraining", _("skills operators: promotion or retraining by alternation")
    TRANSITION = "transition", _("funds for projects of professional transition")
    CPF = "cpf", _("personal training account (CPF)")
    JOB_SEEKERS = "job-seekers", _("skills operators: schemes for job seekers")
    SELF_EMPLOYED = "self-employed", _("funds of the self-employed")
    DEVELOPMENT = "development", _("skills operators: skills development plan")
    PUBLIC_STAFF = "public-staff", _("public bodies, for the training of their staff")
    EUROPE = "europe", _("European institutions")
    STATE = "state", _("the State")
    REGION = "region", _("regional councils")
    FRANCE_TRAVAIL = "france-travail", _("France Travail")
    OTHER_PUBLIC = "other-public", _("other public resources")
    PRIVATE = "private", _("people who pay for themselves")
    PROVIDERS = "providers", _("other training organisations")
    OTHER = "other", _("other income from training")


class Category(models.TextChoices):
    """What a trainee is (BPF, frame F-1)."""

    EMPLOYEE = "employee", _("employee of a private employer")
    APPRENTICE = "apprentice", _("apprentice")
    JOB_SEEKER = "job-seeker", _("job seeker")
    PRIVATE = "private", _("private individual at their own expense")
    OTHER = "other", _("other trainee")


class HealthTopic(models.TextChoices):
    """Whether the action belongs in the passeport de prévention, and why; empty where nobody has said."""

    NO = "no", _("not eligible")
    REGULATED = "regulated", _("training that a regulation lays down as a whole")
    AUTHORISATION = "authorisation", _("for work that needs an authorisation or habilitation by the employer")
    SPECIFIC = "specific", _("objectives laid down by regulation, content left to the employer")
    GENERAL = "general", _("other health and safety training of the employer’s duty")


class Described(models.Model):
    """What an action says of itself for declarations. Amounts in cents; `unproven` and what is beside it are kept by `proving`."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+", db_index=False)
    action = models.OneToOneField(TrainingAction, on_delete=models.CASCADE, related_name="described")
    nature = models.CharField(_("nature of the action"), max_length=24, choices=Nature.choices, default=Nature.TRAINING)
    objective = models.CharField(_("what it leads to"), max_length=8, choices=Objective.choices, blank=True)
    funding = models.CharField(_("who pays"), max_length=20, choices=Funding.choices, blank=True)
    speciality = models.CharField(
        _("speciality (NSF code)"), max_length=4, blank=True, validators=[RegexValidator(r"^[1-4][0-9]{2}[a-z]?$")]
    )
    certification = models.CharField(
        _("RNCP or RS code"), max_length=12, blank=True, validators=[RegexValidator(r"^(RNCP|RS)[0-9]{1,6}$")]
    )
    category = models.CharField(_("most trainees are"), max_length=12, choices=Category.choices, blank=True)
    is_entrusted = models.BooleanField(_("carried out by another training organisation for us"), default=False)
    health_topic = models.CharField(
        _("health and safety (passeport de prévention)"), max_length=16, choices=HealthTopic.choices, blank=True
    )
    invoiced = models.PositiveBigIntegerField(null=True)
    invoiced_on = models.DateField(_("invoiced on"), null=True, blank=True)
    hourly_price = models.PositiveBigIntegerField(null=True)  # of one hour of one person, where the invoice says it
    currency = models.CharField(max_length=3, default="EUR")
    people = models.PositiveIntegerField(default=0)
    unproven_minutes = models.PositiveBigIntegerField(default=0)
    at_risk = models.PositiveBigIntegerField(default=0)
    checked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(invoiced=None) | Q(invoiced_on__isnull=False), name="invoiced_on_a_day"),
            models.CheckConstraint(
                condition=Q(at_risk=0) | Q(at_risk__lte=F("invoiced")), name="no_more_at_risk_than_invoiced"
            ),
        ]
        indexes = [models.Index(fields=["organisation", "-at_risk"], name="described_by_risk")]

    def __str__(self) -> str:
        return f"{self.action_id}: {self.nature}"

    def price_of(self, minutes: int) -> int:
        """What so many minutes of one person cost, in cents, no more than was invoiced."""
        if not self.invoiced:
            return 0
        planned = self.action.minutes * self.people
        if self.hourly_price is not None:
            price = Fraction(self.hourly_price * minutes, 60)
        else:
            price = Fraction(self.invoiced * minutes, planned) if planned else Fraction(0)
        return min(self.invoiced, round(price))


class Trainee(models.Model):
    """One person in an action: what they are for declarations, and which of their minutes are proven (`proving`)."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+", db_index=False)
    action = models.ForeignKey(TrainingAction, on_delete=models.CASCADE, related_name="trainees", db_index=False)
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="+")
    category = models.CharField(_("is"), max_length=12, choices=Category.choices, blank=True)
    cpf_number = models.CharField(
        _("number of the CPF file"), max_length=20, blank=True, validators=[RegexValidator(r"^[0-9]{6,20}$")]
    )
    live_minutes = models.PositiveIntegerField(default=0)
    own_minutes = models.PositiveIntegerField(default=0)
    unproven_minutes = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["action", "member"], name="trainee_once")]
        indexes = [models.Index(fields=["action", "-unproven_minutes"], name="trainee_by_unproven")]

    def __str__(self) -> str:
        return f"{self.member_id} in {self.action_id}"

    @property
    def proven_minutes(self) -> int:
        return self.live_minutes + self.own_minutes


class Draft(models.Model):
    """A declaration of a year as it was drawn up last, to look at and to take along.

    `totals` and `preview` are rows of texts and numbers, `problems` `[{code, action, reference, person, name}]`, the first of
    `problem_count`. Drawing it up anew takes its place.
    """

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+", db_index=False)
    name = models.CharField(max_length=24)
    year = models.PositiveSmallIntegerField()
    asked_by = models.ForeignKey(Member, on_delete=models.SET_NULL, null=True, related_name="+")
    asked_at = models.DateTimeField(default=clock.now)
    done_at = models.DateTimeField(null=True)
    failure = models.CharField(max_length=100, blank=True)
    totals: "models.JSONField[list[Any], list[Any]]" = models.JSONField(default=list)
    preview: "models.JSONField[list[Any], list[Any]]" = models.JSONField(default=list)
    problems: "models.JSONField[list[Any], list[Any]]" = models.JSONField(default=list)
    problem_count = models.PositiveIntegerField(default=0)
    row_count = models.PositiveIntegerField(default=0)
    csv = BlobField(blank=True)
    xlsx = BlobField(blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "name", "year"], name="drawn_up_once_a_year")]

    def __str__(self) -> str:
        return f"{self.name} {self.year}"

    @property
    def is_being_drawn_up(self) -> bool:
        return self.done_at is None and not self.failure
