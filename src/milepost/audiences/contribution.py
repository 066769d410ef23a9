"""What this room holds of people: in which audiences they are and were."""

import json
from collections.abc import Iterator
from typing import ClassVar

from django.db.models import Count, F
from django.utils.translation import gettext_lazy

from milepost.audiences.models import Audience, Membership
from milepost.audiences.rules import leaves
from milepost.people.contributions import Contribution
from milepost.people.models import Member

NOBODY = "00000000-0000-0000-0000-000000000000"


class AudiencesContribution(Contribution):
    """Rows of theirs go with them, and rules that name them name nobody in their place."""

    records: ClassVar = {"audiences.Membership": gettext_lazy("Audiences")}

    def erase(self, member: Member) -> None:
        rows = Membership.objects.filter(member=member)
        counting = rows.current().values("audience").annotate(times=Count("pk")).order_by("audience")
        for key in counting.values_list("audience", flat=True):
            Audience.objects.filter(pk=key, size__gt=0).update(size=F("size") - 1)
        rows.delete()
        for audience in _naming(member):
            without = json.loads(json.dumps(audience.rule).replace(str(member.uid), NOBODY))
            Audience.objects.filter(pk=audience.pk).update(rule=without)


def _naming(member: Member) -> Iterator[Audience]:
    uid = str(member.uid)
    for audience in Audience.objects.filter(organisation=member.organisation_id).order_by("pk"):
        if any(uid in leaf.condition.people_named(leaf.value) for leaf in leaves(audience.rule)):
            yield audience
