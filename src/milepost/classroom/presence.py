"""How somebody shows that they may sign: a projected code that changes, a spoken code, a personal link.

All of them are made from the slot's secret (HMAC-SHA-256) or are signed with the server's key, so there is nothing to
store and nothing to clean up; that a link works once follows from a slot being signed once.
"""

import base64
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from django.conf import settings
from django.core import signing
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse

from milepost.classroom.models import Attendance, CalendarFeed, Participant, Slot, Trainer, Way
from milepost.core import clock, links
from milepost.core.cookies import Cookie
from milepost.people.models import Member, plain

PROJECTED_SECONDS = 15  # a projected code is shown so long, and taken for one turn more
SPOKEN_SECONDS = 300
PRESENCE_SECONDS = 900  # how long somebody who showed a code may take to sign
LINK_LIVES = timedelta(hours=24)  # after the end of the slot
NAMESAKES = 200  # seats, in half-days about now, that are looked at for a name
_SALT = "milepost.classroom"


def projected_token(slot: Slot, instant: datetime) -> str:
    """What the projected code says at the instant: 60 bits."""
    return base64.b32encode(_digest(slot, "projected", _turn(instant, PROJECTED_SECONDS))[:8]).decode()[:12]


def projected_address(slot: Slot, instant: datetime) -> str:
    """The address in the projected code."""
    return settings.BASE_URL + reverse("projected_code", args=[slot.code, projected_token(slot, instant)])


def seconds_left(instant: datetime) -> int:
    """Until the projected code changes."""
    return PROJECTED_SECONDS - int(instant.timestamp()) % PROJECTED_SECONDS


def is_projected_now(slot: Slot, token: str) -> bool:
    """Whether the token is the one that is projected, or the one before it, which the last row is still reading."""
    now = clock.now()
    shown = [projected_token(slot, now - timedelta(seconds=PROJECTED_SECONDS * back)) for back in (0, 1)]
    return any(hmac.compare_digest(token.upper().encode(), known.encode()) for known in shown)


def spoken_code(slot: Slot, instant: datetime) -> str:
    """The six digits that the trainer says at the instant."""
    number = int.from_bytes(_digest(slot, "spoken", _turn(instant, SPOKEN_SECONDS))[:8])
    return f"{number % 1_000_000:06}"


def slot_of_spoken_code(code: str, expects: "QuerySet[Attendance]") -> Slot | None:
    """Of the slots that take signatures now and expect one of these, the one that has this code, now or a turn ago.

    None if there is none, or two. The more slots a code is looked for in, the sooner a guess is one.
    """
    now = clock.now()
    about_now = Slot.objects.filter(starts_at__lte=now + timedelta(minutes=15), ends_at__gte=now - timedelta(hours=12))
    open_now = about_now.filter(closed_at=None, session__cancelled_at=None, pk__in=expects.values("slot"))
    earlier = now - timedelta(seconds=SPOKEN_SECONDS)
    slots = [
        slot
        for slot in open_now.select_related("session__organisation")
        if code in (spoken_code(slot, now), spoken_code(slot, earlier))
    ]
    return slots[0] if len(slots) == 1 else None


def expecting_user(user: int | None) -> "QuerySet[Attendance]":
    """The seats of whoever is signed in; of nobody, none."""
    return _seated().filter(participant__member__user_id=user) if user else Attendance.objects.none()


def expecting_name(name: str) -> "QuerySet[Attendance]":
    """The seats of people of this name: each word a whole one of theirs, and two of them where they have two."""
    typed = plain(name).split()[:10]
    about_now = clock.now()
    rows = _seated().filter(
        slot__starts_at__lte=about_now + timedelta(minutes=15), slot__ends_at__gte=about_now - timedelta(hours=12)
    )
    for word in typed:
        rows = rows.filter(participant__member__searchable__contains=word)
    named = [
        row.pk
        for row in rows.select_related("participant__member").order_by("pk")[:NAMESAKES]
        if _is_called(row.participant.member, typed)
    ]
    return _seated().filter(pk__in=named)


def whose_tries(name: str, expects: "QuerySet[Attendance]") -> str:
    """For whom somebody tries who types this name: the person, however the name is spelt; without one, its words.

    Of namesakes it is the first: whoever tries for all of them has no more tries for it.
    """
    person = expects.order_by("participant__member").values_list("participant__member", flat=True).first()
    return f"person {person}" if person else f"name {' '.join(sorted(set(plain(name).split())))}"


