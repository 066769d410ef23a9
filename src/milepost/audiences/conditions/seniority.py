"""How senior somebody is, in the organisation's own words."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from milepost.audiences.conditions.condition import OneOf
from milepost.people.models import Member, Organisation
from milepost.people.queries import seniorities


class OfSeniority(OneOf):
    """Is of one of these seniorities; the value is a list of them."""

    name, label = "seniority", gettext_lazy("Seniority")
    fields = frozenset({"seniority"})

    def choices(self, organisation: Organisation) -> Sequence[tuple[Any, str]]:
        return [(one, one) for one in seniorities(Member.objects.filter(organisation=organisation))]

    def q(self, organisation: Organisation, value: Any, today: date) -> Q:
        return Q(seniority__in=value)

    def tell(self, organisation: Organisation, value: Any) -> str:
        return _("has the seniority %(seniority)s") % {"seniority": self.named(organisation, value)}

    def tell_not(self, organisation: Organisation, value: Any) -> str:
        return _("doesn’t have the seniority %(seniority)s") % {"seniority": self.named(organisation, value)}

    def seen(self, member: Member, value: Any, today: date) -> str:
        return member.seniority or _("none is known")
