"""Pages of whoever answers for training: declarations of a year, and what actions say for them."""

from django.contrib import messages
from django.db.models import F
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from milepost.core import clock
from milepost.core.http import blob_download
from milepost.core.paging import page_of
from milepost.core.queries import text_of
from milepost.core.refusals import Refused, add_to_form
from milepost.declarations import drawing_up, proving
from milepost.declarations.declaring import declarations as known
from milepost.declarations.describing import describe, describe_trainee
from milepost.declarations.forms import DescribedForm, TraineeForm
from milepost.declarations.models import Described, Draft, Trainee
from milepost.declarations.permissions import DECLARE
from milepost.declarations.problems import problems_of
from milepost.evidence.models import TrainingAction
from milepost.evidence.permissions import SEE_EVIDENCE
from milepost.journal.models import Entry
from milepost.people.access import OrganisationRequest, requires
from milepost.people.confirming import confirmed_if
from milepost.people.permissions import may

FIRST_YEAR = 2019  # the reform from which on the form has its frames
SHOWN = 20


@require_GET
@requires(DECLARE)
def declarations(request: OrganisationRequest) -> HttpResponse:
    """Every declaration, for the year that is chosen, with how far it is."""
    years = _years(request)
    year = _year(request, years)
    drafts = {row.name: row for row in Draft.objects.filter(organisation=request.organisation, year=year)}
    rows = [(declaration, drafts.get(declaration.name)) for declaration in known.all()]
    return render(
        request, "declarations/declarations.html", {"rows": rows, "years": [(one, one) for one in years], "year": year}
    )


@require_http_methods(["GET", "POST"])
@requires(DECLARE)
def declaration(request: OrganisationRequest, declaration: str, year: int) -> HttpResponseBase:
    """One declaration of a year: by which rules, its figures, what is missing, what left. A POST has it drawn up."""
    years = _years(request)
    name = declaration
    if name not in known or year not in years:
        raise Http404
    if request.method == "POST":
        drawing_up.draw_up(organisation=request.organisation, name=name, year=year, by=request.member)
        messages.success(request, _("It is being drawn up; it appears here."))
        return redirect("declaration", request.organisation.slug, name, year)
    chosen = known.get(name)
    draft = Draft.objects.filter(organisation=request.organisation, name=name, year=year).first()
    exported = drawing_up.reference_of(chosen, year)
    entries = Entry.objects.filter(organisation_id=request.organisation.pk, object_id=exported.id)
    context = {
        "declaration": chosen,
        "period": type(chosen).period_of(request.organisation, year),
        "years": years,
        "year": year,
        "draft": draft,
        "problems": problems_of(request.organisation, draft.problems) if draft else [],
        "entries": entries.order_by("-id")[:SHOWN],
    }
    return render(request, "declarations/declaration.html", context)


@require_http_methods(["GET", "POST"])  # the page that asks who it is posts to its own address
@requires(DECLARE)
@confirmed_if(reading=True)
def declaration_file(request: OrganisationRequest, declaration: str, year: int, form: str) -> HttpResponseBase:
    """The file of a declaration that is drawn up."""
    if form not in ("csv", "xlsx") or declaration not in known:
        raise Http404
    rows = Draft.objects.select_related("organisation")
    draft = get_object_or_404(rows, organisation=request.organisation, name=declaration, year=year)
    digest = drawing_up.take_along(draft=draft, form=form, by=request.member)
    return blob_download(request.organisation.uid, digest, name=drawing_up.file_name(draft, form))


def _years(request: OrganisationRequest) -> list[int]:
    """Those that can be chosen, the newest first; an accounting year may end in the next."""
    return list(range(clock.today(request.organisation.time_zone).year + 1, FIRST_YEAR - 1, -1))


def _year(request: OrganisationRequest, years: list[int]) -> int:
    text = text_of(request.GET, "year", limit=4)
    today = clock.today(request.organisation.time_zone)
    return int(text) if text.isascii() and text.isdigit() and int(text) in years else today.year


# --- What actions say -------------------------------------------------------------------------------------


def _action(request: OrganisationRequest, uid: str) -> TrainingAction:
    rows = TrainingAction.objects.select_related("organisation", "course")
    return get_object_or_404(rows, organisation=request.organisation, uid=uid, let_go_at=None)


@require_http_methods(["GET", "POST"])
@requires(DECLARE)
def action_described(request: OrganisationRequest, action: str) -> HttpResponseBase:
    """Say of an action what declarations ask."""
    training_action = _action(request, action)
    form = DescribedForm(Described.objects.filter(action=training_action).first(), request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            describe(action=training_action, said=form.said, by=request.member)
        except Refused as refused:
            add_to_form(refused, form)
        else:
            messages.success(request, _("Saved. What is proven is being counted."))
            return redirect("action", request.organisation.slug, training_action.uid)
    context = {"action": training_action, "form": form}
    return render(request, "declarations/described.html", context, status=400 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@requires(DECLARE)
def trainee_described(request: OrganisationRequest, action: str, person: str) -> HttpResponseBase:
    """Say of one person in an action what they are."""
    training_action = _action(request, action)
    member = get_object_or_404(training_action.members, uid=person)
    row = Trainee.objects.filter(action=training_action, member=member).first()
    form = TraineeForm(row, request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        describe_trainee(
            action=training_action,
            member=member,
            by=request.member,
            category=given["category"],
            cpf_number=given["cpf_number"],
        )
        messages.success(request, _("Saved."))
        return redirect("action_euros", request.organisation.slug, training_action.uid)
    context = {"action": training_action, "person": member, "form": form}
    return render(request, "declarations/trainee.html", context, status=400 if form.errors else 200)


# --- Euros at risk ----------------------------------------------------------------------------------------


@require_GET
@requires(SEE_EVIDENCE)
def euros(request: OrganisationRequest) -> HttpResponse:
    """Every action that was invoiced, what is least proven first."""
    rows = Described.objects.filter(organisation=request.organisation, action__let_go_at=None, invoiced__isnull=False)
    page = page_of(request, rows.select_related("action").order_by("-at_risk", "pk"))
    context = {"page": page, "sums": proving.at_risk_of(request.organisation)}
    return render(request, "declarations/euros.html", context)


@require_GET
@requires(SEE_EVIDENCE)
def action_euros(request: OrganisationRequest, action: str) -> HttpResponse:
    """Whose hours of one action are not proven, and why: those who lack most first."""
    training_action = _action(request, action)
    described = Described.objects.filter(action=training_action).first()
    rows = Trainee.objects.filter(action=training_action, member__in=training_action.members.values("pk"))
    page = page_of(request, rows.select_related("member").order_by(F("unproven_minutes").desc(), "pk"))
    if described is not None:
        described.action = training_action
    open_rows = [row for row in page if row.unproven_minutes]
    why = proving.reasons(training_action, open_rows) if open_rows else {}
    lines = [(row, why.get(row.member_id, []), _price(described, row)) for row in page]
    context = {
        "action": training_action,
        "described": described,
        "page": page,
        "lines": lines,
        "may_declare": may(request.member, DECLARE),
    }
    return render(request, "declarations/action_euros.html", context)


def _price(described: Described | None, row: Trainee) -> int:
    return described.price_of(row.unproven_minutes) if described else 0
