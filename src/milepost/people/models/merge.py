"""Two records of one person, linked: which one stays, and what was where before."""

import uuid
from datetime import timedelta

from django.db import models
from django.db.models import F, Q

from milepost.core import clock
from milepost.people.models.member import Member
from milepost.people.models.organisation import Organisation


class Merge(models.Model):
    """`earlier` is a record of the person whom `stays` is. It has left, and what is recorded of it stays under its own uid.

    `before` has the columns of both as they were, `after` as they became, `data` what else was moved, by keys: so it is undone.
    `number` and `address` are what the earlier record was found by: a file that names them means the one that stays.
    """

    KEPT_FOR = timedelta(days=30)  # so long it can be undone

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    stays = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="merges")
    earlier = models.OneToOneField(Member, on_delete=models.CASCADE, related_name="merge")
    number = models.CharField(max_length=64, blank=True)
    address = models.EmailField(blank=True)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    data = models.JSONField(default=dict)
    by = models.ForeignKey(Member, on_delete=models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ["at", "id"]
        constraints = [
            models.CheckConstraint(condition=~Q(stays=F("earlier")), name="a_record_merges_into_another"),
        ]

    def __str__(self) -> str:
        return f"{self.earlier_id} → {self.stays_id}"

    @property
    def can_be_undone(self) -> bool:
        """Whether it is not too long ago."""
        return clock.now() < self.at + self.KEPT_FOR
