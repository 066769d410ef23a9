"""The trainer's page. Whoever has no account comes with a personal link; a member has to be signed in as themselves."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import wraps
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from milepost.classroom import presence
from milepost.classroom.closing import close_slot, closing_meaning_of
from milepost.classroom.correcting import change_attendance
from milepost.classroom.forms import read_change, read_circumstances
from milepost.classroom.meetings import Guest, meeting_tools
from milepost.classroom.models import Attendance, Slot, Trainer, Way, is_in_doubt, is_settled
from milepost.classroom.queries import attendances, tally
from milepost.classroom.registering import Arrival, register_arrival
from milepost.classroom.reminding import ask_missing, still_to_ask
from milepost.classroom.rules import Rules, TrainerRight
from milepost.classroom.signing import Signing
from milepost.classroom.views.attendance_list import AttendanceList, RefusedNote
from milepost.classroom.views.doubts import doubts_context, take_decision
from milepost.core import clock
from milepost.core.canonical import fingerprint
from milepost.core.http import blob_download
from milepost.core.links import BrokenLink
from milepost.core.openness import Whom, open_to
from milepost.core.queries import text_of, uuid_of
from milepost.core.refusals import Refused, as_message
from milepost.documents.signatures import Signature
from milepost.documents.typesetting import qr_code
from milepost.people.limits import refuse_over_limit
from milepost.people.uploads import count_files

NAMED = 50  # of those whom whoever closes reads by name

SEEN_TO_CHANGE = (  # of an attendance on the live list
    *("pk", "signed_at", "absent_at", "attested_at", "arrived_at", "left_at"),
    *("absence_reason", "doubts", "judged_at", "corrections"),
)

type View = Callable[..., HttpResponseBase]


class AnotherTrainer(Refused):
    """The link is a trainer's, and somebody else is signed in."""

    sentence = gettext_lazy("This link is another person’s. If it is yours, sign out, and open it once more.")
    status = 404


class TrainerLinkOver(Refused):
    """The link of a trainer without an account is too old."""

    sentence = gettext_lazy(
        "This link is over: it works until two weeks after the session. Is something left to do? Ask the training team; "
        "they send you a new one from the page of the session."
    )
    status = 410


def held(view: View) -> View:
    """Find the trainer by their link and the slot by its code, in the session's time zone; count what files they send."""

    @wraps(view)
    def guarded(request: HttpRequest, token: str, code: str | None = None, **more: Any) -> HttpResponseBase:
        trainer = presence.trainer_of(token)
        if trainer is None:
            raise BrokenLink
        if not trainer.has_account:
            if clock.now() > trainer.link_ends_at:
                raise TrainerLinkOver
        elif trainer.member and trainer.member.user_id != request.user.pk:
            if request.user.is_authenticated:
                raise AnotherTrainer
            return redirect_to_login(request.get_full_path())
        count_files(request, trainer.session.organisation)
        with timezone.override(trainer.session.zone):
            if code is None:
                return view(request, trainer, **more)
            return view(request, trainer, get_object_or_404(trainer.session.slots, code=code))

    return open_to(Whom.LINK, "the link of a trainer; of one with an account only for that account")(guarded)


# --- The session ------------------------------------------------------------------------------------------


@require_GET
@held
def trainer_page(request: HttpRequest, trainer: Trainer) -> HttpResponse:
    """The session: its half-days, what is left to do, documents, the way into the meeting."""
    slots = list(trainer.session.slots.all())
    to_close = [slot for slot in slots if not slot.is_closed]
    just_over = clock.now() - timedelta(hours=2)
    forgotten = to_close[0] if to_close else None
    context = _context(trainer) | {
        "rows": [{"slot": slot, "tally": tally(slot)} for slot in slots],
        "current": next((slot for slot in to_close if slot.ends_at > just_over), forgotten),
        "documents": trainer.session.documents.all(),
    }
    return render(request, "classroom/trainer.html", context)


@require_GET
@held
def document(request: HttpRequest, trainer: Trainer, document: str) -> HttpResponseBase:
    """A file of the session."""
    file = get_object_or_404(trainer.session.documents, uid=document)
    return blob_download(trainer.session.organisation.uid, file.digest, name=file.name)


@require_GET
@held
def meeting(request: HttpRequest, trainer: Trainer) -> HttpResponseBase:
    """Into the meeting, as the one who leads it."""
    session = trainer.session
    if not session.provider:
        raise Http404
    guest = Guest(trainer.name, str(trainer.uid), trainer.email, is_trainer=True)
    try:
        return redirect(meeting_tools.get(session.provider).join(session.as_meeting(), guest))
    except Refused as refused:
        messages.error(request, str(refused))
        return redirect("room", presence.trainer_token(trainer))


