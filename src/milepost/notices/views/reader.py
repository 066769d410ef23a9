"""Whoever reads a message, without signing in: switching off its kind by the link in it."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from milepost.core.links import BrokenLink
from milepost.core.openness import Whom, open_to
from milepost.notices.kinds import kinds
from milepost.notices.preferences import switch_off
from milepost.notices.unsubscribing import whose
from milepost.people.context import Brand


@open_to(Whom.LINK, "ends one kind of message to one person")
# RFC 8058: mail programs send the form; the link itself is the permission.
@csrf_exempt  # never: exempting (the link is the permission)
@require_http_methods(["GET", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """One button; mail programs press it on their own (RFC 8058, section 3.2). Opening the page changes nothing."""
    choice = whose(token)
    if choice is None or choice[1] not in kinds:
        raise BrokenLink
    member, name = choice
    translation.activate(member.speaks)
    is_done = request.method == "POST" and switch_off(member, name)
    context = {
        "kind": kinds.get(name),
        "is_done": is_done,
        "of": member.organisation,
        "brand": Brand.of(member.organisation),
    }
    return render(request, "notices/unsubscribe.html", context)
