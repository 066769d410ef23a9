"""What the pages of people take."""

from copy import deepcopy
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from milepost.core.sent_files import SentFileField
from milepost.design.widgets import DayInput
from milepost.people import scopes
from milepost.people.models import Member
from milepost.people.roles import GIVEN, ORGANISATION
from milepost.people.settings import Page, pages, value_of

MAX_FILE = 20 * 1024 * 1024


def _scopes() -> list[tuple[str, Any]]:
    return [(ORGANISATION, _("The whole organisation")), *((name, kind.label) for name, kind in scopes.given())]


class GrantForm(forms.Form):
    """A role, within what, and until when."""

    role = forms.ChoiceField(
        label=_("Role"),
        choices=[("", _("Choose a role")), *((role.value, role.label) for role in GIVEN)],
        widget=forms.Select({"class": "form-select"}),
    )
    scope = forms.ChoiceField(
        label=_("Where it applies"), choices=_scopes, required=False, widget=forms.Select({"class": "form-select"})
    )
    which = forms.CharField(
        label=_("Which one"),
        help_text=_(
            "Its name; for a reporting line, the e-mail address of whoever leads it. Empty for the whole organisation."
        ),
        required=False,
        max_length=600,
        widget=forms.TextInput({"class": "form-control", "list": "scope-names", "autocomplete": "off"}),
    )
    until = forms.DateField(
        label=_("Until"),
        help_text=_("The last day; empty for no end. An auditor always needs one."),
        required=False,
        widget=DayInput(),
    )


class UploadPeopleForm(forms.Form):
    """An HR file."""

    file = SentFileField(
        label=_("HR file"),
        help_text=_("CSV or XLSX, with a heading row; up to 20 MB."),
        most=MAX_FILE,
        advice=_("Remove columns that are not needed, or split it."),
        widget=forms.FileInput(attrs={"accept": ".csv,.tsv,.txt,.xlsx", "class": "form-control"}),
    )


class SettingsForm(forms.Form):
    """One part of the settings, drawn from what rooms registered."""

    def __init__(self, page: Page, by: Member, data: Any = None, files: Any = None) -> None:
        self.page = page
        settings = pages(by)[page]
        super().__init__(
            data, files, initial={setting.name: value_of(by.organisation, setting) for setting in settings}
        )
        for setting in settings:
            self.fields[setting.name] = deepcopy(setting.field)
