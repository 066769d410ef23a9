"""What the frame of every page needs: the choice of a language, and the pages for when something is wrong."""

import sys

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from milepost.core.cookies import LANGUAGE
from milepost.core.http import page_before
from milepost.core.openness import Whom, open_to
from milepost.core.outages import is_outage
from milepost.design import waiting

YEAR = 31_536_000  # seconds


@open_to(Whom.EVERYBODY, "keeps a language in a cookie")
@require_POST
def language(request: HttpRequest) -> HttpResponseBase:
    """Remember the language that the person chose, and go back to where they were."""
    target = request.POST.get("next", "/")
    is_ours = target.startswith("/") and url_has_allowed_host_and_scheme(target, allowed_hosts={request.get_host()})
    response = HttpResponseRedirect(target if is_ours else "/")
    code = request.POST.get("language", "")
    if code in dict(settings.LANGUAGES):
        LANGUAGE.keep(response, code, seconds=YEAR)
    return response


def unreadable(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """400 in words, or 413: what was sent is damaged, no request at all, or too much at once."""
    is_large = isinstance(exception, RequestDataTooBig)
    context = {"kind": "too_large" if is_large else "unreadable"}
    return render(request, "design/error.html", context, status=413 if is_large else 400)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403, in words."""
    return render(request, "design/error.html", {"kind": "forbidden"}, status=403)


def stale_form(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 for a form whose page is older than the last sign-in here (or whose cookies are blocked): nothing was done."""
    request.is_stale_form = True  # type: ignore[attr-defined]
    context = {"kind": "stale_form", "page": page_before(request)}
    return render(request, "design/error.html", context, status=403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404, in words."""
    return render(request, "design/error.html", {"kind": "not_found"}, status=404)


def failed(request: HttpRequest) -> HttpResponse:
    """500, a page that needs nothing but itself; or 503 and a page that waits, where the database or a disk is in the way.

    Every fault ends here, wherever it came up: in a view, in what stands around it, or in a template.
    """
    error = sys.exc_info()[1]
    if is_outage(error):
        return waiting.answer(request, error)
    return render(request, "design/failed.html", status=500)
