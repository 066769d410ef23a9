"""Pages of sites and departments, for HR."""

from functools import cache
from typing import Any

from django.contrib import messages
from django.db.models import Count
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from milepost.core import clock, time_zones
from milepost.core.public_holidays import countries, next_holidays
from milepost.core.queries import text_of
from milepost.core.refusals import as_message
from milepost.design.offers import offer_undo
from milepost.people.access import OrganisationRequest, requires
from milepost.people.country import country_of_site, zone_of_site
from milepost.people.import_places import DEPARTMENT, PATH_LENGTH, SITE
from milepost.people.models import Member
from milepost.people.permissions import IMPORT_PEOPLE
from milepost.people.places import Place, add_place, locate_site, move_people, place_of, remove_place, rename_place

SHOWN_HOLIDAYS = 3
LONGEST = PATH_LENGTH + 1  # letters of a name: what is longer is refused, not cut


@require_GET
@requires(IMPORT_PEOPLE)
def places(request: OrganisationRequest) -> HttpResponse:
    """The sites, and the tree of departments, each with how many people stand in it."""
    organisation = request.organisation
    context = {
        "kinds": [
            {"kind": SITE, "rows": _counted(request, SITE, list(organisation.sites.all()))},
            {"kind": DEPARTMENT, "rows": _counted(request, DEPARTMENT, list(organisation.departments.all()))},
        ],
        "countries": countries(),
        "zones": sorted(time_zones.known()),
    }
    return render(request, "people/places.html", context)


def _counted(request: OrganisationRequest, kind: str, rows: list[Any]) -> list[dict[str, Any]]:
    there = Member.objects.active().filter(organisation=request.organisation).order_by()
    people = dict(there.values_list(kind).annotate(people=Count("pk")))
    counted = [{"place": Place(kind, row), "row": row, "people": people.get(row.pk, 0)} for row in rows]
    names = dict(countries())
    nearest = cache(next_holidays)  # of many sites in one country
    for one in counted if kind == SITE else []:
        one["row"].organisation = request.organisation
        country, zone = country_of_site(one["row"]), zone_of_site(one["row"])
        one |= {
            "country": names.get(country, ""),
            "zone": zone,
            "holidays": nearest(country, clock.today(zone), SHOWN_HOLIDAYS),
        }
    return counted


@require_POST
@requires(IMPORT_PEOPLE)
def new_place(request: OrganisationRequest, kind: str) -> HttpResponseBase:
    """Add a site or a department."""
    if kind not in (SITE, DEPARTMENT):
        raise Http404
    with as_message(request):
        name = text_of(request.POST, "name", limit=LONGEST)
        made = add_place(organisation=request.organisation, kind=kind, name=name, by=request.member)
        messages.success(request, _("“%(name)s” was added.") % {"name": made.name})
    return redirect("places", request.organisation.slug)


@require_POST
@requires(IMPORT_PEOPLE)
def place(request: OrganisationRequest, kind: str, key: int) -> HttpResponseBase:
    """Rename it, say in which country it is, move everybody of it to another, or remove it."""
    chosen = _place(request, kind, key)
    with as_message(request):
        if "remove" in request.POST:
            remove_place(place=chosen, by=request.member)
            messages.success(request, _("“%(name)s” was removed.") % {"name": chosen.name})
        elif "country" in request.POST:
            country, zone = (
                text_of(request.POST, "country", limit=3),
                text_of(request.POST, "time_zone", limit=65).strip(),
            )
            locate_site(place=chosen, country=country, time_zone=zone, by=request.member)
            messages.success(request, _("Saved."))
        elif "into" in request.POST:
            typed = text_of(request.POST, "into")
            into = _place(request, kind, int(typed) if typed.isdecimal() and len(typed) < 19 else 0)
            _move(request, chosen, into)
        else:
            rename_place(place=chosen, name=text_of(request.POST, "name", limit=LONGEST), by=request.member)
            messages.success(request, _("Saved."))
    return redirect("places", request.organisation.slug)


def _place(request: OrganisationRequest, kind: str, key: int) -> Place:
    found = place_of(request.organisation, kind, key)
    if found is None:
        raise Http404
    return found


def _move(request: OrganisationRequest, chosen: Place, into: Place) -> None:
    count, act = move_people(place=chosen, into=into, by=request.member)
    if not count:
        messages.info(request, _("Nobody stands there."))
        return
    words = ngettext("%(count)d person moved to “%(name)s”.", "%(count)d people moved to “%(name)s”.", count)
    url = reverse("undo", args=[request.organisation.slug, act])
    offer_undo(request, words % {"count": count, "name": into.name}, url=url, count=count)
