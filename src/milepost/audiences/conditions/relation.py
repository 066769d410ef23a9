"""What somebody is to the organisation."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from milepost.audiences.conditions.condition import OneOf
from milepost.people.models import Member, Organisation, Relation


class OfRelation(OneOf):
    """Is an employee, a partner, a client or one of the public; the value is a list of these."""

    name, label = "relation", gettext_lazy("Relation to the organisation")
    fields = frozenset({"relation"})

    def choices(self, organisation: Organisation) -> Sequence[tuple[Any, str]]:
        return [(one.value, str(one.label)) for one in Relation]

    def q(self, organisation: Organisation, value: Any, today: date) -> Q:
        return Q(relation__in=value)

    def tell(self, organisation: Organisation, value: Any) -> str:
        return _("is known as: %(relation)s") % {"relation": self.named(organisation, value)}

    def tell_not(self, organisation: Organisation, value: Any) -> str:
        return _("is not known as: %(relation)s") % {"relation": self.named(organisation, value)}

    def seen(self, member: Member, value: Any, today: date) -> str:
        return str(Relation(member.relation).label) if member.relation in Relation else member.relation
