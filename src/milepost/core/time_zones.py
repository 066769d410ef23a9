"""The time zones that there are (the tz database)."""

from functools import cache
from zoneinfo import available_timezones


@cache
def known() -> frozenset[str]:
    """Their names, such as Europe/Paris. Looking for them walks through the system's folders, so that is done once."""
    return frozenset(available_timezones())
