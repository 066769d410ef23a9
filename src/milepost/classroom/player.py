"""Playing a live step: choose a session, take part, and be done once its sheet is closed."""

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.db.models import Max
from django.http import HttpResponseBase
from django.utils.translation import gettext as _

from milepost.classroom.models import LiveSession, Participant
from milepost.classroom.queries import upcoming
from milepost.classroom.registering import leave, register
from milepost.core.queries import uuid_of
from milepost.core.refusals import as_message
from milepost.learning.players import Handler, Play, Player


class LivePlayer(Player):
    """How a live step is played."""

    kind = "live"
    template = "classroom/play.html"

    def context(self, play: Play) -> dict[str, Any]:
        mine = Participant.objects.filter(member=play.enrolment.member, session__in=_sessions(play)).exclude(
            status=Participant.Status.LEFT
        )
        seat = mine.select_related("session").annotate(until=Max("session__slots__ends_at")).order_by("-until").first()
        return {
            "html": play.html(play.definition["html"]),
            "seat": seat,
            "choices": [] if seat else upcoming(_sessions(play)),
        }

    def resources(self) -> Mapping[str, Handler]:
        return {"seat": _take_seat, "departure": _give_up_seat}


def _sessions(play: Play) -> Any:
    return LiveSession.objects.filter(
        organisation_id=play.enrolment.organisation_id,
        course=play.enrolment.course,
        activity_key=play.activity.key,
        cancelled_at=None,
    )


def _take_seat(play: Play) -> HttpResponseBase:
    """One that has begun is not taken any more: whoever came gets a seat from the trainer, who sees them."""
    chosen = uuid_of(play.request.POST, "session")
    session = upcoming(_sessions(play)).filter(uid=chosen).first()
    if session is None:
        messages.error(
            play.request, _("Choose a date that has not begun yet.") if chosen else _("Choose a date first.")
        )
        return play.again()
    with as_message(play.request):
        seat = register(session=session, member=play.enrolment.member)
        is_seated = seat.status == Participant.Status.SEATED
        words = (
            _("You have a seat. An invitation comes by mail.")
            if is_seated
            else _("All seats are taken. You are on the waiting list, and get a mail when one is free.")
        )
        messages.success(play.request, words)
    return play.again()


def _give_up_seat(play: Play) -> HttpResponseBase:
    sessions = _sessions(play).filter(uid=uuid_of(play.request.POST, "session"))
    seat = Participant.objects.filter(member=play.enrolment.member, session__in=sessions).first()
    with as_message(play.request):
        if seat:
            leave(participant=seat)
            messages.success(play.request, _("Your seat is free for somebody else. Choose another date when you like."))
    return play.again()
