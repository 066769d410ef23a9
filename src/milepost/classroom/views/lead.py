"""For those who manage sessions: schedule, change and cancel them, choose people and trainers, correct the list."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from milepost.classroom import scheduling
from milepost.classroom.access import managed_session, seen_session
from milepost.classroom.connection_logs import connected_minutes, take_log
from milepost.classroom.correcting import change_attendance
from milepost.classroom.forms import SessionForm, read_change
from milepost.classroom.models import Attendance, LiveSession, Participant, Slot, Trainer
from milepost.classroom.permissions import HOLD_SESSIONS, MANAGE_SESSIONS, manages_by, may_manage, seen_in
from milepost.classroom.queries import tally
from milepost.classroom.registering import register_in_bulk
from milepost.classroom.scheduling import Holder
from milepost.classroom.session_documents import add_document, remove_document
from milepost.classroom.views.attendance_list import AttendanceList, RefusedNote
from milepost.classroom.views.doubts import doubts_context, take_decision
from milepost.classroom.views.member import session_page
from milepost.core import clock, once
from milepost.core.http import blob_download
from milepost.core.queries import text_of, uuid_of
from milepost.core.refusals import Refused, add_to_form, as_message, complaints_of
from milepost.core.sent_files import sent_file
from milepost.learning.permissions import SEE_RESULTS
from milepost.people.access import OrganisationRequest, member_required, requires
from milepost.people.filters import Chosen, PeopleFilter
from milepost.people.models import Member
from milepost.people.permissions import may
from milepost.people.views.office import after_act

MAX_LOG = 20 * 1024 * 1024  # bytes

# --- The session ------------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@requires(MANAGE_SESSIONS, HOLD_SESSIONS)
def new_session(request: OrganisationRequest) -> HttpResponseBase:
    """Make a session."""
    if not may_manage(request.member):
        raise PermissionDenied
    form = SessionForm(request.member, request.POST or None)
    if request.method == "POST" and form.is_valid():
        plan = form.plan()
        if not may_manage(request.member, plan.course or request.organisation):
            raise PermissionDenied
        try:
            session = scheduling.schedule_session(
                organisation=request.organisation, plan=plan, by=request.member, key=once.key_of(request.POST)
            )
        except Refused as refused:
            add_to_form(refused, form)
        else:
            messages.success(request, _("Scheduled. Say who holds it, and who takes part."))
            return redirect("live_session", request.organisation.slug, session.uid)
    return render(request, "classroom/edit.html", {"form": form}, status=400 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@requires(MANAGE_SESSIONS, HOLD_SESSIONS)
@managed_session
def session_settings(request: OrganisationRequest, session: LiveSession) -> HttpResponseBase:
    """Change a session; whoever is invited gets the new invitation."""
    form = SessionForm(request.member, request.POST or None, session=session)
    if request.method == "POST" and form.is_valid():
        try:
            scheduling.change_session(session=session, plan=form.plan(), by=request.member)
        except Refused as refused:
            add_to_form(refused, form)
        else:
            is_to_come = session.slots.filter(ends_at__gt=clock.now()).exists()
            invites = _("Saved. Whoever is invited gets the new invitation.")
            messages.success(request, invites if is_to_come else _("Saved."))
            return _to_session(request, session)
    context = {"form": form, "session": session}
    return render(request, "classroom/edit.html", context, status=400 if form.errors else 200)


@require_POST
@requires(MANAGE_SESSIONS, HOLD_SESSIONS)
@managed_session
def cancellation(request: OrganisationRequest, session: LiveSession) -> HttpResponseBase:
    """Cancel a session, with a reason."""
    with as_message(request):
        scheduling.cancel_session(session=session, reason=request.POST.get("reason", ""), by=request.member)
        messages.success(request, _("Cancelled. Everybody who was invited gets a mail."))
    return _to_session(request, session)


def _to_session(request: OrganisationRequest, session: LiveSession) -> HttpResponseBase:
    return redirect("live_session", request.organisation.slug, session.uid)


# --- Who takes part, and who holds it ---------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@requires(MANAGE_SESSIONS, HOLD_SESSIONS)
@managed_session
def participants(request: OrganisationRequest, session: LiveSession) -> HttpResponseBase:
    """Choose people by site, department, seniority or name, and give them seats."""
    query = request.POST if request.method == "POST" else request.GET
    chosen = PeopleFilter(request.member, manages_by(request.member, session), query, session)
    there = session.participants.exclude(status=Participant.Status.LEFT).values("member")
    ticked = [uid for uid in request.POST.getlist("member") if uuid_of({"u": uid}, "u")]
    if ticked or "all" in request.POST:
        try:
            meant = chosen.shown() if "all" in request.POST else chosen.members().filter(uid__in=ticked)
            act = register_in_bulk(session=session, members=meant, by=request.member)
        except Refused as refused:
            messages.error(request, str(refused))
            return _to_session(request, session)
        return after_act(
            request,
            act,
            done=lambda count: ngettext("%(count)d person was added.", "%(count)d people were added.", count),
            nobody=_("Everybody you chose takes part already."),
            then=reverse("live_session", args=[request.organisation.slug, session.uid]),
        )
    new = Chosen.of(chosen.candidates().exclude(pk__in=there))
    problem = _("Nobody is ticked. Tick those who take part, or add all of them.") if request.method == "POST" else ""
    context = {"session": session, "chosen": chosen, "new": new, "problem": problem}
    return render(request, "classroom/participants.html", context, status=400 if problem else 200)


@require_http_methods(["GET", "POST"])
@requires(MANAGE_SESSIONS, HOLD_SESSIONS)
@managed_session
def trainers(request: OrganisationRequest, session: LiveSession) -> HttpResponseBase:
    """Say who holds the session: a member by e-mail, or somebody from outside; take one away, or renew a link."""
    if request.method == "GET":  # a link on the page that came back with something to mend
        return _to_session(request, session)
    if gone := uuid_of(request.POST, "remove"):
        scheduling.remove_trainer(trainer=get_object_or_404(Trainer, session=session, uid=gone), by=request.member)
        messages.success(request, _("Their link works no more."))
        return _to_session(request, session)
    if renewed := uuid_of(request.POST, "renew"):
        trainer = get_object_or_404(Trainer, session=session, uid=renewed)
        with as_message(request):
            scheduling.renew_link(trainer=trainer, by=request.member)
            messages.success(request, _("A new link goes to them by mail. The earlier one works no more."))
        return _to_session(request, session)
    email = text_of(request.POST, "email").strip().lower()
    member = Member.objects.filter(organisation=request.organisation, email=email).active().first() if email else None
    holder = Holder(member, text_of(request.POST, "name"), email)
    try:
        scheduling.add_trainer(session=session, holder=holder, by=request.member)
    except Refused as refused:
        return session_page(request, session, complaints=complaints_of(refused, "email"))
    messages.success(request, _("The link to the session goes to them by mail."))
    return _to_session(request, session)


# --- Attendance -------------------------------------------------------------------------------------------


@require_GET
@member_required
@seen_session
def slot_list(request: OrganisationRequest, session: LiveSession, slot: str) -> HttpResponse:
    """Everybody at a half-day, with what can be corrected."""
    return _list_page(request, session, slot)


def _list_page(
    request: OrganisationRequest, session: LiveSession, slot: str, note: RefusedNote | None = None
) -> HttpResponse:
    seen = seen_in(request.member, session)
    if seen is not None and not may(request.member, SEE_RESULTS, session):
        raise PermissionDenied
    half_day = get_object_or_404(session.slots, code=slot)
    connected, manages = connected_minutes(session), may_manage(request.member, session)
    there = AttendanceList(half_day, request.GET, members=seen, decides=manages).context(request, note=note)
    for row in there["page"]:
        row.connected = connected.get(str(row.participant.uid))
    context = {
        "session": session,
        "slot": half_day,
        "tally": tally(half_day, seen),
        "may_manage": manages,
        "has_logs": bool(connected),
        "now": clock.now(),
        **there,
        **doubts_context(there["page"] if manages else []),
    }
    return render(request, "classroom/slot.html", context, status=note.refused.status if note else 200)


@require_http_methods(["GET", "POST"])
@requires(MANAGE_SESSIONS, HOLD_SESSIONS)
@managed_session
def corrections(request: OrganisationRequest, session: LiveSession, slot: str) -> HttpResponseBase:
    """Note or correct somebody's attendance."""
    half_day = get_object_or_404(session.slots, code=slot)
    if request.method == "GET":  # a link on the page that came back with something to mend
        return _to_row(request, half_day, None)
    who = uuid_of(request.POST, "who")
    attendance = get_object_or_404(Attendance, slot=half_day, participant__uid=who)
    try:
        change = read_change(request, half_day, may_justify=True)
        why = request.POST.get("why", "")
        change_attendance(attendance=attendance, change=change, by=request.member.as_reference(), why=why)
    except Refused as refused:
        return _list_page(request, session, slot, RefusedNote(request.POST, refused))
    messages.success(request, _("Noted. A closed sheet is made anew, and the old one is kept."))
    return _to_row(request, half_day, who)


