"""What the background gave up, or goes on failing at, for whoever answers for the organisation: why, and *Try again*."""

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from milepost.core.jobs import retry
from milepost.core.models import Job, JobQuerySet
from milepost.core.paging import page_of
from milepost.core.queries import key_of
from milepost.people.access import OrganisationRequest, requires
from milepost.people.models import Organisation
from milepost.people.permissions import MANAGE_ORGANISATION


@require_GET
@requires(MANAGE_ORGANISATION)
def failed_jobs(request: OrganisationRequest) -> HttpResponse:
    """What failed, the newest first, with its reason in words."""
    return render(request, "people/failed_jobs.html", {"page": page_of(request, _failing(request.organisation))})


@require_POST
@requires(MANAGE_ORGANISATION)
def retried_jobs(request: OrganisationRequest) -> HttpResponseBase:
    """Try all of it again, or the one that `job` names."""
    chosen = _failing(request.organisation)
    if "job" in request.POST:
        chosen = chosen.filter(pk=key_of(request.POST, "job") or 0)
    if retry(chosen):
        messages.success(request, _("It is tried again now."))
    else:
        messages.info(request, _("Nothing was left to try again."))
    return redirect("failed_jobs", request.organisation.slug)


def _failing(organisation: Organisation) -> JobQuerySet:
    return Job.objects.failing().filter(organisation_id=organisation.pk)
