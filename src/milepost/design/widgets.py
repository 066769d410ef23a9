"""Controls that browsers draw themselves, and that take one notation whatever the page's language."""

from typing import Any

from django import forms


class DayInput(forms.DateInput):
    """A calendar day. HTML's date control takes ISO 8601 alone: a day that is written as its reader writes it shows as none."""

    input_type = "date"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"class": "form-control"} | (attrs or {}), format="%Y-%m-%d")
