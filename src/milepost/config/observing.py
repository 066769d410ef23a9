"""What each request leaves behind: a number of its own, a line in the log, a count, and a span where traces are on."""

import logging
import re
import time
import uuid
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

from milepost.core import logs, traces
from milepost.core.metrics import Counter, Durations

HEADER = "X-Request-ID"
NONE = "none"  # the view of an address that there is not

requests = Counter("requests", "Requests by view, method and status.", "view", "method", "status")
durations = Durations("request_seconds", "How long requests take, by view.", "view")
logger = logging.getLogger("milepost.requests")


class ObservingMiddleware:
    """Number, count, time and tell of every request. What opens something stays out of all of it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        number = request.request_id = _number_of(request)  # type: ignore[attr-defined]
        began = time.monotonic()
        headers = request.headers if settings.TRUSTED_PROXIES else None
        with logs.about(lambda: _about(request)), traces.span("request", headers=headers) as span:
            response = self.get_response(request)
            seconds = time.monotonic() - began
            _count(request, response, seconds)
            _tell(request, response, seconds)
            if span is not None:
                span.update_name(f"{request.method} {_view_of(request)}")
                span.set_attributes({"http.response.status_code": response.status_code, **_about(request)})
        response.headers[HEADER] = number
        return response


def _number_of(request: HttpRequest) -> str:
    """The number that a trusted proxy gave it, or one of our own."""
    given = request.headers.get(HEADER, "") if settings.TRUSTED_PROXIES else ""
    return given if re.fullmatch(r"[\w.-]{8,128}", given, re.ASCII) else uuid.uuid4().hex


def _about(request: Any) -> dict[str, Any]:
    """Whose request it is, by their stable identifiers, as far as it is known by now."""
    organisation, member = getattr(request, "organisation", None), getattr(request, "member", None)
    about = {"request": request.request_id}
    if organisation is not None:
        about["organisation"] = str(organisation.uid)
    if member is not None:
        about["person"] = str(member.uid)
    return about


def _view_of(request: HttpRequest) -> str:
    return request.resolver_match.view_name if request.resolver_match else NONE


def _method_of(request: HttpRequest) -> str:
    known = request.method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
    return str(request.method) if known else "other"  # anybody may invent one


def _count(request: HttpRequest, response: HttpResponseBase, seconds: float) -> None:
    requests.add(_view_of(request), _method_of(request), str(response.status_code))
    durations.add(_view_of(request), seconds=seconds)


def _tell(request: HttpRequest, response: HttpResponseBase, seconds: float) -> None:
    if logger.isEnabledFor(logging.INFO):
        fields = {"view": _view_of(request), "status": response.status_code, "milliseconds": round(1000 * seconds, 1)}
        logger.info("%s %s", _method_of(request), request.path, extra={"fields": fields})
