"""In which department somebody works, with those below it."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from milepost.audiences.conditions.condition import OneOf
from milepost.people.models import Department, Member, Organisation


class InDepartment(OneOf):
    """Works in one of these departments or in one below it; the value is their keys."""

    name, label, keys = "department", gettext_lazy("Department, with those below it"), True
    fields = frozenset({"department"})

    def choices(self, organisation: Organisation) -> Sequence[tuple[Any, str]]:
        return list(organisation.departments.values_list("pk", "path"))

    def q(self, organisation: Organisation, value: Any, today: date) -> Q:
        return Q(department__in=Department.objects.filter(_paths(organisation, value)).order_by().values("pk"))

    def tell(self, organisation: Organisation, value: Any) -> str:
        return _("works in %(place)s") % {"place": self.named(organisation, value)}

    def tell_not(self, organisation: Organisation, value: Any) -> str:
        return _("doesn’t work in %(place)s") % {"place": self.named(organisation, value)}

    def seen(self, member: Member, value: Any, today: date) -> str:
        return member.department.path if member.department else _("in no department")


def _paths(organisation: Organisation, keys: Sequence[int]) -> Q:
    reached = Q(pk__in=[])
    for path in organisation.departments.filter(pk__in=keys).values_list("path", flat=True):
        reached |= Q(path=path) | Q(path__startswith=f"{path} / ")
    return reached & Q(organisation=organisation)
