"""The nouns of the journal: a fact, the tree over the facts, its seals, the key that signs them, and who reads how far."""

import json
from datetime import datetime
from functools import cached_property
from typing import Any

from cryptography import x509
from cryptography.x509.oid import NameOID
from django.db import models

from milepost.core import clock
from milepost.core.encryption import EncryptedField
from milepost.journal import told_later


class Entry(models.Model):
    """One fact, shaped as an xAPI statement: who, did what, to what, with what result, in what context, when.

    `statement` is the canonical JSON (RFC 8785) that `leaf` was computed from, kept to the byte; the other
    columns repeat parts of it so that they can be indexed, and `verify` compares them. Both it and `salt` are
    empty once they were erased (see `milepost.journal.erasing`). `fact` is the name of its type (see `vocabulary`), and
    `about` the uid of the course, session, action or document that it belongs to, as its type says. It is of its actor, unless
    its context names another `holder`, and belongs to the action that its context names `also`. `time` is
    when it happened, as it was told; when it was recorded, its words say (see `told_later`).
    `mark` says that Milepost wrote it, `after` the entry whose mark is that (see `chaining`); these are no part of the leaf.
    """

    organisation_id = models.BigIntegerField()
    time = models.DateTimeField()
    fact = models.CharField(max_length=64)
    verb = models.CharField(max_length=32)
    actor_id = models.CharField(max_length=64)
    object_id = models.CharField(max_length=160)
    about = models.CharField(max_length=160)
    holder = models.CharField(max_length=64, db_default="", default="")
    also = models.CharField(max_length=64, db_default="", default="")
    statement = models.TextField()
    salt = models.BinaryField(max_length=16)
    leaf = models.BinaryField(max_length=32)
    # Its number; of some that one statement wrote, that of the one before all of them.
    after_id = models.BigIntegerField(default=0, db_default=0)
    after = models.BinaryField(max_length=16, default=b"", db_default=b"")
    mark = models.BinaryField(max_length=16, default=b"", db_default=b"")

    class Meta:
        indexes = [
            models.Index(fields=["organisation_id", "id"], name="entry_by_organisation"),
            models.Index(fields=["organisation_id", "actor_id", "id"], name="entry_by_actor"),
            models.Index(fields=["organisation_id", "object_id", "id"], name="entry_by_object"),
            models.Index(fields=["organisation_id", "about", "id"], name="entry_by_subject"),
            models.Index(
                fields=["organisation_id", "also", "id"], name="entry_by_action", condition=~models.Q(also="")
            ),
        ]
        ordering = ["id"]
        verbose_name_plural = "entries"

    def __str__(self) -> str:
        return f"{self.id} {self.actor_id} {self.verb} {self.object_id}"

    @property
    def content(self) -> dict[str, Any]:
        """The statement as data. Raises `ValueError` for an entry whose words were erased."""
        content: dict[str, Any] = json.loads(self.statement)
        return content

    @property
    def told_later(self) -> datetime | None:
        """When it was recorded, if that was not when it happened; None for what was told in time, or whose words were erased."""
        return None if self.is_erased else told_later.told_later(self.content)

    @property
    def recorded_at(self) -> datetime:
        """When it was recorded, by the server's clock."""
        return self.time if self.is_erased else told_later.recorded_at(self.content)

    @property
    def whose(self) -> str:
        """The uid of the person that the fact is of."""
        return self.holder or self.actor_id

    @property
    def proof_name(self) -> str:
        """What its proof is called as a file: by its fingerprint, as the key of a row is another one elsewhere."""
        return f"entry-{bytes(self.leaf).hex()[:16]}-proof.json"

    @property
    def is_erased(self) -> bool:
        """Whether its words are gone, and only its leaf still stands for them."""
        return not self.statement


class Unfolded(models.Model):
    """An entry that waits for its place in the tree. The database itself puts it here, as it adds the entry."""

    entry_id = models.BigIntegerField(primary_key=True)
    organisation_id = models.BigIntegerField()

    class Meta:
        db_table = "journal_unsealed"  # as the triggers that fill it call it
        indexes = [models.Index(fields=["organisation_id", "entry_id"], name="unsealed_by_organisation")]

    def __str__(self) -> str:
        return str(self.entry_id)


