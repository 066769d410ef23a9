"""The nouns: a notice to one person, and what a person chose about being told."""

import uuid
from dataclasses import dataclass
from datetime import time
from typing import ClassVar, Self
from zoneinfo import ZoneInfo

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from milepost.core import clock
from milepost.people.models import Member, Organisation


@dataclass(frozen=True)
class Recipient:
    """Whom a notice goes to, as they are at the moment of sending."""

    name: str
    given_name: str
    email: str
    language: str
    time_zone: str

    @classmethod
    def of(cls, member: Member, language: str = "") -> Self:
        """A member, by their record; `language` is for one who chose none."""
        organisation = member.organisation
        return cls(
            member.full_name,
            member.given_name,
            member.email or "",
            member.language or language or organisation.language,
            member.time_zone or organisation.time_zone,
        )

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)


class NoticeQuerySet(models.QuerySet["Notice"]):
    """Sets of notices."""

    def due(self) -> Self:
        """Those whose turn it is."""
        return self.filter(state=Notice.State.WAITING, due_at__lte=clock.now())

    def undelivered(self) -> Self:
        """Those that somebody has to look after."""
        return self.filter(state__in=[Notice.State.REFUSED, Notice.State.FAILED])


class Notice(models.Model):
    """One thing said to one person. `about` is what it speaks of, `data` what can't be read off a row any more.

    `recipient` is the member's uid, or the address of somebody outside: with kind and key it says what is one purpose.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        SENDING = "sending", _("being sent")
        SENT = "sent", _("sent")
        DROPPED = "dropped", _("not wanted any more")
        REFUSED = "refused", _("refused")
        FAILED = "failed", _("given up")

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=60)
    recipient = models.CharField(max_length=254)
    key = models.CharField(max_length=120, blank=True)
    member = models.ForeignKey(Member, on_delete=models.CASCADE, null=True, related_name="notices")
    name = models.CharField(max_length=254, blank=True)  # of somebody outside, like address and language
    address = models.EmailField(blank=True)
    language = models.CharField(max_length=8, blank=True)
    about_type = models.CharField(max_length=40)
    about_id = models.CharField(max_length=64)
    data = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=clock.now)
    due_at = models.DateTimeField(default=clock.now)
    in_digest = models.BooleanField(default=False)
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    leased_by = models.UUIDField(null=True)  # the worker that has it in hand, until `leased_until`
    leased_until = models.DateTimeField(null=True)
    handed_over_at = models.DateTimeField(null=True)  # when its words began to go to the server
    may_be_twice = models.BooleanField(default=False)
    channel = models.CharField(max_length=30, blank=True)  # by which it went
    problem = models.CharField(max_length=500, blank=True)
    settled_at = models.DateTimeField(null=True)

    objects: ClassVar[NoticeQuerySet] = NoticeQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "kind", "recipient", "key"], name="said_once"),
            models.CheckConstraint(condition=Q(member__isnull=False) | ~Q(address=""), name="notice_to_somebody"),
            models.CheckConstraint(
                condition=(Q(state="sending") & Q(leased_by__isnull=False, leased_until__isnull=False))
                | (~Q(state="sending") & Q(leased_by=None, leased_until=None)),
                name="leased_while_being_sent",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "sending"], settled_at=None)
                | (~Q(state__in=["waiting", "sending"]) & Q(settled_at__isnull=False)),
                name="settled_when_it_is_over",
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(state="waiting"), name="notice_due"),
            models.Index(fields=["leased_until"], condition=Q(state="sending"), name="notice_leased"),
            models.Index(
                fields=["organisation", "-settled_at"],
                condition=Q(state__in=["refused", "failed"]),
                name="notice_undelivered",
            ),
            models.Index(fields=["about_id", "kind"], name="notice_by_subject"),
            models.Index(fields=["settled_at"], name="notice_by_end"),
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.recipient}"

    @property
    def reason(self) -> str:
        """Why it did not arrive: our own reasons in the active language, a mail server's in its words.

        What a program said in an error stays in `problem`, for whoever runs the server.
        """
        ours = next((reason for reason in OWN_REASONS if self.problem.startswith(reason)), "")
        return gettext(ours) if ours else self.problem

    @property
    def chosen(self) -> "Preferences | None":
        """What its recipient chose; None for those who chose nothing, and for everybody outside."""
        return getattr(self.member, "notice_preferences", None) if self.member else None

    @property
    def to(self) -> Recipient:
        """Whom it goes to, as the member's record says now."""
        if self.member is not None:
            return Recipient.of(self.member, self.language)
        language = self.language or self.organisation.language
        return Recipient(self.name, self.name, self.address, language, self.organisation.time_zone)


WORKER_ENDED = gettext_noop("The worker ended each time that it was to be sent.")
NO_ADDRESS = gettext_noop("There is no address.")
SWITCHED_OFF = gettext_noop("The person switched these messages off.")
NO_ROOM = gettext_noop("This version of Milepost knows no such message any more.")
NOT_MADE = gettext_noop("The message could not be made. Whoever runs Milepost finds the reason in the log.")
OWN_REASONS = (WORKER_ENDED, NO_ADDRESS, SWITCHED_OFF, NO_ROOM, NOT_MADE)


class Preferences(models.Model):
    """What a person chose: which kinds they don't want, by which way, when they want quiet, and whether once a day."""

    member = models.OneToOneField(Member, on_delete=models.CASCADE, related_name="notice_preferences")
    off: "models.JSONField[list[str], list[str]]" = models.JSONField(default=list)  # names of kinds
    channel = models.CharField(max_length=30, blank=True)  # empty: e-mail
    quiet_from = models.TimeField(null=True)
    quiet_until = models.TimeField(null=True)
    once_a_day = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(quiet_from=None, quiet_until=None)
                | (Q(quiet_from__isnull=False, quiet_until__isnull=False) & ~Q(quiet_from=F("quiet_until"))),
                name="quiet_from_and_until",
            )
        ]

    def __str__(self) -> str:
        return f"{self.member_id}"

    def is_quiet_at(self, local: time) -> bool:
        """Whether the person wants quiet at this time of their day; the hours may go past midnight."""
        if self.quiet_from is None or self.quiet_until is None:
            return False
        if self.quiet_from < self.quiet_until:
            return self.quiet_from <= local < self.quiet_until
        return local >= self.quiet_from or local < self.quiet_until
