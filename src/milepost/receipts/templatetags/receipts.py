"""Filters of the pages of receipts."""

from datetime import date

from django import template

from milepost.core.words import date_format

register = template.Library()


@register.filter
def told_day(text: str) -> str:
    """The day of a time (ISO 8601) that a file of somebody else's tells, as people write it; what is no such time stays as it stands."""
    try:
        return date_format(date.fromisoformat(text[:10]), "DATE_FORMAT")
    except ValueError:
        return text
