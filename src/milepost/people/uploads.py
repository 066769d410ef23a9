"""Files that people send are counted in one place, whatever form they stand in: how many a day, and how many bytes in all."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from django.contrib import messages
from django.db import Error, transaction
from django.http import HttpRequest, HttpResponseBase
from django.utils.translation import gettext as _

from milepost.core.quotas import (
    QuotaReached,
    Usage,
    give_back,
    give_back_bytes,
    limit_of,
    refuse_beyond,
    take,
    take_bytes,
    usage_of,
)
from milepost.design.refusals import answer_to
from milepost.people.models import Organisation

BOUNDED = ("uploads", "storage", "jobs")


class UploadsMiddleware:
    """Refuse files that are beyond what the organisation may use, before any view sees them; warn when it is nearly full."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if response.status_code >= 400 and (counted := getattr(request, "counted_files", None)):
            with suppress(Error):  # the database may be what is in trouble
                _give_back(*counted, is_our_fault=response.status_code >= 500)
        return response

    def process_view(self, request: Any, view: Any, args: Any, kwargs: Any) -> HttpResponseBase | None:
        organisation = getattr(request, "organisation", None)
        if organisation is None:
            return None
        try:
            usages = count_files(request, organisation)
        except QuotaReached as refused:
            return answer_to(request, refused)
        for usage in usages:
            if usage.is_nearly_full:
                words = _("%(what)s: your organisation uses %(percent)d %% of what it has here.")
                messages.warning(request, words % {"what": usage.quota.label, "percent": usage.percent})
        return None


def _give_back(organisation: Organisation, count: int, size: int, *, is_our_fault: bool) -> None:
    """Nothing of it was kept. They were sent all the same, and are among today's, unless it was our fault: a scanner or disk."""
    give_back_bytes(organisation, size)
    if is_our_fault:
        give_back(organisation, "uploads", count)


def count_files(request: HttpRequest, organisation: Organisation) -> list[Usage]:
    """Count the files of a form as the organisation's, and tell what it uses then; nothing of a form without files. Raises `QuotaReached`.

    Work that waits is looked at, not taken: of files sent at one moment all go in, and wait.

    The middleware calls it for members. A page of somebody without an account that takes files calls it once it knows whose link it is.
    """
    is_of_files = request.method == "POST" and request.content_type == "multipart/form-data"
    if not is_of_files or all(limit_of(organisation, name) is None for name in BOUNDED):
        return []
    files = [file for name in request.FILES for file in request.FILES.getlist(name)]
    if not files:
        return []
    refuse_beyond(organisation, "jobs", more=1)
    size = sum(file.size or 0 for file in files)
    with transaction.atomic():  # all of it is counted, or nothing
        take(organisation, "uploads", len(files))
        take_bytes(organisation, size)
    vars(request)["counted_files"] = organisation, len(files), size
    return usage_of(organisation)