class Tree(models.Model):
    """How many leaves an organisation's tree has, and how many of them are in the index beside it (see `index`).

    Whoever adds to the tree or signs its head locks this row.
    """

    organisation_id = models.BigIntegerField(primary_key=True)
    size = models.BigIntegerField(default=0)
    indexed = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.size} leaves of {self.organisation_id}"


class Tile(models.Model):
    """Up to 256 hashes of one level of an organisation's tree. It only ever grows, and stays as it is once full.

    On level 0, `entries` names the entry of each hash: 64-bit integers in the machine's (little-endian) order.
    """

    organisation_id = models.BigIntegerField()
    level = models.PositiveSmallIntegerField()
    index = models.BigIntegerField()
    hashes = models.BinaryField(max_length=256 * 32, default=b"")
    entries = models.BinaryField(max_length=256 * 8, default=b"")
    first_entry = models.BigIntegerField(null=True)
    last_entry = models.BigIntegerField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation_id", "level", "index"], name="tile_once")]
        indexes = [models.Index(fields=["organisation_id", "first_entry", "last_entry"], name="tile_by_entry")]

    def __str__(self) -> str:
        return f"{self.level}/{self.index}"


class IndexPage(models.Model):
    """A page of the index beside an organisation's tree, by its place in it (see `milepost.journal.index`). It can be made anew."""

    organisation_id = models.BigIntegerField()
    place = models.CharField(max_length=130)
    content = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation_id", "place"], name="index_page_once")]

    def __str__(self) -> str:
        return self.place


class SigningKey(models.Model):
    """A key of an organisation with its certificate. `private` is PKCS#8, encrypted; see `milepost.journal.keys`."""

    organisation_id = models.BigIntegerField()
    fingerprint = models.CharField(max_length=64)  # the SHA-256 of the certificate
    certificate = models.TextField()  # PEM
    chain = models.TextField(blank=True)  # PEM, the certificates above it
    private = models.TextField()
    endorsed_by = models.CharField(max_length=64, blank=True)  # the fingerprint of the key before it
    endorsement = models.BinaryField(default=b"")  # that key's signature over this one's fingerprint
    created_at = models.DateTimeField(default=clock.now)
    is_current = models.BooleanField(default=True)
    provider_since = models.DateTimeField(
        null=True
    )  # of one with a provider in use: what was made since is sealed there, too

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation_id", "fingerprint"], name="signing_key_once"),
            models.CheckConstraint(
                condition=models.Q(private__startswith="csc:", provider_since__isnull=False)
                | (~models.Q(private__startswith="csc:") & models.Q(provider_since=None)),
                name="in_use_with_a_provider_since",
            ),
            models.UniqueConstraint(
                fields=["organisation_id"], condition=models.Q(is_current=True), name="one_current_signing_key"
            ),
        ]

    def __str__(self) -> str:
        return self.fingerprint

    @cached_property
    def x509(self) -> x509.Certificate:
        """The certificate."""
        return x509.load_pem_x509_certificate(self.certificate.encode())

    @property
    def subject(self) -> str:
        return self.x509.subject.rfc4514_string()

    @property
    def is_with_provider(self) -> bool:
        """Whether it lies with a trust service provider, and papers are sealed there now (see `remote_keys`)."""
        return self.private.startswith("csc:")

    @property
    def common_name(self) -> str:
        """Who signs, as the certificate calls them."""
        names = self.x509.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        return str(names[0].value) if names else self.subject

    @property
    def organisation_name(self) -> str:
        """The organisation that the certificate names, else who signs."""
        names = self.x509.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
        return str(names[0].value) if names else self.common_name


