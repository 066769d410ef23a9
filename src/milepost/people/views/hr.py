"""Pages for HR and whoever looks after people: the list, a person, invitations, the HR file."""

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from milepost.core import clock, once
from milepost.core.paging import page_of
from milepost.core.queries import text_of, uuid_of
from milepost.core.refusals import Refused, add_to_form, as_message
from milepost.core.table_files import as_csv
from milepost.core.tables import MAX_COLUMNS
from milepost.design.offers import offer_undo
from milepost.journal.models import Entry
from milepost.journal.queries import timeline
from milepost.people import editing, import_drafts, second_factor
from milepost.people.access import OrganisationRequest, requires
from milepost.people.confirming import confirmed, confirmed_if
from milepost.people.filters import Chosen, PeopleFilter
from milepost.people.forms import GrantForm, LeavingForm, PersonForm, UploadPeopleForm
from milepost.people.headings import FIELDS
from milepost.people.import_changes import Change, Question
from milepost.people.import_places import DEPARTMENT, SITE
from milepost.people.import_plan import SHOWN_PROBLEMS, ImportRefused, Plan, changes_in_words
from milepost.people.import_words import as_table, differences_of
from milepost.people.inviting import invite_in_bulk
from milepost.people.models import FactorReset, Member, MemberQuerySet, PeopleImport
from milepost.people.permissions import (
    IMPORT_PEOPLE,
    MANAGE_PEOPLE,
    MANAGE_ROLES,
    SEE_PEOPLE,
    Abilities,
    may,
    sees_everybody,
    visible,
)
from milepost.people.queries import as_held, scopes_to_give
from milepost.people.sections import sections_of
from milepost.people.sessions import end_of_person
from milepost.people.undoing import undoable_by
from milepost.people.views.office import after_act

SHOWN_CHANGES = 50
SHOWN_PLACES = 100
SHOWN_QUESTIONS = 200  # controls, of which a form sends a thousand; the next come as these are answered
KNOWN = 500  # names that a field offers at most
ANSWER = "answer:"  # before the key of a question, as the name of its control


@require_GET
@requires(SEE_PEOPLE)
def people(request: OrganisationRequest) -> HttpResponse:
    """Everybody within one's scope, found by name, site, department, seniority and role."""
    chosen = PeopleFilter(request.member, SEE_PEOPLE, request.GET)
    members = chosen.members().select_related("site", "department").with_roles()
    context = {
        "chosen": chosen,
        "page": page_of(request, members),
        "total": chosen.reach.active().count(),
        "new": Chosen.of(_to_invite(request, request.GET) if chosen.status == "active" else Member.objects.none()),
    }
    return render(request, "people/people.html", context)


def _to_invite(request: OrganisationRequest, query: QueryDict) -> MemberQuerySet:
    """Whom an invitation of everybody whom these filters show goes to: who has an address and has not joined."""
    if not may(request.member, MANAGE_PEOPLE):
        return Member.objects.none()
    chosen = PeopleFilter(request.member, MANAGE_PEOPLE, query)
    return chosen.members().filter(user=None, declined_at=None).exclude(email=None)


def person_for(request: OrganisationRequest, member: str) -> Member:
    """The person, within the scope of whoever looks; 404 beyond it."""
    members = visible(request.member, SEE_PEOPLE).with_roles()
    return get_object_or_404(
        members.select_related("organisation", "site", "department", "manager", "user"), uid=member
    )


@require_GET
@requires(SEE_PEOPLE)
def person(request: OrganisationRequest, member: str) -> HttpResponse:
    """One person: who they are, what they do, their roles, and what happened."""
    return person_page(request, person_for(request, member))


def person_page(request: OrganisationRequest, person: Member, form: GrantForm | None = None) -> HttpResponse:
    """The person's page; with the `form` of a role that could not be given, what was wrong with it."""
    team = visible(request.member, SEE_PEOPLE).active().filter(manager=person)
    context = {
        "person": person,
        "can": Abilities(request.member, person),
        "sections": sections_of(person),
        "team": team.order_by("family_name", "given_name")[:12],
        "team_size": team.count(),
        "entries": _history(request, person)[:12],
        "leaving": LeavingForm(initial={"left_on": clock.today(request.organisation.time_zone)}),
        "held": as_held(person.grants),
    }
    if may(request.member, MANAGE_ROLES, person):
        context["may_reset"] = second_factor.has_one(person.user_id) and second_factor.may_reset(request.member, person)
        context["reset"] = FactorReset.objects.filter(user=person.user_id).first() if context["may_reset"] else None
        context |= {"form": form or GrantForm(), "names": scopes_to_give(request.member)}
    return render(request, "people/person.html", context, status=400 if form else 200)


