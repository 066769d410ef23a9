"""For whoever takes part and signs on their own phone, with a code or a link. No sign-in, no app."""

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from milepost.classroom import presence
from milepost.classroom.devices import Device
from milepost.classroom.forms import read_circumstances
from milepost.classroom.models import Attendance, Participant, Slot, Way
from milepost.classroom.presence import Presence
from milepost.classroom.queries import called, signable, signed_on
from milepost.classroom.rules import Rules
from milepost.classroom.signing import AlreadySigned, Signing, SigningRefused, meaning_of, refuse_unless_open, sign
from milepost.core import clock
from milepost.core.canonical import fingerprint
from milepost.core.openness import Whom, open_to
from milepost.core.queries import text_of, uuid_of
from milepost.core.refusals import Refused
from milepost.core.words import clock_time
from milepost.documents.signatures import NoSignature, Signature
from milepost.people.access import client_address
from milepost.people.limits import is_over_limit
from milepost.people.models import Member, plain

LISTED = 60  # up to so many names are shown; of more, some letters are asked for first


class NoSuchSlot(Refused):
    """The address to sign at is of no half-day: it was cut off, or typed wrongly."""

    sentence = gettext_lazy(
        "No half-day has this address; it may have been cut off. Scan the code that the trainer projects once more, "
        "open your personal link from the message, all of it, or ask the trainer."
    )
    status = 404


# --- Showing that one may sign ----------------------------------------------------------------------------


@open_to(Whom.LINK, "60 bits on the wall of the room, for half a minute")
@require_GET
def projected_code(request: HttpRequest, code: str, token: str) -> HttpResponseBase:
    """What the projected QR code leads to, for as long as it is projected."""
    slot = _slot(code)
    if Way.PROJECTED not in Rules.of(slot.session.organisation).ways or not presence.is_projected_now(slot, token):
        message = _("This code is over: it changes every 15 seconds. Scan the one that is on the screen now.")
        return _over(request, slot, message, status=410)
    device = Device.of(request)
    response = _present(slot, Presence(slot.code, Way.PROJECTED, device=device.name))
    device.remember(response)
    return response


@open_to(Whom.LINK, "somebody's own seat")
@require_GET
def personal_link(request: HttpRequest, token: str) -> HttpResponseBase:
    """What the link in somebody's mail leads to: once, until a day after the slot."""
    attendance = presence.attendance_of(token)
    if attendance is None:
        context = {"message": _("This link is not one of ours, or the seat was given up."), "may_try": True}
        return render(request, "classroom/over.html", context, status=404)
    slot = attendance.slot
    if attendance.signed_at:
        time = clock_time(attendance.signed_at.astimezone(slot.session.zone))
        message = _("This link was used: your signature is there, of %(time)s.") % {"time": time}
        return _over(request, slot, message, status=410, is_signed=True)
    if presence.has_expired(attendance) or Way.LINK not in Rules.of(slot.session.organisation).ways:
        return _over(request, slot, _("This link has expired. Ask the trainer or the training team."), status=410)
    return _present(slot, Presence(slot.code, Way.LINK, str(attendance.uid)))


@open_to(Whom.EVERYBODY, "takes six digits, so often a minute and a day, with a name that is expected")
@require_http_methods(["GET", "POST"])
def spoken_code(request: HttpRequest) -> HttpResponseBase:
    """Where the six digits are typed that the trainer says: they are looked for where this person has a seat, and nowhere else."""
    if request.method == "GET":
        return _ask_for_code(request)
    name = text_of(request.POST, "name", limit=100)
    expects = presence.expecting_name(name) if name else presence.expecting_user(request.user.pk)
    whose = presence.whose_tries(name, expects) if name else f"user {request.user.pk or client_address(request)}"
    if is_over_limit(request, "spoken-code", account=fingerprint(whose.encode())):
        problem = _("Too many tries. Wait a minute, then type the code once more.")
        return _ask_for_code(request, problem, status=429)
    typed = request.POST.get("code", "")[:20]
    code = "".join(character for character in typed if character.isascii() and character.isdigit())
    slot = presence.slot_of_spoken_code(code, expects) if len(code) == 6 else None
    if slot is None or Way.CODE not in Rules.of(slot.session.organisation).ways:
        problem = _(
            "No session that expects you has this code now. Listen once more: it has six digits and changes every few minutes."
        )
        return _ask_for_code(request, problem, status=400)
    return _present(slot, Presence(slot.code, Way.CODE), name=name)


def _ask_for_code(request: HttpRequest, problem: str = "", *, status: int = 200) -> HttpResponse:
    """Who is signed in is asked for their name only where it is not by their account that they are expected."""
    context = {
        "problem": problem,
        "name": text_of(request.POST, "name", limit=100),
        "asks_name": bool(problem) or not request.user.is_authenticated,
    }
    return render(request, "classroom/spoken.html", context, status=status)


def _slot(code: str) -> Slot:
    slot = Slot.objects.select_related("session__organisation").filter(code=code).first()
    if slot is None:
        raise NoSuchSlot
    return slot


def _present(slot: Slot, shown: Presence, *, name: str = "") -> HttpResponseBase:
    address = reverse("sign", args=[slot.code])
    response = redirect(f"{address}?{urlencode({'q': name})}" if name else address)
    shown.remember(response)
    return response


# --- Signing ----------------------------------------------------------------------------------------------


@open_to(Whom.EVERYBODY, "shows nothing without the cookie of a code or link")
@require_http_methods(["GET", "POST"])
def sign_page(request: HttpRequest, code: str) -> HttpResponseBase:
    """Say who one is, then sign. Whoever can't sign now is told so first, not when they have drawn their name."""
    device = Device.of(request)
    response = _sign_page(request, _slot(code), device)
    device.remember(response)
    return response


