"""What the pages of requirements take from people."""

from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from milepost.audiences.models import Audience
from milepost.core import clock
from milepost.courses.models import Course
from milepost.design.widgets import DayInput
from milepost.people.models import Organisation
from milepost.requirements.cycles import Counted, First
from milepost.requirements.models import NAME_LENGTH, Requirement
from milepost.requirements.setting import LONGEST_REASON, MOST_DAYS, MOST_MONTHS, Asked

FIRST = {
    First.ENTRY: _("days after somebody comes under it"),
    First.HIRE: _("days after they were hired"),
    First.START: _("days after it begins to hold"),
    First.DAY: _("on a day that is the same for all"),
}
COUNTED = {
    Counted.COMPLETION: _("from the day on which it was done"),
    Counted.DUE: _("from the day by which it was due, early or late"),
}


class RequirementForm(forms.Form):
    """What is asked, of whom, by when and how often."""

    name = forms.CharField(label=_("Name"), max_length=NAME_LENGTH, help_text=_("As people know it: Fire safety."))
    audience = forms.ModelChoiceField(
        label=_("Who must"), queryset=Audience.objects.none(), empty_label=_("choose an audience")
    )
    course = forms.ModelChoiceField(
        label=_("complete"), queryset=Course.objects.none(), empty_label=_("choose a course")
    )
    starts_on = forms.DateField(label=_("It holds from"), widget=DayInput())
    first = forms.ChoiceField(label=_("It is due first"), choices=list(FIRST.items()))
    days = forms.IntegerField(label=_("So many days"), min_value=0, max_value=MOST_DAYS, required=False)
    day = forms.DateField(label=_("The day that is the same for all"), widget=DayInput(), required=False)
    least_days = forms.IntegerField(
        label=_("Everybody has at least"),
        min_value=0,
        max_value=MOST_DAYS,
        required=False,
        help_text=_("Days, for whoever comes shortly before the day."),
    )
    every_months = forms.IntegerField(
        label=_("Again every"),
        min_value=1,
        max_value=MOST_MONTHS,
        required=False,
        help_text=_("Months. Empty: once is enough."),
    )
    counted = forms.ChoiceField(label=_("Counted"), choices=list(COUNTED.items()), required=False)
    opens_days = forms.IntegerField(
        label=_("It can be done again from"),
        min_value=0,
        max_value=MOST_DAYS,
        required=False,
        help_text=_("Days before it is due again; then people get it on their list."),
    )
    accepts_days = forms.IntegerField(
        label=_("What was done before counts if it is at most"),
        min_value=0,
        max_value=MOST_DAYS,
        required=False,
        help_text=_("Days old. Empty: of any age, as long as it still holds."),
    )
    equivalents = forms.ModelMultipleChoiceField(
        label=_("These courses count as much"),
        queryset=Course.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(
        self, *args: Any, organisation: Organisation, requirement: Requirement | None = None, **more: Any
    ) -> None:
        more["initial"] = _initial(requirement)
        super().__init__(*args, **more)
        audiences = Audience.objects.current().filter(organisation=organisation)
        courses = Course.objects.filter(organisation=organisation, published__isnull=False).order_by("title")
        choices: dict[str, Any] = {"audience": audiences, "course": courses, "equivalents": courses}
        for name, queryset in choices.items():
            self.fields[name].queryset = queryset  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("first") == First.DAY and not given.get("day") and "day" not in self.errors:
            self.add_error("day", ValidationError(_("Choose the day by which it is due.")))
        return given

    def asked(self) -> Asked:
        """What was typed, for the verbs."""
        given = self.cleaned_data
        return Asked(
            name=given["name"],
            audience=given["audience"],
            course=given["course"],
            starts_on=given["starts_on"],
            first=First(given["first"]),
            day=given["day"],
            days=given["days"] or 0,
            least_days=given["least_days"] or 0,
            every_months=given["every_months"],
            counted=Counted(given["counted"] or Counted.COMPLETION),
            opens_days=given["opens_days"] or 0,
            accepts_days=given["accepts_days"],
            equivalents=list(given["equivalents"]),
        )


def _initial(requirement: Requirement | None) -> dict[str, Any]:
    if requirement is None:
        return {"starts_on": clock.today(), "first": First.ENTRY, "days": 30, "opens_days": 60}
    names = ("name", "audience", "course", "starts_on", "first", "day", "days", "least_days")
    more = ("every_months", "counted", "opens_days", "accepts_days")
    return {name: getattr(requirement, name) for name in names + more} | {"equivalents": requirement.equivalents.all()}


class DayForm(forms.Form):
    """As of which day it is asked."""

    day = forms.DateField(label=_("As of the end of"), widget=DayInput())

    def clean_day(self) -> date:
        day: date = self.cleaned_data["day"]
        if day > clock.today():
            raise ValidationError(_("This day has not come yet."))
        return day


class ExemptionForm(forms.Form):
    """Why somebody need not, and until when."""

    reason = forms.CharField(label=_("Reason"), max_length=LONGEST_REASON, help_text=_("It is kept in the history."))
    ends = forms.DateField(
        label=_("Until"), widget=DayInput(), required=False, help_text=_("Empty: until somebody ends it.")
    )
