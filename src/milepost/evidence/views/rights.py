"""Requests about the data of people without an account, for those who answer them."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from milepost.core.http import download
from milepost.core.queries import text_of
from milepost.core.refusals import as_message
from milepost.evidence.erasing import Ground
from milepost.evidence.outsiders import copy_for, erase_outsider, known_of
from milepost.evidence.views.hr import decision
from milepost.people.access import OrganisationRequest, requires
from milepost.people.confirming import confirmed
from milepost.people.permissions import MANAGE_PEOPLE, sees_everybody


@require_http_methods(["GET", "POST"])
@requires(MANAGE_PEOPLE)
@confirmed
def rights(request: OrganisationRequest) -> HttpResponseBase:
    """What is held of somebody by their address, what keeps it, and, typed once more, its erasure."""
    _everybody(request)
    email, problem = text_of(request.GET, "email").strip(), ""
    if request.method == "POST":
        email = text_of(request.POST, "email").strip()
        if text_of(request.POST, "again").strip().casefold() != email.casefold():
            problem = _("Type the address as it stands above. Nothing was erased.")
        else:
            with as_message(request):
                ground, asked_on = decision(request)
                by = request.member
                erase_outsider(organisation=request.organisation, email=email, by=by, ground=ground, asked_on=asked_on)
                messages.success(
                    request, _("Erased. Every proof of anybody else still holds. Tell them that it is done.")
                )
            return redirect("rights", request.organisation.slug)
    known = known_of(request.organisation, email) if email else []
    context = {
        "email": email,
        "known": known,
        "is_kept": any(one.hold for one in known),
        "problem": problem,
        "grounds": Ground.choices,
    }
    return render(request, "evidence/rights.html", context, status=400 if problem else 200)


@require_POST
@requires(MANAGE_PEOPLE)
@confirmed
def rights_copy(request: OrganisationRequest) -> HttpResponse:
    """A copy of it, for them."""
    _everybody(request)
    email = text_of(request.POST, "email").strip()
    content = copy_for(organisation=request.organisation, email=email, by=request.member)
    return download(content, name="data.json", content_type="application/json")


def _everybody(request: OrganisationRequest) -> None:
    """People from outside belong to no part of the organisation."""
    if not sees_everybody(request.member, MANAGE_PEOPLE):
        raise PermissionDenied
