"""Deciding about a signature that is in doubt: was there, or was not. It can be taken back, and no signature goes for it.

Whoever was not there is not counted anywhere: not at closing, on the sheet, for the course's step or in hours.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Literal

from django.db import transaction
from django.utils.translation import gettext_lazy

from milepost.classroom.facts import SLOT_DECIDED
from milepost.classroom.models import Attendance, LiveSession, Slot
from milepost.classroom.sheets import ask_for_sheet
from milepost.classroom.signing import SigningRefused
from milepost.core import clock
from milepost.journal.recording import Fact, Reference, record_many
from milepost.notices.outbox import notify, withdraw

SLIP = timedelta(minutes=10)  # in which a tap that slipped is taken back, and nobody hears of it

type Decision = Literal["there", "not-there", "undecided"]


class DoubtsChanged(SigningRefused):
    """What is doubtful is not what they had read who decide, or somebody else decided before."""

    sentence = gettext_lazy(
        "What is doubtful about a signature has changed since this page was loaded. Read it again, then decide."
    )


def decide(*, slot: Slot, seen: Mapping[str, str], decision: Decision, by: Reference, reason: str = "") -> int:
    """Decide about signatures of the half-day that are in doubt; return about how many. Records `decided` for each.

    `seen` are the participants' uids with the `doubts_seen` of the page. Decided the same way already is a no-op; all are decided
    or none: raises `DoubtsChanged`. After the closing the next sheet tells it. Whoever was not there is told so by mail, and so is
    who was told it before that was taken back.
    """
    reason = " ".join(reason.split())[:300]
    with transaction.atomic():
        session = LiveSession.locked(slot.session_id)
        rows = Attendance.objects.filter(slot=slot, participant__uid__in=seen).exclude(doubted_at=None)
        rows = rows.select_related("slot__session", "participant__member", "organisation").order_by("pk")
        decided = [row for row in rows if _decision_of(row) != decision]
        if len(rows) < len(seen) or any(row.doubts_seen != seen[str(row.participant.uid)] for row in decided):
            raise DoubtsChanged
        now = clock.now()
        for row in decided:
            about, to, was_struck = row.as_reference(), row.participant.member, bool(row.struck_at)
            is_open = decision == "undecided"
            row.judged_at, row.judged_by = (None, "") if is_open else (now, by.name[:200])
            row.judgement_reason = "" if is_open else reason
            row.struck_at = now if decision == "not-there" else None
            row.save(update_fields=["judged_at", "judged_by", "judgement_reason", "struck_at"])
            if row.struck_at:
                notify("struck", to=to, about=about, key=struck_key(row), at=now + SLIP)
            elif was_struck and not withdraw("struck", to=to, about=about):
                key = f"{row.uid} {now:%Y-%m-%dT%H:%M:%S.%f}"
                notify("counts_again", to=to, about=about, key=key, data={"by": by.name}, at=now + SLIP)
        record_many([_fact(row, decision, by, reason, time=now) for row in decided], organisation=slot.organisation)
        if decided and decided[0].slot.is_closed:
            ask_for_sheet(session)
    return len(decided)


def struck_key(row: Attendance) -> str:
    """By which the notice about this decision is known: another one is another notice."""
    return f"{row.uid} {row.struck_at:%Y-%m-%dT%H:%M:%S.%f}"


def _decision_of(row: Attendance) -> Decision:
    return "not-there" if row.struck_at else "there" if row.judged_at else "undecided"


def _fact(row: Attendance, decision: Decision, by: Reference, reason: str, *, time: datetime) -> Fact:
    result = {"decision": decision, "doubts": row.doubts} | ({"reason": reason} if reason else {})
    context = {"session": str(row.slot.session.uid), "instructor": by.as_json()}
    return Fact(SLOT_DECIDED, row.participant.member.as_reference(), row.slot.as_reference(), result, context, time)
