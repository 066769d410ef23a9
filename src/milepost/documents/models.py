"""The nouns: a document, a request to sign it, those who sign, and an organisation's own wording."""

import uuid
from datetime import datetime, time, timedelta
from typing import Any, Self
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from milepost.core import clock
from milepost.core.blobs.fields import BlobField, BlobsJSONField
from milepost.core.codes import TakesCode
from milepost.core.local_days import before_today
from milepost.documents.kinds import KINDS
from milepost.documents.signatures import Signature
from milepost.journal.keys import provider_key
from milepost.journal.recording import Reference
from milepost.people.models import Member, Organisation, zone_of

LINK_LIVES = timedelta(days=60)  # of a signatory, after they were last written to, or signed, or it was over
ERASED_ADDRESS = "erased@invalid.invalid"  # of a signatory who was erased: a domain that never is (RFC 2606)


class Wording(models.Model):
    """What an organisation says in its own words in one kind of document: `blocks` by name, and `clauses` beside them."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+", db_index=False)
    kind = models.CharField(max_length=40)
    language = models.CharField(max_length=8, choices=settings.LANGUAGES)
    blocks = models.JSONField(default=dict)
    clauses = models.JSONField(default=list)  # {"title", "text"}

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "kind", "language"], name="worded_once")]

    def __str__(self) -> str:
        return f"{self.kind} ({self.language})"


class Dated(models.Model):
    """A row whose sealed file others confirm in the background, where they are configured.

    An authority dates it (see `timestamps`), a trust service provider puts its seal on it (see `provider_seals`).
    """

    dated_at = models.DateTimeField(null=True)
    provider_sealed_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True

    @property
    def awaits_stamp(self) -> bool:
        """Whether the authority still owes a time stamp."""
        return bool(settings.TIMESTAMP_URL) and self.dated_at is None

    @property
    def asked_for_at(self) -> datetime:
        """When what it says was made or asked for."""
        raise NotImplementedError

    @property
    def awaits_provider(self) -> bool:
        """Whether the provider still owes its seal: none is owed on what was made while there was none."""
        if not settings.CSC_URL or self.provider_sealed_at:
            return False
        key = provider_key(self.organisation_id)  # type: ignore[attr-defined]  # each such row has one
        return key is not None and key.provider_since is not None and key.provider_since <= self.asked_for_at

    @property
    def file_context(self) -> dict[str, str]:
        """What the facts about its file name beside it: the uid of what it belongs to, where that is not the row itself."""
        return {}


class Document(Dated):
    """A document: made from a kind and values, or a PDF that somebody brought.

    `content` is what it says (for a made one) and is frozen; `source` is the PDF that somebody brought; `pdf` is the
    file as it stands now, with the places of signatures and then with the signatures. All are SHA-256 of blobs.
    Of a kind of which one person has one for one thing (`is_one_each`), the one that counts `is_the_one`: a newer one takes its place
    while nobody was asked to sign it, and it counts no more once it was declined, withdrawn or too late.
    `places` are the fields of signatories: `{"signatory", "kind", "page", "x", "y", "width", "height", "label",
    "required"}`, in fractions of the page from its top left.
    """

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(max_length=40, blank=True)
    title = models.CharField(max_length=200)
    language = models.CharField(max_length=8, choices=settings.LANGUAGES)
    content = models.JSONField(default=dict)
    source = BlobField(blank=True)
    was_signed_before = models.BooleanField(default=False)  # by others: nothing but signatures may be added
    places = models.JSONField(default=list)
    annexes = BlobsJSONField(default=list)  # {"name", "digest"}
    pdf = BlobField(blank=True)
    about = models.CharField(max_length=80, blank=True)  # what a higher room made it for
    is_the_one = models.BooleanField(default=False)
    created_by = models.ForeignKey(Member, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "about", "kind"], condition=Q(is_the_one=True), name="one_paper_for_one_thing"
            )
        ]
        indexes = [
            models.Index(fields=["organisation", "created_at"], name="document_by_organisation"),
            models.Index(fields=["organisation", "about"], condition=~Q(about=""), name="document_by_subject"),
            models.Index(fields=["created_at"], condition=Q(pdf=""), name="document_to_make"),
            models.Index(fields=["id"], condition=Q(dated_at=None), name="document_to_date"),
        ]

    def __str__(self) -> str:
        return self.title

    def as_reference(self) -> Reference:
        return Reference("document", str(self.uid), self.title, self.pdf or None)

    @property
    def asked_for_at(self) -> datetime:
        return self.created_at

    @property
    def belongs_to(self) -> dict[str, str]:
        """The training action that it was made for, and the person in it whom it is about, as its facts name them."""
        kind, *uids = self.about.split(":")
        return dict(zip(("action", "holder"), uids, strict=False)) if kind == "action" else {}

    @property
    def is_one_each(self) -> bool:
        """Whether its person has one of its kind for what it is about."""
        return self.kind in KINDS and KINDS[self.kind].is_one_each and "holder" in self.belongs_to


def whole() -> "models.QuerySet[Document]":
    """Documents that carry all their signatures, or the seal alone."""
    is_whole = Q(request__status=SignatureRequest.Status.COMPLETED) | Q(request=None, content__capacities=[])
    return Document.objects.filter(is_whole).exclude(pdf="")


class RequestQuerySet(models.QuerySet["SignatureRequest"]):
    """Sets of requests."""

    def open(self) -> Self:
        """Those that wait for somebody."""
        return self.filter(status=SignatureRequest.Status.SENT)

    def late(self) -> Self:
        """Those that wait beyond their last day, by the organisation's calendar."""
        return self.open().filter(before_today("expires_on", zone_of("organisation")))


