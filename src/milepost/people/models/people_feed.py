"""How the HR file of an organisation comes by itself: sent by a program with a key, or fetched each day."""

from django.db import models
from django.db.models import Q

from milepost.core import clock
from milepost.core.encryption import EncryptedField
from milepost.journal.recording import Reference
from milepost.people.models.member import Member
from milepost.people.models.organisation import Organisation


class PeopleFeed(models.Model):
    """The key of the program that sends it (only its SHA-256 is kept: 256 bits need no more), and where it is fetched, when.

    What comes is imported in the name of `set_by`, who set it up last: nobody's file does what they may not do. `hour` and `minute`
    are by the organisation's calendar; `fetched_on` is the last day on which it was fetched.
    """

    organisation = models.OneToOneField(Organisation, on_delete=models.CASCADE, related_name="+", primary_key=True)
    key_sha256 = models.CharField(max_length=64, blank=True)
    made_at = models.DateTimeField(null=True)
    used_at = models.DateTimeField(null=True)
    address = EncryptedField(blank=True)  # others put keys into addresses
    hour = models.PositiveSmallIntegerField(default=5)
    minute = models.PositiveSmallIntegerField(default=0)
    is_complete = models.BooleanField(default=False)
    fetched_on = models.DateField(null=True)
    set_by = models.ForeignKey(Member, on_delete=models.SET_NULL, null=True, related_name="+")
    set_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(hour__lt=24, minute__lt=60), name="fetched_at_a_time_of_day")]

    def __str__(self) -> str:
        return f"{self.organisation_id}"

    def as_reference(self) -> Reference:
        return Reference("people-feed", str(self.organisation.uid), self.organisation.name)
