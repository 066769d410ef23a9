"""The one place that sees every answer: whoever was refused is told of, whatever refused them."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponseBase

from milepost.core.quotas import QuotaReached
from milepost.people.access import membership
from milepost.people.happenings import FORGED_FORM, LIMIT_REACHED, QUOTA_REACHED, REFUSED, is_told, tell
from milepost.people.models import Member

_KINDS = {401: REFUSED, 403: REFUSED, 429: LIMIT_REACHED}


class WatchingMiddleware:
    """Tell of answers that refuse (401, 403, 429), by the name of the view: an address may hold what opens something."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if kind := _KINDS.get(response.status_code):
            if getattr(request, "is_stale_form", False):
                kind = FORGED_FORM
            elif isinstance(getattr(request, "refusal", None), QuotaReached):
                kind = QUOTA_REACHED
            if not is_told(request):
                view = request.resolver_match.view_name if request.resolver_match else ""
                member = _member_of(request)
                user = None if member or not request.user.is_authenticated else request.user
                tell(kind, request, member=member, user=user, detail=view)
        return response


def _member_of(request: Any) -> Member | None:
    """Who asked within an organisation; a form that is refused is so before anybody looked who it is."""
    if member := getattr(request, "member", None):
        return member  # type: ignore[no-any-return]
    slug = request.resolver_match.kwargs.get("organisation") if request.resolver_match else None
    return membership(user=request.user, slug=slug) if slug and request.user.is_authenticated else None
