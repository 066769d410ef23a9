"""Pages for whoever is signed in, about themselves: where they are signed in, and signing out there."""

from allauth.usersessions.models import UserSession
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render

from milepost.people.access import in_own_zone
from milepost.people.sessions import sign_out


@login_required
@in_own_zone
def devices(request: HttpRequest) -> HttpResponseBase:
    """Where one is signed in; each device can be signed out."""
    sessions = UserSession.objects.purge_and_list(request.user)
    if request.method == "POST":
        sign_out(sessions, keys=request.POST.getlist("session"))
        return redirect("devices")
    return render(request, "people/devices.html", {"sessions": sessions})
