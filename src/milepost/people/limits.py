"""Limits on what one address may try in a minute, for pages that need no sign-in."""

from django.core.cache import cache
from django.http import HttpRequest

from milepost.core import clock
from milepost.people.access import client_address

MINUTE = 60


def is_over_limit(request: HttpRequest, what: str, *, a_minute: int) -> bool:
    """Count this try, and say whether the address has made more than so many of them in this minute."""
    key = f"{what}:{client_address(request)}:{int(clock.now().timestamp() / MINUTE)}"
    count = cache.get(key, 0) + 1
    cache.set(key, count, timeout=2 * MINUTE)
    return bool(count > a_minute)
