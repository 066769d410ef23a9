"""A computer that others use: said at the door, before any way of signing in, or when leaving.

A session that begins there lasts as long as the window and little longer than somebody reads (`session_ends.SHARED`); what its pages
keep for later lies in the window alone (`design/keep-and-send.js`), and signing out leaves nothing behind, with a word first where an answer
has not been sent.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponseBase

from milepost.people import known_browsers
from milepost.people.session_ends import KIND, Kind, is_shared

LEAVE_NOTHING = "leave_nothing"  # in the form that signs out


def say_shared(request: HttpRequest, *, is_so: bool) -> None:
    """Note that the computer is not theirs; or, before somebody signs in, that it is after all.

    Whoever is signed in makes no session longer by it: on such a computer the next one who comes would.
    """
    if is_so:
        request.session[KIND] = str(Kind.SHARED)
    elif not request.user.is_authenticated:
        request.session.pop(KIND, None)


def leaving_nothing[F: Callable[..., Any]](view: F) -> F:
    """Of the view that signs out: have the browser forget the pages that it kept, where the computer is not the person's own."""

    @wraps(view)
    def leave(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        leaves = request.method == "POST" and (is_shared(request.session) or LEAVE_NOTHING in request.POST)
        response: HttpResponseBase = view(request, *args, **kwargs)
        if leaves:
            # Not "storage": in it lies what other people, or a trainer without a network, have not sent yet.
            response.headers["Clear-Site-Data"] = '"cache"'
            known_browsers.forget(response)
        return response

    return leave  # type: ignore[return-value]