def _sign_page(request: HttpRequest, slot: Slot, device: Device) -> HttpResponseBase:
    shown = Presence.of(request, slot)
    with timezone.override(slot.session.zone):
        attendance = _own_attendance(request, slot, shown) if shown else None
        if request.method == "GET" and not (attendance and attendance.signed_at):
            try:
                refuse_unless_open(slot, clock.now())
            except SigningRefused as refused:
                return _over(request, slot, str(refused), status=refused.status, may_try=False)
        if shown is None:
            message = _("Scan the code that the trainer projects, open your personal link, or type the spoken code.")
            return _over(request, slot, message, status=403)
        if request.method == "POST":
            return _sign(request, slot, shown, attendance, device)
        if attendance is None:
            return _ask_who(request, slot, shown)
        return _ask_to_sign(request, attendance, shown, device)


def _own_attendance(request: HttpRequest, slot: Slot, shown: Presence) -> Attendance | None:
    """Whose signature it is to be: the link's owner, the member who is signed in, or the name that was chosen.

    Whoever is signed in, and has signed, may lend the phone to somebody else.
    """
    rows = Attendance.objects.select_related("slot__session__organisation", "participant__member").filter(
        slot=slot, participant__status=Participant.Status.SEATED
    )
    if shown.attendance:
        return rows.filter(uid=shown.attendance).first()
    chosen = uuid_of(request.POST, "who") or uuid_of(request.GET, "who")
    is_lent = bool(chosen) or "another" in request.GET
    mine = rows.filter(participant__member__user=request.user.pk).first() if request.user.is_authenticated else None
    if mine and not (mine.signed_at and is_lent):
        return mine
    return rows.filter(participant__uid=chosen).first() if chosen else None


def _ask_who(request: HttpRequest, slot: Slot, shown: Presence, *, problem: str = "") -> HttpResponse:
    """The names of those who have not signed. Whoever came with a spoken code types their own instead of reading them."""
    by_name = ("participant__member__family_name", "participant__member__given_name")
    text = text_of(request.GET, "q", limit=100)
    rows = called(signable().filter(slot=slot), text).select_related("participant__member").order_by(*by_name)
    is_listed = shown.way is Way.PROJECTED and slot.attendances.count() <= LISTED
    was_searched = len("".join(plain(text).split())) >= 3
    context = {
        "slot": slot,
        "session": slot.session,
        "attendances": list(rows[:LISTED]) if is_listed or was_searched else [],
        "text": text,
        "is_listed": is_listed,
        "was_searched": was_searched,
        "problem": problem,
    }
    return render(request, "classroom/choose.html", context, status=400 if problem else 200)


def _ask_to_sign(
    request: HttpRequest, attendance: Attendance, shown: Presence, device: Device, *, problem: str = ""
) -> HttpResponse:
    if attendance.signed_at:
        return _thank(request, attendance, shown)
    session = attendance.slot.session
    context = _context(attendance) | {
        "meaning": meaning_of(attendance.slot),
        "rules": Rules.of(session.organisation),
        "device": device.tokens,
        "is_lent": signed_on(device.fingerprints(session), session, but=attendance),
        "problem": problem,
    }
    return render(request, "classroom/sign.html", context, status=400 if problem else 200)


def _sign(
    request: HttpRequest, slot: Slot, shown: Presence, attendance: Attendance | None, device: Device
) -> HttpResponseBase:
    if attendance is None:
        return _ask_who(request, slot, shown, problem=_("Choose your name first."))
    try:
        signature = Signature.read(request.POST.get("signature", ""))
        signing = Signing(
            signature,
            shown.way,
            meaning_of(slot),
            read_circumstances(request),
            devices=device.fingerprints(slot.session),
            in_other_account=_is_somebody_else(request, attendance.participant.member),
            hides_device=device.is_new,
            was_handed_on=device.is_another_than(shown.device),
        )
        sign(attendance=attendance, signing=signing)
    except NoSignature as refused:
        return _ask_to_sign(request, attendance, shown, device, problem=str(refused))
    except AlreadySigned:
        attendance.refresh_from_db()
    except SigningRefused as refused:
        return _over(request, slot, str(refused), status=refused.status, may_try=False)
    return _thank(request, attendance, shown)


def _is_somebody_else(request: HttpRequest, person: Member) -> bool:
    """Whether another person is signed in here. Whoever has no account yet may be signed in with their address elsewhere."""
    user = request.user
    if not user.is_authenticated or person.user_id == user.pk:
        return False
    return not person.email or person.email.casefold() != user.email.casefold()


def _thank(request: HttpRequest, attendance: Attendance, shown: Presence) -> HttpResponse:
    context = _context(attendance) | {"may_lend": not shown.attendance and not attendance.slot.is_closed}
    return render(request, "classroom/signed.html", context)


def _context(attendance: Attendance) -> dict[str, object]:
    slot, person = attendance.slot, attendance.participant.member
    return {"slot": slot, "session": slot.session, "row": attendance, "person": person}


def _over(
    request: HttpRequest, slot: Slot, message: str, *, status: int, is_signed: bool = False, may_try: bool = True
) -> HttpResponse:
    """Why there is nothing to sign here; `may_try` where another code or link may still let one."""
    context = {"slot": slot, "session": slot.session, "message": message, "is_signed": is_signed, "may_try": may_try}
    return render(request, "classroom/over.html", context, status=status)
