"""The page of visits."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from milepost.people.access import OrganisationRequest, requires
from milepost.people.permissions import visible
from milepost.people.settings import value_of
from tests.visits.models import Visit
from tests.visits.permissions import SEE_VISITS
from tests.visits.settings import VISITS_ADVICE


@require_GET
@requires(SEE_VISITS)
def visits(request: OrganisationRequest) -> HttpResponse:
    """The visits to those whom one may see."""
    seen = visible(request.member, SEE_VISITS)
    rows = Visit.objects.filter(organisation=request.organisation, member__in=seen).order_by("pk")
    return render(
        request, "visits/visits.html", {"visits": rows, "advice": value_of(request.organisation, VISITS_ADVICE)}
    )
