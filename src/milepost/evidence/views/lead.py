"""Pages of evidence: how ready everything is, one action with what is left to do, its dossiers."""

from typing import Any

from django.contrib import messages
from django.db.models import Count, Sum
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from milepost.core import clock, once
from milepost.core.http import blob_download
from milepost.core.paging import page_of
from milepost.core.queries import text_of, uuid_of
from milepost.core.refusals import Refused, add_to_form, as_message
from milepost.core.sent_files import sent_file
from milepost.evidence import retention
from milepost.evidence.actions import ActionPlan, add_piece, open_action
from milepost.evidence.auditing import Invitation, end_audit, invite_auditor, link_of
from milepost.evidence.contributions import entry_numbers, named, scope_of, story
from milepost.evidence.describing import describe_action
from milepost.evidence.dossiers import ask_for
from milepost.evidence.forms import ActionForm, AuditForm, DetailsForm
from milepost.evidence.models import Audit, Dossier, TrainingAction
from milepost.evidence.panels import panels_of
from milepost.evidence.permissions import MANAGE_EVIDENCE, SEE_EVIDENCE
from milepost.evidence.readiness import readiness_of
from milepost.evidence.standings import standings
from milepost.journal.models import Entry
from milepost.people.access import OrganisationRequest, requires
from milepost.people.confirming import confirmed, confirmed_if
from milepost.people.models import Member
from milepost.people.permissions import may

MAX_FILE = 50 * 1024 * 1024
SHOWN = 100


@require_GET
@requires(SEE_EVIDENCE)
def actions(request: OrganisationRequest) -> HttpResponse:
    """Every action with its number, the least ready first."""
    rows = TrainingAction.objects.filter(organisation=request.organisation, let_go_at=None)
    text = text_of(request.GET, "q")
    numbers = rows.aggregate(sum=Sum("readiness"))
    count = rows.count()
    shown = rows.filter(title__icontains=text) if text else rows
    context = {
        "page": page_of(request, shown.order_by("readiness", "-starts_on", "pk")),
        "text": text,
        "count": count,
        "percent": (numbers["sum"] or 0) // count if count else None,
        "open": rows.filter(readiness__lt=100).count(),
    }
    return render(request, "evidence/actions.html", context)


