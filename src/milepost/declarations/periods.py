"""Years as declarations count them: by the calendar, or by the accounts."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django import forms
from django.utils.dates import MONTHS
from django.utils.translation import gettext_lazy as _

from milepost.core.form_fields import capitalised
from milepost.people.models import Organisation
from milepost.people.settings import Page, Setting, value_of

PAGE = Page("declarations", _("Declarations"))
ACCOUNTS_BEGIN = Setting(
    "accounts_begin",
    forms.TypedChoiceField(
        label=_("month in which the accounting year begins"),
        help_text=_("The bilan pédagogique et financier tells the last accounting year that is closed."),
        choices=capitalised(MONTHS.items()),
        coerce=int,
        widget=forms.Select({"class": "form-select"}),
    ),
    1,
    PAGE,
)


@dataclass(frozen=True)
class Period:
    """From the first day to the last, both included, in the organisation's zone. `year` is that of the last day."""

    first: date
    last: date
    zone: str

    @property
    def year(self) -> int:
        return self.last.year

    @property
    def instants(self) -> tuple[datetime, datetime]:
        """The first instant, and the first that is over."""
        zone = ZoneInfo(self.zone)
        return datetime.combine(self.first, time(), zone), datetime.combine(self.last + timedelta(1), time(), zone)

    def has(self, day: date | None) -> bool:
        return day is not None and self.first <= day <= self.last


def calendar_year(organisation: Organisation, year: int) -> Period:
    """The year from January to December."""
    return Period(date(year, 1, 1), date(year, 12, 31), organisation.time_zone)


def accounting_year(organisation: Organisation, year: int) -> Period:
    """The accounting year that ends in this one."""
    month = value_of(organisation, ACCOUNTS_BEGIN)
    if month == 1:
        return calendar_year(organisation, year)
    return Period(date(year - 1, month, 1), date(year, month, 1) - timedelta(1), organisation.time_zone)
