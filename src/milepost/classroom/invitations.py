"""Invitations to live sessions, their changes and their cancellations. Each follows from the state of a row.

A row says what the person's calendar holds; where the session says something else by now, a notice goes out. One that
still waits is taken back for the newer one, so that nobody gets the same news three times after an outage.
"""

from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.db.models import F, Q, QuerySet

from milepost.classroom.models import Participant, Trainer
from milepost.core import clock
from milepost.journal.recording import Reference
from milepost.notices.outbox import Outside, Said, notify_many, withdraw
from milepost.people.models import Member

BATCH = 200
KIND = "session_invitation"


def invite_due() -> int:
    """Tell everybody whose calendar says something else than their session, everywhere; return how many."""
    return _invite(Participant, _seats_to_tell) + _invite(Trainer, _trainers_to_tell)


def is_due() -> bool:
    """Whether anybody's calendar says something else than a session to come."""
    return _upcoming(_seats_to_tell()).exists() or _upcoming(_trainers_to_tell()).exists()


def _seats_to_tell() -> "QuerySet[Participant]":
    seated = Q(status=Participant.Status.SEATED, session__cancelled_at=None)
    told_less = seated & Q(invited_sequence__lt=F("session__sequence"))
    off = (~seated) & ~Q(invited_days=[])
    return Participant.objects.filter(told_less | off).exclude(member__email=None)


def _trainers_to_tell() -> "QuerySet[Trainer]":
    holding = Q(removed_at=None, session__cancelled_at=None)
    told_less = holding & Q(invited_sequence__lt=F("session__sequence"))
    return Trainer.objects.filter(told_less | (~holding & ~Q(invited_days=[]))).exclude(email="")


def _invite[R: (Participant, Trainer)](model: type[R], to_tell: "Callable[[], QuerySet[R]]") -> int:
    count = 0
    while keys := list(_upcoming(to_tell()).order_by("pk").values_list("pk", flat=True).distinct()[:BATCH]):
        with transaction.atomic():
            rows = to_tell().filter(pk__in=keys).select_related("session__organisation", "member__organisation")
            said = [_note(row) for row in rows.select_for_update(of=("self",), no_key=True)]
            notify_many(KIND, (notice for notice in said if notice is not None))
        count += sum(notice is not None for notice in said)
    return count


def _upcoming[R: (Participant, Trainer)](rows: "QuerySet[R]") -> "QuerySet[R]":
    return rows.filter(session__slots__ends_at__gt=clock.now())


def _note(row: Participant | Trainer) -> Said | None:
    """Note what the calendar will hold, and what to say; nothing where an invitation that never left is taken back."""
    session, to, about = row.session, recipient_of(row), subject_of(row)
    waiting = withdraw(KIND, to=to, about=about) if row.invited_sequence >= 0 else []
    held = waiting[0].data["held"] if waiting else row.invited_days
    off = is_off(row)
    row.invited_sequence = session.sequence
    row.invited_days = [] if off else [day.isoformat() for day in session.slots_by_day]
    row.save(update_fields=["invited_sequence", "invited_days"])
    if off and not held:
        return None
    data: dict[str, Any] = {"held": held, "sequence": session.sequence, "off": off}
    key = f"{about.id}:{session.sequence}{'-' if off else '+'}{clock.now():%Y%m%dT%H%M%S.%f}"
    return Said(to, about, key, data, session.language)


def subject_of(row: Participant | Trainer) -> Reference:
    """What an invitation is about: the session, or the trainer's part in it."""
    if isinstance(row, Trainer):
        return Reference("trainer", str(row.uid), row.name)
    return row.session.as_reference()


def is_off(row: Participant | Trainer) -> bool:
    """Whether nothing of the session belongs into the person's calendar any more."""
    gone = row.removed_at is not None if isinstance(row, Trainer) else row.status != Participant.Status.SEATED
    return gone or row.session.cancelled_at is not None


def recipient_of(row: Participant | Trainer) -> Member | Outside:
    """Whom a message about the row goes to: the member, or the address that was given."""
    if isinstance(row, Participant):
        return row.member
    if row.member is not None and row.member.email == row.email:
        return row.member
    return Outside(row.session.organisation, row.email, row.name)
