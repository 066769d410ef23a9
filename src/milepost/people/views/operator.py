"""The outbox's pages: the mails that would have been sent, for whoever tries Milepost on their own machine."""

from pathlib import Path

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from milepost.core.openness import Whom, open_to
from milepost.people import outbox as mailbox
from milepost.people.access import in_own_zone


@open_to(Whom.EVERYBODY, "nobody but who sits at the machine itself finds it, as long as no mail server is set")
@require_GET
@in_own_zone
def outbox(request: HttpRequest) -> HttpResponse:
    """The mails that would have been sent."""
    return render(request, "people/outbox.html", {"mails": mailbox.mails(_folder(request))})


@open_to(Whom.EVERYBODY, "as the outbox")
@require_GET
@in_own_zone
def outbox_message(request: HttpRequest, name: str) -> HttpResponse:
    """One mail, with its links to follow."""
    message = mailbox.mail(_folder(request), name)
    if message is None:
        raise Http404
    return render(request, "people/outbox_message.html", {"mail": message})


def _folder(request: HttpRequest) -> Path:
    """The outbox holds sign-in codes: only somebody at this very machine may read it, and never behind a proxy."""
    is_here = request.META.get("REMOTE_ADDR") in {"127.0.0.1", "::1"} and "HTTP_X_FORWARDED_FOR" not in request.META
    if settings.OUTBOX is None or not is_here or not settings.ENVIRONMENT.is_local:
        raise Http404
    return Path(settings.OUTBOX)
