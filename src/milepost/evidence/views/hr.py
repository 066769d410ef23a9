"""Erasing a person: for those who keep the people's records."""

from datetime import date

from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from milepost.core.names import as_seen
from milepost.core.refusals import Refused
from milepost.evidence.contributions import named
from milepost.evidence.erasing import Ground, erase_person, holds_on
from milepost.evidence.export import rows_of
from milepost.people.access import OrganisationRequest, requires
from milepost.people.confirming import confirmed
from milepost.people.models import Member
from milepost.people.permissions import MANAGE_PEOPLE, visible


@require_http_methods(["GET", "POST"])
@requires(MANAGE_PEOPLE)
@confirmed
def erasure(request: OrganisationRequest, member: str) -> HttpResponseBase:
    """What would go and what stands against it; then, typed in full, the erasure."""
    reached = visible(request.member, MANAGE_PEOPLE).select_related("user", "organisation")
    person = get_object_or_404(reached, uid=member)
    holds, problem = holds_on(person), ""
    if request.method == "POST" and not holds:
        if as_seen(request.POST.get("name", "")).casefold() != person.full_name.casefold():
            problem = _("Type the name as it stands above. Nothing was erased.")
        else:
            return _erase(request, person)
    names = named("records")
    counts = [(names.get(label, label), rows.count()) for label, rows in rows_of(person).items()]
    context = {
        "person": person,
        "holds": holds,
        "problem": problem,
        "counts": [pair for pair in counts if pair[1]],
        "grounds": Ground.choices,
    }
    return render(request, "evidence/erasure.html", context, status=400 if problem else 200)


def decision(request: OrganisationRequest) -> tuple[Ground, date | None]:
    """On which ground, and when it was asked for, as the form says; what it does not say is that it was asked for."""
    told, day = request.POST.get("ground", ""), request.POST.get("asked_on", "")
    ground = Ground(told) if told in Ground.values else Ground.ASKED
    try:
        return ground, date.fromisoformat(day) if day else None
    except ValueError:
        return ground, None


def _erase(request: OrganisationRequest, person: Member) -> HttpResponseBase:
    is_self, had_address = person == request.member, bool(person.email)
    try:
        ground, asked_on = decision(request)
        erase_person(member=person, by=request.member, ground=ground, asked_on=asked_on)
    except Refused as refused:
        messages.error(request, str(refused))
        return redirect("erasure", request.organisation.slug, person.uid)
    messages.success(request, _("Erased. Every proof of anybody else still holds."))
    if not had_address:
        messages.warning(request, _("They had no e-mail address. Tell them yourself that it is done."))
    if is_self:
        logout(request)
        return redirect("home")
    return redirect("people", request.organisation.slug)
