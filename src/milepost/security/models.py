"""An organisation's security events, how far they are numbered, and the key with which a SIEM fetches them."""

import uuid
from typing import Any, Self

from django.db import models
from django.db.models import F, Q

from milepost.core import clock
from milepost.journal.models import Entry
from milepost.people.models import Member, Organisation


class SecurityEventQuerySet(models.QuerySet["SecurityEvent"]):
    """Events as people and programs look for them."""

    def newest_first(self) -> Self:
        return self.order_by("-last_at", "-number")


class SecurityEvent(models.Model):
    """Something that happened at the doors: of which kind, whose, from where, and how often within one hour (UTC).

    `done_to` is somebody else to whom they did it: whom they gave a role, whose data they took out. One of a fact (`entry_id`) says what its entry says, and keeps nothing of it. `number` is the place in which it is told to
    whoever follows; one that happens again within its hour gets a new one, with a larger count.
    """

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+", db_index=False)
    uid = models.UUIDField(default=uuid.uuid4, editable=False)
    number = models.BigIntegerField()
    kind = models.CharField(max_length=24)
    person = models.ForeignKey(Member, on_delete=models.CASCADE, null=True, related_name="+", db_index=False)
    done_to = models.ForeignKey(Member, on_delete=models.SET_NULL, null=True, related_name="+", db_index=False)
    address = models.CharField(max_length=45, blank=True)
    detail = models.CharField(max_length=64, blank=True)
    hour = models.DateTimeField()
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    count = models.PositiveBigIntegerField(default=1)
    entry_id = models.BigIntegerField(null=True)

    objects = SecurityEventQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "number"], name="event_number_once"),
            models.UniqueConstraint(
                fields=["organisation", "hour", "kind", "person", "address", "detail"],
                condition=Q(entry_id=None, person__isnull=False),
                name="event_of_person_once_an_hour",
            ),
            models.UniqueConstraint(
                fields=["organisation", "hour", "kind", "address", "detail"],
                condition=Q(entry_id=None, person=None),
                name="event_of_nobody_once_an_hour",
            ),
            models.UniqueConstraint(
                fields=["organisation", "entry_id"], condition=Q(entry_id__isnull=False), name="event_of_fact_once"
            ),
            models.CheckConstraint(condition=Q(last_at__gte=F("first_at")), name="event_ends_after_it_began"),
        ]
        indexes = [
            models.Index(fields=["organisation", "last_at", "number"], name="event_by_time"),
            models.Index(fields=["organisation", "kind", "last_at", "number"], name="event_by_kind"),
            models.Index(fields=["person", "last_at", "number"], name="event_by_person"),
            models.Index(fields=["done_to", "last_at", "number"], name="event_by_done_to"),
        ]

    def __str__(self) -> str:
        return f"{self.number}: {self.kind} {self.count}"


class SecurityLog(models.Model):
    """How far an organisation's events are numbered. Whoever adds one locks this row, so that numbers are seen in their order.

    `rows` were opened in the hour `hour`: after so many, the events of that hour are counted together.
    """

    organisation = models.OneToOneField(Organisation, on_delete=models.CASCADE, related_name="+", primary_key=True)
    last = models.BigIntegerField(default=0)
    hour = models.DateTimeField(default=clock.now)
    rows = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.organisation_id}: {self.last}"


class SecurityFeed(models.Model):
    """The key with which a program of the organisation's fetches its events. Only its SHA-256 is kept: 256 bits need no more."""

    organisation = models.OneToOneField(Organisation, on_delete=models.CASCADE, related_name="+", primary_key=True)
    key_sha256 = models.CharField(max_length=64)
    made_at = models.DateTimeField(default=clock.now)
    made_by = models.ForeignKey(Member, on_delete=models.SET_NULL, null=True, related_name="+")
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"since {self.made_at}"


def entries_of(events: list[SecurityEvent]) -> dict[int, Entry]:
    """The facts that these events point to, in one query."""
    numbers: list[Any] = [event.entry_id for event in events if event.entry_id]
    return Entry.objects.in_bulk(numbers) if numbers else {}