class SignatureRequest(models.Model):
    """That people sign a document. Its signatories sign one after another (`is_ordered`) or as they come."""

    class Status(models.TextChoices):
        SENT = "sent", _("waiting for signatures")
        COMPLETED = "completed", _("signed by all")
        DECLINED = "declined", _("declined")
        WITHDRAWN = "withdrawn", _("withdrawn")
        EXPIRED = "expired", _("expired")

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+", db_index=False)
    document = models.OneToOneField(Document, on_delete=models.PROTECT, related_name="request")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.SENT)
    is_ordered = models.BooleanField(default=False)
    needs_code = models.BooleanField(default=False)
    message = models.TextField(max_length=2000, blank=True)
    copies = models.JSONField(default=list)  # e-mail addresses
    expires_on = models.DateField(null=True)
    remind_days = models.PositiveSmallIntegerField(default=3)
    created_by = models.ForeignKey(Member, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=clock.now)
    ended_at = models.DateTimeField(null=True)
    end_reason = models.CharField(max_length=300, blank=True)

    objects = RequestQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(status="sent", ended_at=None) | (~Q(status="sent") & Q(ended_at__isnull=False)),
                name="ended_when_it_is_over",
            )
        ]
        indexes = [
            models.Index(fields=["expires_on"], condition=Q(status="sent"), name="request_to_expire"),
        ]

    def __str__(self) -> str:
        return f"{self.document_id}: {self.status}"

    @classmethod
    def locked(cls, key: int) -> "SignatureRequest":
        """The request as it is now, its row held until the transaction ends: the lock of what its signatories do."""
        return cls.objects.select_for_update(of=("self",), no_key=True).get(pk=key)

    @property
    def is_open(self) -> bool:
        return self.status == self.Status.SENT

    @property
    def is_late(self) -> bool:
        """Whether it waits beyond its last day, by the organisation's calendar."""
        today = clock.today(self.organisation.time_zone)
        return self.is_open and self.expires_on is not None and self.expires_on < today


class Signatory(TakesCode):
    """Somebody who is to sign, inside the organisation or outside of it. `capacity` is in which quality they sign."""

    class State(models.TextChoices):
        WAITING = "waiting", _("to sign")
        SIGNED = "signed", _("signed")
        DECLINED = "declined", _("declined")
        DELEGATED = "delegated", _("passed on")

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+", db_index=False)
    request = models.ForeignKey(SignatureRequest, on_delete=models.CASCADE, related_name="signatories")
    position = models.PositiveSmallIntegerField()
    member = models.ForeignKey(Member, on_delete=models.PROTECT, null=True, related_name="+")
    name = models.CharField(max_length=200)
    email = models.EmailField()
    capacity = models.CharField(max_length=160, blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    asked_at = models.DateTimeField(null=True)
    reminded_at = models.DateTimeField(null=True)
    link_renewed_at = models.DateTimeField(null=True)
    opened_at = models.DateTimeField(null=True)
    signed_at = models.DateTimeField(null=True)
    signature: "models.JSONField[dict[str, Any] | None, dict[str, Any] | None]" = models.JSONField(null=True)
    values = models.JSONField(default=dict)
    address = models.CharField(max_length=45, blank=True)
    agent = models.CharField(max_length=400, blank=True)
    context_fingerprint = models.CharField(max_length=64, blank=True)
    reason = models.CharField(max_length=300, blank=True)  # of declining
    # Who is to sign instead, until whoever sent the request agrees, or the person signs or declines after all.
    proposed_name = models.CharField(max_length=200, blank=True)
    proposed_email = models.EmailField(blank=True)
    delegated_by = models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="delegate")

    class Meta:
        ordering = ["position", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=(Q(state="signed") & Q(signed_at__isnull=False, signature__isnull=False))
                | (~Q(state="signed") & Q(signed_at=None)),
                name="signatory_signed_with_a_signature",
            ),
            models.CheckConstraint(condition=~Q(state="declined") | ~Q(reason=""), name="declined_for_a_reason"),
            models.CheckConstraint(condition=~Q(delegated_by=F("id")), name="nobody_passes_on_to_themselves"),
            models.CheckConstraint(
                condition=Q(proposed_name="", proposed_email="")
                | (Q(state="waiting") & ~Q(proposed_name="") & ~Q(proposed_email="")),
                name="proposed_while_waiting",
            ),
        ]
        indexes = [models.Index(fields=["asked_at"], condition=Q(state="waiting"), name="signatory_to_ask")]

    def __str__(self) -> str:
        return self.name

    @property
    def standing(self) -> str:
        """How far it is with them, in words for everybody who signs."""
        if self.proposed_email:
            return str(_("asks to pass it on"))
        return self.get_state_display()

    @property
    def link_ends_at(self) -> datetime:
        """Until when their link works: so long after they were last written to or signed, or it was over, and to the last day at least."""
        request = self.request
        known = (self.asked_at, self.reminded_at, self.link_renewed_at, self.signed_at, request.ended_at)
        ends = max(filter(None, known), default=request.created_at) + LINK_LIVES
        if request.expires_on is None:
            return ends
        zone = ZoneInfo(request.document.organisation.time_zone)
        return max(ends, datetime.combine(request.expires_on + timedelta(days=1), time(), zone))

    @property
    def link_is_over(self) -> bool:
        return clock.now() >= self.link_ends_at

    @property
    def drawn(self) -> Signature | None:
        return Signature.from_json(self.signature) if self.signature else None

    def as_reference(self) -> Reference:
        return self.member.as_reference() if self.member else Reference("signatory", str(self.uid), self.name)
