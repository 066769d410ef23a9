"""Pages for HR that import the HR file: uploading, looking at what it would do, doing it."""

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from milepost.core.queries import text_of
from milepost.core.refusals import Refused, add_to_form
from milepost.core.table_files import as_csv
from milepost.core.tables import MAX_COLUMNS
from milepost.design.offers import offer_undo
from milepost.people import import_drafts
from milepost.people.access import OrganisationRequest, requires
from milepost.people.confirming import confirmed_if
from milepost.people.forms import UploadPeopleForm
from milepost.people.headings import FIELDS
from milepost.people.import_changes import Change, Question
from milepost.people.import_places import DEPARTMENT, SITE
from milepost.people.import_plan import SHOWN_PROBLEMS, ImportRefused, Plan, changes_in_words
from milepost.people.import_words import as_table, differences_of
from milepost.people.models import PeopleImport
from milepost.people.permissions import IMPORT_PEOPLE
from milepost.people.undoing import undoable_by

SHOWN_CHANGES = 50
SHOWN_PLACES = 100
SHOWN_QUESTIONS = 200  # controls, of which a form sends a thousand; the next come as these are answered
ANSWER = "answer:"  # before the key of a question, as the name of its control


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
