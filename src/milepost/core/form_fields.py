"""Fields of forms that every room may need."""

from collections.abc import Callable, Iterable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from milepost.core.queries import is_key
from milepost.core.words import capital


class RowsField(forms.ModelMultipleChoiceField[Any]):
    """Chooses rows by their keys; what can be no key is no choice, instead of a number that no database takes."""

    def clean(self, value: Any) -> Any:
        """The chosen rows. Raises `ValidationError`."""
        for key in value or ():
            if not is_key(str(key)):
                raise ValidationError(self.error_messages["invalid_choice"], "invalid_choice", {"value": str(key)[:40]})
        return super().clean(value)


def capitalised(choices: Iterable[tuple[Any, Any]]) -> Callable[[], list[tuple[Any, str]]]:
    """Choices whose words stand within sentences elsewhere, as options: with a capital letter each."""
    return lambda: [(value, capital(label)) for value, label in choices]
