"""Quantities and dates, as they are read."""

import re
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
from django.template import Context, Engine
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

import milepost
from milepost.core.words import clock_time, date_format, day_and_time, days, days_and_hours, hours

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
        assert date_format(moment, "DATETIME_FORMAT") == "1er décembre 2026 à 9\xa0h\xa030"
        assert date_format(FIRST, "l j F", use_l10n=False) == "mardi 1er décembre"
        assert date_format(FIRST, "SHORT_DATE_FORMAT") == "01/12/2026"
        page = Engine.get_default().from_string('{{ day|date:"DATE_FORMAT" }}|{{ day|day }}|{{ none|date:"j F" }}')
        assert page.render(Context({"day": FIRST, "none": None})).startswith("1er décembre 2026|1er décembre")


@pytest.mark.parametrize(
    ("first", "last", "french", "english"),
    [
        ((2026, 10, 5), (2026, 10, 5), "5 octobre 2026", "5 October 2026"),
        ((2026, 10, 1), (2026, 10, 7), "du 1er au 7 octobre 2026", "1 to 7 October 2026"),
        ((2026, 9, 30), (2026, 10, 1), "du 30 septembre au 1er octobre 2026", "30 September to 1 October 2026"),
        ((2025, 12, 30), (2026, 1, 2), "du 30 décembre 2025 au 2 janvier 2026", "30 December 2025 to 2 January 2026"),
    ],
)
def test_a_range_of_days_says_once_what_both_share(first, last, french, english):
    with translation.override("fr"):
        assert days(date(*first), date(*last)) == french
    with translation.override("en"):
        assert days(date(*first), date(*last)) == english


DAYS = st.dates(date(1990, 1, 1), date(2099, 1, 1))


@given(st.sampled_from(["fr", "en"]), DAYS, st.integers(0, 800))
def test_a_range_ends_with_its_last_day_and_never_says_a_month_or_a_year_twice(language, first, length):
    last = first + timedelta(days=length)
    with translation.override(language):
        said, end = days(first, last), date_format(last)
        assert said.endswith(end)
        assert (said == end) == (first == last)
        if first.year == last.year:
            assert said.count(str(last.year)) == 1
            if first.month == last.month:
                assert said.count(date_format(last, "F", use_l10n=False)) == 1
        assert not re.search(r"\b1 (?:janvier|avril|octobre|au)\b", said)


@given(st.times(), st.times())
def test_hours_are_written_as_people_of_the_language_write_them(start, end):
    with translation.override("en"):
        assert hours(start, end) == f"{start:%H:%M}–{end:%H:%M}"
    with translation.override("fr"):
        said = clock_time(start)
        assert said == (f"{start.hour}\xa0h\xa0{start.minute:02}" if start.minute else f"{start.hour}\xa0h")
        assert hours(start, end) == f"{said}\xa0– {clock_time(end)}"
        moment = datetime.combine(FIRST, start)
        assert date_format(moment, "DATETIME_FORMAT") == f"1er décembre 2026 à {said}"


def test_each_day_is_said_once_with_all_its_hours():
    monday, tuesday = date(2026, 10, 5), date(2026, 10, 6)
    of = [(monday, 9, 12), (monday, 14, 17), (tuesday, 9, 12)]
    spans = [(datetime.combine(day, time(start)), datetime.combine(day, time(end, 30))) for day, start, end in of]
    with translation.override("en"):
        assert (
            days_and_hours(spans)
            == "Monday 5 October 2026, 09:00–12:30 and 14:00–17:30; Tuesday 6 October 2026, 09:00–12:30"
        )
        assert days_and_hours([]) == ""
    with translation.override("fr"):
        assert days_and_hours(spans).replace("\xa0", " ") == (
            "lundi 5 octobre 2026, 9 h – 12 h 30 et 14 h – 17 h 30 ; mardi 6 octobre 2026, 9 h – 12 h 30"
        )


@pytest.mark.parametrize(
    ("language", "minutes", "seconds", "short"),
    [
        ("en", "09:05", "09:05:07", "01/12/2026 09:05"),
        ("fr", "9\xa0h\xa005", "9\xa0h\xa005\xa0min\xa007\xa0s", "01/12/2026 9\xa0h\xa005"),
    ],
)
def test_an_hour_has_one_form_in_a_language_with_its_seconds_or_without(language, minutes, seconds, short):
    moment = datetime(2026, 12, 1, 9, 5, 7, tzinfo=UTC)
    with translation.override(language):
        assert (clock_time(moment), clock_time(moment, to_the_second=True)) == (minutes, seconds)
        assert day_and_time(moment) == short


def test_no_paper_writes_an_hour_in_a_form_of_its_own():
    root = Path(milepost.__file__).parent
    texts = {path: path.read_text() for path in root.rglob("*.py") if "tests" not in path.parts}
    papers = {
        path
        for path, text in texts.items()
        if "documents.typesetting import" in text or path.parent.name == "documents"
    }
    assert {"sheets.py", "signing.py", "cover.py"} <= {path.name for path in papers}
    assert not {path.name for path in papers if re.search(r"%H|%I", texts[path])}
