"""Limits on what one address may try in a minute, for pages that need no sign-in."""

from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest
from limits import RateLimitItemPerMinute
from limits.storage import storage_from_string
from limits.strategies import FixedWindowRateLimiter

import milepost.core.tries  # noqa: F401  (makes database:// known)
from milepost.people.access import client_address


def is_over_limit(request: HttpRequest, what: str, *, a_minute: int) -> bool:
    """Count this try, and say whether the address has made more than so many of them within a minute.

    Of an IPv6 address the network (/64) counts: it is what one household or phone is given, with 2^64 addresses in it.
    """
    limiter = _limiter(settings.LIMITS_URL)
    return not limiter.hit(RateLimitItemPerMinute(a_minute), what, _origin(client_address(request)))


@lru_cache(maxsize=4)
def _limiter(url: str) -> FixedWindowRateLimiter:
    return FixedWindowRateLimiter(storage_from_string(url))


def _origin(address: str) -> str:
    try:
        ip = ip_address(address)
    except ValueError:
        return address[:45]
    if isinstance(ip, IPv6Address):
        return str(ip.ipv4_mapped or ip_network((ip, 64), strict=False))
    return str(ip)
