"""The nouns: this installation as a witness, the logs that it has seen, and what was sent to keepers when."""

from django.db import models

from milepost.core import clock
from milepost.core.encryption import EncryptedField
from milepost.people.models import Organisation


class WitnessKey(models.Model):
    """The key with which this installation cosigns logs of others: 32 bytes of Ed25519. There is one, in row 1."""

    name = models.CharField(max_length=254)
    public = models.BinaryField(max_length=32)
    private = EncryptedField()  # in base 64
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="one_witness_key")]

    def __str__(self) -> str:
        return self.name


class WitnessedLog(models.Model):
    """How a log of somebody else was when it was cosigned last: so many leaves under this root. It only ever grows."""

    origin = models.CharField(max_length=1000, unique=True)
    size = models.BigIntegerField(default=0)
    root = models.BinaryField(max_length=32)
    note = models.TextField()  # the checkpoint with the log's signatures and ours; empty before the first
    cosigned_at = models.BigIntegerField(default=0)  # seconds since 1970, as they stand in the cosignature

    def __str__(self) -> str:
        return f"{self.origin}: {self.size}"


class SentSeal(models.Model):
    """That an organisation's newest seal was handed to its keepers on a day of its time zone; `size` is how many facts it covers."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    day = models.DateField()
    size = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "day"], name="seal_sent_once_a_day")]

    def __str__(self) -> str:
        return f"{self.size} on {self.day}"
