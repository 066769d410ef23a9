"""The verbs of attendance: sign, mark, correct, close. Each writes its entry; nothing that was signed is written over."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from milepost.classroom.facts import SLOT_CLOSED, SLOT_CORRECTED, SLOT_DELIVERED, SLOT_MARKED, SLOT_SIGNED
from milepost.classroom.models import Attendance, LiveSession, Participant, Sheet, Slot, Trainer, Way
from milepost.core import clock
from milepost.core.canonical import canonical_json, fingerprint
from milepost.core.jobs import named
from milepost.core.refusals import Refused
from milepost.documents.signatures import Signature
from milepost.journal.recording import SYSTEM, Fact, Reference, record, record_many, time_text
from milepost.people.models import Member


class SigningRefused(Refused):
    """Nobody can sign or mark this now; the message says why and what to do."""


class AlreadySigned(SigningRefused):
    """There is a signature already."""

    sentence = gettext_lazy("You have signed this half-day already. Nothing is left to do.")


class SlotClosed(SigningRefused):
    """The trainer closed the slot."""

    sentence = gettext_lazy(
        "The trainer has closed this half-day. Whoever was there and did not sign asks the trainer or the training team."
    )


@dataclass(frozen=True)
class Circumstances:
    """From where a signature came: network address, browser, and the place where somebody agreed to tell it."""

    address: str = ""
    agent: str = ""
    location: dict[str, float] | None = None

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the canonical JSON: ties the kept context to the journal's entry."""
        told = {"address": self.address, "agent": self.agent, "location": self.location}
        return fingerprint(canonical_json(told))


@dataclass(frozen=True)
class Mark:
    """A person's signature with how it came to be. `meaning` is the sentence that stood above it."""

    signature: Signature
    way: Way
    meaning: str
    circumstances: Circumstances = field(default_factory=Circumstances)
    device_time: datetime | None = None  # when it was made, where it arrived later
    by_trainer: Trainer | None = None  # on whose device


def sign(*, attendance: Attendance, mark: Mark) -> Attendance:
    """Keep the participant's signature. Records `signed`.

    Of two devices at once one signs and the other gets `AlreadySigned`. Raises `SlotClosed`, and `SigningRefused`
    before signing opens or for somebody who has no seat any more.
    """
    now = clock.now()
    slot, seat = attendance.slot, attendance.participant
    _refuse_early(slot, now)
    with transaction.atomic():
        signed = Attendance.objects.filter(pk=attendance.pk, signed_at=None, slot__closed_at=None).update(
            signed_at=now, way=mark.way, signature=mark.signature.as_json(), address=mark.circumstances.address,
            agent=mark.circumstances.agent, location=mark.circumstances.location,
            context_fingerprint=mark.circumstances.fingerprint, device_time=mark.device_time,
            absent_at=None, absence_reason="", attested_at=None,
        )  # fmt: skip
        if not signed:
            raise _why_not(attendance)
        record_many([_signed_fact(slot, seat, mark)], organisation=attendance.organisation)
    attendance.refresh_from_db()
    return attendance


def _refuse_early(slot: Slot, now: datetime) -> None:
    if now < slot.signing_opens_at:
        start = slot.signing_opens_at.astimezone(slot.session.zone)
        raise SigningRefused(_("Signing opens at %(time)s.") % {"time": f"{start:%H:%M}"})
    if slot.session.cancelled_at:
        raise SigningRefused(_("The session is cancelled."))


def _why_not(attendance: Attendance) -> SigningRefused:
    found = Attendance.objects.filter(pk=attendance.pk).select_related("slot").first()
    if found is None:
        return SigningRefused(_("You are not on the list of this session any more. Ask the trainer."))
    return AlreadySigned() if found.signed_at else SlotClosed()


def _signed_fact(slot: Slot, seat: Participant, mark: Mark) -> Fact:
    result = {
        "meaning": mark.meaning, "name": seat.member.full_name, "way": str(mark.way),
        "signature_sha256": mark.signature.fingerprint,
    }  # fmt: skip
    context: dict[str, Any] = {"session": str(slot.session.uid), "circumstances_sha256": mark.circumstances.fingerprint}
    if mark.by_trainer:
        context["instructor"] = mark.by_trainer.as_reference().as_json()
    if mark.device_time:
        context["device_time"] = time_text(mark.device_time)
    return Fact(SLOT_SIGNED, seat.member.as_reference(), slot.as_reference(), result, context)


