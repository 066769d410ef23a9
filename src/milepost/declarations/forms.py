"""What the pages of declarations take. Amounts are typed in euros and kept in cents."""

from decimal import Decimal
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from milepost.core.words import capital
from milepost.declarations.models import Described, Trainee

CONTROL, SELECT = {"class": "form-control"}, {"class": "form-select"}
MOST = Decimal(100_000_000)  # euros


def _euros(label: Any, *, help_text: Any = "") -> forms.DecimalField:
    widget = forms.NumberInput(CONTROL | {"step": "0.01", "inputmode": "decimal"})
    return forms.DecimalField(
        label=label, help_text=help_text, required=False, min_value=0, max_value=MOST, decimal_places=2, widget=widget
    )


class DescribedForm(forms.ModelForm[Described]):
    """What an action says of itself for declarations."""

    invoiced_euros = _euros(_("invoiced, in euros before tax"))
    hourly_euros = _euros(
        _("price of an hour of one person, in euros"),
        help_text=_("Empty: what was invoiced, divided by the planned hours of everybody."),
    )
    field_order = (
        *("nature", "objective", "certification", "speciality", "category", "funding", "invoiced_euros", "invoiced_on"),
        *("hourly_euros", "is_entrusted", "health_topic"),
    )

    class Meta:
        model = Described
        fields = (
            *("nature", "objective", "funding", "speciality", "certification", "category", "is_entrusted"),
            *("health_topic", "invoiced_on"),
        )
        widgets = {
            "nature": forms.Select(SELECT),
            "objective": forms.Select(SELECT),
            "funding": forms.Select(SELECT),
            "category": forms.Select(SELECT),
            "health_topic": forms.Select(SELECT),
            "speciality": forms.TextInput(CONTROL),
            "certification": forms.TextInput(CONTROL),
            "is_entrusted": forms.CheckboxInput({"class": "form-check-input"}),
            "invoiced_on": forms.DateInput(CONTROL | {"type": "date"}, format="%Y-%m-%d"),
        }
        help_texts = {
            "speciality": _("Three digits, 344 for security for example."),
            "certification": _("RNCP or RS and its number, without a space."),
            "category": _("Whoever is something else is told apart on their own page."),
            "health_topic": _("You decide: sources disagree on what is eligible. The portal has a simulator."),
        }

    def __init__(self, described: Described | None, data: QueryDict | None = None) -> None:
        amounts = {}
        if described is not None:
            amounts = {"invoiced_euros": _shown(described.invoiced), "hourly_euros": _shown(described.hourly_price)}
        super().__init__(data, instance=described, initial=amounts)
        _capitalise(self)

    @property
    def said(self) -> dict[str, Any]:
        """What was typed, as the verb takes it."""
        given = self.cleaned_data
        said = {name: given[name] for name in self.Meta.fields}
        return said | {"invoiced": _cents(given["invoiced_euros"]), "hourly_price": _cents(given["hourly_euros"])}


class TraineeForm(forms.ModelForm[Trainee]):
    """What one person in an action is."""

    class Meta:
        model = Trainee
        fields = ("category", "cpf_number")
        widgets = {"category": forms.Select(SELECT), "cpf_number": forms.TextInput(CONTROL | {"inputmode": "numeric"})}
        help_texts = {
            "category": _("Empty: as the action says."),
            "cpf_number": _("As EDOF shows it; only for whoever pays with their training account."),
        }

    def __init__(self, trainee: Trainee | None, data: QueryDict | None = None) -> None:
        super().__init__(data, instance=trainee)
        _capitalise(self)


def _capitalise(form: forms.BaseForm) -> None:
    """Words that stand within sentences elsewhere are options here."""
    for field in form.fields.values():
        if isinstance(field, forms.ChoiceField):
            choices: Any = field.choices
            field.choices = [(value, capital(str(label))) for value, label in choices]


def _shown(cents: int | None) -> Decimal | None:
    return None if cents is None else (Decimal(cents) / 100).quantize(Decimal("0.01"))


def _cents(euros: Decimal | None) -> int | None:
    return None if euros is None else int(euros * 100)
