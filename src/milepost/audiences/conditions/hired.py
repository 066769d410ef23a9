"""How long somebody has been here, or when they begin, counted in days from today."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from django import forms
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from milepost.audiences.conditions.condition import Condition, Incomplete
from milepost.core.words import date_format
from milepost.people.models import Member, Organisation

MOST_DAYS = 36_500  # a hundred years
WITHIN, BEFORE, COMING = "within", "before", "coming"


class Hired(Condition):
    """Was hired within so many days, at least so many days ago, or begins within so many; the value is `{"when": …, "days": …}`.

    Whoever begins today was hired 0 days ago. Of whom no hire date is known nothing of this holds.
    """

    name, label = "hired", gettext_lazy("Hire date")
    fields = frozenset({"hire_date"})

    def form_fields(self, organisation: Organisation, value: Any = None) -> dict[str, forms.Field]:
        ways = [
            (WITHIN, _("hired within the last … days")),
            (BEFORE, _("hired at least … days ago")),
            (COMING, _("begins within the next … days")),
        ]
        return {
            "when": forms.ChoiceField(label=gettext_lazy("Hire date"), choices=ways),
            "days": forms.IntegerField(label=gettext_lazy("Days"), min_value=0, max_value=MOST_DAYS),
        }

    def value_of(self, cleaned: Mapping[str, Any]) -> Any:
        return {"when": cleaned["when"], "days": cleaned["days"]}

    def initial(self, value: Any) -> dict[str, Any]:
        return dict(value)

    def check(self, organisation: Organisation, value: Any) -> Any:
        if not isinstance(value, dict) or {*value} != {"when", "days"}:
            raise Incomplete(_("Say how many days."))
        if value["when"] not in (WITHIN, BEFORE, COMING):
            raise Incomplete(_("Say how many days."))
        if type(value["days"]) is not int or not 0 <= value["days"] <= MOST_DAYS:
            raise Incomplete(_("Write a number of days from 0 to %(most)d.") % {"most": MOST_DAYS})
        return {"when": value["when"], "days": value["days"]}

    def q(self, organisation: Organisation, value: Any, today: date) -> Q:
        span = timedelta(days=value["days"])
        match value["when"]:
            case "within":
                return Q(hire_date__gte=today - span, hire_date__lte=today)
            case "before":
                return Q(hire_date__lte=today - span)
            case _coming:
                return Q(hire_date__gt=today, hire_date__lte=today + span)

    def tell(self, organisation: Organisation, value: Any) -> str:
        days = value["days"]
        match value["when"]:
            case "within":
                words = ngettext("was hired within the last day", "was hired within the last %(days)d days", days)
            case "before":
                words = ngettext("was hired a day ago or earlier", "was hired %(days)d days ago or earlier", days)
            case _coming:
                words = ngettext("begins within a day", "begins within the next %(days)d days", days)
        return words % {"days": days}

    def seen(self, member: Member, value: Any, today: date) -> str:
        return date_format(member.hire_date) if member.hire_date else _("no hire date is known")
