"""Files that members send are counted in one place, whatever form they stand in: how many a day, and how many bytes in all."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.utils.translation import gettext as _

from milepost.core.quotas import QuotaReached, limit_of, refuse_beyond, take, take_bytes, usage_of
from milepost.design.refusals import answer_to

BOUNDED = ("uploads", "storage", "jobs")


class UploadsMiddleware:
    """Refuse files that are beyond what the organisation may use, before any view sees them; warn when it is nearly full."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(self, request: Any, view: Any, args: Any, kwargs: Any) -> HttpResponseBase | None:
        organisation = getattr(request, "organisation", None)
        is_of_files = request.method == "POST" and request.content_type == "multipart/form-data"
        if organisation is None or not is_of_files or all(limit_of(organisation, name) is None for name in BOUNDED):
            return None
        files = [file for name in request.FILES for file in request.FILES.getlist(name)]
        if not files:
            return None
        try:
            refuse_beyond(organisation, "jobs", more=1)
            take(organisation, "uploads", len(files))
            take_bytes(organisation, sum(file.size or 0 for file in files))
        except QuotaReached as refused:
            return answer_to(request, refused)
        for usage in usage_of(organisation):
            if usage.is_nearly_full:
                words = _("%(what)s: your organisation uses %(percent)d %% of what it has here.")
                messages.warning(request, words % {"what": usage.quota.label, "percent": usage.percent})
        return None
