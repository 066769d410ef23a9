"""For whoever takes part and signs on their own phone, with a code or a link. No sign-in, no app."""

from dataclasses import replace

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from milepost.classroom import presence
from milepost.classroom.forms import read_circumstances
from milepost.classroom.models import Attendance, Participant, Slot, Way
from milepost.classroom.presence import Presence
from milepost.classroom.queries import signable
from milepost.classroom.rules import Rules
from milepost.classroom.signing import AlreadySigned, Signing, SigningRefused, meaning_of, sign
from milepost.core.queries import text_of, uuid_of
from milepost.documents.signatures import NoSignature, Signature
from milepost.people.limits import is_over_limit
from milepost.people.models import plain

CODES_A_MINUTE = 10
LISTED = 60  # up to so many names are shown; of more, some letters are asked for first

# --- Showing that one may sign ----------------------------------------------------------------------------


@require_GET
def projected_code(request: HttpRequest, code: str, token: str) -> HttpResponseBase:
    """What the projected QR code leads to, for as long as it is projected."""
    slot = _slot(code)
    if Way.PROJECTED not in Rules.of(slot.session.organisation).ways or not presence.is_projected_now(slot, token):
        message = _("This code is over: it changes every 15 seconds. Scan the one that is on the screen now.")
        return _over(request, slot, message, status=410)
    return _present(slot, Presence(slot.code, Way.PROJECTED))


@require_GET
def personal_link(request: HttpRequest, token: str) -> HttpResponseBase:
    """What the link in somebody's mail leads to: once, until a day after the slot."""
    attendance = presence.attendance_of(token)
    if attendance is None:
        context = {"message": _("This link is not one of ours, or the seat was given up.")}
        return render(request, "classroom/over.html", context, status=404)
    slot = attendance.slot
    if attendance.signed_at:
        time = f"{attendance.signed_at.astimezone(slot.session.zone):%H:%M}"
        message = _("This link was used: your signature is there, of %(time)s.") % {"time": time}
        return _over(request, slot, message, status=410, is_signed=True)
    if presence.has_expired(attendance) or Way.LINK not in Rules.of(slot.session.organisation).ways:
        return _over(request, slot, _("This link has expired. Ask the trainer or the training team."), status=410)
    return _present(slot, Presence(slot.code, Way.LINK, str(attendance.uid)))


@require_http_methods(["GET", "POST"])
def spoken_code(request: HttpRequest) -> HttpResponseBase:
    """Where the six digits are typed that the trainer says."""
    if request.method == "GET":
        return render(request, "classroom/spoken.html")
    if is_over_limit(request, "spoken", a_minute=CODES_A_MINUTE):
        problem = _("Too many tries. Wait a minute, then type the code once more.")
        return render(request, "classroom/spoken.html", {"problem": problem}, status=429)
    typed = request.POST.get("code", "")[:20]
    code = "".join(character for character in typed if character.isascii() and character.isdigit())
    slot = presence.slot_of_spoken_code(code) if len(code) == 6 else None
    if slot is None or Way.CODE not in Rules.of(slot.session.organisation).ways:
        problem = _("No session has this code now. Listen once more: it has six digits and changes every few minutes.")
        return render(request, "classroom/spoken.html", {"problem": problem}, status=400)
    return _present(slot, Presence(slot.code, Way.CODE))


def _slot(code: str) -> Slot:
    return get_object_or_404(Slot.objects.select_related("session__organisation"), code=code)


def _present(slot: Slot, shown: Presence) -> HttpResponseBase:
    response = redirect("sign", slot.code)
    shown.remember(response)
    return response


# --- Signing ----------------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
def sign_page(request: HttpRequest, code: str) -> HttpResponseBase:
    """Say who one is, then sign."""
    slot = _slot(code)
    shown = Presence.of(request, slot)
    with timezone.override(slot.session.zone):
        if shown is None:
            message = _("Scan the code that the trainer projects, open your personal link, or type the spoken code.")
            return _over(request, slot, message, status=403)
        attendance = _own_attendance(request, slot, shown)
        if request.method == "POST":
            return _sign(request, slot, shown, attendance)
        if attendance is None:
            return _ask_who(request, slot, shown)
        return _ask_to_sign(request, attendance)


def _own_attendance(request: HttpRequest, slot: Slot, shown: Presence) -> Attendance | None:
    """Whose signature it is to be: the link's owner, the member who is signed in, or the name that was chosen."""
    rows = Attendance.objects.select_related("slot__session__organisation", "participant__member").filter(
        slot=slot, participant__status=Participant.Status.SEATED
    )
    if shown.attendance:
        return rows.filter(uid=shown.attendance).first()
    if request.user.is_authenticated and (mine := rows.filter(participant__member__user=request.user).first()):
        return mine
    chosen = uuid_of(request.POST, "who") or uuid_of(request.GET, "who")
    return rows.filter(participant__uid=chosen).first() if chosen else None


def _ask_who(request: HttpRequest, slot: Slot, shown: Presence, *, problem: str = "") -> HttpResponse:
    """The names of those who have not signed. Whoever came with a spoken code types their own instead of reading them."""
    by_name = ("participant__member__family_name", "participant__member__given_name")
    rows = signable().filter(slot=slot).select_related("participant__member").order_by(*by_name)
    text = text_of(request.GET, "q", limit=100)
    words = plain(text).split()
    for word in words:
        rows = rows.filter(participant__member__searchable__contains=word)
    is_listed = shown.way is Way.PROJECTED and slot.attendances.count() <= LISTED
    was_searched = len("".join(words)) >= 3
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


def _ask_to_sign(request: HttpRequest, attendance: Attendance, *, problem: str = "") -> HttpResponse:
    if attendance.signed_at:
        return _thank(request, attendance)
    context = _context(attendance) | {
        "meaning": meaning_of(attendance.slot),
        "rules": Rules.of(attendance.slot.session.organisation),
        "problem": problem,
    }
    return render(request, "classroom/sign.html", context, status=400 if problem else 200)


def _sign(request: HttpRequest, slot: Slot, shown: Presence, attendance: Attendance | None) -> HttpResponseBase:
    if attendance is None:
        return _ask_who(request, slot, shown, problem=_("Choose your name first."))
    if shown.has_signed not in ("", str(attendance.uid)):
        message = _(
            "Somebody has signed on this phone already. Everybody signs on their own; who has none signs on the trainer’s."
        )
        return _over(request, slot, message, status=409)
    try:
        signature = Signature.read(request.POST.get("signature", ""))
        signing = Signing(signature, shown.way, meaning_of(slot), read_circumstances(request))
        sign(attendance=attendance, signing=signing)
    except NoSignature as refused:
        return _ask_to_sign(request, attendance, problem=str(refused))
    except AlreadySigned:
        attendance.refresh_from_db()
        return _thank(request, attendance)
    except SigningRefused as refused:
        return _over(request, slot, str(refused), status=refused.status)
    response = _thank(request, attendance)
    replace(shown, has_signed=str(attendance.uid)).remember(response)
    return response


def _thank(request: HttpRequest, attendance: Attendance) -> HttpResponse:
    return render(request, "classroom/signed.html", _context(attendance))


def _context(attendance: Attendance) -> dict[str, object]:
    slot, person = attendance.slot, attendance.participant.member
    return {"slot": slot, "session": slot.session, "row": attendance, "person": person}


def _over(request: HttpRequest, slot: Slot, message: str, *, status: int, is_signed: bool = False) -> HttpResponse:
    context = {"slot": slot, "session": slot.session, "message": message, "is_signed": is_signed}
    return render(request, "classroom/over.html", context, status=status)
