"""The noun: a receipt of another organisation that somebody brought."""

import uuid
from collections.abc import Mapping
from typing import Any, Self

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from milepost.core import clock
from milepost.core.blobs.fields import BlobField
from milepost.core.canonical import canonical_json, fingerprint
from milepost.journal.recording import Reference
from milepost.learning.models import Equivalence
from milepost.people.models import Member, Organisation


class ReceiptQuerySet(models.QuerySet["Receipt"]):
    """Sets of receipts."""

    def told(self) -> Self:
        """With whether something of each counts here (`recognised`), in the same query."""
        of_it = Equivalence.objects.standing().filter(member=OuterRef("member"), receipt_sha256=OuterRef("digest"))
        return self.annotate(recognised=Exists(of_it))


def holder_of(content: Mapping[str, Any]) -> str:
    """What stands for the person whose receipt it is: SHA-256 over the uids of its issuer and of the person there."""
    return fingerprint(canonical_json({"issuer": content["organisation"], "person": content["person_id"]}))


class Receipt(models.Model):
    """A receipt of another organisation, as it was read when it was brought.

    `content` is what it tells (see `reading.read`), of which nothing is believed: `issuer` is what it calls itself, `key` the
    fingerprint of the key that sealed it, and `checked` how that was held against what the issuer publishes.

    `holder` stands for the one person of its issuer whose it is (`holder_of`). Two people here may bring receipts of one holder: what
    they tell counts for one of them, whose receipt `is_theirs`.
    """

    class Checked(models.TextChoices):
        """How the key was held against what its issuer publishes."""

        NOT = "", _("not checked")
        TYPED = "typed", _("compared with a fingerprint that was typed")
        FETCHED = "fetched", _("found at the address that it names")

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+", db_index=False)
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="receipts")
    digest = BlobField()
    issuer = models.CharField(max_length=200)
    key = models.CharField(max_length=64)
    checked = models.CharField(max_length=8, choices=Checked.choices, blank=True)
    content = models.JSONField()
    holder = models.CharField(max_length=64)
    is_theirs = models.BooleanField(default=False)
    brought_by = models.ForeignKey(Member, on_delete=models.SET_NULL, null=True, related_name="+")
    brought_at = models.DateTimeField(default=clock.now)
    refused_at = models.DateTimeField(null=True)
    refusal_reason = models.CharField(max_length=300, blank=True)
    refused_by = models.ForeignKey(Member, on_delete=models.SET_NULL, null=True, related_name="+")

    objects = ReceiptQuerySet.as_manager()

    class Meta:
        ordering = ["-brought_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["member", "digest"], name="receipt_brought_once"),
            models.UniqueConstraint(
                fields=["organisation", "holder"], condition=Q(is_theirs=True), name="a_holder_is_one_person_here"
            ),
            models.CheckConstraint(condition=~Q(holder=""), name="receipt_has_a_holder"),
            models.CheckConstraint(
                condition=Q(refused_at=None) | Q(is_theirs=False), name="nothing_of_a_refused_receipt_counts"
            ),
            models.CheckConstraint(
                condition=Q(refused_at=None) | ~Q(refusal_reason=""), name="receipt_refused_for_a_reason"
            ),
        ]
        indexes = [
            models.Index(fields=["organisation", "-brought_at"], name="receipt_by_organisation"),
            models.Index(fields=["organisation", "holder"], name="receipt_by_holder"),
        ]

    def __str__(self) -> str:
        return f"{self.issuer}: {self.member_id}"

    @property
    def names_somebody_else(self) -> bool:
        """Whether it is made out to another name than the person has here."""
        return str(self.content["person"]).casefold() != self.member.full_name.casefold()

    def as_reference(self) -> Reference:
        return Reference("receipt", str(self.uid), self.issuer)
