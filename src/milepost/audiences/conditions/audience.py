"""Whether somebody is in another audience."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from django import forms
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from milepost.audiences.conditions.condition import Condition, Incomplete
from milepost.audiences.models import Audience, Membership
from milepost.people.models import Organisation


class InAudience(Condition):
    """Counts in another audience; the value is its uid. That nothing stands on itself is seen to when a rule is saved."""

    name, label = "audience", gettext_lazy("Another audience")

    def __init__(self, among: frozenset[str] | None = None) -> None:
        """`among` are the uids of those that can be chosen, where that is not all of them."""
        self.among = among

    def form_fields(self, organisation: Organisation, value: Any = None) -> dict[str, forms.Field]:
        there = [(str(uid), name) for uid, name in _there(organisation).values_list("uid", "name")]
        choices = [(uid, name) for uid, name in there if self.among is None or uid in self.among]
        return {"uid": forms.ChoiceField(label=str(self.label), choices=[("", _("choose")), *choices])}

    def value_of(self, cleaned: Mapping[str, Any]) -> Any:
        return cleaned["uid"]

    def initial(self, value: Any) -> dict[str, Any]:
        return {"uid": value}

    def check(self, organisation: Organisation, value: Any) -> Any:
        try:
            uid = UUID(value) if isinstance(value, str) else None
        except ValueError:
            uid = None
        if uid is None or not _there(organisation).filter(uid=uid).exists():
            raise Incomplete(_("Choose an audience."))
        return str(uid)

    def q(self, organisation: Organisation, value: Any, today: date) -> Q:
        inside = Membership.objects.current().filter(organisation=organisation, audience__uid=value).order_by()
        return Q(pk__in=inside.values("member"))

    def tell(self, organisation: Organisation, value: Any) -> str:
        return _("is in “%(audience)s”") % {"audience": _named(organisation, value)}

    def tell_not(self, organisation: Organisation, value: Any) -> str:
        return _("is not in “%(audience)s”") % {"audience": _named(organisation, value)}


def _there(organisation: Organisation) -> Any:
    return Audience.objects.current().filter(organisation=organisation).order_by("name")


def _named(organisation: Organisation, value: Any) -> str:
    audience = Audience.objects.filter(organisation=organisation, uid=value).first()
    return audience.name if audience else _("what is not there any more")
