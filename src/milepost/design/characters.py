"""No NUL comes in: PostgreSQL keeps none in texts, and no keyboard types one. The one place that every request passes.

Views, forms and verbs need not think of it. JSON in a field of a form is read by whoever knows the field, with
`core.http.read_json`, which takes none either.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.utils.translation import gettext_lazy

from milepost.core.http import texts_in
from milepost.core.refusals import Refused
from milepost.design.refusals import answer_to

NUL = "\0"
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


class InvisibleCharacter(Refused):
    """A text in the request holds a NUL."""

    sentence = gettext_lazy(
        "What was sent holds a character that can’t be seen and can’t be kept (NUL). Type the text anew instead of pasting it."
    )
    status = 400


class CharactersMiddleware:
    """Refuse a request with a NUL in its query, form, file names or JSON; an address with one is nobody's.

    It stands before sessions are read: a cookie with a NUL (they can be quoted in octal) is none of ours, and dropped.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        for name in [name for name, value in request.COOKIES.items() if NUL in name + value]:
            del request.COOKIES[name]
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: list[Any], kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        """The refusal, in words, before any view reads the request."""
        if any(NUL in value for value in kwargs.values() if isinstance(value, str)):
            raise Http404
        if any(NUL in text for text in _texts_of(request)):
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
    elif b"\\u0000" in request.body:  # JSON has no other way to write one; the name of its type may be anything
        yield from _texts_in_json(request.body)


def _flat(lists: Iterable[tuple[str, Iterable[str]]]) -> Iterator[str]:
    for name, values in lists:
        yield from (name, *values)


def _texts_in_json(body: bytes) -> Iterator[str]:
    try:
        return texts_in(json.loads(body))
    except (ValueError, RecursionError):
        return iter(())  # no JSON: the view says so
