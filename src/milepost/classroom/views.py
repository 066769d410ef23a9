"""Pages of live sessions inside the organisation: one's own, all of them, one of them, and what governs them."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Max, Q
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from milepost.classroom import presence, scheduling
from milepost.classroom.forms import SessionForm
from milepost.classroom.logs import UnreadableLog, connected_minutes, take_log
from milepost.classroom.marking import read_change
from milepost.classroom.meetings import Guest, meeting_tools
from milepost.classroom.models import (
    Attendance,
    LiveSession,
    Participant,
    SessionDocument,
    Slot,
    Trainer,
    Way,
)
from milepost.classroom.permissions import HOLD_SESSIONS, MANAGE_SESSIONS, courses_of, manages_by, may_manage, seen_in
from milepost.classroom.presence import Presence
from milepost.classroom.queries import attendances, holds, sessions_of_member, tally, to_sign, with_numbers
from milepost.classroom.registering import leave, register_many
from milepost.classroom.rules import Rules
from milepost.classroom.scheduling import Holder
from milepost.classroom.signing import change_attendance
from milepost.core import blobs, clock
from milepost.core.http import blob_download
from milepost.core.paging import page_of
from milepost.core.queries import text_of, uuid_of
from milepost.core.refusals import Refused, add_to_form, as_message
from milepost.learning.permissions import SEE_RESULTS
from milepost.notices.undelivered import undelivered_about
from milepost.people.access import OrganisationRequest, member_required, requires
from milepost.people.filters import PeopleFilter
from milepost.people.models import Member
from milepost.people.permissions import may, sees_everybody, visible

MAX_FILE = 50 * 1024 * 1024


@require_GET
@member_required
def sessions(request: OrganisationRequest) -> HttpResponse:
    """What I can sign now, what I take part in, what I hold; and for those who manage, all sessions."""
    now, member = clock.now(), request.member
    sees_all = may_manage(member) or may(member, SEE_RESULTS)
    context: dict[str, Any] = {
        "to_sign": list(to_sign(member)),
        "seats": list(sessions_of_member(member).filter(ends__gt=now, session__cancelled_at=None).order_by("starts")),
        "held": [
            {"trainer": trainer, "token": presence.room_token(trainer)}
            for trainer in holds(member).annotate(ends=Max("session__slots__ends_at")).order_by("-ends")[:12]
        ],
        "feed": presence.feed_link(member),
        "sees_all": sees_all,
        "may_manage": may_manage(member),
    }
    if sees_all:
        rows = _all_sessions(member)
        text = text_of(request.GET, "q")
        context |= {
            "page": page_of(
                request, rows.filter(title__icontains=text).order_by("-starts") if text else rows.order_by("-starts")
            ),
            "text": text,
        }
    return render(request, "classroom/sessions.html", context)


@require_POST
@member_required
def my_signature(request: OrganisationRequest, slot: str) -> HttpResponseBase:
    """From my own pages to the signature of a slot: signing in has shown who I am."""
    row = get_object_or_404(to_sign(request.member), slot__code=slot)
    if Way.LINK not in Rules.of(request.organisation).ways:
        messages.error(request, _("Scan the code that the trainer projects."))
        return redirect("sessions", request.organisation.slug)
    response = redirect("sign", slot)
    Presence(slot, Way.LINK, str(row.uid)).remember(response)
    return response


def _all_sessions(member: Member) -> Any:
    """The sessions that the member manages, and those in which they see results, with the numbers that they may see."""
    every = LiveSession.objects.filter(organisation=member.organisation_id)
    if sees_everybody(member, SEE_RESULTS) or may_manage(member, member.organisation):
        return with_numbers(every)
    reached = visible(member, SEE_RESULTS) | visible(member, manages_by(member))
    own = Q(course__in=courses_of(member)) if may_manage(member) else Q(pk__in=[])
    seats = Participant.objects.filter(member__in=reached)
    return with_numbers(every.filter(own | Q(pk__in=seats.values("session"))), reached)


def _session(request: OrganisationRequest, uid: str) -> LiveSession:
    """The session, for those who manage it or see results in it, who take part, or who hold it; 404 for all others."""
    member = request.member
    sessions = LiveSession.objects.filter(organisation=request.organisation).select_related("organisation", "course")
    found = get_object_or_404(sessions, uid=uid)
    seen = seen_in(member, found)
    if seen is None or found.participants.filter(Q(member=member) | Q(member__in=seen)).exists():
        return found
    if found.trainers.filter(member=member, removed_at=None).exists():
        return found
    raise Http404


def _managed(request: OrganisationRequest, uid: str) -> LiveSession:
    """The session, for those who manage it; 403 for those who only see it."""
    found = _session(request, uid)
    if not may_manage(request.member, found):
        raise PermissionDenied
    return found


@require_GET
@member_required
def live_session(request: OrganisationRequest, session: str) -> HttpResponse:
    """One session: what, when, where, who; for those who manage also the list, the sheet and the logs."""
    found = _session(request, session)
    slots = list(found.slots.all())
    for slot in slots:
        slot.session = found
    member, manages, seen = request.member, may_manage(request.member, found), seen_in(request.member, found)
    sees_all = seen is None or may(member, SEE_RESULTS, found)
    seat = found.participants.filter(member=member).exclude(status=Participant.Status.LEFT).first()
    context: dict[str, Any] = {
        "session": found, "slots": slots, "seat": seat, "sees_all": sees_all, "may_manage": manages,
        "documents": found.documents.all(), "trainers": found.trainers.filter(removed_at=None),
        "mine": {row.slot_id: row for row in Attendance.objects.filter(participant=seat)} if seat else {},
        "is_over": bool(slots) and slots[-1].ends_at < clock.now(), "now": clock.now(),
        "room": next((presence.room_token(t) for t in found.trainers.filter(member=member, removed_at=None)), None),
    }  # fmt: skip
    if sees_all:
        seats = found.participants.exclude(status=Participant.Status.LEFT).select_related("member__site")
        if seen is not None:
            seats = seats.filter(member__in=seen)
        context |= {
            "rows": [{"slot": slot, "tally": tally(slot, seen)} for slot in slots],
            "page": page_of(request, seats.order_by("status", "member__family_name", "member__given_name")),
            "waiting": seats.filter(status=Participant.Status.WAITING).count(),
        }  # fmt: skip
    if seen is None:  # a sheet and a log name everybody
        context |= {
            "sheet": found.sheets.exclude(pdf="").first(),
            "sheet_is_coming": found.sheets.filter(pdf="").exists(),
            "logs": found.logs.all(),
            "undelivered": undelivered_about(
                request.organisation, found.uid, *(one.uid for one in context["trainers"])
            ),
        }
    return render(request, "classroom/session.html", context)


@require_http_methods(["GET", "POST"])
@requires(MANAGE_SESSIONS, HOLD_SESSIONS)
def new_session(request: OrganisationRequest) -> HttpResponseBase:
    """Make a session."""
    if not may_manage(request.member):
        raise PermissionDenied
    form = SessionForm(request.organisation, request.POST or None)
    if request.method == "POST" and form.is_valid():
        if not may_manage(request.member, form.plan().course or request.organisation):
            raise PermissionDenied
        try:
            made = scheduling.schedule_session(organisation=request.organisation, plan=form.plan(), by=request.member)
        except Refused as refused:
            add_to_form(refused, form)
        else:
            messages.success(request, _("Scheduled. Say who holds it, and who takes part."))
            return redirect("live_session", request.organisation.slug, made.uid)
    return render(request, "classroom/edit.html", {"form": form}, status=400 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@requires(MANAGE_SESSIONS, HOLD_SESSIONS)
def session_settings(request: OrganisationRequest, session: str) -> HttpResponseBase:
    """Change a session; whoever is invited gets the new invitation."""
    found = _managed(request, session)
    form = SessionForm(request.organisation, request.POST or None, session=found)
    if request.method == "POST" and form.is_valid():
        try:
            scheduling.change_session(session=found, plan=form.plan(), by=request.member)
        except Refused as refused:
            add_to_form(refused, form)
        else:
            messages.success(request, _("Saved. Whoever is invited gets the new invitation."))
            return redirect("live_session", request.organisation.slug, found.uid)
    return render(request, "classroom/edit.html", {"form": form, "session": found}, status=400 if form.errors else 200)


@require_POST
@requires(MANAGE_SESSIONS, HOLD_SESSIONS)
def cancellation(request: OrganisationRequest, session: str) -> HttpResponseBase:
    """Cancel a session, with a reason."""
    found = _managed(request, session)
    with as_message(request):
        scheduling.cancel_session(session=found, reason=request.POST.get("reason", ""), by=request.member)
        messages.success(request, _("Cancelled. Everybody who was invited gets a mail."))
    return redirect("live_session", request.organisation.slug, found.uid)


@require_http_methods(["GET", "POST"])
@requires(MANAGE_SESSIONS, HOLD_SESSIONS)
def participants(request: OrganisationRequest, session: str) -> HttpResponseBase:
    """Choose people by site, department, seniority or name, and give them seats."""
    found = _managed(request, session)
    query = request.POST if request.method == "POST" else request.GET
    chosen = PeopleFilter(request.member, manages_by(request.member), query, found)
    members = chosen.members()
    there = found.participants.exclude(status=Participant.Status.LEFT).values("member")
    picked = [uid for uid in request.POST.getlist("member") if uuid_of({"u": uid}, "u")]
    if request.method == "POST":
        new = members.filter(uid__in=picked) if picked else members
        with as_message(request):
            count = register_many(session=found, members=new.exclude(pk__in=there), by=request.member)
            told = ngettext("%(count)d person was added.", "%(count)d people were added.", count)
            messages.success(
                request, told % {"count": count} if count else _("Everybody you chose takes part already.")
            )
        return redirect("live_session", request.organisation.slug, found.uid)
    new = members.exclude(pk__in=there)
    context = {
        "session": found,
        "chosen": chosen,
        "new_count": new.count(),
        "sample": new.select_related("site", "department")[:30],
    }
    return render(request, "classroom/participants.html", context)


@require_POST
@member_required
def departure(request: OrganisationRequest, session: str) -> HttpResponseBase:
    """Give up one's own seat, or take somebody's away."""
    found = _session(request, session)
    who = uuid_of(request.POST, "who")
    seats = found.participants.select_related("member")
    if who is None or not may_manage(request.member, found):
        seats = seats.filter(member=request.member)
    else:
        seats = seats.filter(uid=who)
    seat = get_object_or_404(seats)
    with as_message(request):
        leave(participant=seat, by=request.member)
        messages.success(request, _("The seat is free again."))
    return (
        redirect("live_session", request.organisation.slug, found.uid)
        if seat.member_id != request.member.pk
        else redirect("sessions", request.organisation.slug)
    )


@require_POST
@requires(MANAGE_SESSIONS, HOLD_SESSIONS)
def trainers(request: OrganisationRequest, session: str) -> HttpResponseBase:
    """Say who holds the session: a member by e-mail, or somebody from outside; or take a trainer away."""
    found = _managed(request, session)
    if gone := uuid_of(request.POST, "remove"):
        scheduling.remove_trainer(trainer=get_object_or_404(Trainer, session=found, uid=gone), by=request.member)
        messages.success(request, _("Their link works no more."))
        return redirect("live_session", request.organisation.slug, found.uid)
    email = text_of(request.POST, "email").strip().lower()
    member = Member.objects.filter(organisation=request.organisation, email=email).active().first() if email else None
    with as_message(request):
        scheduling.add_trainer(
            session=found, holder=Holder(member, text_of(request.POST, "name"), email), by=request.member
        )
        messages.success(request, _("The link to the session goes to them by mail."))
    return redirect("live_session", request.organisation.slug, found.uid)


@require_GET
@member_required
def slot_list(request: OrganisationRequest, session: str, slot: str) -> HttpResponse:
    """Everybody at a half-day, with what can be corrected."""
    found = _session(request, session)
    seen = seen_in(request.member, found)
    if seen is not None and not may(request.member, SEE_RESULTS, found):
        raise PermissionDenied
    here = get_object_or_404(Slot, session=found, code=slot)
    here.session = found
    connected = connected_minutes(found)
    rows = page_of(request, attendances(here, seen), size=100)
    for row in rows:
        row.connected = connected.get(str(row.participant.uid))  # type: ignore[attr-defined]
    context = {
        "session": found,
        "slot": here,
        "page": rows,
        "tally": tally(here, seen),
        "may_manage": may_manage(request.member, found),
        "has_logs": bool(connected),
    }
    return render(request, "classroom/slot.html", context)


@require_POST
@requires(MANAGE_SESSIONS, HOLD_SESSIONS)
def corrections(request: OrganisationRequest, session: str, slot: str) -> HttpResponseBase:
    """Mark or correct somebody's attendance."""
    found = _managed(request, session)
    here = get_object_or_404(Slot, session=found, code=slot)
    here.session = found
    row = get_object_or_404(Attendance, slot=here, participant__uid=uuid_of(request.POST, "who"))
    with as_message(request):
        change = read_change(request, here, may_justify=True)
        change_attendance(
            attendance=row, change=change, by=request.member.as_reference(), why=request.POST.get("why", "")
        )
        messages.success(request, _("Noted. A closed sheet is made anew, and the old one is kept."))
    return redirect("slot_list", request.organisation.slug, found.uid, here.code)


