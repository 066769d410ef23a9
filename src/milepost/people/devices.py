"""Where one is signed in, and signing out there."""

from allauth.usersessions.models import UserSession
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render


@login_required
def devices(request: HttpRequest) -> HttpResponseBase:
    """Where one is signed in; each device can be signed out."""
    sessions = UserSession.objects.purge_and_list(request.user)
    if request.method == "POST":
        for session in sessions:
            if str(session.pk) in request.POST.getlist("session") and not session.is_current():
                session.end()
        return redirect("devices")
    return render(request, "people/devices.html", {"sessions": sessions})
