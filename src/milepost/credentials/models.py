"""The nouns: a certificate, which is also a badge; the list that tells which badges are revoked; the key of embedded proofs."""

import secrets
import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from django.db import models
from django.db.models import Q

from milepost.core import clock
from milepost.core.blobs.fields import BlobField
from milepost.core.encryption import EncryptedField
from milepost.documents.models import Dated
from milepost.journal.models import SigningKey
from milepost.journal.recording import Reference
from milepost.learning.models import Enrolment
from milepost.people.models import Organisation

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32: no I, L, O, U
CODE_LENGTH = 26  # 130 bits, of which 128 are drawn


def new_code() -> str:
    """A code of 128 random bits."""
    number, code = secrets.randbits(128), ""
    for _digit in range(CODE_LENGTH):
        number, at = divmod(number, 32)
        code = ALPHABET[at] + code
    return code


def normal_code(text: str) -> str:
    """A code as people type it (lower case, gaps, O for 0, I or L for 1) as it is kept."""
    plain = "".join(text.upper().replace("-", "").split())
    return plain.translate(str.maketrans("OIL", "011"))


class State(StrEnum):
    """What a certificate is worth today."""

    VALID = "valid"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"
    REVOKED = "revoked"


LIST_SIZE = 131_072  # bits of a status list: the least that its standard allows, so that one badge hides among many


def no_bits() -> bytes:
    """As many bits as a list has, none of them set."""
    return bytes(LIST_SIZE // 8)


class StatusList(models.Model):
    """Which of an organisation's badges are revoked, a bit for each; see `status_lists`.

    It knows nobody: whoever is erased leaves their bits as they are, and their place is given to no other badge.
    """

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    number = models.PositiveIntegerField()
    taken = models.BinaryField(max_length=LIST_SIZE // 8, default=no_bits)
    revoked = models.BinaryField(max_length=LIST_SIZE // 8, default=no_bits)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "number"], name="status_list_number_once")]

    def __str__(self) -> str:
        return f"status list {self.number} of {self.organisation_id}"


class BadgeKey(models.Model):
    """The Ed25519 key of the proofs that stand in badges themselves, endorsed by the signing key beside which it serves.

    `public` is its Multikey; `private` the 32 bytes of RFC 8032, in Base64; see `badge_keys`.
    """

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    signing_key = models.OneToOneField(SigningKey, on_delete=models.PROTECT, related_name="badge_key")
    public = models.CharField(max_length=64, unique=True)
    private = EncryptedField()
    endorsement = models.BinaryField()
    created_at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return self.public


class CertificateQuerySet(models.QuerySet["Certificate"]):
    """Sets of certificates."""

    def current(self) -> Self:
        """Those that were neither revoked nor replaced."""
        return self.filter(revoked_at=None, superseded_at=None)

    def untypeset(self) -> Self:
        """Those whose PDF is still to be made."""
        return self.filter(pdf="")

    def sealed(self) -> Self:
        """Those whose PDF is made."""
        return self.exclude(pdf="")


class Certificate(Dated):
    """What somebody earned. `content` is what it says, frozen; `pdf` is the SHA-256 of the sealed file, once made."""

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    code = models.CharField(max_length=CODE_LENGTH, unique=True, default=new_code)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+", db_index=False)
    enrolment = models.ForeignKey(Enrolment, on_delete=models.PROTECT, related_name="certificates")
    content = models.JSONField()
    issued_at = models.DateTimeField(default=clock.now)
    valid_until = models.DateField(null=True)
    pdf = BlobField(blank=True)
    revoked_at = models.DateTimeField(null=True)
    revocation_reason = models.CharField(max_length=300, blank=True)
    is_lapsed = models.BooleanField(default=False)  # revoked since the course does not count as completed any more
    superseded_at = models.DateTimeField(null=True)
    replaces = models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="replaced_by")
    status_list = models.ForeignKey(StatusList, on_delete=models.PROTECT, related_name="+", db_index=False)
    status_index = models.PositiveIntegerField()

    objects = CertificateQuerySet.as_manager()

    class Meta:
        ordering = ["-issued_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["enrolment"], condition=Q(revoked_at=None, superseded_at=None), name="one_current_certificate"
            ),
            models.CheckConstraint(
                condition=Q(revoked_at=None) | ~Q(revocation_reason=""), name="revoked_for_a_reason"
            ),
            models.UniqueConstraint(fields=["status_list", "status_index"], name="one_badge_in_a_place"),
            models.CheckConstraint(condition=Q(status_index__lt=LIST_SIZE), name="place_within_its_list"),
        ]
        indexes = [
            models.Index(fields=["organisation", "issued_at"], name="certificate_by_organisation"),
            models.Index(fields=["pdf"], name="certificate_by_pdf"),
            models.Index(fields=["id"], condition=Q(dated_at=None), name="certificate_to_date"),
        ]

    def __str__(self) -> str:
        return f"{self.content.get('title', '')}: {self.content.get('beneficiary', '')}"

    @property
    def state(self) -> State:
        if self.revoked_at:
            return State.REVOKED
        if self.superseded_at:
            return State.SUPERSEDED
        return State.EXPIRED if self.valid_until and self.valid_until < clock.today() else State.VALID

    @property
    def shown_code(self) -> str:
        """The code in groups of four, for people."""
        return "-".join(self.code[at : at + 4] for at in range(0, CODE_LENGTH, 4))

    @property
    def file_name(self) -> str:
        return f"certificate-{self.code[:8].lower()}"

    @property
    def asked_for_at(self) -> datetime:
        return self.issued_at

    def as_reference(self) -> Reference:
        """By its uid: the code, which opens the public page, stays out of the journal."""
        content: dict[str, Any] = self.content
        return Reference("certificate", str(self.uid), content["title"], content["version_digest"])

    @property
    def file_context(self) -> dict[str, str]:
        """What the facts about the certificate name beside it: its course, and whose it is."""
        return {"course": self.content["course"], "holder": str(self.enrolment.member.uid)}
