"""Limits on what one address may try in a minute, for pages that need no sign-in."""

import logging
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest
from limits import RateLimitItemPerMinute
from limits.storage import storage_from_string
from limits.strategies import FixedWindowRateLimiter

import milepost.core.tries  # noqa: F401  (makes database:// known)
from milepost.people.access import client_address

logger = logging.getLogger(__name__)
IN_DATABASE = "database://"
SILENCE = 1.0  # seconds that Redis may take for an answer


def is_over_limit(request: HttpRequest, what: str, *, a_minute: int) -> bool:
    """Count this try, and say whether the address has made more than so many of them within a minute.

    Of an IPv6 address the network (/64) counts: it is what one household or phone is given, with 2^64 addresses in it.
    """
    limit, origin = RateLimitItemPerMinute(a_minute), _origin(client_address(request))
    limiter = _limiter(settings.LIMITS_URL)
    try:
        return not limiter.hit(limit, what, origin)
    except limiter.storage.base_exceptions:
        if settings.LIMITS_URL == IN_DATABASE:
            raise
        logger.warning("Redis does not answer: tries are counted in the database meanwhile.")
        return not _limiter(IN_DATABASE).hit(limit, what, origin)


@lru_cache(maxsize=4)
def _limiter(url: str) -> FixedWindowRateLimiter:
    options = {} if url == IN_DATABASE else {"socket_timeout": SILENCE, "socket_connect_timeout": SILENCE}
    return FixedWindowRateLimiter(storage_from_string(url, **options))


def _origin(address: str) -> str:
    try:
        ip = ip_address(address)
    except ValueError:
        return address[:45]
    if isinstance(ip, IPv6Address):
        return str(ip.ipv4_mapped or ip_network((ip, 64), strict=False))
    return str(ip)