@require_GET
@member_required
def sheet(request: OrganisationRequest, session: str, number: int) -> HttpResponseBase:
    """A sealed sheet."""
    found = _session(request, session)
    if seen_in(request.member, found) is not None:
        raise PermissionDenied  # a sheet names everybody
    made = get_object_or_404(found.sheets.exclude(pdf=""), number=number)
    return _file(request, made.pdf, f"{found.reference}-sheet-{number}.pdf")


@require_GET
@requires(MANAGE_SESSIONS, HOLD_SESSIONS)
def absence_file(request: OrganisationRequest, session: str, attendance: str) -> HttpResponseBase:
    """The document that justifies an absence."""
    found = _managed(request, session)
    row = get_object_or_404(Attendance.objects.exclude(absence_file=""), slot__session=found, uid=attendance)
    return _file(request, row.absence_file, row.absence_file_name)


@require_http_methods(["POST"])
@requires(MANAGE_SESSIONS, HOLD_SESSIONS)
def documents(request: OrganisationRequest, session: str) -> HttpResponseBase:
    """Add a file for those who take part, or take one away."""
    found = _managed(request, session)
    back = redirect("live_session", request.organisation.slug, found.uid)
    if gone := uuid_of(request.POST, "remove"):
        found.documents.filter(uid=gone).delete()
        return back
    file = request.FILES.get("file")
    if file is None or not file.size:
        messages.error(request, _("Choose a file first."))
    elif file.size > MAX_FILE:
        messages.error(request, _("The file is larger than 50 MB."))
    else:
        digest = blobs.store_stream(request.organisation.uid, file.chunks())
        SessionDocument.objects.create(
            organisation=request.organisation,
            session=found,
            name=(file.name or "file")[:200],
            digest=digest,
            size=file.size,
        )
    return back