@require_POST
@requires(MANAGE_SESSIONS, HOLD_SESSIONS)
@managed_session
def decisions(request: OrganisationRequest, session: LiveSession, slot: str) -> HttpResponseBase:
    """Decide about signatures that are in doubt, or take a decision back."""
    half_day = get_object_or_404(session.slots.select_related("organisation"), code=slot)
    who = take_decision(request, half_day, by=request.member.as_reference())
    return _to_row(request, half_day, who)


def _to_row(request: OrganisationRequest, slot: Slot, who: UUID | None) -> HttpResponseBase:
    address = reverse("slot_list", args=[request.organisation.slug, slot.session.uid, slot.code])
    seen = seen_in(request.member, slot.session)
    return AttendanceList(slot, request.GET, members=seen).back_to(address, who)


@require_GET
@member_required
@seen_session
def sheet(request: OrganisationRequest, session: LiveSession, number: int) -> HttpResponseBase:
    """A sealed sheet."""
    if seen_in(request.member, session) is not None:
        raise PermissionDenied  # a sheet names everybody
    made = get_object_or_404(session.sheets.exclude(pdf=""), number=number)
    return blob_download(request.organisation.uid, made.pdf, name=f"{session.reference}-sheet-{number}.pdf")


@require_GET
@requires(MANAGE_SESSIONS, HOLD_SESSIONS)
@managed_session
def absence_file(request: OrganisationRequest, session: LiveSession, attendance: str) -> HttpResponseBase:
    """The document that justifies an absence."""
    absences = Attendance.objects.exclude(absence_file="")
    absence = get_object_or_404(absences, slot__session=session, uid=attendance)
    return blob_download(request.organisation.uid, absence.absence_file, name=absence.absence_file_name)


