"""Reads of live sessions that are more than a filter."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Count, Exists, IntegerField, Max, Min, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce, Left, StrIndex

from milepost.classroom.models import (
    Attendance,
    LiveSession,
    Participant,
    Slot,
    Trainer,
    Way,
    is_in_doubt,
    is_present,
    is_signed,
)
from milepost.classroom.permissions import courses_of, may_manage, people_for
from milepost.core import clock
from milepost.learning.permissions import SEE_RESULTS
from milepost.people.models import END_OF_NAME, Member, plain
from milepost.people.permissions import sees_everybody, visible

SEATED = Participant.Status.SEATED


def with_numbers(sessions: "QuerySet[LiveSession]", members: "QuerySet[Member] | None" = None) -> "QuerySet[Any]":
    """Each session with `starts`, `ends`, `seated`, `waiting`, `expected` and `signed`, over everybody or `members`."""
    taking_part = Participant.objects.filter(session=OuterRef("pk"))
    signing = Attendance.objects.filter(slot__session=OuterRef("pk"))
    if members is not None:
        taking_part = taking_part.filter(member__in=members)
        signing = signing.filter(participant__member__in=members)
    seats = taking_part.order_by().values("session").annotate(n=Count("pk"))
    rows = signing.order_by().values("slot__session").annotate(n=Count("pk"))
    return sessions.annotate(
        starts=Min("slots__starts_at"),
        ends=Max("slots__ends_at"),
        open_slots=Count("slots", filter=Q(slots__closed_at=None)),
        seated=_number(seats.filter(status=SEATED)),
        waiting=_number(seats.filter(status=Participant.Status.WAITING)),
        expected=_number(rows),
        signed=_number(rows.filter(is_signed())),
    )


def sessions_seen_by(member: Member) -> "QuerySet[Any]":
    """The sessions that the member manages, and those in which they see results, with the numbers that they may see."""
    sessions = LiveSession.objects.filter(organisation=member.organisation_id)
    if sees_everybody(member, SEE_RESULTS) or may_manage(member, member.organisation):
        return with_numbers(sessions)
    reached = visible(member, SEE_RESULTS) | people_for(member)
    own = Q(course__in=courses_of(member)) if may_manage(member) else Q(pk__in=[])
    seats = Participant.objects.filter(member__in=reached)
    return with_numbers(sessions.filter(own | Q(pk__in=seats.values("session"))), reached)


def _number(counts: QuerySet) -> object:  # type: ignore[type-arg]
    return Coalesce(Subquery(counts.values("n"), output_field=IntegerField()), Value(0))


def upcoming(sessions: "QuerySet[LiveSession]") -> "QuerySet[Any]":
    """Those that have not begun, the next one first, with their numbers."""
    return with_numbers(sessions.filter(cancelled_at=None)).filter(starts__gt=clock.now()).order_by("starts")


def sessions_of_member(member: Member) -> "QuerySet[Any]":
    """The member's seats, with `starts` and `ends` of their sessions."""
    seats = Participant.objects.filter(member=member).exclude(status=Participant.Status.LEFT)
    return seats.select_related("session__organisation").annotate(
        starts=Min("session__slots__starts_at"), ends=Max("session__slots__ends_at")
    )


def to_sign(member: Member) -> "QuerySet[Attendance]":
    """What the member can sign now."""
    return signable().filter(participant__member=member).select_related("slot__session").order_by("slot__starts_at")


def signable() -> "QuerySet[Attendance]":
    """What can be signed now: from a quarter of an hour before the slot until it is closed, a day at most."""
    now = clock.now()
    missing = Attendance.objects.missing().filter(participant__status=SEATED)
    open_now = missing.filter(slot__closed_at=None, slot__session__cancelled_at=None)
    return open_now.filter(slot__starts_at__lte=now + timedelta(minutes=15), slot__ends_at__gte=now - timedelta(days=1))


@dataclass(frozen=True)
class Tally:
    """A slot in numbers."""

    expected: int
    signed: int
    absent: int
    in_doubt: int

    @property
    def missing(self) -> int:
        return self.expected - self.signed - self.absent


def tally(slot: Slot, members: "QuerySet[Member] | None" = None) -> Tally:
    """How many (of `members`, if given) are expected, have signed (or are attested), and are absent, or signed and were not there; and of how many it is in doubt."""
    rows = slot.attendances.all() if members is None else slot.attendances.filter(participant__member__in=members)
    counts = rows.aggregate(
        expected=Count("pk"),
        signed=Count("pk", filter=is_present()),
        absent=Count("pk", filter=Q(absent_at__isnull=False) | Q(struck_at__isnull=False)),
        in_doubt=Count("pk", filter=is_in_doubt()),
    )
    return Tally(**counts)


def signed_on(devices: Sequence[str], session: LiveSession, *, but: Attendance) -> bool:
    """Whether somebody else signed in the session in the browser of these fingerprints."""
    rows = Attendance.objects.filter(slot__session=session, signed_at__isnull=False, device__in=devices)
    return rows.exclude(participant=but.participant_id).exclude(way=Way.TRAINER).exists()


def attendances(slot: Slot, members: "QuerySet[Member] | None" = None) -> "QuerySet[Attendance]":
    """Everybody (of `members`, if given) at the slot by name."""
    rows = Attendance.objects.filter(slot=slot).select_related("slot__session", "participant__member__site")
    if members is not None:
        rows = rows.filter(participant__member__in=members)
    return rows.order_by("participant__member__family_name", "participant__member__given_name", "pk")


def called(rows: "QuerySet[Attendance]", text: str) -> "QuerySet[Attendance]":
    """Those whose name has each word of `text`, in whatever case and with whatever accents.

    What search looks in begins with the name. Mail addresses, numbers and titles behind it are not for every trainer, and still less
    for whoever came by the code on the wall: part by part, a search for them would tell what they are.
    """
    searched = "participant__member__searchable"
    rows = rows.alias(name_as_searched=Left(searched, StrIndex(searched, Value(END_OF_NAME))))
    for word in plain(text).split():
        rows = rows.filter(name_as_searched__contains=word)
    return rows


def minutes_by_member(attendances: "QuerySet[Attendance]") -> dict[int, int]:
    """How many minutes each member (by key) was there, of those who were; one query."""
    minutes: dict[int, int] = {}
    for row in attendances.filter(is_present()).select_related("slot", "participant"):
        minutes[row.participant.member_id] = minutes.get(row.participant.member_id, 0) + row.minutes
    return minutes


def holds(member: Member) -> "QuerySet[Trainer]":
    """What the member holds as a trainer."""
    return Trainer.objects.filter(member=member, removed_at=None, session__cancelled_at=None).select_related("session")


def first_slots() -> "QuerySet[Slot]":
    """The first slot of each day of each session: the one that a reminder speaks of."""
    earlier = Slot.objects.filter(
        session=OuterRef("session"),
        starts_at__lt=OuterRef("starts_at"),
        starts_at__gt=OuterRef("starts_at") - timedelta(hours=14),
    )
    return Slot.objects.filter(~Exists(earlier))
