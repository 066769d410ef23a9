"""At which site somebody works."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from milepost.audiences.conditions.condition import OneOf
from milepost.people.models import Member, Organisation


class AtSite(OneOf):
    """Works at one of these sites; the value is their keys."""

    name, label, keys = "site", gettext_lazy("Site"), True
    fields = frozenset({"site"})

    def choices(self, organisation: Organisation) -> Sequence[tuple[Any, str]]:
        return list(organisation.sites.values_list("pk", "name"))

    def q(self, organisation: Organisation, value: Any, today: date) -> Q:
        return Q(site__in=value)

    def tell(self, organisation: Organisation, value: Any) -> str:
        return _("works at %(place)s") % {"place": self.named(organisation, value)}

    def tell_not(self, organisation: Organisation, value: Any) -> str:
        return _("doesn’t work at %(place)s") % {"place": self.named(organisation, value)}

    def seen(self, member: Member, value: Any, today: date) -> str:
        return member.site.name if member.site else _("at no site")
