"""The trainer's pages. Whoever has no account comes with a personal link; a member has to be signed in as themselves."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from pathlib import Path
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.contrib.staticfiles import finders
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from milepost.classroom import presence
from milepost.classroom.marking import read_change
from milepost.classroom.meetings import Guest, meeting_tools
from milepost.classroom.models import Attendance, Participant, Slot, Trainer, TrainerRight, Way
from milepost.classroom.public import circumstances, meaning
from milepost.classroom.queries import attendances, tally
from milepost.classroom.registering import RegistrationRefused, register
from milepost.classroom.reminders import remind_missing
from milepost.classroom.rules import Rules
from milepost.classroom.signing import Mark, change_attendance, close_slot, take_offline
from milepost.core import clock
from milepost.core.canonical import fingerprint
from milepost.core.http import blob_download
from milepost.core.queries import text_of, uuid_of
from milepost.core.refusals import Refused, as_message, problem_response
from milepost.documents.signatures import NoSignature, Signature
from milepost.documents.typesetting import qr_code
from milepost.people.members import add_member
from milepost.people.models import Member, Relation

MAX_DELIVERY = 2_000_000  # bytes
LATE_AFTER = timedelta(seconds=30)  # a signature that takes longer to arrive was made without a network

View = Callable[..., HttpResponseBase]


def held(view: View) -> View:
    """Find the trainer by their link and the slot by its code, in the session's time zone."""

    @wraps(view)
    def guarded(request: HttpRequest, token: str, code: str | None = None, **more: Any) -> HttpResponseBase:
        trainer = presence.trainer_of(token)
        if trainer is None:
            raise Http404
        if trainer.member and trainer.member.user_id and trainer.member.user_id != request.user.pk:
            if request.user.is_authenticated:
                raise Http404
            return redirect_to_login(request.get_full_path())
        with timezone.override(trainer.session.zone):
            if code is None:
                return view(request, trainer, **more)
            slot = trainer.session.slots.filter(code=code).first()
            if slot is None:
                raise Http404
            slot.session = trainer.session
            return view(request, trainer, slot)

    return guarded


@require_GET
@held
def room(request: HttpRequest, trainer: Trainer) -> HttpResponse:
    """The session: its half-days, what is left to do, documents, the way into the meeting."""
    session = trainer.session
    slots = list(session.slots.all())
    for slot in slots:
        slot.session = session
    now = clock.now()
    rows = [{"slot": slot, "tally": tally(slot)} for slot in slots]
    current = next((slot for slot in slots if not slot.is_closed and slot.ends_at > now - timedelta(hours=2)), None)
    context = _context(trainer) | {"rows": rows, "current": current, "documents": session.documents.all()}
    return render(request, "classroom/room.html", context)


@require_GET
@held
def document(request: HttpRequest, trainer: Trainer, document: str) -> HttpResponseBase:
    """A file of the session."""
    found = get_object_or_404(trainer.session.documents, uid=document)
    return blob_download(trainer.session.organisation.uid, found.digest, name=found.name)


def _context(trainer: Trainer) -> dict[str, Any]:
    rules = Rules.of(trainer.session.organisation)
    return {
        "trainer": trainer, "session": trainer.session, "token": presence.room_token(trainer), "rules": rules,
        "rights": {right.name.lower(): rules.allows(right) for right in TrainerRight},
    }  # fmt: skip


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
        return redirect("room", presence.room_token(trainer))


@ensure_csrf_cookie
@require_GET
@held
def live(request: HttpRequest, trainer: Trainer, slot: Slot) -> HttpResponse:
    """A half-day as it happens: the code to project, who has signed, who is missing."""
    return render(request, "classroom/live.html", _live(trainer, slot))


def _live(trainer: Trainer, slot: Slot) -> dict[str, Any]:
    now = clock.now()
    rows = list(attendances(slot))
    rules = Rules.of(trainer.session.organisation)
    code = presence.spoken_code(slot, now) if Way.CODE in rules.ways else ""
    return _context(trainer) | {
        "slot": slot, "rows": rows, "tally": tally(slot), "mark": _mark(slot), "is_open": now >= slot.signing_opens_at and not slot.is_closed,
        "has_begun": now >= slot.starts_at, "has_ended": now >= slot.ends_at,
        "qr": qr_code(presence.projected_address(slot, now)) if Way.PROJECTED in rules.ways else "",
        "seconds": presence.seconds_left(now) + 1, "spoken": f"{code[:3]} {code[3:]}" if code else "",
    }  # fmt: skip


