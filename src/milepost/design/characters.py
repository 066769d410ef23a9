"""No control character comes in: PostgreSQL keeps no NUL, XML and PDF none at all, and no keyboard types one. Line and page
breaks and tabs stay. The one place that every request passes.

Views, forms and verbs need not think of it. JSON in a field of a form is read by whoever knows the field, with
`core.http.read_json`, which takes none either.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.utils.translation import gettext_lazy

from milepost.core.http import CONTROLS, texts_in
from milepost.core.refusals import Refused
from milepost.design.refusals import answer_to

NUL = "\0"
_MAY_HOLD_ONE = re.compile(rb"\\(?:u00|b)|\x7f|\xc2[\x80-\x9f]")  # how JSON writes a control character, in UTF-8
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


class InvisibleCharacter(Refused):
    """A text in the request holds a control character."""

    sentence = gettext_lazy(
        "What was sent holds a character that can’t be seen and can’t be kept. Type the text anew instead of pasting it."
    )
    status = 400


class CharactersMiddleware:
    """Refuse a request with a control character in its query, form, file names or JSON; an address with one is nobody's.

    It stands before sessions are read: a cookie with a NUL (they can be quoted in octal) is none of ours, and dropped.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        cookies = request.COOKIES  # never: cookies (all of them, whoever kept them)
        for name in [name for name, value in cookies.items() if NUL in name + value]:
            del cookies[name]
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: list[Any], kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        """The refusal, in words, before any view reads the request."""
        if any(CONTROLS.search(value) for value in kwargs.values() if isinstance(value, str)):
            raise Http404
        if any(map(CONTROLS.search, _texts_of(request))):
            return answer_to(request, InvisibleCharacter())
        return None


def _texts_of(request: HttpRequest) -> Iterator[str]:
    yield from _flat(request.GET.lists())
    if request.method in ("GET", "HEAD", "OPTIONS"):
        return
    if request.content_type in FORMS:
        yield from _flat(request.POST.lists())
        for name, files in request.FILES.lists():
            yield from (name, *(file.name or "" for file in files))
    elif _MAY_HOLD_ONE.search(request.body):  # JSON, most likely: the name of its type may be anything
        yield from _texts_in_json(request.body)


def _flat(lists: Iterable[tuple[str, Iterable[str]]]) -> Iterator[str]:
    for name, values in lists:
        yield from (name, *values)


def _texts_in_json(body: bytes) -> Iterator[str]:
    try:
        return texts_in(json.loads(body))
    except (ValueError, RecursionError):
        return iter(())  # no JSON: the view says so
