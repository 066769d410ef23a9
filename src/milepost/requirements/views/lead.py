"""The pages of requirements: what needs whom, each requirement with its people, one person under it, and people by requirements."""

from collections.abc import Iterator
from datetime import date
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import FileResponse, Http404, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from milepost.core import clock, once
from milepost.core.paging import page_of
from milepost.core.queries import uuid_of
from milepost.core.refusals import Refused, as_message
from milepost.core.table_files import as_csv, as_workbook
from milepost.people.access import OrganisationRequest, requires
from milepost.people.confirming import confirmed_if
from milepost.people.filters import PeopleFilter
from milepost.people.models import Member, MemberQuerySet
from milepost.people.permissions import Abilities, sees_everybody, visible
from milepost.requirements import cycles
from milepost.requirements.as_of import Stood, stood
from milepost.requirements.cycles import State
from milepost.requirements.forms import DayForm, ExemptionForm, RequirementForm
from milepost.requirements.models import LABELS, Exemption, Requirement, Standing
from milepost.requirements.permissions import MANAGE_REQUIREMENTS, SEE_COMPLIANCE
from milepost.requirements.previewing import preview
from milepost.requirements.queries import (
    MOST_COLUMNS,
    Compliance,
    as_of_rows,
    broken,
    cells,
    compliance_of,
    counted,
    matrix_rows,
    needs,
    requirement_rows,
    standings_of,
)
from milepost.requirements.setting import (
    change_requirement,
    end_exemption,
    end_requirement,
    exempt,
    resume_requirement,
    set_requirement,
)
from milepost.requirements.standing import cases_of

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def _reached(request: OrganisationRequest) -> MemberQuerySet | None:
    """Those of whom the member sees how they stand; None for everybody, which costs nothing to say."""
    if sees_everybody(request.member, SEE_COMPLIANCE):
        return None
    return visible(request.member, SEE_COMPLIANCE)


def _requirement(request: OrganisationRequest, uid: UUID) -> Requirement:
    rows = Requirement.objects.filter(organisation=request.organisation)
    requirement: Requirement = get_object_or_404(rows.select_related("organisation", "course", "audience"), uid=uid)
    return requirement


@require_GET
@requires(SEE_COMPLIANCE)
def requirements(request: OrganisationRequest) -> HttpResponse:
    """What needs whom, and each requirement with how people stand."""
    reached = _reached(request)
    numbers = compliance_of(request.organisation, reached)
    every = list(
        Requirement.objects.filter(organisation=request.organisation)
        .select_related("course", "audience")
        .order_by("name")
    )
    alarms = broken(every)
    rows = [
        {"requirement": one, "numbers": numbers.get(one.pk, Compliance()), "alarm": alarms.get(one.pk)}
        for one in every
        if not one.has_ended
    ]
    rows.sort(key=lambda row: -row["numbers"].overdue)  # type: ignore[union-attr]
    context = {
        "rows": rows,
        "ended": [one for one in every if one.has_ended],
        "needs": needs(request.organisation, reached),
        "can": Abilities(request.member),
    }
    return render(request, "requirements/requirements.html", context)


@require_http_methods(["GET", "POST"])
@requires(MANAGE_REQUIREMENTS)
def new_requirement(request: OrganisationRequest) -> HttpResponseBase:
    """Say what is asked, look what it would mean, and set it."""
    form = RequirementForm(request.POST or None, organisation=request.organisation)
    seen = None
    if request.method == "POST" and form.is_valid():
        try:
            if "set" in request.POST:
                key = once.key_of(request.POST)
                made = set_requirement(
                    organisation=request.organisation, asked=form.asked(), by=request.member, key=key
                )
                messages.success(request, _("“%(name)s” holds. Who must is enrolled within a minute.") % {"name": made})
                return redirect("requirement", request.organisation.slug, made.uid)
            seen = preview(organisation=request.organisation, asked=form.asked())
        except Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
    context = {"form": form, "preview": seen}
    return render(request, "requirements/form.html", context)


