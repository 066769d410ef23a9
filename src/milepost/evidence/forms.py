"""What the pages of training actions take."""

from datetime import timedelta
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from milepost.classroom.models import LiveSession
from milepost.core import clock
from milepost.core.form_fields import RowsField
from milepost.courses.models import Course
from milepost.design.widgets import DayInput
from milepost.evidence.describing import DESCRIBED, TEXTS
from milepost.evidence.models import Audit, TrainingAction
from milepost.evidence.profiles import profiles
from milepost.people.models import Organisation

CONTROL, SELECT = {"class": "form-control"}, {"class": "form-select"}


HELP_TEXTS = {
    "client_registration": _("Of the company; in France its SIRET number."),
    "client_representative": _("Who signs the agreement for the other party."),
    "help_by": _("For those who learn at a distance: name and qualification."),
    "help_means": _("Mail, telephone, forum, with hours and number."),
    "help_within": _("Within one working day, for example."),
    "last_paid_on": _("From the end of its year some funders count how long evidence is kept."),
}


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
    sessions = RowsField(
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
            "client_address",
            "client_registration",
            "client_representative",
            "client_capacity",
            "funder",
            "funding_reference",
            "starts_on",
            "ends_on",
            "objectives",
            "price",
            "help_by",
            "help_means",
            "help_within",
            "language",
        ]
        widgets = {
            "title": forms.TextInput(CONTROL),
            "reference": forms.TextInput(CONTROL),
            "course": forms.Select(SELECT),
            **{name: forms.TextInput(CONTROL) for name in TEXTS if name != "objectives"},
            "starts_on": DayInput(),
            "ends_on": DayInput(),
            "objectives": forms.Textarea(CONTROL | {"rows": 3}),
            "language": forms.Select(SELECT),
        }
        help_texts = {"reference": _("Empty: the next one of the year."), **HELP_TEXTS}

    def __init__(self, organisation: Organisation, data: QueryDict | None = None) -> None:
        language, known = organisation.language, profiles()
        super().__init__(data, initial={"language": language, "profile": language if language in known else "internal"})
        self._choose("profile").choices = [(name, profile.label) for name, profile in known.items()]
        self.fields["reference"].required = False
        courses = Course.objects.filter(organisation=organisation, published__isnull=False)
        among(self, "course", courses.order_by("title"))
        sessions = LiveSession.objects.filter(organisation=organisation, cancelled_at=None)
        among(self, "sessions", sessions.order_by("-number"))

    def _choose(self, name: str) -> forms.ChoiceField:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101
        return field


class DetailsForm(forms.ModelForm[TrainingAction]):
    """What an action says of itself, to be changed; for papers that are written from now on."""

    class Meta:
        model = TrainingAction
        fields = list(DESCRIBED)
        widgets = {
            **{name: forms.TextInput(CONTROL) for name in DESCRIBED},
            "objectives": forms.Textarea(CONTROL | {"rows": 3}),
            "last_paid_on": DayInput(),
        }
        help_texts = HELP_TEXTS


class AuditForm(forms.ModelForm[Audit]):
    """Whom to let in, for how long, and to what."""

    actions = RowsField(
        label=_("Only these actions"),
        queryset=TrainingAction.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple({"class": "form-check-input"}),
    )

    class Meta:
        model = Audit
        fields = ["name", "email", "body", "language", "starts_on", "ends_on", "covers_all", "actions"]
        widgets = {
            "name": forms.TextInput(CONTROL | {"autocomplete": "off"}),
            "email": forms.EmailInput(CONTROL | {"autocomplete": "off"}),
            "body": forms.TextInput(CONTROL),
            "language": forms.Select(SELECT),
            "starts_on": DayInput(),
            "ends_on": DayInput(),
            "covers_all": forms.CheckboxInput({"class": "form-check-input"}),
        }
        labels = {"covers_all": _("Every action, those to come too")}
        help_texts = {"body": _("The funding body, the certifier, the company that audits.")}

    def __init__(self, organisation: Organisation, data: QueryDict | None = None) -> None:
        today = clock.today(organisation.time_zone)
        initial = {"language": organisation.language, "starts_on": today, "ends_on": today + timedelta(days=14)}
        super().__init__(data, initial=initial)
        among(self, "actions", TrainingAction.objects.filter(organisation=organisation).order_by("-starts_on", "-pk"))

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        if not given.get("covers_all") and not given.get("actions"):
            raise forms.ValidationError(_("Say to which actions: tick some, or “every action”."))
        return given


def among(form: forms.BaseForm, name: str, rows: Any) -> None:
    """Let a field choose among these rows."""
    field = form.fields[name]
    assert isinstance(field, forms.ModelChoiceField)  # noqa: S101
    field.queryset = rows
