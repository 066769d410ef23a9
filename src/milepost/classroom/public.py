"""Pages for anybody with a code or a link: signing one's attendance on one's own phone. No sign-in, no app."""

import json
from dataclasses import replace
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from milepost.classroom import calendars, presence
from milepost.classroom.models import Attendance, Participant, Slot, Way
from milepost.classroom.presence import Presence
from milepost.classroom.queries import signable
from milepost.classroom.rules import Rules
from milepost.classroom.signing import AlreadySigned, Circumstances, Mark, SigningRefused, sign
from milepost.core.queries import text_of, uuid_of
from milepost.documents.signatures import NoSignature, Signature
from milepost.people.access import client_address
from milepost.people.limits import is_over_limit
from milepost.people.models import plain

CODES_A_MINUTE = 10
LISTED = 60  # up to so many names are shown; of more, some letters are asked for first


def _slot(code: str) -> Slot:
    return get_object_or_404(Slot.objects.select_related("session__organisation"), code=code)


@require_GET
def projected_code(request: HttpRequest, code: str, token: str) -> HttpResponseBase:
    """What the projected QR code leads to, for as long as it is projected."""
    slot = _slot(code)
    if Way.PROJECTED not in Rules.of(slot.session.organisation).ways or not presence.is_projected_now(slot, token):
        return _told(
            request,
            slot,
            _("This code is over: it changes every 15 seconds. Scan the one that is on the screen now."),
            status=410,
        )
    return _present(slot, Presence(slot.code, Way.PROJECTED))


@require_GET
def personal_link(request: HttpRequest, token: str) -> HttpResponseBase:
    """What the link in somebody's mail leads to: once, until a day after the slot."""
    row = presence.attendance_of(token)
    if row is None:
        return render(
            request,
            "classroom/over.html",
            {"message": _("This link is not one of ours, or the seat was given up.")},
            status=404,
        )
    if row.signed_at:
        return _told(
            request,
            row.slot,
            _("This link was used: your signature is there, of %(time)s.")
            % {"time": f"{row.signed_at.astimezone(row.slot.session.zone):%H:%M}"},
            status=410,
        )
    if presence.has_expired(row) or Way.LINK not in Rules.of(row.slot.session.organisation).ways:
        return _told(request, row.slot, _("This link has expired. Ask the trainer or the training team."), status=410)
    return _present(row.slot, Presence(row.slot.code, Way.LINK, str(row.uid)))


@require_http_methods(["GET", "POST"])
def spoken_code(request: HttpRequest) -> HttpResponseBase:
    """Where the six digits are typed that the trainer says."""
    if request.method == "GET":
        return render(request, "classroom/spoken.html")
    if is_over_limit(request, "spoken", a_minute=CODES_A_MINUTE):
        return render(
            request,
            "classroom/spoken.html",
            {"problem": _("Too many tries. Wait a minute, then type the code once more.")},
            status=429,
        )
    code = "".join(
        character for character in request.POST.get("code", "")[:20] if character.isascii() and character.isdigit()
    )
    slot = presence.slot_of_spoken_code(code) if len(code) == 6 else None
    if slot is None or Way.CODE not in Rules.of(slot.session.organisation).ways:
        return render(
            request,
            "classroom/spoken.html",
            {
                "problem": _(
                    "No session has this code now. Listen once more: it has six digits and changes every few minutes."
                )
            },
            status=400,
        )
    return _present(slot, Presence(slot.code, Way.CODE))


def _present(slot: Slot, shown: Presence) -> HttpResponseBase:
    response = redirect("sign", slot.code)
    shown.remember(response)
    return response


@require_http_methods(["GET", "POST"])
def sign_page(request: HttpRequest, code: str) -> HttpResponseBase:
    """Say who one is, then sign."""
    slot = _slot(code)
    shown = Presence.of(request, slot)
    with timezone.override(slot.session.zone):
        if shown is None:
            return _told(
                request,
                slot,
                _("Scan the code that the trainer projects, open your personal link, or type the spoken code."),
                status=403,
            )
        row = _who(request, slot, shown)
        if request.method == "POST":
            return _sign(request, slot, shown, row)
        if row is None:
            return _choose(request, slot, shown)
        return _asked(request, slot, row)


def _who(request: HttpRequest, slot: Slot, shown: Presence) -> Attendance | None:
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