def _context(trainer: Trainer) -> dict[str, Any]:
    rules = Rules.of(trainer.session.organisation)
    return {
        "trainer": trainer,
        "session": trainer.session,
        "token": presence.trainer_token(trainer),
        "rules": rules,
        "rights": {right.name.lower(): rules.allows(right) for right in TrainerRight},
    }


# --- A half-day as it happens -----------------------------------------------------------------------------


@ensure_csrf_cookie
@require_GET
@held
def live(request: HttpRequest, trainer: Trainer, slot: Slot) -> HttpResponse:
    """A half-day as it happens: the code to project, who has signed, who is missing."""
    return _live_page(request, trainer, slot)


def _live_page(request: HttpRequest, trainer: Trainer, slot: Slot, note: RefusedNote | None = None) -> HttpResponse:
    context = code_context(trainer, slot) | _told_context(_list_context(request, slot, note))
    return render(request, "classroom/live.html", context, status=note.refused.status if note else 200)


@require_GET
@held
def live_list(request: HttpRequest, trainer: Trainer, slot: Slot) -> HttpResponse:
    """The list, when it has changed since the one that the page shows (204 otherwise)."""
    context = _list_context(request, slot)
    if request.GET.get("fingerprint") == context["list_fingerprint"]:
        return HttpResponse(status=204)
    return render(request, "classroom/live_list.html", code_context(trainer, slot) | _told_context(context))


@require_GET
@held
def live_code(request: HttpRequest, trainer: Trainer, slot: Slot) -> HttpResponse:
    """The code to project now."""
    return render(request, "classroom/live_code.html", code_context(trainer, slot))


def _list_context(request: HttpRequest, slot: Slot, note: RefusedNote | None = None) -> dict[str, Any]:
    """The page of the list that is asked for, with a fingerprint of what it shows; doubts are not in words yet."""
    numbers = {"tally": tally(slot), "to_ask": still_to_ask(slot)}
    there = AttendanceList(slot, request.GET).context(request, note=note) | numbers
    return there | {"list_fingerprint": _list_fingerprint(slot, there)}


def _told_context(there: dict[str, Any]) -> dict[str, Any]:
    return there | doubts_context(there["page"])


def code_context(trainer: Trainer, slot: Slot) -> dict[str, Any]:
    """What is projected, four times a minute: nothing of the list, however long that is."""
    now, ways = clock.now(), Rules.of(trainer.session.organisation).ways
    digits = presence.spoken_code(slot, now) if Way.CODE in ways else ""
    return _context(trainer) | {
        "slot": slot,
        "is_open": now >= slot.signing_opens_at and not slot.is_closed,
        "has_begun": now >= slot.starts_at,
        "has_ended": now >= slot.ends_at,
        "qr": qr_code(presence.projected_address(slot, now)) if Way.PROJECTED in ways else "",
        "seconds": presence.seconds_left(now) + 1,
        "spoken": f"{digits[:3]} {digits[3:]}" if digits else "",
    }


def _list_fingerprint(slot: Slot, there: dict[str, Any]) -> str:
    """Changes whenever what the page shows of the list does: the numbers of all, and each of its rows."""
    rows = [
        [row.participant.member.full_name, *(getattr(row, name) for name in SEEN_TO_CHANGE)] for row in there["page"]
    ]
    return fingerprint(repr((slot.closed_at, there["tally"], there["to_ask"], there["shown"].counts, rows)).encode())[
        :16
    ]


@require_POST
@held
def reminders(request: HttpRequest, trainer: Trainer, slot: Slot) -> HttpResponseBase:
    """Ask all who are missing, by mail."""
    with as_message(request):
        refuse_over_limit(request, "room-reminders", link=slot.uid)
        count = ask_missing(slot)
        asked = ngettext("A mail goes out to %(count)d person.", "A mail goes out to %(count)d people.", count)
        nobody = _("Nobody is missing who has an e-mail address and was not asked in the last quarter of an hour.")
        messages.success(request, asked % {"count": count} if count else nobody)
    return _to_slot(trainer, slot)


