"""The noun: a receipt of another organisation that somebody brought."""

import uuid
from typing import Self

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from milepost.core import clock
from milepost.core.blobs.fields import BlobField
from milepost.journal.recording import Reference
from milepost.learning.models import Equivalence
from milepost.people.models import Member, Organisation


class ReceiptQuerySet(models.QuerySet["Receipt"]):
    """Sets of receipts."""

    def told(self) -> Self:
        """With whether something of each counts here (`recognised`), in the same query."""
        of_it = Equivalence.objects.standing().filter(member=OuterRef("member"), receipt_sha256=OuterRef("digest"))
        return self.annotate(recognised=Exists(of_it))


class Receipt(models.Model):
    """A receipt of another organisation, as it was read when it was brought.

    `content` is what it tells (see `reading.read`), of which nothing is believed: `issuer` is what it calls itself, `key` the
    fingerprint of the key that sealed it, and `checked` how that was held against what the issuer publishes.
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
            models.CheckConstraint(
                condition=Q(refused_at=None) | ~Q(refusal_reason=""), name="receipt_refused_for_a_reason"
            ),
        ]
        indexes = [models.Index(fields=["organisation", "-brought_at"], name="receipt_by_organisation")]

    def __str__(self) -> str:
        return f"{self.issuer}: {self.member_id}"

    @property
    def names_somebody_else(self) -> bool:
        """Whether it is made out to another name than the person has here."""
        return str(self.content["person"]).casefold() != self.member.full_name.casefold()

    def as_reference(self) -> Reference:
        return Reference("receipt", str(self.uid), self.issuer)