def _mark(slot: Slot) -> str:
    """Changes whenever the list does."""
    told = slot.attendances.order_by("pk").values_list(
        "pk", "signed_at", "absent_at", "attested_at", "arrived_at", "left_at", "absence_reason"
    )
    return fingerprint(repr((slot.closed_at, list(told))).encode())[:16]


@require_GET
@held
def live_list(request: HttpRequest, trainer: Trainer, slot: Slot) -> HttpResponse:
    """The list, when it has changed since the one that the page shows (204 otherwise)."""
    if request.GET.get("mark") == _mark(slot):
        return HttpResponse(status=204)
    return render(request, "classroom/live_list.html", _live(trainer, slot))


@require_GET
@held
def live_code(request: HttpRequest, trainer: Trainer, slot: Slot) -> HttpResponse:
    """The code to project now."""
    return render(request, "classroom/live_code.html", _live(trainer, slot))


@require_POST
@held
def reminders(request: HttpRequest, trainer: Trainer, slot: Slot) -> HttpResponseBase:
    """Ask all who are missing, by mail."""
    count = remind_missing(slot)
    told = ngettext("%(count)d person was asked by mail.", "%(count)d people were asked by mail.", count)
    messages.success(request, told % {"count": count} if count else _("Nobody is missing who has an e-mail address."))
    return _back(trainer, slot)


def _back(trainer: Trainer, slot: Slot) -> HttpResponseBase:
    return redirect("room_slot", presence.room_token(trainer), slot.code)


@require_POST
@held
def marks(request: HttpRequest, trainer: Trainer, slot: Slot) -> HttpResponseBase:
    """Mark one person late, gone early, absent; or take it back."""
    who = uuid_of(request.POST, "who")
    row = Attendance.objects.filter(slot=slot, participant__uid=who).first() if who else None
    if row is None:
        raise Http404
    rules = Rules.of(trainer.session.organisation)
    with as_message(request):
        change = read_change(request, slot, may_justify=rules.allows(TrainerRight.JUSTIFY_ABSENCES))
        change_attendance(attendance=row, change=change, by=trainer.as_reference(), why=request.POST.get("why", ""))
    return _back(trainer, slot)


@require_POST
@held
def people(request: HttpRequest, trainer: Trainer, slot: Slot) -> HttpResponseBase:
    """Put somebody onto the list who is in the room: known by their e-mail address, or new where trainers may do that."""
    rules = Rules.of(trainer.session.organisation)
    try:
        with as_message(request):
            seat = _seated(request, trainer, rules)
            messages.success(request, _("%(name)s is on the list.") % {"name": seat.member.full_name})
    except ValidationError as error:
        messages.error(request, error.messages[0])
    return _back(trainer, slot)


def _seated(request: HttpRequest, trainer: Trainer, rules: Rules) -> Participant:
    session, by = trainer.session, trainer.member
    email = text_of(request.POST, "email").strip().lower()
    member = Member.objects.filter(organisation=session.organisation, email=email).first() if email else None
    if member is not None and member.has_left:
        raise RegistrationRefused(_("%(name)s has left the organisation.") % {"name": member.full_name})
    if member is not None and rules.allows(TrainerRight.ADD_PEOPLE):
        return register(session=session, member=member, by=by)
    if member is None and rules.allows(TrainerRight.ADD_NEW_PEOPLE):
        given, family = (" ".join(text_of(request.POST, name, limit=120).split()) for name in ("given", "family"))
        if not given or not family:
            raise RegistrationRefused(_("Nobody here has this address yet. Give their names as well."))
        validate_email(email)
        with transaction.atomic():
            made = add_member(
                organisation=session.organisation,
                email=email,
                given_name=given,
                family_name=family,
                relation=Relation.PARTNER,
                by=by,
            )
            return register(session=session, member=made, by=by)
    raise RegistrationRefused(_("The training team adds people here. Ask them, and note the name meanwhile."))


