"""The one clock: aware UTC instants, and a way to move it while a story is told or tested."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from django.utils import timezone

_moved_to: ContextVar[datetime | None] = ContextVar("moved_to", default=None)


def now() -> datetime:
    """The current instant in UTC, or the instant that `at` put in its place."""
    return _moved_to.get() or datetime.now(UTC)


def today(zone: str | None = None) -> date:
    """The date of `now` in the named zone (by default the zone that Django has active)."""
    return now().astimezone(ZoneInfo(zone) if zone else timezone.get_current_timezone()).date()


def may_be_recorded(*, of_a_demonstration: bool) -> bool:
    """Whether what happens now may become a fact: in a moved clock, of an organisation for demonstration alone.

    Tests put another function in its place (`tests`); nothing that runs Milepost does.
    """
    return of_a_demonstration or _moved_to.get() is None


@contextmanager
def at(instant: datetime) -> Iterator[None]:
    """Make `now` say `instant` inside the block; the demonstration and the tests tell their stories with it."""
    token = _moved_to.set(instant.astimezone(UTC))
    try:
        yield
    finally:
        _moved_to.reset(token)