@require_GET
@member_required
def document(request: OrganisationRequest, session: str, document: str) -> HttpResponseBase:
    """A file of the session."""
    found = get_object_or_404(_session(request, session).documents, uid=document)
    return _file(request, found.digest, found.name)


def _file(request: OrganisationRequest, digest: str, name: str) -> HttpResponseBase:
    return blob_download(request.organisation.uid, digest, name=name)


@require_POST
@requires(MANAGE_SESSIONS, HOLD_SESSIONS)
def logs(request: OrganisationRequest, session: str) -> HttpResponseBase:
    """Take in the connection log of the meeting tool."""
    found = _managed(request, session)
    file = request.FILES.get("file")
    with as_message(request):
        if file is None:
            raise UnreadableLog(_("Choose a file first."))
        if (file.size or 0) > 20 * 1024 * 1024:
            raise UnreadableLog(_("The file is larger than 20 MB."))
        log = take_log(session=found, content=file.read(), name=file.name or "log.csv", by=request.member)
        matched = sum(row["participant"] is not None for row in log.rows)
        messages.success(
            request, _("%(matched)d of %(all)d lines fit a participant.") % {"matched": matched, "all": len(log.rows)}
        )
    return redirect("live_session", request.organisation.slug, found.uid)


@require_GET
@member_required
def joining(request: OrganisationRequest, session: str) -> HttpResponseBase:
    """Into the meeting."""
    found = _session(request, session)
    seat = found.participants.filter(member=request.member, status=Participant.Status.SEATED).first()
    if not found.provider or (seat is None and not may_manage(request.member, found)):
        raise Http404
    guest = Guest(
        request.member.full_name, str(request.member.uid), request.member.email or "", is_trainer=seat is None
    )
    try:
        return redirect(meeting_tools.get(found.provider).join(found.as_meeting(), guest))
    except Refused as refused:
        messages.error(request, str(refused))
        return redirect("live_session", request.organisation.slug, found.uid)