@require_http_methods(["GET", "POST"])
@requires(MANAGE_REQUIREMENTS)
def change(request: OrganisationRequest, uid: UUID) -> HttpResponseBase:
    """Have it ask something else, after a look at what that would mean."""
    requirement = _requirement(request, uid)
    form = RequirementForm(request.POST or None, organisation=request.organisation, requirement=requirement)
    seen = None
    if request.method == "POST" and form.is_valid():
        try:
            if "set" in request.POST:
                change_requirement(requirement=requirement, asked=form.asked(), by=request.member)
                messages.success(request, _("Saved."))
                return redirect("requirement", request.organisation.slug, requirement.uid)
            seen = preview(organisation=request.organisation, asked=form.asked(), requirement=requirement)
        except Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
    context = {"form": form, "preview": seen, "requirement": requirement}
    return render(request, "requirements/form.html", context)


@require_http_methods(["GET", "POST"])
@requires(SEE_COMPLIANCE)
def requirement(request: OrganisationRequest, uid: UUID) -> HttpResponseBase:
    """How people stand under one requirement; ending it, and resuming it."""
    shown = _requirement(request, uid)
    can = Abilities(request.member)
    if request.method == "POST":
        if not can["manage_requirements"]:
            raise Http404
        with as_message(request):
            if "end" in request.POST:
                end_requirement(requirement=shown, by=request.member)
                messages.success(request, _("“%(name)s” is asked of nobody any more.") % {"name": shown})
            elif "resume" in request.POST:
                resume_requirement(requirement=shown, by=request.member)
                messages.success(request, _("“%(name)s” holds again.") % {"name": shown})
        return redirect("requirement", request.organisation.slug, shown.uid)
    chosen = PeopleFilter(request.member, SEE_COMPLIANCE, request.GET)
    state = request.GET.get("state", "")
    rows = standings_of(shown, members=_members(chosen), state=state)
    context = {
        "requirement": shown,
        "numbers": compliance_of(request.organisation, _reached(request), requirement=shown).get(
            shown.pk, Compliance()
        ),
        "page": page_of(request, rows),
        "chosen": chosen,
        "state": state,
        "states": [(str(one), label) for one, label in LABELS.items()],
        "alarm": broken([shown]).get(shown.pk),
        "query": request.GET.urlencode(),
        "can": can,
    }
    return render(request, "requirements/requirement.html", context)


@require_http_methods(["GET", "POST"])  # the page that asks who it is posts to its own address
@requires(SEE_COMPLIANCE)
@confirmed_if(reading=True)
def requirement_file(request: OrganisationRequest, uid: UUID, form: str) -> HttpResponseBase:
    """How the people whom the filters leave stand under one requirement, as CSV or as a workbook."""
    shown = _requirement(request, uid)
    chosen = PeopleFilter(request.member, SEE_COMPLIANCE, request.GET)
    rows = standings_of(shown, members=_members(chosen), state=request.GET.get("state", ""))
    return _file(requirement_rows(rows), "requirement", form)


@require_GET
@requires(SEE_COMPLIANCE)
def as_of(request: OrganisationRequest, uid: UUID) -> HttpResponse:
    """How everybody stood at the end of a day, from the facts that the journal had by then."""
    shown = _requirement(request, uid)
    form = DayForm(request.GET or None)
    rows = _stood(request, shown, form.cleaned_data["day"]) if form.is_valid() else []
    context = {
        "requirement": shown,
        "form": form,
        "is_asked": form.is_bound and form.is_valid(),
        "numbers": counted([one.standing for one in rows]),
        "page": page_of(request, rows),
        "query": request.GET.urlencode(),
    }
    return render(request, "requirements/as_of.html", context)


@require_http_methods(["GET", "POST"])  # the page that asks who it is posts to its own address
@requires(SEE_COMPLIANCE)
@confirmed_if(reading=True)
def as_of_file(request: OrganisationRequest, uid: UUID, form: str) -> HttpResponseBase:
    """The same, as CSV or as a workbook."""
    shown, asked = _requirement(request, uid), DayForm(request.GET)
    if not asked.is_valid():
        raise Http404
    return _file(as_of_rows(_stood(request, shown, asked.cleaned_data["day"])), "as-of", form)


def _stood(request: OrganisationRequest, shown: Requirement, day: date) -> list[Stood]:
    """Those whom the member may see, as they stood."""
    rows = stood(shown, day)
    reached = _reached(request)
    if reached is None:
        return rows
    seen = {str(uid) for uid in reached.values_list("uid", flat=True)}
    return [one for one in rows if one.uid in seen]


