"""What the pages of learning take from people."""

from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from milepost.core import clock
from milepost.design.widgets import DayInput


class DueField(forms.DateField):
    """A date from today on, or the one that stands there already."""

    def __init__(self, **options: object) -> None:
        super().__init__(
            required=False,
            label=_("Due date"),
            widget=DayInput(),
            **options,  # type: ignore[arg-type]
        )

    def clean(self, value: object) -> date | None:
        day: date | None = super().clean(value)
        if day and day < clock.today() and day != self.initial:
            raise ValidationError(_("This day has passed. Choose today or later, or no date."))
        return day


class EnrolForm(forms.Form):
    """Enrols the people that the filters show."""

    due = DueField(help_text=_("Leave it empty for a course without a deadline."))


class RoundForm(forms.Form):
    """When those who do a course again are to have done it."""

    due = DueField(help_text=_("Leave it empty for a round without a deadline."))


class RescheduleForm(forms.Form):
    """Another due date for one person than the one they have."""

    due = DueField()

    def __init__(self, *args: Any, due: date | None, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["due"].initial = due
