"""Audiences wherever people are chosen: a control of the filter that every such page has."""

from collections.abc import Sequence

from django.db.models import Q
from django.utils.translation import gettext_lazy

from milepost.audiences.models import Audience, is_in
from milepost.audiences.permissions import SEE_AUDIENCES
from milepost.audiences.sight import Sight
from milepost.core.queries import uuid_of
from milepost.people.filters import Narrowing
from milepost.people.models import Member
from milepost.people.permissions import may


class AudienceNarrowing(Narrowing):
    """Those who are in an audience, of those whom one may see in it."""

    label, nothing = gettext_lazy("Audience"), gettext_lazy("All")

    def choices(self, member: Member) -> Sequence[tuple[str, str]]:
        return [(str(audience.uid), audience.name) for audience in _seen_by(member)]

    def q(self, member: Member, value: str) -> Q:
        uid = uuid_of({"uid": value}, "uid")
        audience = next(iter(_seen_by(member, uid=uid)), None) if uid else None
        if audience is None:
            return Q(pk__in=[])
        return Q(is_in(audience), pk__in=Sight(member).people(audience).order_by().values("pk"))


def _seen_by(member: Member, **named: object) -> list[Audience]:
    if not may(member, SEE_AUDIENCES):
        return []
    there = list(Audience.objects.current().filter(organisation=member.organisation_id, **named))
    return Sight(member).only(there) if there else []
