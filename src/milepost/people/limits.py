"""How often what somebody could guess, or send to others, may be tried: one table, which rooms fill from their `registered.py`.

    limits.register("document-code", Limit(Rate(10, MINUTE, Per.ADDRESS), Rate(20, DAY, Per.LINK)))       registered.py

    refuse_over_limit(request, "document-code", link=signatory.uid)                                       the view, before it looks

What each `Per` counts but the address is named where it is counted. allauth's pages count by the same rates, which
`config.settings` names (`ACCOUNT_RATE_LIMITS`); how often one code may be mistyped is told by `core.codes`.
`tests/test_limits.py` holds every address without sign-in to this table.
"""

import logging
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from milepost.core.refusals import Refused
from milepost.core.registry import Registry
from milepost.design.refusals import answer_to
from milepost.people.access import client_address
from milepost.people.happenings import LIMIT_REACHED, tell

if TYPE_CHECKING:
    from limits.strategies import FixedWindowRateLimiter

logger = logging.getLogger(__name__)
IN_DATABASE = "database://"
SILENCE = 1.0  # seconds that Redis may take for an answer
MINUTE, HOUR, DAY = 60, 3600, 86_400  # seconds


class Per(StrEnum):
    """Whose tries are counted together."""

    ADDRESS = "address"  # of IPv6 the network (/64): what one household or phone is given, with 2^64 addresses in it
    LINK = "link"
    ACCOUNT = "account"
    BROWSER = "browser"  # one in which its person has signed in before (`known_browsers`)
    ORGANISATION = "organisation"


@dataclass(frozen=True)
class Rate:
    """So many tries within so many seconds, which begin with the first."""

    count: int
    seconds: int
    per: Per


class Limit:
    """The rates that hold together; the first that is over ends a try, and those after it do not count it.

    `label` says to an owner what was tried (`security.words`).
    """

    def __init__(self, *rates: Rate, label: str | Promise = "") -> None:
        self.rates = rates
        self.label = label


class TooManyTries(Refused):
    """So many tries are nobody's mistakes any more."""

    sentence = gettext_lazy(
        "Too many tries. Wait a minute; if it goes on, try once more tomorrow, or ask whoever sent you here."
    )
    status = 429
    retry_after = MINUTE


def too_many_tries(request: HttpRequest) -> HttpResponse:
    """What a page of allauth's answers when its rates are over: the same as ours."""
    answer = answer_to(request, TooManyTries())
    answer["Retry-After"] = str(TooManyTries.retry_after)
    return answer


limits: Registry[Limit] = Registry("limit of tries")


def refuse_over_limit(request: HttpRequest, name: str, **whose: object) -> None:
    """Count this try. Raises `TooManyTries` when it is one too many."""
    if is_over_limit(request, name, **whose):
        raise TooManyTries


def is_over_limit(request: HttpRequest, name: str, **whose: object) -> bool:
    """Count this try, and say whether it is one too many by any rate of the limit. `whose` names what each `Per` counts."""
    whose = {"address": _origin(client_address(request)), **whose}
    is_over = any(_is_over(rate, name, str(whose[rate.per])) for rate in limits.get(name).rates)
    if is_over:
        organisation = whose.get(Per.ORGANISATION)
        tell(LIMIT_REACHED, request, detail=name, organisation=organisation if isinstance(organisation, int) else None)
    return is_over


def _is_over(rate: Rate, name: str, whose: str) -> bool:
    """One statement counts and tells, so that of two tries at once only one is the last."""
    from limits import RateLimitItemPerSecond

    item, limiter = RateLimitItemPerSecond(rate.count, rate.seconds), _limiter(settings.LIMITS_URL)
    try:
        return not limiter.hit(item, name, rate.per, whose)
    except limiter.storage.base_exceptions:
        if settings.LIMITS_URL == IN_DATABASE:
            raise
        logger.warning("Redis does not answer: tries are counted in the database meanwhile.")
        return not _limiter(IN_DATABASE).hit(item, name, rate.per, whose)


@lru_cache(maxsize=4)
def _limiter(url: str) -> "FixedWindowRateLimiter":
    from limits.storage import storage_from_string
    from limits.strategies import FixedWindowRateLimiter

    import milepost.core.tries_storage  # noqa: F401  (makes database:// known)

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
