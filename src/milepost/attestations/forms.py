"""What the page of a new attestation takes."""

from typing import Any

from django import forms
from django.conf import settings
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from milepost.attestations.models import Whom
from milepost.core import clock
from milepost.core.form_fields import RowsField, capitalised
from milepost.courses.models import Course
from milepost.people.models import Department, Organisation, Site

CONTROL, SELECT = {"class": "form-control"}, {"class": "form-select"}


class AttestationForm(forms.Form):
    """Of which courses, of which day, of whom."""

    courses = RowsField(
        label=_("courses"),
        queryset=Course.objects.none(),
        help_text=_("Of several, whoever is certified in all of them counts."),
        widget=forms.CheckboxSelectMultiple({"class": "form-check-input"}),
    )
    day = forms.DateField(label=_("as of"), widget=forms.DateInput(CONTROL | {"type": "date"}, format="%Y-%m-%d"))
    whom = forms.ChoiceField(
        label=_("whom it concerns"), choices=capitalised(Whom.choices), widget=forms.Select(SELECT)
    )
    site = forms.ChoiceField(label=_("only of this site"), required=False, widget=forms.Select(SELECT))
    department = forms.ChoiceField(
        label=_("only of this department, with those below it"), required=False, widget=forms.Select(SELECT)
    )
    language = forms.ChoiceField(label=_("language"), choices=settings.LANGUAGES, widget=forms.Select(SELECT))

    def __init__(self, organisation: Organisation, data: QueryDict | None = None, initial: Any = None) -> None:
        known = {"day": clock.today(organisation.time_zone), "whom": Whom.EMPLOYEES, "language": organisation.language}
        super().__init__(data, initial=known | (initial or {}))
        rows = Course.objects.filter(organisation=organisation, published__isnull=False).select_related("published")
        courses = self.fields["courses"]
        assert isinstance(courses, RowsField)  # noqa: S101
        courses.queryset = rows.order_by("title", "pk")
        sites = Site.objects.filter(organisation=organisation).values_list("name", flat=True)
        departments = Department.objects.filter(organisation=organisation).values_list("path", flat=True)
        for name, choices, every in (
            ("site", sites, _("Every site")),
            ("department", departments, _("Every department")),
        ):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)  # noqa: S101
            field.choices = [("", every), *((choice, choice) for choice in choices)]