@require_http_methods(["GET", "POST"])
@requires(SEE_COMPLIANCE)
def person(request: OrganisationRequest, uid: UUID, member: UUID) -> HttpResponseBase:
    """One person under one requirement: each time that it was, is and will be due; exempting them, and ending that."""
    shown = _requirement(request, uid)
    who = get_object_or_404(visible(request.member, SEE_COMPLIANCE), uid=member)
    can = Abilities(request.member)
    form = ExemptionForm(request.POST if "exempt" in request.POST else None)
    if request.method == "POST":
        if not can["manage_requirements"]:
            raise Http404
        if "end_exemption" in request.POST or form.is_valid():
            with as_message(request):
                messages.success(request, _decide(request, shown, who, form))
            return redirect("requirement_person", request.organisation.slug, shown.uid, who.uid)
    today = clock.today(request.organisation.time_zone)
    case = cases_of(shown, members=[who.pk]).get(who.pk)
    standing = cycles.standing(shown.cycle, case, today) if case else None
    context = {
        "requirement": shown,
        "person": who,
        "case": case,
        "standing": standing,
        "label": LABELS[standing.state] if standing else "",
        "duties": list(cycles.duties(shown.cycle, case, today)) if case else [],
        "exemptions": Exemption.objects.filter(requirement=shown, member=who)
        .select_related("decided_by")
        .order_by("-pk"),
        "is_exempt": standing is not None and standing.state is State.EXEMPT,
        "form": form,
        "can": can,
        "today": today,
    }
    return render(request, "requirements/person.html", context)


def _decide(request: OrganisationRequest, shown: Requirement, who: Member, form: ExemptionForm) -> str:
    """Exempt the person, or end that; what is to be said of it."""
    if "end_exemption" in request.POST:
        rows = Exemption.objects.filter(requirement=shown, member=who)
        end_exemption(exemption=get_object_or_404(rows, uid=uuid_of(request.POST, "end_exemption")), by=request.member)
        return _("From tomorrow on, %(person)s is asked again.") % {"person": who}
    exempt(
        requirement=shown,
        member=who,
        reason=form.cleaned_data["reason"],
        ends=form.cleaned_data["ends"],
        by=request.member,
    )
    return _("%(person)s is exempt.") % {"person": who}


@require_GET
@requires(SEE_COMPLIANCE)
def matrix(request: OrganisationRequest) -> HttpResponse:
    """People by requirements."""
    chosen = PeopleFilter(request.member, SEE_COMPLIANCE, request.GET)
    asked = _columns(request)
    page = page_of(request, _people(chosen))
    standing = cells(list(page.object_list), asked)
    context = {
        "chosen": chosen,
        "requirements": asked,
        "page": page,
        "rows": [(member, standing[member.pk]) for member in page.object_list],
        "query": request.GET.urlencode(),
    }
    return render(request, "requirements/matrix.html", context)


@require_http_methods(["GET", "POST"])  # the page that asks who it is posts to its own address
@requires(SEE_COMPLIANCE)
@confirmed_if(reading=True)
def matrix_file(request: OrganisationRequest, form: str) -> HttpResponseBase:
    """People by requirements, those whom the filters leave, as CSV or as a workbook."""
    chosen = PeopleFilter(request.member, SEE_COMPLIANCE, request.GET)
    return _file(matrix_rows(_people(chosen), _columns(request)), "compliance", form)


def _columns(request: OrganisationRequest) -> list[Requirement]:
    return list(Requirement.objects.current().filter(organisation=request.organisation).order_by("name")[:MOST_COLUMNS])


def _people(chosen: PeopleFilter) -> MemberQuerySet:
    """Whom the filters leave, of those of whom anything is asked, by name."""
    asked = Standing.objects.filter(organisation=chosen.organisation, requirement__ended_at=None)
    people = chosen.members().filter(pk__in=asked.values("member"))
    return people.select_related("site").order_by("family_name", "given_name", "pk")


def _members(chosen: PeopleFilter) -> MemberQuerySet | None:
    """Whom the filters leave; None where that is everybody."""
    return None if chosen.sees_everybody and not chosen.is_narrow else chosen.members()


def _file(rows: Iterator[list[Any]], name: str, form: str) -> HttpResponseBase:
    if form not in ("csv", "xlsx"):
        raise Http404
    if form == "xlsx":
        return FileResponse(as_workbook(rows), as_attachment=True, filename=f"{name}.xlsx", content_type=XLSX)
    response = StreamingHttpResponse(as_csv(rows), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response
