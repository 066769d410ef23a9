"""Every file that is sent to any address is looked through for viruses before a view sees it (`core.clamd`)."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase

from milepost.core import clamd
from milepost.core.refusals import Refused
from milepost.design.refusals import answer_to


class ScanningMiddleware:
    """Refuse a request with a file that the scanner refuses, or could not look through.

    It stands after what asks who may come to an address, so that nobody has the scanner work for nothing.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: list[Any], kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        """The refusal, in words; nothing where all files may be taken."""
        if request.method != "POST":
            return None
        for _field, files in request.FILES.lists():
            for file in files:
                try:
                    clamd.scan(file, name=file.name or "")
                except Refused as refused:
                    response = answer_to(request, refused)
                    if refused.retry_after:
                        response.headers["Retry-After"] = str(refused.retry_after)
                    return response
                file.seek(0)
        return None
