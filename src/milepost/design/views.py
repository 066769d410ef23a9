"""Pages that belong to no room: language, outbox, devices, health, and what is shown when something is wrong."""

from pathlib import Path

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from milepost.design import outbox as mailbox


@require_POST
def language(request: HttpRequest) -> HttpResponseBase:
    """Remember the language that the person chose, and go back to where they were."""
    target = request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(target, allowed_hosts={request.get_host()}):
        target = "/"
    response = redirect(target)
    code = request.POST.get("language", "")
    if code in dict(settings.LANGUAGES):
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME, code, max_age=31_536_000, samesite="Lax", httponly=True,
            secure=settings.LANGUAGE_COOKIE_SECURE,
        )  # fmt: skip
    return response


@require_GET
def outbox(request: HttpRequest) -> HttpResponse:
    """The mails that would have been sent."""
    return render(request, "design/outbox.html", {"mails": mailbox.mails(_folder(request))})


@require_GET
def outbox_message(request: HttpRequest, name: str) -> HttpResponse:
    """One mail, with its links to follow."""
    found = mailbox.mail(_folder(request), name)
    if found is None:
        raise Http404
    return render(request, "design/outbox_message.html", {"mail": found})


def _folder(request: HttpRequest) -> Path:
    """The outbox holds sign-in codes: only somebody at this very machine may read it, and never behind a proxy."""
    is_here = request.META.get("REMOTE_ADDR") in {"127.0.0.1", "::1"} and "HTTP_X_FORWARDED_FOR" not in request.META
    if settings.OUTBOX is None or not is_here or not settings.ENVIRONMENT.is_local:
        raise Http404
    return Path(settings.OUTBOX)


@login_required
def devices(request: HttpRequest) -> HttpResponseBase:
    """Where one is signed in; each device can be signed out."""
    sessions = UserSession.objects.purge_and_list(request.user)
    if request.method == "POST":
        for session in sessions:
            if str(session.pk) in request.POST.getlist("session") and not session.is_current():
                session.end()
        return redirect("devices")
    return render(request, "design/devices.html", {"sessions": sessions})


def health(request: HttpRequest) -> HttpResponse:
    """Whether the server answers; costs no query."""
    return HttpResponse("ok", content_type="text/plain")


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403, in words."""
    return render(request, "design/error.html", {"kind": "forbidden"}, status=403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404, in words."""
    return render(request, "design/error.html", {"kind": "not_found"}, status=404)


def failed(request: HttpRequest) -> HttpResponse:
    """500: a page that needs nothing but itself."""
    return render(request, "design/failed.html", status=500)
