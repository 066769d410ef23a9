"""Days by the calendar of whoever they belong to: in a query over many organisations "today" is not one date."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import DateField, DateTimeField, Func, Q, Value
from django.db.models.expressions import Combinable

from milepost.core import clock

# The clocks of the world are at most so far behind and ahead of UTC (tz database: Etc/GMT+12, Pacific/Kiritimati).
BEHIND, AHEAD = timedelta(hours=12), timedelta(hours=14)


class DateIn(Func):
    """The date of an instant in the time zone that an expression names."""

    output_field = DateField()

    def __init__(self, instant: datetime, zone: Combinable) -> None:
        super().__init__(Value(instant.astimezone(UTC), output_field=DateTimeField()), zone)

    def as_postgresql(self, compiler: Any, connection: BaseDatabaseWrapper, **extra: Any) -> Any:
        return self.as_sql(
            compiler, connection, template="(%(expressions)s)::date", arg_joiner=" AT TIME ZONE ", **extra
        )

    def as_sqlite(self, compiler: Any, connection: BaseDatabaseWrapper, **extra: Any) -> Any:
        return self.as_sql(compiler, connection, function="milepost_date_in", **extra)


def date_in(instant: str, zone: str) -> str:
    """What SQLite calls as `milepost_date_in`. Django's own function takes the 12 in Etc/GMT+12 for hours to be added."""
    return datetime.fromisoformat(instant).replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).date().isoformat()


def before_today(day: str, zone: Combinable, *, or_today: bool = False) -> Q:
    """Rows whose date `day` is before today, `or_today` too, where the clock goes by `zone`; never those that have none.

    Only what lies within a day of now asks for the zone; an index on `day` serves.
    """
    now, lookup = clock.now(), "lte" if or_today else "lt"
    over = Q((f"{day}__lt", (now - BEHIND).date())) | Q((f"{day}__{lookup}", DateIn(now, zone)))
    return Q((f"{day}__lte", (now + AHEAD).date())) & over


def from_today(day: str, zone: Combinable, *, after: bool = False) -> Q:
    """Rows whose date `day` is today or later, or `after` today, where the clock goes by `zone`; and those that have none.

    Only what lies within a day of now asks for the zone: a million rows cost a comparison each.
    """
    now, lookup = clock.now(), "gt" if after else "gte"
    nearly = Q((f"{day}__{lookup}", (now - BEHIND).date())) & Q((f"{day}__{lookup}", DateIn(now, zone)))
    return Q((day, None)) | Q((f"{day}__gt", (now + AHEAD).date())) | nearly
