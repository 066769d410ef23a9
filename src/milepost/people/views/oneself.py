"""Pages for whoever is signed in, about themselves: where they are signed in, and signing out there."""

from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from milepost.core import clock
from milepost.core.http import next_of
from milepost.core.openness import Whom, open_to
from milepost.people import second_factor as factors
from milepost.people.access import in_own_zone
from milepost.people.confirming import confirmed
from milepost.people.happenings import SESSION_ENDED, tell
from milepost.people.models import Member, User
from milepost.people.sessions import going_on, sign_out, sign_out_everywhere


@open_to(Whom.ACCOUNT, "what one's own roles ask for")
@require_GET
@login_required
@in_own_zone
def second_factor(request: HttpRequest) -> HttpResponseBase:
    """Which of one's roles ask for a second factor, until when they work without, and how to set one up."""
    user = cast(User, request.user)
    members = Member.objects.active().filter(user=user).select_related("organisation").order_by("organisation__name")
    asking = [(member, roles) for member in members if (roles := factors.asking_roles(member))]
    due = min((member.second_factor_due or clock.now() for member, _roles in asking), default=None)
    context = {
        "asking": asking,
        "due": due,
        "is_over": due is not None and due <= clock.now(),
        "has_one": factors.has_one(user.pk),
        "next": next_of(request),
    }
    return render(request, "people/second_factor.html", context)


@open_to(Whom.ACCOUNT, "one's own devices")
@login_required
@in_own_zone
@confirmed
def devices(request: HttpRequest) -> HttpResponseBase:
    """Where one is signed in; each device can be signed out, or all of them (`everywhere`)."""
    if request.method == "POST" and "everywhere" in request.POST:
        tell(SESSION_ENDED, request, user=request.user, detail="everywhere")
        sign_out_everywhere(request)
        messages.success(request, _("You are signed out everywhere, here too."))
        return redirect("account_login")
    sessions = going_on(cast(User, request.user))
    if request.method == "POST":
        sign_out(sessions, keys=request.POST.getlist("session"))
        tell(SESSION_ENDED, request, user=request.user, detail="other-device")
        return redirect("devices")
    return render(request, "people/devices.html", {"sessions": sessions})
