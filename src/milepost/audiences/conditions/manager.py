"""To whom somebody reports, and whether anybody reports to them."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from django import forms
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from milepost.audiences.conditions.condition import Condition, Incomplete
from milepost.people.models import Member, Organisation
from milepost.people.scopes import LineScope, NoSuchScope

WAYS = ("directly", "line")


class ReportsTo(Condition):
    """Reports to somebody, directly or through others; the value is `{"uid": …, "how": "directly" | "line"}`."""

    name, label = "manager", gettext_lazy("Manager")
    fields = frozenset({"manager"})

    def form_fields(self, organisation: Organisation, value: Any = None) -> dict[str, forms.Field]:
        ways = [("directly", _("directly")), ("line", _("directly or through others"))]
        return {
            "who": forms.CharField(
                label=gettext_lazy("Manager: name, e-mail or number"),
                max_length=200,
                widget=forms.TextInput(attrs={"autocomplete": "off"}),
            ),
            "how": forms.ChoiceField(label=gettext_lazy("Reports to them"), choices=ways),
        }

    def value_of(self, cleaned: Mapping[str, Any]) -> Any:
        return {"who": cleaned["who"], "how": cleaned["how"]}

    def initial(self, value: Any) -> dict[str, Any]:
        manager = Member.objects.filter(uid=value["uid"]).first()
        address = manager.email or manager.employee_number if manager else ""
        return {"who": address, "how": value["how"]}

    def check(self, organisation: Organisation, value: Any) -> Any:
        if not isinstance(value, dict) or value.get("how") not in WAYS or not {*value} <= {"uid", "who", "how"}:
            raise Incomplete(_("Say to whom they report."))
        people = Member.objects.filter(organisation=organisation)
        try:
            if "uid" in value:
                manager = people.filter(uid=UUID(str(value["uid"]))).first()
            else:
                manager = people.filter(pk=LineScope().find(organisation, str(value.get("who", ""))[:200])).first()
        except NoSuchScope as refused:
            raise Incomplete(str(refused)) from refused
        except ValueError:
            manager = None
        if manager is None:
            raise Incomplete(_("Say to whom they report."))
        return {"uid": str(manager.uid), "how": value["how"]}

    def q(self, organisation: Organisation, value: Any, today: date) -> Q:
        manager = Member.objects.filter(organisation=organisation, uid=value["uid"]).first()
        if manager is None:
            return Q(pk__in=[])
        return LineScope().people({manager.pk}) if value["how"] == "line" else Q(manager=manager)

    def tell(self, organisation: Organisation, value: Any) -> str:
        sentence = _("reports to %(name)s") if value["how"] == "directly" else _("reports to %(name)s or those below")
        return sentence % {"name": _named(organisation, value)}

    def tell_not(self, organisation: Organisation, value: Any) -> str:
        directly = value["how"] == "directly"
        sentence = _("doesn’t report to %(name)s") if directly else _("doesn’t report to %(name)s or those below")
        return sentence % {"name": _named(organisation, value)}

    def seen(self, member: Member, value: Any, today: date) -> str:
        return member.manager.full_name if member.manager else _("reports to nobody")

    def people_named(self, value: Any) -> frozenset[str]:
        return frozenset({value["uid"]})


class LeadsSomebody(Condition):
    """Is the manager of somebody who has not left; the value is True."""

    name, label = "leads", gettext_lazy("Leads somebody")
    fields = frozenset({"manager", "left_on"})

    def form_fields(self, organisation: Organisation, value: Any = None) -> dict[str, forms.Field]:
        return {}

    def value_of(self, cleaned: Mapping[str, Any]) -> Any:
        return True

    def initial(self, value: Any) -> dict[str, Any]:
        return {}

    def check(self, organisation: Organisation, value: Any) -> Any:
        if value is not True:
            raise Incomplete
        return True

    def q(self, organisation: Organisation, value: Any, today: date) -> Q:
        here = Q(left_on=None) | Q(left_on__gt=today)
        team = Member.objects.filter(here, organisation=organisation, manager__isnull=False).order_by()
        return Q(pk__in=team.values("manager"))

    def tell(self, organisation: Organisation, value: Any) -> str:
        return _("leads somebody")

    def tell_not(self, organisation: Organisation, value: Any) -> str:
        return _("leads nobody")


def _named(organisation: Organisation, value: Any) -> str:
    manager = Member.objects.filter(organisation=organisation, uid=value["uid"]).first()
    return manager.full_name if manager else _("somebody who is not there any more")
