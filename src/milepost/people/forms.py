"""What the pages of people take."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from milepost.people import scopes
from milepost.people.models import Organisation, validate_colour
from milepost.people.roles import GIVEN, ORGANISATION

MAX_FILE = 20 * 1024 * 1024


def _scopes() -> list[tuple[str, Any]]:
    return [(ORGANISATION, _("The whole organisation")), *((name, kind.label) for name, kind in scopes.given())]


class GrantForm(forms.Form):
    """A role, within what, and until when."""

    role = forms.ChoiceField(
        label=_("Role"),
        choices=[(role.value, role.label) for role in GIVEN],
        widget=forms.Select({"class": "form-select"}),
    )
    scope = forms.ChoiceField(
        label=_("Within"), choices=_scopes, required=False, widget=forms.Select({"class": "form-select"})
    )
    which = forms.CharField(
        label=_("Which one"),
        help_text=_("Its name. For a reporting line, the e-mail address of whoever leads it."),
        required=False,
        max_length=600,
        widget=forms.TextInput({"class": "form-control", "list": "scope-names", "autocomplete": "off"}),
    )
    until = forms.DateField(
        label=_("Until"),
        help_text=_("The last day. Empty: for good."),
        required=False,
        widget=forms.DateInput({"class": "form-control", "type": "date"}, format="%Y-%m-%d"),
    )


class UploadPeopleForm(forms.Form):
    """An HR file."""

    file = forms.FileField(
        label=_("HR file"),
        help_text=_("CSV or XLSX, with a heading row; up to 20 MB."),
        widget=forms.FileInput(attrs={"accept": ".csv,.tsv,.txt,.xlsx", "class": "form-control"}),
    )

    def clean_file(self) -> UploadedFile[bytes]:
        file: UploadedFile[bytes] = self.cleaned_data["file"]
        if (file.size or 0) > MAX_FILE:
            raise ValidationError(_("The file is larger than 20 MB. Remove columns that are not needed, or split it."))
        return file


class BrandForm(forms.ModelForm[Organisation]):
    """How the organisation looks and speaks."""

    brand_colour = forms.CharField(
        label=_("Brand colour"),
        validators=[validate_colour],
        widget=forms.TextInput(attrs={"type": "color", "class": "form-control form-control-color"}),
    )
    corner_radius = forms.IntegerField(
        label=_("Corner radius, in pixels"), min_value=0, max_value=28,
        widget=forms.NumberInput(attrs={"class": "form-control"}),
    )  # fmt: skip
    logo_file = forms.FileField(
        label=_("Logo"), required=False, help_text=_("PNG, JPEG or WebP, square, up to 512 kB."),
        widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg,image/webp", "class": "form-control"}),
    )  # fmt: skip

    class Meta:
        model = Organisation
        fields = [
            "name", "language", "time_zone", "postal_address", "registration_number", "certifier_name",
            "certifier_quality",
        ]  # fmt: skip
        help_texts = {
            "registration_number": _("As a provider of training; in France the activity declaration number."),
            "certifier_name": _("Stands on certificates. Without a name, the organisation’s stands there."),
        }
        widgets = {
            "name": forms.TextInput(attrs={"class": "form-control"}),
            "language": forms.Select(attrs={"class": "form-select"}),
            "postal_address": forms.TextInput(attrs={"class": "form-control"}),
            "registration_number": forms.TextInput(attrs={"class": "form-control"}),
            "certifier_name": forms.TextInput(attrs={"class": "form-control"}),
            "certifier_quality": forms.TextInput(attrs={"class": "form-control"}),
            "time_zone": forms.TextInput(attrs={"class": "form-control", "autocomplete": "off"}),
        }
