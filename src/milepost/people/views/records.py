"""Pages for HR that write one person's record: adding, changing, leaving, coming back."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from milepost.core.refusals import Refused, add_to_form, as_message
from milepost.people import absences, editing
from milepost.people.access import OrganisationRequest, requires
from milepost.people.confirming import confirmed
from milepost.people.forms import AbsenceForm, LeavingForm, PersonForm
from milepost.people.import_plan import ImportRefused
from milepost.people.models import Absence, Member
from milepost.people.permissions import IMPORT_PEOPLE, visible

KNOWN = 500  # names that a field offers at most


@require_http_methods(["GET", "POST"])
@requires(IMPORT_PEOPLE)
@confirmed
def new_person(request: OrganisationRequest) -> HttpResponseBase:
    """Add one person."""
    form = PersonForm(request.POST or None)
    made = _written(
        form, lambda: editing.add_person(organisation=request.organisation, said=form.said, by=request.member)
    )
    if made is None:
        return _record_page(request, form, None)
    messages.success(request, _("%(person)s was added.") % {"person": made.full_name})
    return redirect("person", request.organisation.slug, made.uid)


@require_http_methods(["GET", "POST"])
@requires(IMPORT_PEOPLE)
@confirmed
def person_record(request: OrganisationRequest, member: str) -> HttpResponseBase:
    """Change what is known of one person."""
    people = visible(request.member, IMPORT_PEOPLE).select_related("organisation", "site", "department", "manager")
    person = get_object_or_404(people, uid=member)
    form = PersonForm(request.POST or None, person=person)
    done = _written(form, lambda: editing.change_person(member=person, said=form.said, by=request.member))
    if done is None:
        return _record_page(request, form, person)
    messages.success(request, _("Saved."))
    return redirect("person", request.organisation.slug, person.uid)


def _written[T](form: PersonForm, write: Callable[[], T]) -> T | None:
    """What the verb answers that writes what the form says; None if nothing was sent, or is wrong, which the form says then."""
    if not form.is_valid():
        return None
    try:
        return write()
    except ImportRefused as refused:
        form.refuse(refused)
    except Refused as refused:
        add_to_form(refused, form)
    return None


def _record_page(request: OrganisationRequest, form: PersonForm, person: Member | None) -> HttpResponse:
    organisation = request.organisation
    leads = Member.objects.filter(
        organisation=organisation, pk__in=Member.objects.exclude(manager=None).values("manager")
    )
    context = {
        "form": form,
        "person": person,
        "known": {
            "known-sites": organisation.sites.values_list("name", flat=True)[:KNOWN],
            "known-departments": organisation.departments.values_list("path", flat=True)[:KNOWN],
            "known-managers": [lead.full_name for lead in leads.order_by("family_name", "given_name")[:KNOWN]],
        },
    }
    return render(request, "people/record.html", context, status=400 if form.errors else 200)


@require_POST
@requires(IMPORT_PEOPLE)
@confirmed
def leaving(request: OrganisationRequest, member: str) -> HttpResponseBase:
    """Say somebody's last day, or that they are back."""
    people = visible(request.member, IMPORT_PEOPLE).select_related("organisation")
    person = get_object_or_404(people, uid=member)
    form = LeavingForm(request.POST)
    is_back = "back" in request.POST
    with as_message(request):
        if is_back:
            editing.change_person(member=person, said={"left_on": ""}, by=request.member)
            messages.success(request, _("%(person)s is back.") % {"person": person.full_name})
        elif form.is_valid():
            day = form.cleaned_data["left_on"]
            editing.change_person(member=person, said={"left_on": day.isoformat()}, by=request.member)
            words = _("The last day of %(person)s is %(day)s.")
            messages.success(request, words % {"person": person.full_name, "day": date_format(day, "DATE_FORMAT")})
        else:
            messages.error(request, _("Say the last day as a date."))
    return redirect("person", request.organisation.slug, person.uid)


@require_POST
@requires(IMPORT_PEOPLE)
@confirmed
def new_absence(request: OrganisationRequest, member: str) -> HttpResponseBase:
    """Note that somebody is away for long."""
    person = get_object_or_404(visible(request.member, IMPORT_PEOPLE).select_related("organisation"), uid=member)
    form = AbsenceForm(request.POST)
    with as_message(request):
        if days := _days_of(request, form):
            absences.begin_absence(member=person, **days, by=request.member)
            messages.success(request, _("It is noted that %(person)s is away.") % {"person": person.full_name})
    return redirect("person", request.organisation.slug, person.uid)


@require_POST
@requires(IMPORT_PEOPLE)
@confirmed
def absence(request: OrganisationRequest, member: str, absence: str) -> HttpResponseBase:
    """Change its days, or take it back."""
    people = visible(request.member, IMPORT_PEOPLE).filter(uid=member)
    noted = get_object_or_404(Absence.objects.select_related("member__organisation"), uid=absence, member__in=people)
    with as_message(request):
        if "remove" in request.POST:
            absences.remove_absence(absence=noted, by=request.member)
            messages.success(request, _("Removed."))
        elif days := _days_of(request, AbsenceForm(request.POST)):
            absences.change_absence(absence=noted, **days, by=request.member)
            messages.success(request, _("Saved."))
    return redirect("person", request.organisation.slug, noted.member.uid)


def _days_of(request: OrganisationRequest, form: AbsenceForm) -> dict[str, Any]:
    """The days that the form says; none, and a message, where it says none."""
    if form.is_valid():
        return {"begins": form.cleaned_data["begins"], "ends": form.cleaned_data["ends"]}
    messages.error(request, _("Say the first day, and the last one if you know it, as dates."))
    return {}
