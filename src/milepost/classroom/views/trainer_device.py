"""The trainer's device that is handed round: it works without a network, and delivers what was signed on it later."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from django.contrib.staticfiles import finders
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_GET, require_POST

from milepost.classroom.forms import read_circumstances
from milepost.classroom.models import Slot, Trainer, Way
from milepost.classroom.rules import Rules
from milepost.classroom.signing import Signing, meaning_of, take_offline
from milepost.classroom.views.attendance_list import AttendanceList
from milepost.classroom.views.trainer import code_context, held
from milepost.core import clock
from milepost.core.http import json_of
from milepost.core.openness import Whom, open_to
from milepost.core.refusals import Refused, problem_response
from milepost.documents.signatures import NoSignature, Signature
from milepost.people.access import takes_kept

MAX_DELIVERY = 2_000_000  # bytes
MOST_DELIVERED = 50  # signatures at once: the page sends each by itself
LATE_AFTER = timedelta(seconds=30)  # a signature that takes longer to arrive was made without a network
CLOCK_OFF = timedelta(minutes=5)  # from where on a device's clock is wrong, or was changed since the signature
OLDEST = timedelta(days=7)  # what is said to be older was made on a device whose clock is wrong
HANDED_ROUND = 500  # names on one page of the device that is handed round: each page has to be there without a network

_MS = timedelta(milliseconds=1)


@ensure_csrf_cookie
@require_GET
@held
def device(request: HttpRequest, trainer: Trainer, slot: Slot) -> HttpResponseBase:
    """The trainer's device, handed round: one name after the other, with or without a network."""
    _refuse_unless_handed_round(trainer)
    people = AttendanceList(slot, request.GET).context(request, size=HANDED_ROUND)
    return render(
        request, "classroom/device.html", code_context(trainer, slot) | people | {"meaning": meaning_of(slot)}
    )


def _refuse_unless_handed_round(trainer: Trainer) -> None:
    if Way.TRAINER not in Rules.of(trainer.session.organisation).ways:
        raise Http404


@open_to(Whom.EVERYBODY, "a script that holds nothing of anybody")
@require_GET
def offline_worker(request: HttpRequest) -> HttpResponse:
    """The service worker that keeps the trainer's page within reach; it has to come from the address that it serves."""
    script = finders.find("classroom/offline.js")
    assert isinstance(script, str)  # noqa: S101 (it comes with Milepost)
    return HttpResponse(
        Path(script).read_bytes(), content_type="text/javascript; charset=utf-8", headers={"Cache-Control": "no-cache"}
    )


@takes_kept
@require_POST
@held
def deliveries(request: HttpRequest, trainer: Trainer, slot: Slot) -> HttpResponseBase:
    """Signatures from the trainer's device: `{"now": device time, "signatures": [{"who", "signature", "at"}]}` (ms).

    Answers what became of each: `{"outcomes": {who: outcome}}`. The same delivery twice is the same as once.
    """
    _refuse_unless_handed_round(trainer)
    try:
        delivery = json_of(request)
        if len(request.body) > MAX_DELIVERY or len(delivery["signatures"]) > MOST_DELIVERED:
            return JsonResponse({"detail": _("Too many signatures at once.")}, status=413)
        device_now = float(delivery["now"])
        read = [_delivered(request, trainer, slot, item, device_now) for item in delivery["signatures"]]
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError):
        return JsonResponse({"detail": _("What arrived can’t be read.")}, status=400)
    good = [(who, signing) for who, signing in read if signing is not None]
    refused = dict.fromkeys((who for who, signing in read if signing is None), "refused")
    try:
        return JsonResponse({"outcomes": take_offline(slot=slot, signings=good) | refused})
    except Refused as early:
        return problem_response(early)


def _delivered(
    request: HttpRequest, trainer: Trainer, slot: Slot, item: dict[str, Any], device_now: float
) -> tuple[str, Signing | None]:
    """One signature. The device's clock may be wrong; how far it is off shows when it delivers, and is a doubt (`doubts.py`)."""
    who = str(UUID(item["who"]))
    age = timedelta(milliseconds=min(max(0.0, device_now - float(item["at"])), OLDEST / _MS))
    made_at = clock.now() - age if age > LATE_AFTER else None
    try:
        signature = Signature.read(json.dumps(item["signature"]))
    except NoSignature:
        return who, None
    is_off = made_at is not None and abs(clock.now().timestamp() * 1000 - device_now) > CLOCK_OFF / _MS
    is_off = is_off or float(item["at"]) - device_now > LATE_AFTER / _MS
    where = read_circumstances(request)
    return who, Signing(signature, Way.TRAINER, meaning_of(slot), where, made_at, trainer, clock_is_off=is_off)