@require_http_methods(["GET", "POST"])
@requires(MANAGE_EVIDENCE)
def new_action(request: OrganisationRequest) -> HttpResponseBase:
    """Say what belongs together."""
    form = ActionForm(request.organisation, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = _open(request, form)
        except Refused as refused:
            add_to_form(refused, form)
        else:
            messages.success(request, _("Made. This is what is left to do."))
            return redirect("action", request.organisation.slug, made.uid)
    return render(request, "evidence/new.html", {"form": form}, status=400 if form.errors else 200)


def _open(request: OrganisationRequest, form: ActionForm) -> TrainingAction:
    given = form.cleaned_data
    names = (*ActionForm.Meta.fields, "sessions", "takes_course")
    plan = ActionPlan(minutes=int(given["hours"] * 60), **{name: given[name] for name in names})
    return open_action(organisation=request.organisation, plan=plan, by=request.member, key=once.key_of(request.POST))


def _action(request: OrganisationRequest, uid: str) -> TrainingAction:
    rows = TrainingAction.objects.select_related("organisation", "course")
    return get_object_or_404(rows, organisation=request.organisation, uid=uid)


def _person(request: OrganisationRequest, action: TrainingAction) -> Member | None:
    """The person in the action whom the form names, if it names one."""
    uid = uuid_of(request.POST, "person")
    return get_object_or_404(action.members, uid=uid) if uid else None


def _page_of(request: OrganisationRequest, action: TrainingAction, member: Member | None) -> HttpResponseBase:
    if member:
        return redirect("action_person", request.organisation.slug, action.uid, member.uid)
    return redirect("action", request.organisation.slug, action.uid)


@require_GET
@requires(SEE_EVIDENCE)
def action(request: OrganisationRequest, action: str) -> HttpResponse:
    """One action: what is there, what is missing, who must act, and the one tap that asks them."""
    training_action = _action(request, action)
    context = {
        "action": training_action,
        "readiness": readiness_of(training_action),
        "remedies": named("remedies"),
        "may_manage": may(request.member, MANAGE_EVIDENCE),
        "people": training_action.members.count(),
        "dossiers": training_action.dossiers.filter(member=None)[:5],
        "entries": story(scope_of(training_action))[:30],
        "panels": panels_of(training_action, request.member),
    }
    return render(request, "evidence/action.html", context)


@require_http_methods(["GET", "POST"])
@requires(MANAGE_EVIDENCE)
def action_details(request: OrganisationRequest, action: str) -> HttpResponseBase:
    """What the action says of itself: the other party, the help that is offered, the last payment."""
    training_action = _action(request, action)
    title = training_action.title
    form = DetailsForm(request.POST or None, instance=training_action)
    if request.method == "POST" and form.is_valid():
        describe_action(action=training_action, says=form.cleaned_data, by=request.member)
        messages.success(request, _("Saved. Papers that are written from now on say so."))
        return redirect("action", request.organisation.slug, training_action.uid)
    context = {"form": form, "action": training_action, "title": title}
    return render(request, "evidence/details.html", context, status=400 if form.errors else 200)


def _stays_done(request: HttpRequest) -> bool:
    """What the tap does can't be taken back."""
    chosen = named("remedies").get(request.POST.get("remedy", ""))
    return chosen is not None and chosen.is_irrevocable


@require_POST
@requires(MANAGE_EVIDENCE)
@confirmed_if(_stays_done)
def remedy(request: OrganisationRequest, action: str) -> HttpResponseBase:
    """The one tap: do what a room offers for what is missing, like reminding those who have not signed."""
    training_action = _action(request, action)
    member = _person(request, training_action)
    chosen = named("remedies").get(request.POST.get("remedy", ""))
    target = text_of(request.POST, "target", limit=60)
    mended = chosen.mend(scope_of(training_action, member), target, request.member) if chosen else None
    if mended is None:
        raise Http404
    messages.success(request, mended.words)
    return redirect(mended.link) if mended.link else _page_of(request, training_action, member)


@require_POST
@requires(MANAGE_EVIDENCE)
def pieces(request: OrganisationRequest, action: str) -> HttpResponseBase:
    """Add a file that the profile asks for."""
    training_action = _action(request, action)
    member = _person(request, training_action)
    with as_message(request):
        file = sent_file(request.FILES.get("file"), most=MAX_FILE)
        add_piece(
            action=training_action,
            key=request.POST.get("key", ""),
            name=file.name or "file",
            content=file.read(),
            by=request.member,
            member=member,
        )
        messages.success(request, _("Added."))
    return _page_of(request, training_action, member)


@require_POST
@requires(MANAGE_EVIDENCE)
@confirmed
def dossiers(request: OrganisationRequest, action: str) -> HttpResponseBase:
    """Have the dossier built."""
    training_action = _action(request, action)
    member = _person(request, training_action)
    ask_for(action=training_action, by=request.member, member=member)
    messages.success(request, _("The dossier is being built; it appears here."))
    return _page_of(request, training_action, member)


@require_GET
@requires(SEE_EVIDENCE)
def dossier(request: OrganisationRequest, action: str, dossier: str) -> HttpResponseBase:
    """A dossier that is whole."""
    rows = Dossier.objects.exclude(digest="").select_related("action")
    whole = get_object_or_404(rows, organisation=request.organisation, action__uid=action, uid=dossier)
    return blob_download(request.organisation.uid, whole.digest, name=f"{whole.action.reference}.zip")


@require_GET
@requires(SEE_EVIDENCE)
def action_people(request: OrganisationRequest, action: str) -> HttpResponse:
    """Everybody in the action, with what there is of each."""
    training_action = _action(request, action)
    scope, text = scope_of(training_action), text_of(request.GET, "q")
    page = page_of(request, scope.members.matching(text) if text else scope.members)
    context = {"action": training_action, "page": page, "text": text, "table": standings(scope, page.object_list)}
    return render(request, "evidence/people.html", context)


@require_GET
@requires(SEE_EVIDENCE)
def action_person(request: OrganisationRequest, action: str, person: str) -> HttpResponse:
    """One person in the action: what is there, what is missing, their own dossier."""
    training_action = _action(request, action)
    member = get_object_or_404(training_action.members, uid=person)
    context = {
        "action": training_action,
        "person": member,
        "readiness": readiness_of(training_action, member),
        "remedies": named("remedies"),
        "may_manage": may(request.member, MANAGE_EVIDENCE),
        "dossiers": training_action.dossiers.filter(member=member)[:5],
        "entries": Entry.objects.filter(pk__in=entry_numbers(scope_of(training_action, member))).order_by("-id")[:50],
    }
    return render(request, "evidence/person.html", context)


# --- Retention ---


@require_GET
@requires(SEE_EVIDENCE)
def retention_page(request: OrganisationRequest) -> HttpResponse:
    """What is kept until when; what can go now, counted."""
    today = clock.today(request.organisation.time_zone)
    table = retention.timetable(request.organisation)
    due = [action for day, action in table if day < today]
    context = {
        "due": [retention.preview(action) for action in due[:20]],
        "more": max(0, len(due) - 20),
        "later": [(day, action) for day, action in table if day >= today][:100],
        "may_manage": may(request.member, MANAGE_EVIDENCE),
    }
    return render(request, "evidence/retention.html", context)


@require_POST
@requires(MANAGE_EVIDENCE)
@confirmed
def letting_go(request: OrganisationRequest, action: str) -> HttpResponseBase:
    """Let an action go whose time is over."""
    training_action = get_object_or_404(
        TrainingAction.objects.select_related("organisation"), organisation=request.organisation, uid=action
    )
    with as_message(request):
        retention.ask_to_let_go(action=training_action, by=request.member)
        messages.success(request, _("It is being taken away. Within a minute nothing of it is left but its line."))
    return redirect("retention", request.organisation.slug)


# --- Audits ---


@require_GET
@requires(SEE_EVIDENCE)
def audits(request: OrganisationRequest) -> HttpResponse:
    """Every audit, those that are open first."""
    rows = (
        Audit.objects.filter(organisation=request.organisation)
        .annotate(count=Count("actions"))
        .order_by("-ends_on", "-pk")
    )
    return render(request, "evidence/audits.html", {"page": page_of(request, rows.select_related("organisation"))})


def _is_filled_in(request: Any) -> bool:
    """What is to be mended is said first: nobody gives a password for a form that is refused."""
    return AuditForm(request.organisation, request.POST).is_valid()


@require_http_methods(["GET", "POST"])
@requires(MANAGE_EVIDENCE)
@confirmed_if(_is_filled_in)
def new_audit(request: OrganisationRequest) -> HttpResponseBase:
    """Invite an auditor."""
    form = AuditForm(request.organisation, request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        chosen = () if given["covers_all"] else tuple(given["actions"])
        names = ("name", "email", "starts_on", "ends_on", "body", "language")
        try:
            made = invite_auditor(
                organisation=request.organisation,
                by=request.member,
                invitation=Invitation(
                    actions=chosen,
                    key=once.key_of(request.POST),
                    **{name: given[name] for name in names},
                ),
            )
        except Refused as refused:
            add_to_form(refused, form)
        else:
            messages.success(request, _("Invited. The mail with the link goes out within a minute."))
            return redirect("audit", request.organisation.slug, made.uid)
    return render(request, "evidence/new_audit.html", {"form": form}, status=400 if form.errors else 200)


@require_GET
@requires(SEE_EVIDENCE)
def audit(request: OrganisationRequest, audit: str) -> HttpResponse:
    """One audit: what it covers, and everything that the auditor opened."""
    shown_audit = _audit(request, audit)
    opened = Entry.objects.filter(organisation_id=request.organisation.pk, actor_id=str(shown_audit.uid)).order_by(
        "-id"
    )
    context = {
        "audit": shown_audit,
        "scope": shown_audit.scope.order_by("-starts_on")[:SHOWN],
        "entries": opened[:SHOWN],
        "link": link_of(shown_audit),
        "may_manage": may(request.member, MANAGE_EVIDENCE),
    }
    return render(request, "evidence/audit.html", context)


@require_POST
@requires(MANAGE_EVIDENCE)
def audit_end(request: OrganisationRequest, audit: str) -> HttpResponseBase:
    """Close the room now."""
    end_audit(audit=_audit(request, audit), by=request.member)
    messages.success(request, _("Ended. The link opens nothing any more."))
    return redirect("audit", request.organisation.slug, audit)


def _audit(request: OrganisationRequest, uid: str) -> Audit:
    rows = Audit.objects.select_related("organisation", "created_by")
    return get_object_or_404(rows, organisation=request.organisation, uid=uid)