@ensure_csrf_cookie
@require_GET
@held
def device(request: HttpRequest, trainer: Trainer, slot: Slot) -> HttpResponseBase:
    """The trainer's device, handed round: one name after the other, with or without a network."""
    if Way.TRAINER not in Rules.of(trainer.session.organisation).ways:
        raise Http404
    return render(request, "classroom/device.html", _live(trainer, slot) | {"meaning": meaning(slot)})


@require_GET
def offline_worker(request: HttpRequest) -> HttpResponse:
    """The service worker that keeps the trainer's page within reach; it has to come from the address that it serves."""
    found = finders.find("classroom/offline.js")
    assert isinstance(found, str)  # noqa: S101 (it comes with Milepost)
    return HttpResponse(
        Path(found).read_bytes(), content_type="text/javascript; charset=utf-8", headers={"Cache-Control": "no-cache"}
    )


@require_POST
@held
def deliveries(request: HttpRequest, trainer: Trainer, slot: Slot) -> HttpResponseBase:
    """Signatures from the trainer's device: `{"now": device time, "signatures": [{"who", "signature", "at"}]}` (ms).

    Answers what became of each. The same delivery twice is the same as once.
    """
    if Way.TRAINER not in Rules.of(trainer.session.organisation).ways:
        raise Http404
    if len(request.body) > MAX_DELIVERY:
        return JsonResponse({"detail": _("Too many signatures at once.")}, status=413)
    try:
        told = json.loads(request.body)
        device_now = float(told["now"])
        read = [_delivered(request, trainer, slot, one, device_now) for one in told["signatures"]]
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError):
        return JsonResponse({"detail": _("What arrived can’t be read.")}, status=400)
    good = [(who, mark) for who, mark in read if mark is not None]
    refused = dict.fromkeys((who for who, mark in read if mark is None), "refused")
    try:
        return JsonResponse({"told": take_offline(slot=slot, trainer=trainer, marks=good) | refused})
    except Refused as closed:
        return problem_response(closed)


def _delivered(
    request: HttpRequest, trainer: Trainer, slot: Slot, one: dict[str, Any], device_now: float
) -> tuple[str, Mark | None]:
    """One signature. The device's clock may be wrong; how far it is off shows when it delivers."""
    who = str(UUID(one["who"]))
    age = timedelta(milliseconds=min(max(0.0, device_now - float(one["at"])), 7 * 86_400_000))
    made_at: datetime | None = clock.now() - age if age > LATE_AFTER else None
    try:
        signature = Signature.read(json.dumps(one["signature"]))
    except NoSignature:
        return who, None
    return who, Mark(signature, Way.TRAINER, meaning(slot), circumstances(request), made_at, trainer)


@require_http_methods(["GET", "POST"])
@held
def closure(request: HttpRequest, trainer: Trainer, slot: Slot) -> HttpResponseBase:
    """The trainer signs, and the half-day is closed."""
    sentence = _("I held this half-day of “%(title)s” on %(day)s, %(hours)s, and the attendance above is right.") % {
        "title": slot.session.title, "day": slot.day, "hours": slot.hours,
    }  # fmt: skip
    context = _context(trainer) | {
        "slot": slot,
        "tally": tally(slot),
        "meaning": sentence,
        "has_ended": clock.now() >= slot.ends_at,
    }
    if request.method == "POST":
        try:
            signature = Signature.read(request.POST.get("signature", ""))
            close_slot(slot=slot, trainer=trainer, mark=Mark(signature, Way.TRAINER, sentence, circumstances(request)))
        except Refused as refused:
            return render(request, "classroom/closure.html", context | {"problem": str(refused)}, status=400)
        messages.success(request, _("Closed. The sealed sheet is made within a minute once every half-day is closed."))
        return redirect("room", presence.room_token(trainer))
    if slot.is_closed:
        return redirect("room_slot", presence.room_token(trainer), slot.code)
    return render(request, "classroom/closure.html", context)
