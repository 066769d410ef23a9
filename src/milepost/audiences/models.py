"""The nouns: an audience, and who is in it since when."""

import uuid
from typing import Any, Self

from django.db import models
from django.db.models import OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from milepost.core import clock
from milepost.core.local_days import before_today
from milepost.journal.recording import Reference
from milepost.people.models import Department, Member, Organisation, Site, zone_of

NAME_LENGTH = 120


class AudienceQuerySet(models.QuerySet["Audience"]):
    """Sets of audiences."""

    def current(self) -> Self:
        """Those that nobody archived."""
        return self.filter(archived_at=None)

    def due(self) -> Self:
        """Those of which something happened, or a midnight passed, since it was looked who fits."""
        is_new_day = before_today("evaluated_on", zone_of("organisation"))
        return self.current().filter(Q(stale_at__isnull=False) | Q(evaluated_on=None) | is_new_day)


class Audience(models.Model):
    """A rule over the people of an organisation (`rules`), and how long somebody must fit before it counts.

    `stale_at` is set by whatever happens after which somebody may fit who did not, `evaluated_on` the day, by the organisation's
    calendar, of which it was looked last. `size` is how many count. `sites` and `departments` are those that the rule names: as
    long as it does, nobody removes them.
    """

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="audiences", db_index=False)
    name = models.CharField(_("name"), max_length=NAME_LENGTH)
    rule: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField()
    minimum_days = models.PositiveSmallIntegerField(_("days somebody must fit before it counts"), default=0)
    size = models.PositiveIntegerField(default=0)
    sites = models.ManyToManyField(Site, related_name="+")
    departments = models.ManyToManyField(Department, related_name="+")
    made_by = models.ForeignKey(Member, on_delete=models.SET_NULL, null=True, related_name="+")
    made_at = models.DateTimeField(default=clock.now)
    archived_at = models.DateTimeField(null=True)
    stale_at = models.DateTimeField(null=True, default=clock.now)
    has_new_rule = models.BooleanField(default=True)  # since it was looked who fits
    evaluated_on = models.DateField(null=True)

    objects = AudienceQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "name"], condition=Q(archived_at=None), name="audience_named_once"
            ),
        ]
        indexes = [
            models.Index(fields=["organisation", "archived_at", "name"], name="audience_by_organisation"),
            models.Index(
                fields=["stale_at"], condition=Q(archived_at=None, stale_at__isnull=False), name="audience_stale"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_archived(self) -> bool:
        return self.archived_at is not None

    @property
    def is_gathering(self) -> bool:
        """Whether it is being looked who fits."""
        return self.stale_at is not None or self.evaluated_on is None

    def as_reference(self) -> Reference:
        return Reference("audience", str(self.uid), self.name)


class MembershipQuerySet(models.QuerySet["Membership"]):
    """Sets of memberships."""

    def open(self) -> Self:
        """Of those who fit, whether it counts already or not."""
        return self.filter(left_at=None)

    def current(self) -> Self:
        """Of those who count."""
        return self.open().exclude(counts_since=None)


class Membership(models.Model):
    """That somebody fits an audience, or did: since when, since when it counts, and when and why it ended.

    Who leaves before it counted leaves no row. `entered_why` and `left_why` are names of conditions (`evaluating`).
    """

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+", db_index=False)
    audience = models.ForeignKey(Audience, on_delete=models.PROTECT, related_name="memberships", db_index=False)
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="audience_memberships", db_index=False)
    fits_since = models.DateTimeField(default=clock.now)
    counts_since = models.DateTimeField(null=True)
    left_at = models.DateTimeField(null=True)
    entered_why: "models.JSONField[list[str], list[str]]" = models.JSONField(default=list)
    left_why: "models.JSONField[list[str], list[str]]" = models.JSONField(default=list)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["audience", "member"], condition=Q(left_at=None), name="in_an_audience_once"
            ),
            models.CheckConstraint(
                condition=Q(left_at=None) | Q(counts_since__isnull=False), name="left_what_they_counted_in"
            ),
        ]
        indexes = [
            models.Index(fields=["member", "audience"], name="membership_by_member"),
            models.Index(fields=["audience", "-counts_since", "-id"], name="membership_by_entering"),
            models.Index(fields=["audience", "-left_at", "-id"], name="membership_by_leaving"),
            models.Index(
                fields=["audience", "fits_since"],
                condition=Q(left_at=None, counts_since=None),
                name="membership_that_waits",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.member_id} in {self.audience_id}"


def people_in(audience: Audience) -> "QuerySet[Membership, Any]":
    """The keys of those who count in the audience, for a condition on members: `Q(pk__in=people_in(audience))`."""
    return Membership.objects.current().filter(audience=audience).order_by().values("member")


def is_in(audience: Audience) -> models.Exists:
    """Whether a member, of a query over members, counts in the audience."""
    return models.Exists(Membership.objects.current().filter(audience=audience, member=OuterRef("pk")).order_by())
