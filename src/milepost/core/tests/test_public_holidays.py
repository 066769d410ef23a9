from datetime import date, timedelta

import pytest
from django.utils import translation

from milepost.core.public_holidays import countries, country_of_zone, is_public_holiday


@pytest.mark.parametrize(
    ("year", "month", "day"), [(2026, 4, 6), (2026, 5, 14), (2026, 5, 25), (2027, 3, 29), (2024, 5, 9), (2026, 7, 14)]
)
def test_moving_holidays_are_known(year, month, day):
    assert is_public_holiday(date(year, month, day), "FR")
    assert not is_public_holiday(date(year, 6, 2), "FR")


def test_france_has_the_eleven_days_of_its_labour_code():
    year = (date(2026, 1, 1) + timedelta(days=number) for number in range(365))
    days = [f"{day:%m-%d}" for day in year if is_public_holiday(day, "FR")]  # Labour Code, L3133-1
    assert days == ["01-01", "04-06", "05-01", "05-08", "05-14", "05-25", "07-14", "08-15", "11-01", "11-11", "12-25"]


def test_each_country_has_its_own_days():
    constitution = date(2026, 12, 8)
    assert is_public_holiday(constitution, "ES")
    assert not is_public_holiday(constitution, "GB")
    assert not is_public_holiday(date(2026, 12, 25), "")


def test_countries_have_names_in_the_reader_s_language_in_their_order():
    with translation.override("fr"):
        names = [name for _code, name in countries()]
    assert names.index("Irlande") > names.index("Îles Caïmans") > names.index("Hongrie")
    with translation.override("en"):
        assert dict(countries())["DE"] == "Germany"
    assert len(countries()) > 200


@pytest.mark.parametrize(
    ("zone", "country"),
    [("Europe/Paris", "FR"), ("Europe/London", "GB"), ("UTC", ""), ("Etc/UTC", ""), ("Mars/One", "")],
)
def test_a_time_zone_lies_in_a_country(zone, country):
    assert country_of_zone(zone) == country
