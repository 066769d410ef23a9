"""Any member's own pages: what I can sign, take part in and hold; one session; the way into it; my calendar."""

from typing import Any

from django.contrib import messages
from django.db.models import Max, prefetch_related_objects
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from milepost.classroom import calendars, presence
from milepost.classroom.access import seen_session
from milepost.classroom.calendar_feeds import renew_feed
from milepost.classroom.meetings import Guest, meeting_tools
from milepost.classroom.models import Attendance, CalendarFeed, LiveSession, Participant, Way
from milepost.classroom.permissions import may_manage, seen_in
from milepost.classroom.presence import Presence
from milepost.classroom.queries import holds, sessions_of_member, sessions_seen_by, tally, to_sign
from milepost.classroom.registering import leave
from milepost.classroom.rules import Rules
from milepost.core import clock
from milepost.core.http import blob_download
from milepost.core.openness import Whom, open_to
from milepost.core.paging import page_of
from milepost.core.queries import text_of, uuid_of
from milepost.core.refusals import Refused, as_message
from milepost.learning.permissions import SEE_RESULTS
from milepost.notices.undelivered import undelivered_about
from milepost.people.access import OrganisationRequest, member_required
from milepost.people.models import Member, MemberQuerySet
from milepost.people.permissions import may


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
            {"trainer": trainer, "token": presence.trainer_token(trainer)}
            for trainer in holds(member).annotate(ends=Max("session__slots__ends_at")).order_by("-ends")[:12]
        ],
        "feed": _feed(member),
        "sees_all": sees_all,
        "may_manage": may_manage(member),
    }
    if sees_all:
        rows = sessions_seen_by(member).order_by("-starts")
        text = text_of(request.GET, "q")
        rows = rows.filter(title__icontains=text) if text else rows
        context |= {"page": page_of(request, rows), "text": text, "now": now}
    return render(request, "classroom/sessions.html", context)


def _feed(member: Member) -> dict[str, Any] | None:
    """The address for one's calendar, and until when it works; None before one is made and after it is over."""
    feed = CalendarFeed.objects.filter(member=member).first()
    return None if feed is None or feed.is_over else {"link": presence.feed_link(feed), "until": feed.ends_at}


@require_POST
@member_required
def my_calendar(request: OrganisationRequest) -> HttpResponseBase:
    """Make an address for one's calendar, or another one, after which the earlier opens nothing."""
    renew_feed(member=request.member)
    messages.success(request, _("The address for your calendar is there. An earlier one opens nothing any more."))
    return redirect("sessions", request.organisation.slug)


@require_POST
@member_required
def my_signature(request: OrganisationRequest, slot: str) -> HttpResponseBase:
    """From my own pages to the signature of a slot: signing in has shown who I am."""
    attendance = get_object_or_404(to_sign(request.member), slot__code=slot)
    if Way.LINK not in Rules.of(request.organisation).ways:
        messages.error(request, _("Scan the code that the trainer projects."))
        return redirect("sessions", request.organisation.slug)
    response = redirect("sign", slot)
    Presence(slot, Way.LINK, str(attendance.uid)).remember(response)
    return response


@require_GET
@member_required
@seen_session
def live_session(request: OrganisationRequest, session: LiveSession) -> HttpResponse:
    """One session: what, when, where, who; for those who manage also the list, the sheet and the logs."""
    return session_page(request, session)


def session_page(
    request: OrganisationRequest, session: LiveSession, *, complaints: dict[str, str] | None = None
) -> HttpResponse:
    """The page of a session; with what was wrong in one of its forms, by the input that it is about."""
    seen = seen_in(request.member, session)
    context = _session_context(session, request.member)
    context["sees_all"] = seen is None or may(request.member, SEE_RESULTS, session)
    if context["sees_all"]:
        context |= _people_context(request, session, seen)
    if seen is None:  # a sheet and a log name everybody
        context |= {
            "sheet": session.sheets.exclude(pdf="").first(),
            "sheet_is_coming": session.sheets.filter(pdf="").exists(),
            "logs": session.logs.all(),
            "undelivered": undelivered_about(
                request.organisation, session.uid, *(trainer.uid for trainer in context["trainers"])
            ),
        }
    context |= {"complaints": complaints, "typed": request.POST}
    return render(request, "classroom/session.html", context, status=400 if complaints else 200)


