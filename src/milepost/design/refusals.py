"""What the browser is shown when a verb refused and no view caught it: a page, a part of a page, or problem details."""

import re
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed
from django.shortcuts import render
from django.utils.translation import gettext_lazy

from milepost.core.http import is_partial, page_before
from milepost.core.refusals import Refused, problem_response

JSON_TYPES = ("application/problem+json", "application/json")


class NothingToOpen(Refused):
    """An address was opened that only takes what a form sends; Django’s own answer is an empty page."""

    sentence = gettext_lazy(
        "There is no page at this address. A form sends here what was filled in: go back to the page of the form."
    )
    status = 405


class RefusalMiddleware:
    """Turn every `Refused` that a view lets fly into an answer that says its sentence."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if response.status_code == 405 and isinstance(response, HttpResponseNotAllowed):
            allowed, response = response, answer_to(request, NothingToOpen())
            response.headers["Allow"] = allowed.headers["Allow"]
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """The answer to a refusal; anything else is a fault, and Django's to tell."""
        if not isinstance(exception, Refused):
            return None
        response = answer_to(request, exception)
        if exception.retry_after:
            response["Retry-After"] = str(exception.retry_after)
        return response


def answer_to(request: HttpRequest, refused: Refused) -> HttpResponse:
    """The refusal as this browser or program reads it. The request keeps it, for who watches answers."""
    vars(request)["refusal"] = refused
    if request.get_preferred_type(["text/html", *JSON_TYPES]) in JSON_TYPES:
        return problem_response(refused)
    if is_partial(request):
        # Above what is on the screen, which stays as it is. htmx shows nothing that comes with 4xx or 5xx.
        response = render(request, "design/refused.html#sentence", {"refused": refused})
        response["HX-Retarget"], response["HX-Reswap"] = "#main", "afterbegin"
        return response
    # The first sentence says what is in the way, the others what to do.
    says, _space, advice = re.sub(r"(?<=[.!?])\s+", "\0", str(refused), count=1).partition("\0")
    context = {"says": says, "advice": advice, "back": _back(request), "code": refused.code}
    return render(request, "design/refused.html", context, status=refused.status)


def _back(request: HttpRequest) -> str:
    """The page that the person comes from, if it is one of ours: another one, or the one whose form was refused."""
    before = page_before(request)
    return before if request.method == "POST" or before != request.build_absolute_uri() else ""
