"""Noting and correcting attendance: absent, late, gone early, there without a signature. What was signed is kept."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from django.db import transaction
from django.utils.translation import gettext as _

from milepost.classroom.facts import SLOT_CORRECTED, SLOT_MARKED
from milepost.classroom.models import Attendance, LiveSession
from milepost.classroom.sheets import ask_for_sheet
from milepost.classroom.signing import PUT_ASIDE, Circumstances, KeptSignature, SigningRefused
from milepost.core import blobs, clock
from milepost.journal.recording import Reference, record, time_text


@dataclass(frozen=True)
class AbsenceFile:
    """What somebody brought to say why they were absent."""

    name: str
    content: bytes


@dataclass(frozen=True)
class Change:
    """What is known of an attendance beside its signature; None leaves a thing as it is.

    `state` is absent, present (somebody answers for it), or missing, which takes either back.
    """

    state: Literal["absent", "present", "missing"] | None = None
    absence_reason: str | None = None
    absence_file: AbsenceFile | None = None
    arrived_at: datetime | None = None
    left_at: datetime | None = None


def change_attendance(*, attendance: Attendance, change: Change, by: Reference, why: str = "") -> Attendance:
    """Note somebody as absent, late, gone early, or present without a signature. Raises `SigningRefused`.

    What puts a signature aside, answers for somebody, or comes after the closing is a correction, and needs `why`; the
    signature that is put aside is kept. Records `marked`, or `corrected` with what was there before.
    """
    why = " ".join(why.split())[:300]
    rows = Attendance.objects.select_related("slot__session", "participant__member").filter(pk=attendance.pk)
    with transaction.atomic():
        LiveSession.locked(attendance.slot.session_id)
        locked = rows.first()
        if locked is None:
            raise SigningRefused(_("They are not on the list of this session any more. Load the page again."))
        is_correction = locked.slot.is_closed or change.state == "present" or bool(change.state and locked.signed_at)
        if is_correction and not why:
            words = _("Say why: a correction stands beside what was there before, with its reason.")
            raise SigningRefused(words, field="why")
        before = _state(locked)
        _apply(locked, change)
        after = _state(locked)
        if before == after:
            return locked
        locked.corrections += is_correction
        locked.save()
        told = {"now": after} | ({"before": before, "reason": why} if is_correction else {})
        _record(locked, told, by=by, time=_happened_at(locked, before, after))
        if locked.slot.is_closed:
            ask_for_sheet(locked.slot.session)
    return locked


def _apply(row: Attendance, change: Change) -> None:
    _note_times(row, change)
    if change.state == "present" and row.state != "signed":
        _take_back(row)
        if late := KeptSignature.late_of(row):
            row.signed_at, row.way, row.signature = late.signed_at, late.way, late.signature
            _came_from(row, late.circumstances)
        else:
            row.attested_at = clock.now()
    elif change.state in ("absent", "missing"):
        _take_back(row)
        row.absent_at = clock.now() if change.state == "absent" else None
    if change.absence_reason is not None and row.absent_at:
        row.absence_reason = " ".join(change.absence_reason.split())[:300]
    if change.absence_file and row.absent_at:
        row.absence_file = blobs.store(row.organisation.uid, change.absence_file.content)
        row.absence_file_name = change.absence_file.name[:200]


def _note_times(row: Attendance, change: Change) -> None:
    slot = row.slot
    for field, instant in (("arrived", change.arrived_at), ("left", change.left_at)):
        if instant and not slot.starts_at <= instant <= slot.ends_at:
            words = _("That time is outside of the half-day (%(hours)s).") % {"hours": slot.hours}
            raise SigningRefused(words, field=field)
    row.arrived_at = change.arrived_at or row.arrived_at
    row.left_at = change.left_at or row.left_at
    if row.arrived_at and row.left_at and row.left_at <= row.arrived_at:
        raise SigningRefused(_("They would have left before they came."), field="left")


def _take_back(row: Attendance) -> None:
    """Nothing is known any more; a signature is kept among the earlier ones."""
    if row.signed_at and row.signature:
        circumstances = Circumstances(row.address, row.agent, row.location)
        kept = KeptSignature(row.signed_at, row.way, row.signature, circumstances, PUT_ASIDE, row.doubts)
        row.earlier = [*row.earlier, kept.as_json()]
    _came_from(row, None)
    row.signed_at, row.signature, row.way, row.attested_at, row.absent_at = None, None, "", None, None
    row.device, row.ink, row.doubts, row.doubted_at = "", "", [], None
    row.judged_at, row.judged_by, row.judgement_reason, row.struck_at = None, "", "", None
    row.arrived_at = row.left_at = None
    row.absence_reason = row.absence_file = row.absence_file_name = ""


def _came_from(row: Attendance, circumstances: Circumstances | None) -> None:
    """From where the signature that counts came, if there is one."""
    here = circumstances or Circumstances()
    row.address, row.agent, row.location, row.device_time = here.address, here.agent, here.location, None
    row.context_fingerprint = circumstances.fingerprint if circumstances else ""


def _state(row: Attendance) -> dict[str, Any]:
    """What is known, as a fact tells it."""
    state: dict[str, Any] = {"state": row.state}
    if row.signature and (drawn := row.drawn):
        state["signature_sha256"] = drawn.fingerprint
    for name in ("arrived_at", "left_at"):
        if instant := getattr(row, name):
            state[name] = time_text(instant)
    for name in ("absence_reason", "absence_file"):
        if text := getattr(row, name):
            state[name] = text
    return state


def _happened_at(row: Attendance, before: dict[str, Any], after: dict[str, Any]) -> datetime:
    """When what is noted happened: somebody came or left at the time that was typed, all else before the end of the half-day."""
    typed = (after[name] for name in ("arrived_at", "left_at") if name in after and after[name] != before.get(name))
    return min(clock.now(), row.slot.ends_at, *map(datetime.fromisoformat, typed))


def _record(row: Attendance, result: dict[str, Any], *, by: Reference, time: datetime) -> None:
    record(
        SLOT_CORRECTED if "reason" in result else SLOT_MARKED,
        organisation=row.organisation,
        actor=row.participant.member.as_reference(),
        object=row.slot.as_reference(),
        result=result,
        context={"session": str(row.slot.session.uid), "instructor": by.as_json()},
        time=time,
    )