def _session_context(session: LiveSession, member: Member) -> dict[str, Any]:
    """What whoever may see the session sees, with what is the member's own in it."""
    prefetch_related_objects([session], "slots")
    slots = list(session.slots.all())
    trainers = session.trainers.filter(removed_at=None).select_related("member")
    seat = session.participants.filter(member=member).exclude(status=Participant.Status.LEFT).first()
    return {
        "session": session,
        "slots": slots,
        "trainers": trainers,
        "documents": session.documents.all(),
        "seat": seat,
        "mine": {row.slot_id: row for row in Attendance.objects.filter(participant=seat)} if seat else {},
        "trainer_token": next((presence.trainer_token(trainer) for trainer in trainers.filter(member=member)), None),
        "may_manage": may_manage(member, session),
        "is_over": bool(slots) and slots[-1].ends_at < clock.now(),
        # Their seat is no longer theirs to give up: the session has begun.
        "is_held": bool(
            seat and seat.status == Participant.Status.SEATED and slots and slots[0].starts_at <= clock.now()
        ),
        "now": clock.now(),
    }


def _people_context(request: OrganisationRequest, session: LiveSession, seen: MemberQuerySet | None) -> dict[str, Any]:
    """Who takes part and who signed, of everybody or of those whom the member sees."""
    seats = session.participants.exclude(status=Participant.Status.LEFT).select_related("member__site")
    if seen is not None:
        seats = seats.filter(member__in=seen)
    return {
        "rows": [{"slot": slot, "tally": tally(slot, seen)} for slot in session.slots.all()],
        "page": page_of(request, seats.order_by("status", "member__family_name", "member__given_name")),
        "waiting": seats.filter(status=Participant.Status.WAITING).count(),
    }


@require_POST
@member_required
@seen_session
def departure(request: OrganisationRequest, session: LiveSession) -> HttpResponseBase:
    """Give up one's own seat, or take somebody's away."""
    who = uuid_of(request.POST, "who")
    seats = session.participants.select_related("member")
    if who is None or not may_manage(request.member, session):
        seats = seats.filter(member=request.member)
    else:
        seats = seats.filter(uid=who)
    seat = get_object_or_404(seats)
    with as_message(request):
        leave(participant=seat, by=request.member)
        messages.success(request, _("The seat is free again."))
    if seat.member_id == request.member.pk:
        return redirect("sessions", request.organisation.slug)
    return redirect("live_session", request.organisation.slug, session.uid)


@require_GET
@member_required
@seen_session
def joining(request: OrganisationRequest, session: LiveSession) -> HttpResponseBase:
    """Into the meeting."""
    member = request.member
    seat = session.participants.filter(member=member, status=Participant.Status.SEATED).first()
    if not session.provider or (seat is None and not may_manage(member, session)):
        raise Http404
    guest = Guest(member.full_name, str(member.uid), member.email or "", is_trainer=seat is None)
    try:
        return redirect(meeting_tools.get(session.provider).join(session.as_meeting(), guest))
    except Refused as refused:
        messages.error(request, str(refused))
        return redirect("live_session", request.organisation.slug, session.uid)


@require_GET
@member_required
@seen_session
def document(request: OrganisationRequest, session: LiveSession, document: str) -> HttpResponseBase:
    """A file of the session."""
    file = get_object_or_404(session.documents, uid=document)
    return blob_download(request.organisation.uid, file.digest, name=file.name)


@open_to(Whom.LINK, "one's own sessions, for a calendar that can't sign in")
@require_GET
def calendar_feed(request: HttpRequest, token: str) -> HttpResponse:
    """My live sessions, for a calendar that subscribes: it can't sign in, and comes with a personal link."""
    feed = presence.feed_of(token)
    plain = "text/plain; charset=utf-8"
    if feed is None:
        return HttpResponse(_("This calendar does not exist any more."), status=404, content_type=plain)
    with translation.override(feed.member.speaks):
        if feed.is_over:
            words = _("This address is over. Make a new one on your page “Sessions”.")
            return HttpResponse(words, status=410, content_type=plain)
        content = calendars.feed(feed.member, until=feed.ends_at)
        return HttpResponse(content, content_type="text/calendar; charset=utf-8")