def _is_called(member: Member, typed: list[str]) -> bool:
    words = plain(member.full_name).split()
    return set(typed) <= set(words) and len(set(typed)) >= min(2, len(set(words)))


def _seated() -> "QuerySet[Attendance]":
    return Attendance.objects.filter(participant__status=Participant.Status.SEATED)


def _turn(instant: datetime, seconds: int) -> int:
    return int(instant.timestamp()) // seconds


def _digest(slot: Slot, use: str, turn: int) -> bytes:
    return hmac.new(bytes.fromhex(slot.secret), f"{use}:{turn}".encode(), sha256).digest()


# --- Links ------------------------------------------------------------------------------------------------


def personal_link(attendance: Attendance) -> str:
    """The link with which one person signs one slot, without signing in."""
    return settings.BASE_URL + reverse("personal_link", args=[links.token("sign", attendance.uid)])


def attendance_of(token: str) -> Attendance | None:
    """Whose link it is, and for which slot; None for one that is not ours."""
    uid = links.uid_in(token, "sign")
    rows = Attendance.objects.select_related("slot__session__organisation", "participant__member")
    return rows.filter(uid=uid, participant__status=Participant.Status.SEATED).first() if uid else None


def has_expired(attendance: Attendance) -> bool:
    """Whether the link is too old."""
    return clock.now() > attendance.slot.ends_at + LINK_LIVES


def trainer_link(trainer: Trainer) -> str:
    """Where the trainer holds the session; whoever has no account needs nothing else."""
    return settings.BASE_URL + reverse("room", args=[trainer_token(trainer)])


def trainer_token(trainer: Trainer) -> str:
    """The part of the trainer's link that names them, until the link is renewed."""
    return links.token("hold", trainer.link)


def trainer_of(token: str) -> Trainer | None:
    """Whose page it is; None for a link that is not ours, was renewed, or is of somebody who holds the session no more or has left."""
    link = links.uid_in(token, "hold")
    rows = Trainer.objects.select_related("session__organisation", "member__organisation")
    holding = rows.filter(removed_at=None).exclude(member=None, email="")  # who was erased holds nothing
    trainer = holding.filter(link=link).first() if link else None
    return None if trainer is None or (trainer.member and trainer.member.has_left) else trainer


def feed_link(feed: CalendarFeed) -> str:
    """The address of a personal calendar feed."""
    return settings.BASE_URL + reverse("calendar_feed", args=[links.token("feed", feed.link)])


def feed_of(token: str) -> CalendarFeed | None:
    """Which calendar feed it is; None for a link that is not ours, was renewed, or is of somebody who has left."""
    link = links.uid_in(token, "feed")
    feed = CalendarFeed.objects.select_related("member__organisation").filter(link=link).first() if link else None
    return None if feed is None or feed.member.has_left else feed


# --- What a browser has shown -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Presence:
    """That this browser showed a code or a link for a slot. `attendance` is known from a link; `device` is the number of the
    browser that scanned the code (`devices.py`), so that the cookie is known again elsewhere.
    """

    slot: str
    way: Way
    attendance: str = ""
    device: str = ""

    @classmethod
    def of(cls, request: HttpRequest, slot: Slot) -> "Presence | None":
        """What the browser has shown for this slot lately, or None."""
        try:
            cookie = _cookie(slot.code).of(request)
            shown: dict[str, Any] = signing.loads(cookie, salt=_SALT, max_age=PRESENCE_SECONDS)
        except signing.BadSignature:
            return None
        if shown["slot"] != slot.code:
            return None
        return cls(slot.code, Way(shown["way"]), shown["attendance"], shown.get("device", ""))

    def remember(self, response: HttpResponseBase) -> None:
        """Let the browser keep it, out of reach of scripts."""
        shown = {"slot": self.slot, "way": str(self.way), "attendance": self.attendance, "device": self.device}
        value = signing.dumps(shown, salt=_SALT)
        _cookie(self.slot).keep(response, value, seconds=PRESENCE_SECONDS, path=f"/s/{self.slot}/")


def _cookie(code: str) -> Cookie:
    return Cookie(f"presence-{code}", is_below=True)
