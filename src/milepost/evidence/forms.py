"""What the pages of training actions take."""

from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from milepost.classroom.models import LiveSession
from milepost.courses.models import Course
from milepost.evidence.models import TrainingAction
from milepost.evidence.profiles import profiles
from milepost.people.models import Organisation

CONTROL, SELECT = {"class": "form-control"}, {"class": "form-select"}
DAY = CONTROL | {"type": "date"}


class ActionForm(forms.ModelForm[TrainingAction]):
    """A training action. Its people are those of its sessions, and of its course when that is ticked."""

    profile = forms.ChoiceField(label=_("Profile"), widget=forms.Select(SELECT))
    hours = forms.DecimalField(
        label=_("Duration, in hours"),
        min_value=0,
        max_value=10_000,
        decimal_places=2,
        widget=forms.NumberInput(CONTROL | {"step": "0.25"}),
    )
    sessions = forms.ModelMultipleChoiceField(
        label=_("Live sessions"),
        queryset=LiveSession.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple({"class": "form-check-input"}),
    )
    takes_course = forms.BooleanField(
        label=_("Everybody who is enrolled in the course takes part"),
        required=False,
        widget=forms.CheckboxInput({"class": "form-check-input"}),
    )

    class Meta:
        model = TrainingAction
        fields = [
            "title",
            "reference",
            "profile",
            "course",
            "client",
            "funder",
            "funding_reference",
            "starts_on",
            "ends_on",
            "objectives",
            "price",
            "language",
        ]
        widgets = {
            "title": forms.TextInput(CONTROL), "reference": forms.TextInput(CONTROL), "course": forms.Select(SELECT),
            "client": forms.TextInput(CONTROL), "funder": forms.TextInput(CONTROL), "funding_reference": forms.TextInput(CONTROL),
            "starts_on": forms.DateInput(DAY, format="%Y-%m-%d"), "ends_on": forms.DateInput(DAY, format="%Y-%m-%d"),
            "objectives": forms.Textarea(CONTROL | {"rows": 3}), "price": forms.TextInput(CONTROL), "language": forms.Select(SELECT),
        }  # fmt: skip
        help_texts = {"reference": _("Empty: the next one of the year.")}

    def __init__(self, organisation: Organisation, data: QueryDict | None = None) -> None:
        super().__init__(
            data,
            initial={
                "language": organisation.language,
                "profile": "fr" if organisation.language == "fr" else "internal",
            },
        )
        self._choose("profile").choices = [(name, profile.label) for name, profile in profiles().items()]
        self.fields["reference"].required = False
        self._among(
            "course", Course.objects.filter(organisation=organisation, published__isnull=False).order_by("title")
        )
        self._among(
            "sessions", LiveSession.objects.filter(organisation=organisation, cancelled_at=None).order_by("-number")
        )

    def _choose(self, name: str) -> forms.ChoiceField:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101
        return field

    def _among(self, name: str, rows: Any) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101
        field.queryset = rows