def _history(request: OrganisationRequest, person: Member) -> QuerySet[Entry]:
    """What happened to the person and what they did; in an office only for whoever sees everybody whom that concerned."""
    in_office = sees_everybody(request.member, SEE_PEOPLE)
    return timeline(request.organisation.pk, str(person.uid), in_office=in_office)


@require_GET
@requires(SEE_PEOPLE)
def history(request: OrganisationRequest, member: str) -> HttpResponse:
    """Everything in the journal about one person."""
    person = person_for(request, member)
    page = page_of(request, _history(request, person))
    return render(request, "people/history.html", {"person": person, "page": page})


@require_POST
@requires(MANAGE_PEOPLE)
@confirmed
def signing_out(request: OrganisationRequest, member: str) -> HttpResponseBase:
    """End all sessions of somebody whose computer or telephone was lost."""
    people = visible(request.member, MANAGE_PEOPLE).select_related("organisation", "user")
    person = get_object_or_404(people, uid=member)
    with as_message(request):
        end_of_person(member=person, by=request.member)
        messages.success(request, _("%(person)s is signed out everywhere.") % {"person": person})
    return redirect("person", request.organisation.slug, person.uid)


@require_POST
@requires(MANAGE_PEOPLE)
def invitations(request: OrganisationRequest) -> HttpResponseBase:
    """Invite one person, or everybody whom the filters show and who has not joined."""
    if "member" in request.POST:
        uid = uuid_of(request.POST, "member")
        person = get_object_or_404(visible(request.member, MANAGE_PEOPLE), uid=uid)
        members, then = Member.objects.filter(pk=person.pk), reverse("person", args=[request.organisation.slug, uid])
    else:
        PeopleFilter(request.member, MANAGE_PEOPLE, request.POST).shown()
        members, then = _to_invite(request, request.POST), reverse("people", args=[request.organisation.slug])
    return after_act(
        request,
        invite_in_bulk(members=members, by=request.member, key=once.key_of(request.POST)),
        done=lambda count: ngettext(
            "An invitation is on its way to %(count)d person.",
            "Invitations are on their way to %(count)d people.",
            count,
        ),
        nobody=_("Nobody to invite: they have joined already, or have no address."),
        then=then,
    )


# --- One record -------------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@requires(IMPORT_PEOPLE)
@confirmed
def new_person(request: OrganisationRequest) -> HttpResponseBase:
    """Add one person."""
    form = PersonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = editing.add_person(organisation=request.organisation, said=form.said, by=request.member)
        except ImportRefused as refused:
            form.refuse(refused)
        except Refused as refused:
            add_to_form(refused, form)
        else:
            messages.success(request, _("%(person)s was added.") % {"person": made.full_name})
            return redirect("person", request.organisation.slug, made.uid)
    return _record_page(request, form, None)


@require_http_methods(["GET", "POST"])
@requires(IMPORT_PEOPLE)
@confirmed
def person_record(request: OrganisationRequest, member: str) -> HttpResponseBase:
    """Change what is known of one person."""
    people = visible(request.member, IMPORT_PEOPLE).select_related("organisation", "site", "department", "manager")
    person = get_object_or_404(people, uid=member)
    form = PersonForm(request.POST or None, person=person)
    if request.method == "POST" and form.is_valid():
        try:
            editing.change_person(member=person, said=form.said, by=request.member)
        except ImportRefused as refused:
            form.refuse(refused)
        except Refused as refused:
            add_to_form(refused, form)
        else:
            messages.success(request, _("Saved."))
            return redirect("person", request.organisation.slug, person.uid)
    return _record_page(request, form, person)


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


# --- The HR file ------------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@requires(IMPORT_PEOPLE)
def new_import(request: OrganisationRequest) -> HttpResponseBase:
    """Upload an HR file; nothing is imported yet."""
    form = UploadPeopleForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            draft = import_drafts.upload(content=file.read(), name=file.name, by=request.member)
        except Refused as refused:
            add_to_form(refused, form, field="file")
        else:
            return redirect("people_import", request.organisation.slug, draft.uid)
    return render(request, "people/new_import.html", {"form": form, "fields": FIELDS})


def _is_last_step(request: HttpRequest) -> bool:
    return "apply" in request.POST


