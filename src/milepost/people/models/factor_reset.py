"""A second factor that somebody lost."""

from django.db import models

from milepost.core import clock
from milepost.people.models.member import Member
from milepost.people.models.user import User


class FactorReset(models.Model):
    """A second factor that is to be taken away, as its person lost it: of which account, for which member, by whom, when."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="factor_reset")
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="+")
    by = models.ForeignKey(Member, on_delete=models.CASCADE, null=True, related_name="+")
    asked_at = models.DateTimeField(default=clock.now)
    due_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.member}: {self.due_at}"