@dataclass(frozen=True)
class Change:
    """What is known of an attendance beside its signature; None leaves a thing as it is.

    `state` is absent, present (somebody answers for it), or missing, which takes either back.
    """

    state: Literal["absent", "present", "missing"] | None = None
    absence_reason: str | None = None
    absence_file: tuple[str, str] | None = None  # SHA-256 of the blob, and its name
    arrived_at: datetime | None = None
    left_at: datetime | None = None


def change_attendance(*, attendance: Attendance, change: Change, by: Reference, why: str = "") -> Attendance:
    """Mark somebody absent, late, gone early, or present without a signature. Raises `SigningRefused`.

    What puts a signature aside, answers for somebody, or comes after the closing is a correction, and needs `why`; the
    signature that is put aside is kept. Records `marked`, or `corrected` with what was there before.
    """
    why = " ".join(why.split())[:300]
    with transaction.atomic():
        locked = Attendance.objects.select_for_update(of=("self",)).select_related(
            "slot__session", "participant__member"
        ).get(pk=attendance.pk)  # fmt: skip
        slot = locked.slot
        is_correction = slot.is_closed or change.state == "present" or bool(change.state and locked.signed_at)
        if is_correction and not why:
            raise SigningRefused(_("Say why: a correction stands beside what was there before, with its reason."))
        before = _state(locked)
        _apply(locked, change)
        after = _state(locked)
        if before == after:
            return locked
        locked.corrections += is_correction
        locked.save()
        fact_type = SLOT_CORRECTED if is_correction else SLOT_MARKED
        result = {"now": after} | ({"before": before, "reason": why} if is_correction else {})
        record(fact_type, organisation=locked.organisation, actor=locked.participant.member.as_reference(),
               object=slot.as_reference(), result=result,
               context={"session": str(slot.session.uid), "instructor": by.as_json()})  # fmt: skip
        if slot.is_closed:
            _ask_for_sheet(slot.session)
    return locked


def _apply(row: Attendance, change: Change) -> None:
    slot = row.slot
    for instant in (change.arrived_at, change.left_at):
        if instant and not slot.starts_at <= instant <= slot.ends_at:
            raise SigningRefused(_("That time is outside of the half-day (%(hours)s).") % {"hours": slot.hours})
    row.arrived_at = change.arrived_at or row.arrived_at
    row.left_at = change.left_at or row.left_at
    if row.arrived_at and row.left_at and row.left_at <= row.arrived_at:
        raise SigningRefused(_("They would have left before they came."))
    if change.state == "present" and not row.signed_at:
        _take_back(row)
        if late := next((kept for kept in row.earlier if kept["kept_because"] == DELIVERED_LATE), None):
            row.signed_at, row.way, row.signature = (
                datetime.fromisoformat(late["signed_at"]),
                late["way"],
                late["signature"],
            )
            row.context_fingerprint = late["circumstances_sha256"]
        else:
            row.attested_at = clock.now()
    elif change.state in ("absent", "missing"):
        _take_back(row)
        row.absent_at = clock.now() if change.state == "absent" else None
    if change.absence_reason is not None and row.absent_at:
        row.absence_reason = " ".join(change.absence_reason.split())[:300]
    if change.absence_file and row.absent_at:
        row.absence_file, row.absence_file_name = change.absence_file


DELIVERED_LATE = "delivered after the closing"
PUT_ASIDE = "put aside by a correction"


def _take_back(row: Attendance) -> None:
    """Nothing is known any more; a signature is kept among the earlier ones."""
    if row.signed_at and row.signature:
        row.earlier = [*row.earlier, _kept(row.signed_at, row.way, row.signature, row.context_fingerprint, PUT_ASIDE)]
    row.signed_at, row.signature, row.way, row.attested_at, row.absent_at = None, None, "", None, None
    row.arrived_at = row.left_at = None
    row.absence_reason = row.absence_file = row.absence_file_name = ""


def _kept(signed_at: datetime, way: str, signature: dict[str, Any], circumstances: str, because: str) -> dict[str, Any]:
    return {
        "signed_at": signed_at.isoformat(), "way": str(way), "signature": signature,
        "circumstances_sha256": circumstances, "kept_because": because,
    }  # fmt: skip


