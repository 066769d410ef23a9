"""One row of an HR file: its cells as values of a person's fields, or what is wrong with them.

An empty cell says nothing, so what is known stays; a mark in it says that there is nothing any more.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from functools import cache
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from milepost.core import time_zones
from milepost.core.names import as_seen
from milepost.core.tables import Table, date_formats, parse_date
from milepost.people.models import Relation, plain

CLEARED = frozenset({"[empty]", "[vide]"})
"""What a cell says in which nothing is to stand any more, in each language; not what a spreadsheet writes by itself."""

FIRST_YEAR = 1900
"""Nobody was hired, or left, before."""
_LENGTHS = {"employee_number": 64, "given_name": 120, "family_name": 120, "seniority": 60, "job_title": 160}
_NAMES = ("given_name", "family_name")
_NEEDED = (*_NAMES, "relation")  # of which everybody has one
_RELATIONS = {
    "employee": Relation.EMPLOYEE,
    "staff": Relation.EMPLOYEE,
    "salarie": Relation.EMPLOYEE,
    "interne": Relation.EMPLOYEE,
    "cdi": Relation.EMPLOYEE,
    "cdd": Relation.EMPLOYEE,
    "permanent": Relation.EMPLOYEE,
    "partner": Relation.PARTNER,
    "partenaire": Relation.PARTNER,
    "contractor": Relation.PARTNER,
    "prestataire": Relation.PARTNER,
    "client": Relation.CLIENT,
    "customer": Relation.CLIENT,
    "public": Relation.PUBLIC,
}


class Rows:
    """The rows of a table, whose columns hold what `mapping` says. `tell` hears what is wrong: row, field, sentence."""

    def __init__(self, table: Table, mapping: Mapping[str, int], tell: Callable[[int, str, str], None]) -> None:
        self._table, self._mapping, self._tell = table, mapping, tell
        self._zones = time_zones.known()
        self._formats = {name: date_formats(self._column(name)) for name in ("hire_date", "left_on")}
        self._seen = cache(as_seen)  # sites, titles and dates of many are few

    def __iter__(self) -> Iterator[tuple[int, dict[str, str]]]:
        """The number of each row as whoever opens the file sees it, and what its cells say; “” where the mark stands.

        Empty cells are left out.
        """
        for number, cells in zip(self._table.numbers, self._table.rows, strict=True):
            said = ((name, self._seen(cells[index])) for name, index in self._mapping.items())
            yield number, {name: "" if text.casefold() in CLEARED else text for name, text in said if text}

    def _column(self, name: str) -> list[str]:
        index = self._mapping.get(name)
        return [] if index is None else [row[index] for row in self._table.rows]

    def values(self, row: int, said: Mapping[str, str]) -> Iterator[tuple[str, Any]]:
        """The plain fields of a row, checked and typed; places and the manager are left to those who know them."""
        for name, text in said.items():
            if not text and name in _NEEDED:
                self._tell(row, name, _("Nobody can be without it. Leave the cell empty to keep what is there."))
            elif name in _LENGTHS:
                if len(text) > _LENGTHS[name]:
                    self._tell(row, name, _("Longer than %(count)d characters.") % {"count": _LENGTHS[name]})
                else:
                    yield name, text or (None if name == "employee_number" else "")
            elif name == "email":
                email = text.lower()
                if email and not _is_email(email):
                    self._tell(row, name, _("“%(value)s” is not an e-mail address.") % {"value": text[:80]})
                else:
                    yield name, email or None
            elif name in self._formats:
                yield from self._date(row, name, text)
            elif name == "language":
                yield from self._word(row, name, text, _languages()) if text else [(name, "")]
            elif name == "relation":
                yield from self._word(row, name, text, _RELATIONS)
            elif name == "time_zone":
                if not text or text in self._zones:
                    yield name, text
                else:
                    words = _("“%(name)s” is not a time zone. Write it like Europe/Paris.")
                    self._tell(row, name, words % {"name": text[:60]})

    def lacks_names(self, row: int, said: Mapping[str, str]) -> None:
        """Tell that somebody new has no name."""
        for name in _NAMES:
            if name not in said:
                self._tell(row, name, _("Empty. Every person needs a name."))

    def _date(self, row: int, name: str, text: str) -> Iterator[tuple[str, date | None]]:
        if not text:
            yield name, None
            return
        try:
            day = parse_date(text, formats=self._formats[name])
        except ValueError:
            message = _("“%(value)s” is not a date. Write it like 2024-03-31 or 31/03/2024.")
            self._tell(row, name, message % {"value": text[:40]})
            return
        if day.year < FIRST_YEAR:  # 0024 for 2024, or the empty date of a spreadsheet (1899-12-30)
            message = _("“%(value)s” lies before %(year)d. Look at the year.")
            self._tell(row, name, message % {"value": text[:40], "year": FIRST_YEAR})
        else:
            yield name, day

    def _word(self, row: int, name: str, text: str, known: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        if value := known.get(plain(text)) or known.get(plain(text[:2]) if name == "language" else ""):
            yield name, value
        else:
            options = ", ".join(sorted(set(known.values())))
            message = _("“%(value)s” is not known here. Use one of: %(options)s.")
            self._tell(row, name, message % {"value": text[:40], "options": options})


def _is_email(email: str) -> bool:
    try:
        validate_email(email)
    except ValidationError:
        return False
    return len(email) <= 254


@cache
def _languages() -> dict[str, str]:
    """The languages by their codes, and by their names in each of them: “fr”, “french”, “francais”."""
    from babel import Locale

    codes = list(dict(settings.LANGUAGES))
    names = {plain(str(Locale(reader).languages[code])): code for code in codes for reader in codes}
    return {code: code for code in codes} | names
