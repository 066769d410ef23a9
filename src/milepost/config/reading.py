"""All files that one request has read cost no more CPU than one may, in however many child processes (`core.sandbox`)."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase

from milepost.core import sandbox


class ReadingMiddleware:
    """Answer within one allowance for the children of this request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        with sandbox.as_one():
            return self.get_response(request)