def _state(row: Attendance) -> dict[str, Any]:
    told: dict[str, Any] = {"state": row.state}
    if row.signature and (drawn := row.drawn):
        told["signature_sha256"] = drawn.fingerprint
    for name in ("arrived_at", "left_at"):
        if instant := getattr(row, name):
            told[name] = time_text(instant)
    for name in ("absence_reason", "absence_file"):
        if text := getattr(row, name):
            told[name] = text
    return told


def close_slot(*, slot: Slot, trainer: Trainer, mark: Mark) -> Slot:
    """The trainer signs, and the slot is closed: from now on it changes by correction alone. Records `closed`.

    The last slot of a session to be closed asks for its sheet. Raises `SigningRefused`.
    """
    now = clock.now()
    if now < slot.starts_at:
        raise SigningRefused(_("The half-day has not begun yet."))
    with transaction.atomic():
        locked = Slot.objects.select_for_update(of=("self",)).select_related("session").get(pk=slot.pk)
        if locked.is_closed:
            raise SigningRefused(_("This half-day is closed already."))
        rows = list(locked.attendances.values_list("signed_at", flat=True))
        locked.closed_at, locked.closed_by = now, trainer
        locked.closing = {
            "signature": mark.signature.as_json(), "meaning": mark.meaning, "address": mark.circumstances.address,
            "agent": mark.circumstances.agent, "circumstances_sha256": mark.circumstances.fingerprint,
        }  # fmt: skip
        locked.save(update_fields=["closed_at", "closed_by", "closing"])
        result = {
            "meaning": mark.meaning, "name": trainer.name, "signature_sha256": mark.signature.fingerprint,
            "signed": sum(signed is not None for signed in rows), "expected": len(rows),
        }  # fmt: skip
        context = {"session": str(locked.session.uid), "circumstances_sha256": mark.circumstances.fingerprint}
        record(SLOT_CLOSED, organisation=locked.organisation, actor=trainer.as_reference(),
               object=locked.as_reference(), result=result, context=context)  # fmt: skip
        if not locked.session.slots.filter(closed_at=None).exists():
            _ask_for_sheet(locked.session)
    return locked


def _ask_for_sheet(session: LiveSession) -> None:
    """The next sheet, to be made in the background. One that is still to be made will tell the newest state by itself."""
    if session.slots.filter(closed_at=None).exists() or session.sheets.filter(pdf="").exists():
        return
    number = session.sheets.count() + 1
    sheet = Sheet.objects.create(organisation_id=session.organisation_id, session=session, number=number)
    named("classroom.make_sheet").enqueue(sheet.organisation_id, sheet.pk)


def take_offline(*, slot: Slot, trainer: Trainer, marks: Iterable[tuple[str, Mark]]) -> dict[str, str]:
    """Keep signatures that were made on the trainer's device without a network; return what became of each participant.

    A delivery that is repeated changes nothing: `signed` and `already` are both good news. A slot that was closed in
    between refuses (`closed`), and nobody's signature is lost: it is kept, recorded as `delivered`, and a correction can take it.
    """
    told: dict[str, str] = {}
    for uid, mark in marks:
        found = Attendance.objects.select_related("slot__session", "participant__member").filter(
            slot=slot, participant__uid=uid
        ).first()  # fmt: skip
        if found is None:
            told[uid] = "unknown"
            continue
        try:
            sign(attendance=found, mark=mark)
            told[uid] = "signed"
        except AlreadySigned:
            told[uid] = "already"
        except SlotClosed:
            _keep_late(found, mark)
            told[uid] = "closed"
    return told


def _keep_late(attendance: Attendance, mark: Mark) -> None:
    fact = _signed_fact(attendance.slot, attendance.participant, mark)
    late = Fact(SLOT_DELIVERED, fact.actor, fact.object, fact.result, fact.context)
    kept = _kept(clock.now(), mark.way, mark.signature.as_json(), mark.circumstances.fingerprint, DELIVERED_LATE)
    with transaction.atomic():
        locked = Attendance.objects.select_for_update(of=("self",)).get(pk=attendance.pk)
        if any(there["signature"] == kept["signature"] for there in locked.earlier):
            return  # the same delivery again
        locked.earlier = [*locked.earlier, kept]
        locked.save(update_fields=["earlier"])
        record_many([late], organisation=attendance.organisation)


def as_corrector(member: Member | None, trainer: Trainer | None) -> Reference:
    """Who stands behind a change: the trainer of the session, or a member of the training team."""
    return trainer.as_reference() if trainer else member.as_reference() if member else SYSTEM