def _choose(request: HttpRequest, slot: Slot, shown: Presence, *, problem: str = "") -> HttpResponse:
    """The names of those who have not signed. Whoever came with a spoken code types their own instead of reading them."""
    rows = signable().filter(slot=slot).select_related("participant__member").order_by(
        "participant__member__family_name", "participant__member__given_name"
    )  # fmt: skip
    text = text_of(request.GET, "q", limit=100)
    words = plain(text).split()
    for word in words:
        rows = rows.filter(participant__member__searchable__contains=word)
    is_listed = shown.way is Way.PROJECTED and slot.attendances.count() <= LISTED
    enough = len("".join(words)) >= 3
    found = list(rows[:LISTED]) if is_listed or enough else []
    context = {
        "slot": slot,
        "session": slot.session,
        "found": found,
        "text": text,
        "is_listed": is_listed,
        "was_searched": enough,
        "problem": problem,
    }
    return render(request, "classroom/choose.html", context, status=400 if problem else 200)


def _asked(request: HttpRequest, slot: Slot, row: Attendance, *, problem: str = "") -> HttpResponse:
    if row.signed_at:
        return _done(request, slot, row)
    rules = Rules.of(slot.session.organisation)
    context = {
        "slot": slot, "session": slot.session, "row": row, "person": row.participant.member,
        "meaning": meaning(slot), "rules": rules, "problem": problem,
    }  # fmt: skip
    return render(request, "classroom/sign.html", context, status=400 if problem else 200)


def meaning(slot: Slot) -> str:
    """The sentence that a participant signs."""
    return _("I attended “%(title)s” on %(day)s, %(hours)s.") % {
        "title": slot.session.title,
        "day": slot.day,
        "hours": slot.hours,
    }


def _sign(request: HttpRequest, slot: Slot, shown: Presence, row: Attendance | None) -> HttpResponseBase:
    if row is None:
        return _choose(request, slot, shown, problem=_("Choose your name first."))
    if shown.has_signed not in ("", str(row.uid)):
        return _told(
            request,
            slot,
            _(
                "Somebody has signed on this phone already. Everybody signs on their own; who has none signs on the trainer’s."
            ),
            status=409,
        )
    try:
        signature = Signature.read(request.POST.get("signature", ""))
        sign(attendance=row, mark=Mark(signature, shown.way, meaning(slot), circumstances(request)))
    except NoSignature as refused:
        return _asked(request, slot, row, problem=str(refused))
    except AlreadySigned:
        row.refresh_from_db()
        return _done(request, slot, row)
    except SigningRefused as refused:
        return _told(request, slot, str(refused), status=refused.status)
    response = _done(request, slot, row)
    replace(shown, has_signed=str(row.uid)).remember(response)
    return response


def circumstances(request: HttpRequest) -> Circumstances:
    """From where the request comes; the place only where its owner sent it along."""
    return Circumstances(
        client_address(request),
        request.headers.get("User-Agent", "")[:400],
        _location(request.POST.get("location", "")),
    )


def _location(sent: str) -> dict[str, float] | None:
    """Latitude and longitude in degrees, accuracy in metres, as the browser told; None for anything else."""
    try:
        told: Any = json.loads(sent[:200] or "null")
        found = {name: round(float(told[name]), 5) for name in ("latitude", "longitude", "accuracy")}
    except (TypeError, ValueError, KeyError, OverflowError):
        return None
    is_on_earth = abs(found["latitude"]) <= 90 and abs(found["longitude"]) <= 180 and 0 <= found["accuracy"] < 1e6
    return found if is_on_earth else None


def _done(request: HttpRequest, slot: Slot, row: Attendance) -> HttpResponse:
    following = (
        signable().filter(participant=row.participant).exclude(pk=row.pk).select_related("slot__session").first()
    )
    context = {
        "slot": slot,
        "session": slot.session,
        "row": row,
        "person": row.participant.member,
        "following": following,
    }
    return render(request, "classroom/signed.html", context)


def _told(request: HttpRequest, slot: Slot, message: str, *, status: int) -> HttpResponse:
    context = {"slot": slot, "session": slot.session, "message": message}
    return render(request, "classroom/over.html", context, status=status)


@require_GET
def calendar_feed(request: HttpRequest, token: str) -> HttpResponse:
    """Somebody's live sessions, for a calendar that subscribes."""
    member = presence.member_of_feed(token)
    if member is None:
        return HttpResponse(
            _("This calendar does not exist any more."), status=404, content_type="text/plain; charset=utf-8"
        )
    with translation.override(member.speaks):
        return HttpResponse(calendars.feed(member), content_type="text/calendar; charset=utf-8")