# --- Files ------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@requires(MANAGE_SESSIONS, HOLD_SESSIONS)
@managed_session
def documents(request: OrganisationRequest, session: LiveSession) -> HttpResponseBase:
    """Add a file for those who take part, or take one away."""
    if request.method == "GET":  # a link on the page that came back with something to mend
        return _to_session(request, session)
    if gone := uuid_of(request.POST, "remove"):
        remove_document(session=session, uid=gone)
        return _to_session(request, session)
    try:
        add_document(session=session, file=request.FILES.get("file"))
    except Refused as refused:
        return session_page(request, session, complaints=complaints_of(refused, "document"))
    return _to_session(request, session)


@require_http_methods(["GET", "POST"])
@requires(MANAGE_SESSIONS, HOLD_SESSIONS)
@managed_session
def logs(request: OrganisationRequest, session: LiveSession) -> HttpResponseBase:
    """Take in the connection log of the meeting tool."""
    if request.method == "GET":  # a link on the page that came back with something to mend
        return _to_session(request, session)
    try:
        file = sent_file(request.FILES.get("file"), most=MAX_LOG)
        log = take_log(session=session, content=file.read(), name=file.name or "log.csv", by=request.member)
    except Refused as refused:
        return session_page(request, session, complaints=complaints_of(refused, "log"))
    count = {"matched": sum(row["participant"] is not None for row in log.rows), "all": len(log.rows)}
    messages.success(request, _("%(matched)d of %(all)d lines fit a participant.") % count)
    return _to_session(request, session)
