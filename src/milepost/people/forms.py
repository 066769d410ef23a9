"""What the pages of people take."""

from copy import deepcopy
from datetime import date, time
from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from milepost.core.sent_files import SentFileField
from milepost.design.widgets import DayInput
from milepost.people import scopes
from milepost.people.headings import FIELDS
from milepost.people.import_plan import ImportRefused
from milepost.people.models import Absence, Member, PeopleFeed, Relation
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


class PersonForm(forms.Form):
    """What is known of one person, by the fields of the HR file."""

    _CHOICES: ClassVar[dict[str, Any]] = {
        "relation": Relation.choices,
        "language": [("", _("as the organisation")), *settings.LANGUAGES],
    }
    _LISTS: ClassVar = {"site": "known-sites", "department": "known-departments", "manager": "known-managers"}
    _HELP: ClassVar = {
        "department": _("From the top, with a slash between: Operations / Logistics"),
        "manager": _("Their number, address or name."),
        "time_zone": _("Like Europe/Paris; empty for that of the organisation."),
    }

    def __init__(self, data: Any = None, *, person: Member | None = None) -> None:
        super().__init__(data, initial=_known_of(person) if person else {"relation": Relation.EMPLOYEE})
        for one in FIELDS:
            self.fields[one.name] = self._field(one.name, one.label)

    def _field(self, name: str, label: Any) -> forms.Field:
        common: dict[str, Any] = {"label": label, "help_text": self._HELP.get(name, ""), "required": False}
        if name in self._CHOICES:
            return forms.ChoiceField(
                **common, choices=self._CHOICES[name], widget=forms.Select({"class": "form-select"})
            )
        if name in ("hire_date", "left_on"):
            return forms.DateField(**common, widget=DayInput())
        common["required"] = name in ("given_name", "family_name")
        attributes = {"class": "form-control", "autocomplete": "off"}
        attributes |= {"list": self._LISTS[name]} if name in self._LISTS else {}
        return forms.CharField(**common, max_length=600, widget=forms.TextInput(attributes))

    @property
    def said(self) -> dict[str, str]:
        """What was changed, as a file would say it; “” for what is to be empty."""
        values = {name: self.cleaned_data[name] for name in self.changed_data}
        return {name: value.isoformat() if isinstance(value, date) else value or "" for name, value in values.items()}

    def refuse(self, refused: ImportRefused) -> None:
        """Say beside each field what is wrong with it."""
        for problem in refused.problems:
            self.add_error(problem.field or None, problem.message)
        if not refused.problems:
            self.add_error(None, str(refused))


def _known_of(person: Member) -> dict[str, Any]:
    known = {one.name: getattr(person, one.name) for one in FIELDS}
    known["department"] = person.department.path if person.department else ""
    known["site"] = person.site.name if person.site else ""
    known["manager"] = (person.manager.employee_number or person.manager.email) if person.manager else ""
    return known


class LeavingForm(forms.Form):
    """Somebody's last day."""

    left_on = forms.DateField(label=_("Last day"), widget=DayInput())


class AbsenceForm(forms.Form):
    """From when until when somebody is away. There is no field for the reason."""

    begins = forms.DateField(label=_("First day away"), widget=DayInput())
    ends = forms.DateField(
        label=_("Last day away"), help_text=_("Empty as long as nobody knows."), required=False, widget=DayInput()
    )

    @classmethod
    def of(cls, absence: Absence) -> "AbsenceForm":
        """The form that changes it."""
        return cls(initial={"begins": absence.begins, "ends": absence.ends}, auto_id=f"id_%s_{absence.pk}")


class FeedForm(forms.Form):
    """Where the HR file is fetched, when, and whether it lists everybody."""

    address = forms.CharField(
        label=_("Address of the file"),
        help_text=_("It begins with https:// and is kept encrypted. Empty: nothing is fetched."),
        required=False,
        max_length=2_000,
        widget=forms.TextInput({"class": "form-control", "autocomplete": "off", "inputmode": "url"}),
    )
    at = forms.TimeField(
        label=_("Each day at"), widget=forms.TimeInput({"class": "form-control", "type": "time"}, format="%H:%M")
    )
    is_complete = forms.BooleanField(
        label=_("The file lists everybody: who is missing has left"),
        help_text=_("This holds for a file that is sent, too."),
        required=False,
        widget=forms.CheckboxInput({"class": "form-check-input"}),
    )

    def __init__(self, kept: PeopleFeed | None, data: Any = None) -> None:
        known = kept or PeopleFeed()
        initial = {"address": known.address, "at": time(known.hour, known.minute), "is_complete": known.is_complete}
        super().__init__(data, initial=initial)

    @property
    def said(self) -> dict[str, Any]:
        """What the verb takes."""
        at = self.cleaned_data["at"]
        return {
            "address": self.cleaned_data["address"],
            "hour": at.hour,
            "minute": at.minute,
            "is_complete": self.cleaned_data["is_complete"],
        }


class SettingsForm(forms.Form):
    """One part of the settings, drawn from what rooms registered."""

    def __init__(self, page: Page, by: Member, data: Any = None, files: Any = None) -> None:
        self.page = page
        shown = pages(by)[page]
        super().__init__(data, files, initial={setting.name: value_of(by.organisation, setting) for setting in shown})
        for setting in shown:
            self.fields[setting.name] = deepcopy(setting.field)
