"""What the frame of every page needs: the choice of a language, and the pages for when something is wrong."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

YEAR = 31_536_000  # seconds


@require_POST
def language(request: HttpRequest) -> HttpResponseBase:
    """Remember the language that the person chose, and go back to where they were."""
    target = request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(target, allowed_hosts={request.get_host()}):
        target = "/"
    response = redirect(target)
    code = request.POST.get("language", "")
    if code in dict(settings.LANGUAGES):
        name, is_secure = settings.LANGUAGE_COOKIE_NAME, settings.LANGUAGE_COOKIE_SECURE
        response.set_cookie(name, code, max_age=YEAR, samesite="Lax", httponly=True, secure=is_secure)
    return response


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403, in words."""
    return render(request, "design/error.html", {"kind": "forbidden"}, status=403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404, in words."""
    return render(request, "design/error.html", {"kind": "not_found"}, status=404)


def failed(request: HttpRequest) -> HttpResponse:
    """500: a page that needs nothing but itself."""
    return render(request, "design/failed.html", status=500)
