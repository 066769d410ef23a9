"""What was done to many people at once."""

import uuid

from django.db import models
from django.db.models import F, Q

from milepost.core import clock
from milepost.people.models.member import Member
from milepost.people.models.organisation import Organisation


class BulkAct(models.Model):
    """Something that was done to many people at once, kept for a month so that it can be undone (`bulk_acts`, `undoing`)."""

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+", db_index=False)
    kind = models.CharField(max_length=40)
    by = models.ForeignKey(Member, on_delete=models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(default=clock.now)
    about_id = models.CharField(max_length=64)
    about_name = models.CharField(max_length=200)
    data = models.JSONField(default=dict)  # what its kind has to know to take it back
    count = models.PositiveIntegerField()  # people to whom it was done
    asked = models.PositiveIntegerField(default=0)  # people to whom it was to be done
    waiting = models.JSONField(default=list)  # keys of the members whose turn is still to come, in their order
    is_being_done = models.BooleanField(default=False)
    problem = models.CharField(max_length=300, blank=True)  # why it was not done to the rest
    undo_begun_at = models.DateTimeField(null=True)
    undone_by = models.ForeignKey(Member, on_delete=models.SET_NULL, null=True, related_name="+")
    undone_at = models.DateTimeField(null=True)
    taken_back = models.PositiveIntegerField(default=0)  # people

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(undone_at=None) | Q(undo_begun_at__isnull=False), name="undone_after_it_was_begun"
            ),
            models.CheckConstraint(condition=Q(taken_back__lte=F("count")), name="taken_back_within_count"),
        ]
        indexes = [
            models.Index(fields=["organisation", "-at"], name="bulk_act_by_organisation"),
            models.Index(fields=["at"], name="bulk_act_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.about_name}"

    @property
    def number(self) -> int:
        """To how many people it was done, or is to be done as long as it goes on."""
        return self.asked if self.is_being_done else self.count

    @property
    def looked_at(self) -> int:
        """How many had their turn, while it is being done."""
        return self.asked - len(self.waiting)

    @property
    def is_being_undone(self) -> bool:
        return self.undo_begun_at is not None and self.undone_at is None

    @property
    def kept(self) -> int:
        """How many keep it, now that it was undone."""
        return self.count - self.taken_back


class BulkActPerson(models.Model):
    """One of the people to whom it was done. `key` is what taking it back needs, `outcome` what became of that."""

    act = models.ForeignKey(BulkAct, on_delete=models.CASCADE, related_name="people", db_index=False)
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="+")
    key = models.BigIntegerField()
    outcome = models.CharField(max_length=20, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["act", "member"], name="done_once_to_each")]

    def __str__(self) -> str:
        return f"{self.act_id}: {self.member_id}"
