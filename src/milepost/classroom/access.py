"""Which session a page inside the organisation may show, and who may change it: decorators that give views the session."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import Http404, HttpResponseBase
from django.shortcuts import get_object_or_404

from milepost.classroom.models import LiveSession
from milepost.classroom.permissions import may_manage, seen_in
from milepost.people.access import OrganisationRequest

type View = Callable[..., HttpResponseBase]


def seen_session(view: View) -> View:
    """For those who manage the session or see results in it, who take part, or who hold it; 404 for all others."""

    @wraps(view)
    def guarded(request: OrganisationRequest, session: str, **more: Any) -> HttpResponseBase:
        return view(request, _seen_session(request, session), **more)

    return guarded


def managed_session(view: View) -> View:
    """For those who manage the session; 403 for those who only see it, 404 for all others."""

    @wraps(view)
    def guarded(request: OrganisationRequest, session: str, **more: Any) -> HttpResponseBase:
        seen = _seen_session(request, session)
        if not may_manage(request.member, seen):
            raise PermissionDenied
        return view(request, seen, **more)

    return guarded


def _seen_session(request: OrganisationRequest, uid: str) -> LiveSession:
    member = request.member
    sessions = LiveSession.objects.filter(organisation=request.organisation).select_related("organisation", "course")
    session = get_object_or_404(sessions, uid=uid)
    seen = seen_in(member, session)
    if seen is None or session.participants.filter(Q(member=member) | Q(member__in=seen)).exists():
        return session
    if session.trainers.filter(member=member, removed_at=None).exists():
        return session
    raise Http404
