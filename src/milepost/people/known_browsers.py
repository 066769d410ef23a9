"""A browser in which somebody has signed in before: it has some tries of its own, which no stranger can use up (decision 0044).

Whoever knows an address can use up its tries of a day, and its owner could not sign in by password or code until tomorrow. So a
sign-in leaves a signed cookie. It opens nothing and shows nothing; at the door the browser's own tries are counted first, and once
they are over those that everybody has. Without such a cookie nothing is different, whether there is an account or not.

A computer that others use never keeps one, and saying that it is not one's own takes it away.
"""

import secrets
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import cast

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponseBase
from django.utils.crypto import constant_time_compare, salted_hmac

from milepost.core import clock
from milepost.core.cookies import Cookie
from milepost.people.limits import is_over_limit
from milepost.people.models import User
from milepost.people.session_ends import is_shared

KNOWN = Cookie("known")
LIVES = timedelta(days=180)  # since that person last signed in there
MOST = 4  # accounts of one browser: people share a tablet at home
_SALT = "milepost.known-browsers"

type _Entry = tuple[str, str, float]  # whose (`_mark`), the browser's number for them, and when they signed in


def remember(request: HttpRequest, user: User) -> None:
    """Have the answer to this request leave the cookie, as this person has just signed in here."""
    request.came_in = user  # type: ignore[attr-defined]


def forget(response: HttpResponseBase) -> None:
    """Take the cookie away, with all whom the browser knows by it."""
    KNOWN.forget(response)


def has_tries_left(request: HttpRequest, user: User | None, limit: str) -> bool:
    """Count a try of this browser's own at the account, and say whether it had one left. One that is not known there has none."""
    number = _number(request, user) if user else None
    return (
        user is not None and number is not None and not is_over_limit(request, limit, browser=number, account=user.pk)
    )


class KnownBrowsersMiddleware:
    """Leaves the cookie with the answer to a sign-in, but on a computer that others use."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        user = cast(User | None, getattr(request, "came_in", None))
        if user is not None and not is_shared(request.session):
            KNOWN.keep(response, _value(request, user), seconds=int(LIVES.total_seconds()))
        return response


def _value(request: HttpRequest, user: User) -> str:
    """The cookie with this account first. It gets a new number, so that who copied the old one does not use up this browser's tries."""
    others = [entry for entry in _entries(request) if not _is_of(entry, user)]
    mine = (_mark(user, settings.SECRET_KEY), secrets.token_hex(8), clock.now().timestamp())
    return signing.dumps([mine, *others[: MOST - 1]], salt=_SALT)


def _number(request: HttpRequest, user: User) -> str | None:
    return next((entry[1] for entry in _entries(request) if _is_of(entry, user)), None)


def _entries(request: HttpRequest) -> Iterator[_Entry]:
    """Those in the cookie that hold still; none of a cookie that is not ours."""
    cookie = KNOWN.of(request)
    if not cookie:
        return
    try:
        entries = signing.loads(cookie, salt=_SALT)
    except (signing.BadSignature, ValueError):
        return
    now = clock.now().timestamp()
    yield from (entry for entry in entries if 0 <= now - entry[2] < LIVES.total_seconds())


def _is_of(entry: _Entry, user: User) -> bool:
    secrets_of_server = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    return any(constant_time_compare(entry[0], _mark(user, secret)) for secret in secrets_of_server)


def _mark(user: User, secret: str | bytes) -> str:
    """What stands for the account in a cookie: nobody reads whose it is from it, and a new password makes it another."""
    return salted_hmac(_SALT, f"{user.pk}:{user.password}", secret=secret, algorithm="sha256").hexdigest()[:32]