@require_http_methods(["GET", "POST"])
@requires(IMPORT_PEOPLE)
@confirmed_if(_is_last_step)
def people_import(request: OrganisationRequest, draft: str) -> HttpResponseBase:
    """See what an import would do, correct the columns, and do it."""
    open_or_begun = PeopleImport.objects.filter(Q(applied_at=None) | Q(begun_at__isnull=False))
    upload = get_object_or_404(open_or_begun, organisation=request.organisation, uid=draft)
    if upload.begun_at:
        changes = changes_in_words(upload.outcome) if upload.outcome else ""
        has_act = undoable_by(request.member).filter(uid=upload.uid).exists()
        return render(request, "people/importing.html", {"draft": upload, "changes": changes, "has_act": has_act})
    if request.method == "POST":
        columns = {at: name for at in range(MAX_COLUMNS) if (name := request.POST.get(f"column-{at}"))}
        posted = {key.removeprefix(ANSWER): request.POST[key] for key in request.POST if key.startswith(ANSWER)}
        answers = {key: answer for key, answer in (upload.answers | posted).items() if answer}
        is_complete = "is_complete" in request.POST
        import_drafts.choose(draft=upload, columns=columns, is_complete=is_complete, answers=answers)
    if request.method == "POST" and "apply" in request.POST:
        seen, typed = text_of(request.POST, "seen"), text_of(request.POST, "leavers").strip()
        leavers = int(typed) if typed.isdecimal() and len(typed) < 8 else None
        do = import_drafts.begin if len(upload.table.rows) > import_drafts.LARGE else import_drafts.finish
        try:
            counts = do(draft=upload, seen=seen, by=request.member, leavers=leavers)
            if counts is None:
                return redirect("people_import", request.organisation.slug, upload.uid)
        except import_drafts.UploadOver:
            raise
        except ImportRefused as refused:  # what the file would do now is shown below the reason
            messages.error(request, str(refused))
        else:
            words = _("Done: %(changes)s.") % {"changes": changes_in_words(counts)}
            count = sum(counts[name] for name in ("new", "changed", "back", "gone"))
            undo = reverse("undo", args=[request.organisation.slug, upload.uid])
            offer_undo(request, words, url=undo, count=count)
            return redirect("people", request.organisation.slug)
    plan = import_drafts.plan_of(upload, by=request.member)
    return render(request, "people/import.html", _import_context(upload, plan))


def _import_context(draft: PeopleImport, plan: Plan) -> dict[str, Any]:
    by_index = {index: name for name, index in plan.mapping.items()}
    columns = [
        {
            "name": f"column-{index}",
            "heading": heading,
            "field": by_index.get(index, ""),
            "sample": _sample(plan, index),
        }
        for index, heading in enumerate(plan.table.header)
    ]
    return {
        "draft": draft,
        "plan": plan,
        "columns": columns,
        "fields": FIELDS,
        "problems": plan.problems[:SHOWN_PROBLEMS],
        "questions": _questions_of(plan),
        "new": plan.new[:SHOWN_CHANGES],
        "changed": _with_differences(plan.changed),
        "back": _with_differences(plan.back),
        "freed": _with_differences(plan.freed),
        "gone": plan.gone[:SHOWN_CHANGES],
        "staying": plan.staying[:SHOWN_CHANGES],
        "others": {
            name: max(0, len(getattr(plan, name)) - SHOWN_CHANGES)
            for name in ("new", "changed", "back", "gone", "staying")
        },
        "sites": _places_of(plan, SITE),
        "departments": _places_of(plan, DEPARTMENT),
        "total": len(plan.table.rows),
    }


def _with_differences(changes: Sequence[Change]) -> list[dict[str, Any]]:
    return [{"change": change, "differences": differences_of(change)} for change in changes[:SHOWN_CHANGES]]


def _questions_of(plan: Plan) -> list[Question]:
    """The questions that are asked at once; of more than a page holds, those that nobody answered first."""
    if len(plan.questions) <= SHOWN_QUESTIONS:
        return plan.questions
    return sorted(plan.questions, key=lambda question: bool(question.answer))[:SHOWN_QUESTIONS]


def _places_of(plan: Plan, kind: str) -> dict[str, Any]:
    """The new sites or departments, and those that may be meant instead, if there are not more than anybody chooses from."""
    new = [place for place in plan.places if place.kind == kind]
    return {
        "new": new[:SHOWN_PLACES],
        "known": plan.known[kind] if new else [],
        "others": max(0, len(new) - SHOWN_PLACES),
    }


@require_http_methods(["GET", "POST"])  # the page that asks who it is posts to its own address
@requires(IMPORT_PEOPLE)
@confirmed_if(reading=True)
def people_import_changes(request: OrganisationRequest, draft: str) -> HttpResponseBase:
    """All that an import would do, as CSV: each field of each person, before and after."""
    waiting = PeopleImport.objects.filter(applied_at=None, begun_at=None)
    upload = get_object_or_404(waiting, organisation=request.organisation, uid=draft)
    plan = import_drafts.plan_of(upload, by=request.member)
    response = StreamingHttpResponse(as_csv(as_table(plan)), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="changes.csv"'
    return response


def _sample(plan: Plan, index: int) -> str:
    return next((row[index] for row in plan.table.rows[:50] if row[index]), "")
