"""The form with which somebody chooses how they are told."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from milepost.notices.channels import channels


def _time(label: Any) -> forms.TimeField:
    widget = forms.TimeInput({"type": "time", "class": "form-control"}, format="%H:%M")
    return forms.TimeField(label=label, required=False, widget=widget)


class ChoicesForm(forms.Form):
    """When and by which way; which kinds stands beside it in the template."""

    once_a_day = forms.BooleanField(label=_("What can wait comes once a day, at eight"), required=False)
    quiet_from = _time(_("Do not disturb from"))
    quiet_until = _time(_("Do not disturb until"))
    channel = forms.ChoiceField(
        label=_("How they reach you"), required=False, widget=forms.Select({"class": "form-select"})
    )

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.fields["channel"].choices = [(name, channel.label) for name, channel in channels.items()]  # type: ignore[attr-defined]
        if len(channels.names()) == 1:
            del self.fields["channel"]