class KeyRevocation(models.Model):
    """That a key of before is not to be believed from a time on; said by the key of then, which signed `statement`."""

    key = models.OneToOneField(SigningKey, on_delete=models.PROTECT, related_name="revocation", primary_key=True)
    by = models.ForeignKey(SigningKey, on_delete=models.PROTECT, related_name="+", db_index=False)
    statement = models.TextField()
    signature = models.BinaryField()

    def __str__(self) -> str:
        return f"revocation of key {self.key_id}"

    @property
    def content(self) -> dict[str, str]:
        """What was said, as data."""
        content: dict[str, str] = json.loads(self.statement)
        return content

    @property
    def since(self) -> datetime:
        """From when on the key is not to be believed."""
        return datetime.fromisoformat(self.content["since"])


class LogKey(models.Model):
    """An organisation's key as a transparency log: 32 bytes of Ed25519, under the name of the log; see `milepost.journal.log_keys`."""

    organisation_id = models.BigIntegerField()
    name = models.CharField(max_length=254)  # the origin of its checkpoints
    public = models.BinaryField(max_length=32)
    private = EncryptedField()  # in base 64
    created_at = models.DateTimeField(default=clock.now)
    is_current = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation_id"], condition=models.Q(is_current=True), name="one_current_log_key"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class LogKeyEndorsement(models.Model):
    """What makes a log's key the organisation's: the signature of a signing key over it."""

    log_key = models.ForeignKey(LogKey, on_delete=models.PROTECT, related_name="endorsements", db_index=False)
    by = models.ForeignKey(SigningKey, on_delete=models.PROTECT, related_name="+", db_index=False)
    signature = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["log_key", "by"], name="log_key_endorsed_once")]

    def __str__(self) -> str:
        return f"{self.log_key_id} by {self.by_id}"


class Seal(models.Model):
    """A signed tree head: the organisation's first `size` entries have this root. `statement` is what was signed."""

    organisation_id = models.BigIntegerField()
    number = models.PositiveIntegerField()
    size = models.BigIntegerField()
    root = models.BinaryField(max_length=32)
    time = models.DateTimeField()
    key = models.ForeignKey(SigningKey, on_delete=models.PROTECT, related_name="+", db_index=False)
    statement = models.TextField()
    signature = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation_id", "number"], name="seal_number_once"),
            models.UniqueConstraint(fields=["organisation_id", "size"], name="seal_size_once"),
        ]
        ordering = ["organisation_id", "number"]

    def __str__(self) -> str:
        return f"seal {self.number} over {self.size} entries"


class Timestamp(models.Model):
    """What a time-stamping authority said of a seal: an RFC 3161 token (DER) over the seal's signature."""

    seal = models.OneToOneField(Seal, on_delete=models.PROTECT, related_name="timestamp")
    token = models.BinaryField()
    time = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.seal_id} at {self.time}"


class SealCheckpoint(models.Model):
    """What makes a seal a checkpoint of a transparency log: the signature of the log's key; see `milepost.journal.checkpoints`."""

    seal = models.OneToOneField(Seal, on_delete=models.PROTECT, related_name="checkpoint", primary_key=True)
    key = models.ForeignKey(LogKey, on_delete=models.PROTECT, related_name="+", db_index=False)
    signature = models.BinaryField(max_length=64)

    def __str__(self) -> str:
        return f"checkpoint of seal {self.seal_id}"


class Cosignature(models.Model):
    """What a witness said of a checkpoint: that at `time` it had seen no larger tree of this log; see `milepost.journal.cosigning`."""

    checkpoint = models.ForeignKey(
        SealCheckpoint, on_delete=models.PROTECT, related_name="cosignatures", db_index=False
    )
    witness = models.CharField(max_length=400)  # its key, as such are exchanged
    content = models.BinaryField(max_length=72)  # the time and the signature
    time = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["checkpoint", "witness"], name="cosigned_once")]
        indexes = [models.Index(fields=["witness", "-time"], name="cosigned_last")]

    def __str__(self) -> str:
        return f"{self.checkpoint_id} by {self.witness}"


class Cursor(models.Model):
    """How far a subscription has read an organisation's tree: `position` leaves (see `milepost.journal.subscriptions`)."""

    name = models.CharField(max_length=60)
    organisation_id = models.BigIntegerField()
    position = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation_id", "name"], name="one_cursor_each")]

    def __str__(self) -> str:
        return f"{self.name} at {self.position} of {self.organisation_id}"