@require_http_methods(["GET", "POST"])
@held
def notes(request: HttpRequest, trainer: Trainer, slot: Slot) -> HttpResponseBase:
    """Note one person as late, gone early, absent; or take it back."""
    if request.method == "GET":  # a link on the page that came back with something to mend
        return _to_row(request, trainer, slot, None)
    who = uuid_of(request.POST, "who")
    attendance = get_object_or_404(Attendance, slot=slot, participant__uid=who)
    may_justify = Rules.of(trainer.session.organisation).allows(TrainerRight.JUSTIFY_ABSENCES)
    try:
        change = read_change(request, slot, may_justify=may_justify)
        why = request.POST.get("why", "")
        change_attendance(attendance=attendance, change=change, by=trainer.as_reference(), why=why)
    except Refused as refused:
        return _live_page(request, trainer, slot, RefusedNote(request.POST, refused))
    messages.success(request, _("Noted for %(name)s.") % {"name": attendance.participant.member.full_name})
    return _to_row(request, trainer, slot, who)


@require_POST
@held
def people(request: HttpRequest, trainer: Trainer, slot: Slot) -> HttpResponseBase:
    """Put somebody onto the list who is there: known by their e-mail address, or new where trainers may do that."""
    arrival = Arrival(
        text_of(request.POST, "email"),
        text_of(request.POST, "given", limit=120),
        text_of(request.POST, "family", limit=120),
    )
    with as_message(request):
        refuse_over_limit(request, "room-people", link=trainer.uid)
        seat = register_arrival(arrival=arrival, trainer=trainer)
        messages.success(request, _("%(name)s is on the list.") % {"name": seat.member.full_name})
    return _to_slot(trainer, slot)


@require_POST
@held
def decisions(request: HttpRequest, trainer: Trainer, slot: Slot) -> HttpResponseBase:
    """Decide about signatures that are in doubt: one, or all that the page showed; or take it back."""
    who = take_decision(request, slot, by=trainer.as_reference())
    return _to_row(request, trainer, slot, who)


def _to_row(request: HttpRequest, trainer: Trainer, slot: Slot, who: UUID | None) -> HttpResponseBase:
    address = reverse("room_slot", args=[presence.trainer_token(trainer), slot.code])
    return AttendanceList(slot, request.GET).back_to(address, who)


def _to_slot(trainer: Trainer, slot: Slot) -> HttpResponseBase:
    return redirect("room_slot", presence.trainer_token(trainer), slot.code)


# --- Closing ----------------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@held
def closure(request: HttpRequest, trainer: Trainer, slot: Slot) -> HttpResponseBase:
    """The trainer signs, and the half-day is closed."""
    meaning = closing_meaning_of(slot)
    waiting = attendances(slot).filter(is_in_doubt())
    context = (
        _context(trainer)
        | doubts_context(waiting[:NAMED])
        | {
            "slot": slot,
            "tally": tally(slot),
            "meaning": meaning,
            "has_ended": clock.now() >= slot.ends_at,
            "unsigned": _unsigned(slot),
        }
    )
    if request.method == "POST":
        try:
            signature = Signature.read(request.POST.get("signature", ""))
            signing = Signing(signature, Way.TRAINER, meaning, read_circumstances(request))
            close_slot(slot=slot, trainer=trainer, signing=signing)
        except Refused as refused:
            return render(request, "classroom/closure.html", context | {"problem": str(refused)}, status=400)
        messages.success(request, _("Closed. The sealed sheet is made within a minute once every half-day is closed."))
        return redirect("room", presence.trainer_token(trainer))
    if slot.is_closed:
        return _to_slot(trainer, slot)
    return render(request, "classroom/closure.html", context)


@dataclass(frozen=True)
class Unsigned:
    """Who is not on the list with a signature, for one reason: the first by name, and the part of the list with all of them."""

    heading: str
    names: Sequence[str]
    more: int
    part: str


def _unsigned(slot: Slot) -> list[Unsigned]:
    """Who is not on the list with a signature, by name: the trainer signs that it is right."""
    reasons = [
        (_("Not signed"), "missing", ~is_settled()),
        (_("Absent"), "absent", Q(absent_at__isnull=False)),
        (_("Signed, but was not there"), "decided", Q(struck_at__isnull=False)),
        (_("Present, without a signature"), "attested", Q(attested_at__isnull=False)),
    ]
    return [_unsigned_for(attendances(slot).filter(among), heading, part) for heading, part, among in reasons]


def _unsigned_for(rows: "QuerySet[Attendance]", heading: str, part: str) -> Unsigned:
    names = [row.participant.member.full_name for row in rows[:NAMED]]
    return Unsigned(heading, names, max(0, rows.count() - NAMED) if len(names) == NAMED else 0, part)
