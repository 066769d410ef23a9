"""Filters of the pages of declarations."""

from decimal import Decimal

from django import template
from django.utils.formats import number_format
from django.utils.translation import get_language

from milepost.core.words import duration

register = template.Library()


@register.filter
def money(cents: int | None) -> str:
    """An amount as people read it: €1,200.50, or 1 200,50 € in French."""
    if cents is None:
        return "–"
    places = 0 if cents % 100 == 0 else 2
    number = number_format(Decimal(cents) / 100, decimal_pos=places, use_l10n=True, force_grouping=True)
    return f"{number}\u00a0€" if (get_language() or "").startswith("fr") else f"€{number}"


@register.filter
def cell(value: object) -> str:
    """What stands in a row of a file, as people read it: a number without more places than it has."""
    if isinstance(value, float) and not value.is_integer():
        return number_format(value, decimal_pos=2, force_grouping=True)
    return number_format(int(value), force_grouping=True) if isinstance(value, int | float) else str(value)


@register.filter
def is_figure(value: object) -> bool:
    """Whether a cell of a file holds a number, which stands under those above it."""
    return isinstance(value, int | float)


@register.filter
def figure(total: list[object]) -> str:
    """A figure of a declaration in its unit."""
    _label, value, unit = total
    if unit == "minutes":
        return duration(int(str(value)))
    return money(int(str(value))) if unit == "cents" else number_format(str(value), force_grouping=True)
