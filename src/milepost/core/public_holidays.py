"""Which days are public holidays in which country, by ISO 3166-1 codes of two letters.

    is_public_holiday(date(2026, 5, 14), "FR")      # Ascension Day

The days are those of the `holidays` library, the names of countries and the country of a time zone those of CLDR (Babel).
Only days on which a whole country rests count, not those of a region.
"""

import unicodedata
from datetime import date
from functools import lru_cache

from django.conf import settings
from django.utils.translation import get_language


def is_public_holiday(day: date, country: str) -> bool:
    """Whether nobody is expected to work there on this day. Where the country is not known ("") no day is one."""
    return bool(country) and day in _days(country, day.year)


def next_holidays(country: str, day: date, count: int) -> list[tuple[date, str]]:
    """The next days from `day` on, which is one of them if it is a holiday, with their names: in the language of whoever reads
    where the library knows them in it, else in that of the country. None where the country is not known ("").
    """
    if country not in _codes():
        return []
    names = _named_days(country, day.year, get_language() or settings.LANGUAGE_CODE)
    names |= _named_days(country, day.year + 1, get_language() or settings.LANGUAGE_CODE)
    return sorted((holiday, name) for holiday, name in names.items() if holiday >= day)[:count]


def countries() -> list[tuple[str, str]]:
    """The countries whose holidays are known: code and name, by name, in the language of whoever reads."""
    return list(_countries(get_language() or settings.LANGUAGE_CODE))


def country_of_zone(zone: str) -> str:
    """The country in which a time zone lies; "" for one that lies in none, like UTC."""
    from babel.core import get_global

    country = str(get_global("zone_territories").get(zone, ""))
    return country if country in _codes() else ""


@lru_cache(maxsize=256)
def _days(country: str, year: int) -> frozenset[date]:
    import holidays  # takes a fifth of a second, which not every process needs to wait for

    return frozenset(holidays.country_holidays(country, years=year))


def _named_days(country: str, year: int, language: str) -> dict[date, str]:
    import holidays

    known = {"en": "en_US"}.get(language[:2], language[:2])
    return dict(holidays.country_holidays(country, years=year, language=known))


@lru_cache(maxsize=8)
def _countries(language: str) -> tuple[tuple[str, str], ...]:
    from babel import Locale

    names = Locale.parse(language, sep="-").territories
    return tuple(sorted(((code, names[code]) for code in _codes() if code in names), key=lambda pair: _plain(pair[1])))


@lru_cache(maxsize=1)
def _codes() -> frozenset[str]:
    from holidays.registry import COUNTRIES

    return frozenset(names[1] for names in COUNTRIES.values())


def _plain(name: str) -> str:
    """Without accents, so that “Îles” stands among the words with I."""
    return "".join(letter for letter in unicodedata.normalize("NFKD", name) if letter.isascii()).casefold()
