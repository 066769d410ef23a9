"""Pages for HR that make two records of one person one, and undo it."""

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from milepost.core.queries import text_of, uuid_of
from milepost.core.refusals import as_message
from milepost.people import merging
from milepost.people.access import OrganisationRequest, requires
from milepost.people.confirming import confirmed
from milepost.people.models import Member, MemberQuerySet, Merge
from milepost.people.permissions import IMPORT_PEOPLE, visible

OFFERED = 20  # people who may be the same


@require_http_methods(["GET", "POST"])
@requires(IMPORT_PEOPLE)
@confirmed
def merge(request: OrganisationRequest, member: str) -> HttpResponseBase:
    """Find the other record of this person, see what merging would do, and do it."""
    person = get_object_or_404(_people(request), uid=member)
    if request.method == "POST":
        other = get_object_or_404(_people(request), uid=uuid_of(request.POST, "other"))
        stays, earlier = (other, person) if "swapped" in request.POST else (person, other)
        then = person
        with as_message(request):
            merging.merge_records(stays=stays, earlier=earlier, seen=text_of(request.POST, "seen"), by=request.member)
            messages.success(
                request, _("The two records are linked: %(person)s has one from now on.") % {"person": stays}
            )
            then = stays
        return redirect("person", request.organisation.slug, then.uid)
    if "other" not in request.GET:
        return _choosing(request, person)
    other = get_object_or_404(_people(request), uid=uuid_of(request.GET, "other"))
    is_swapped = "swapped" in request.GET
    stays, earlier = (other, person) if is_swapped else (person, other)
    try:
        plan = merging.plan_merge(stays=stays, earlier=earlier, by=request.member)
    except merging.MergeRefused as refused:  # perhaps not if the other one stays
        messages.error(request, str(refused))
        return _choosing(request, person, other)
    context = {"person": person, "other": other, "plan": plan, "is_swapped": is_swapped}
    return render(request, "people/merging.html", context)


def _people(request: OrganisationRequest) -> MemberQuerySet:
    people = visible(request.member, IMPORT_PEOPLE)
    return people.select_related("organisation", "site", "department", "manager", "user")


def _choosing(request: OrganisationRequest, person: Member, refused: Member | None = None) -> HttpResponse:
    """Whom it could be: who fits what was typed, or is called the same; records that are merged already are not."""
    text = text_of(request.GET, "q") or person.full_name
    others = _people(request).filter(merge=None).exclude(pk=person.pk).matching(text)[:OFFERED]
    context = {"person": person, "text": text, "others": others, "refused": refused}
    return render(request, "people/merging_whom.html", context)


@require_POST
@requires(IMPORT_PEOPLE)
@confirmed
def separation(request: OrganisationRequest, member: str) -> HttpResponseBase:
    """Undo that this record was made an earlier one of somebody."""
    merges = Merge.objects.select_related("stays__organisation", "earlier__organisation")
    merge = get_object_or_404(merges, earlier__in=visible(request.member, IMPORT_PEOPLE).filter(uid=member))
    with as_message(request):
        merging.separate(merge=merge, by=request.member)
        messages.success(request, _("They are two records again."))
    return redirect("person", request.organisation.slug, merge.stays.uid)
