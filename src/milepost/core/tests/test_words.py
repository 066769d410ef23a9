"""Quantities and dates, as they are read."""

from datetime import UTC, date, datetime

import pytest
from django.template import Context, Engine
from django.utils import translation

from milepost.core.words import date_format

FIRST = date(2026, 12, 1)


@pytest.mark.parametrize(
    ("language", "day", "said"),
    [
        ("fr", FIRST, "1er décembre 2026"),
        ("fr", date(2026, 12, 11), "11 décembre 2026"),
        ("en", FIRST, "1 December 2026"),
    ],
)
def test_the_first_of_a_month_is_said_as_the_language_has_it(language, day, said):
    with translation.override(language):
        assert date_format(day) == said


def test_the_first_is_said_so_with_its_hour_its_weekday_and_in_templates():
    moment = datetime(2026, 12, 1, 9, 30, tzinfo=UTC)
    with translation.override("fr"):
        assert date_format(moment, "DATETIME_FORMAT") == "1er décembre 2026 à 09:30"
        assert date_format(FIRST, "l j F", use_l10n=False) == "mardi 1er décembre"
        assert date_format(FIRST, "SHORT_DATE_FORMAT") == "01/12/2026"
        page = Engine.get_default().from_string('{{ day|date:"DATE_FORMAT" }}|{{ day|day }}|{{ none|date:"j F" }}')
        assert page.render(Context({"day": FIRST, "none": None})).startswith("1er décembre 2026|1er décembre")
