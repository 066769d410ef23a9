"""The attendance sheet of a closed session: a sealed PDF with what EVIDENCE asks for, made in the background.

The page itself is laid out by `documents/typst/attendance-sheet.typ`.
"""

from collections.abc import Sequence
from datetime import datetime
from itertools import batched
from typing import Any

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from milepost.classroom.doubts import decision_words, told
from milepost.classroom.facts import SHEET_SEALED, SLOT_CORRECTED, SLOT_DECIDED, SLOT_DELIVERED, SLOT_MARKED
from milepost.classroom.models import Attendance, LiveSession, Participant, Sheet, Slot, Way
from milepost.core import blobs, clock
from milepost.core.jobs import named
from milepost.core.words import clock_time, date_format, day_and_time, days, duration, ended
from milepost.documents.signatures import Signature
from milepost.documents.typesetting import facts_of, logo_of, render
from milepost.journal import keys
from milepost.journal.models import Entry
from milepost.journal.recording import SYSTEM, record
from milepost.journal.told_later import IN_TIME, told_later
from milepost.people.occasions import Occasion, occasions_of_session

SLOTS_ABREAST = 4
DOUBT_MARK = "†"


def ask_for_sheet(session: LiveSession) -> None:
    """Have the next sheet made in the background; the session is locked. One that is still to be made tells the newest state.

    It is asked for anew all the same: a worker may have read an older state, and what it makes of that does not count then.
    """
    if session.slots.filter(closed_at=None).exists():
        return
    asked_again = Sheet.objects.filter(session=session, pdf="").update(asked_at=clock.now())
    if not asked_again:
        number = session.sheets.count() + 1
        Sheet.objects.create(organisation_id=session.organisation_id, session=session, number=number)
    sheet = session.sheets.get(pdf="")
    named("classroom.make_sheet").enqueue(sheet.organisation_id, sheet.pk)


def make_sheet(sheet: Sheet) -> bool:
    """Typeset and seal one sheet, and record it. Records `sealed`.

    False when another worker was first, or when it was asked for anew since `sheet` was read: what was made is old then,
    and the job that was asked for makes the new one.
    """
    from milepost.documents.sealing import seal_pdf  # brings pyHanko, which few processes need

    session, organisation = sheet.session, sheet.session.organisation
    actions = occasions_of_session(session.pk)
    title = _title(session, actions)
    time = sheet.asked_at.replace(microsecond=0)
    pdf = render("attendance-sheet", page_of(session, number=sheet.number, actions=actions), time=time)
    reason = f"Attendance sheet {session.reference}"
    sealed = seal_pdf(pdf, key=keys.current_key(organisation.pk), time=clock.now(), reason=reason)
    digest = blobs.store(organisation.uid, sealed)
    with transaction.atomic():
        if not Sheet.objects.filter(pk=sheet.pk, pdf="", asked_at=sheet.asked_at).update(pdf=digest, title=title):
            return False
        record(
            SHEET_SEALED,
            organisation=organisation,
            actor=SYSTEM,
            object=sheet.as_reference(),
            result={
                "sha256": digest,
                "number": sheet.number,
                "title": title,
                "actions": [action.reference for action in actions],
            },
            context=sheet.file_context,
        )
    sheet.pdf, sheet.title = digest, title
    return True


def _title(session: LiveSession, actions: Sequence[Occasion]) -> str:
    """That of the training action that the session belongs to, as all its papers carry it; where several differ, the session's own."""
    titles = {action.title for action in actions}
    return titles.pop() if len(titles) == 1 else session.title


def page_of(session: LiveSession, *, number: int, actions: Sequence[Occasion] = ()) -> dict[str, Any]:
    """What the template lays out, in the session's language (EVIDENCE: attendance sheet)."""
    organisation = session.organisation
    slots = list(session.slots.select_related("session", "closed_by"))
    expected = session.participants.filter(attendances__isnull=False).distinct().select_related("member")
    seats = list(expected.order_by("member__family_name", "member__given_name", "pk"))
    rows = Attendance.objects.filter(slot__session=session).select_related("slot__session")
    at = {(row.slot_id, row.participant_id): row for row in rows}
    later = _noted_later(session, seats)
    with translation.override(session.language):
        return {
            "language": session.language,
            "heading": _("Attendance sheet"),
            "organisation": organisation.name,
            "organisation_facts": facts_of(organisation, organisation.postal_address, organisation.registration_number),
            "logo": logo_of(organisation),
            "colour": organisation.brand_colour,
            "title": _title(session, actions),
            "reference": _("%(reference)s, sheet %(number)s") % {"reference": session.reference, "number": number},
            "parts": [_part(abreast, seats, at, later) for abreast in batched(slots, SLOTS_ABREAST, strict=False)],
            "facts": _facts(session, slots, seats, at, actions),
            "name_label": _("Name"),
            "trainer_label": _("Trainer"),
            "records_label": _("How each signature was made"),
            "record_labels": [_("Who"), _("Half-day"), _("Signed"), _("Way"), _("Signature"), _("Context")],
            "records": _records(slots, seats, at),
            "doubts_label": _("%(mark)s Signatures in doubt") % {"mark": DOUBT_MARK},
            "doubts": _doubts(slots, seats, at),
            "corrections_label": _("Corrections, decisions and late deliveries"),
            "corrections": _corrections(session, seats, at),
            "note": _NOTE % {"zone": session.time_zone},
            "sealed": _("Sealed electronically for %(name)s.") % {"name": organisation.name},
        }


_NOTE = gettext_lazy(
    "Times are those of the server, in the zone %(zone)s. Fingerprints (SHA-256, first 16 signs) tie each signature and its context (network address, browser) to the organisation’s journal."
)
type At = dict[tuple[int, int], Attendance]
type Later = dict[tuple[int, int], datetime]


def _facts(
    session: LiveSession, slots: Sequence[Slot], seats: Sequence[Participant], at: At, actions: Sequence[Occasion]
) -> list[tuple[str, str]]:
    total = sum(slot.minutes for slot in slots)
    hours = [f"{slot.day}, {slot.hours} ({session.time_zone})" for slot in slots]
    trainers = session.trainers.filter(removed_at=None)
    signed = sum(row.state == "signed" for row in at.values())
    facts = [
        (_("Training action"), ", ".join(action.reference for action in actions)),
        (_("Session"), session.title if session.title != _title(session, actions) else ""),
        (_("Kind"), session.get_form_display()),
        (_("Place"), session.where),
        (_("Trainer"), ", ".join(trainer.name for trainer in trainers)),
        (_("Dates"), hours[0] if len(hours) == 1 else f"{_days(slots)} ({session.time_zone})"),
        (_("Duration"), duration(total)),
        (_("Participants"), str(len(seats))),
        (_("Signatures"), _("%(signed)s of %(all)s") % {"signed": signed, "all": len(at)}),
    ]
    return [(label, value) for label, value in facts if value]


def _days(slots: Sequence[Slot]) -> str:
    """From the first to the last, or the one on which all half-days are."""
    first, last = slots[0].local_start.date(), slots[-1].local_start.date()
    return slots[0].day if first == last else days(first, last)


def _noted_later(session: LiveSession, seats: Sequence[Participant]) -> Later:
    """By half-day and seat: when what is noted of it was recorded, where that was told later."""
    keys_of = {str(seat.member.uid): seat.pk for seat in seats}
    slots = {str(uid): pk for uid, pk in session.slots.values_list("uid", "pk")}
    noting = [SLOT_MARKED.name, SLOT_CORRECTED.name]
    entries = Entry.objects.filter(organisation_id=session.organisation_id, about=str(session.uid), fact__in=noting)
    found: dict[tuple[int, int], datetime | None] = {}
    for entry in entries.exclude(statement="").order_by("id"):
        if entry.actor_id in keys_of and entry.object_id in slots:
            pair, now = (slots[entry.object_id], keys_of[entry.actor_id]), entry.content["result"]["now"]
            keeps_times = "arrived_at" in now or "left_at" in now
            found[pair] = told_later(entry.content) or (found.get(pair) if keeps_times else None)
    return {pair: recorded for pair, recorded in found.items() if recorded}


def _part(slots: Sequence[Slot], seats: Sequence[Participant], at: At, later: Later) -> dict[str, Any]:
    return {
        "slots": [{"day": slot.day, "hours": slot.hours} for slot in slots],
        "rows": [
            {
                "name": seat.member.full_name,
                "employer": seat.employer,
                "cells": [
                    _cell(at.get((slot.pk, seat.pk)), seat.member.full_name, later.get((slot.pk, seat.pk)))
                    for slot in slots
                ],
            }
            for seat in seats
        ],
        "trainers": [_trainer_cell(slot) for slot in slots],
    }


def _cell(row: Attendance | None, name: str, later: datetime | None) -> dict[str, str]:
    if row is None:
        return _ink(None, name) | {"note": _("not registered")}
    notes = []
    if row.arrived_at:
        notes.append(_("came at %(time)s") % {"time": _time(row.slot, row.arrived_at)})
    if row.left_at:
        notes.append(_("left at %(time)s") % {"time": _time(row.slot, row.left_at)})
    if row.state == "absent":
        notes.append(_("absent: %(reason)s") % {"reason": row.absence_reason} if row.absence_reason else _("absent"))
        if row.absence_file:
            notes.append(_("with a document"))
    elif row.state == "struck":
        notes.append(_("signed, but was not there, says %(name)s") % {"name": row.judged_by})
    elif row.state == "attested":
        notes.append(_("present, without a signature (see corrections)"))
    elif row.state == "missing":
        notes.append(_("not signed"))
    if later and notes:
        notes.append(_("told later: recorded %(time)s") % {"time": _time(row.slot, later)})
    if row.is_in_doubt:
        notes.append(_("in doubt %(mark)s") % {"mark": DOUBT_MARK})
    mark = [DOUBT_MARK] if row.doubts and not row.is_in_doubt else []
    return _ink(row.drawn, name) | {"note": " ".join([", ".join(notes), *mark]).strip()}


def _ink(signature: Signature | None, name: str) -> dict[str, str]:
    """A signature, and what it is for those who don't see it."""
    if signature is None:
        return {"svg": "", "text": "", "alt": ""}
    return {"svg": signature.svg(), "text": signature.text, "alt": _("Signature of %(name)s") % {"name": name}}


def _trainer_cell(slot: Slot) -> dict[str, str]:
    if slot.closed_by is None or slot.closed_at is None:
        return _ink(None, "") | {"note": _("not closed")}
    return _ink(slot.closing_signature, slot.closed_by.name) | {
        "note": f"{ended(slot.closed_by.name)}, {_time(slot, slot.closed_at)}"
    }


def _records(slots: Sequence[Slot], seats: Sequence[Participant], at: At) -> list[list[str]]:
    """A line for each signature: who, half-day, when by the server, way, and the two fingerprints."""
    lines = []
    for slot in slots:
        for seat in seats:
            row = at.get((slot.pk, seat.pk))
            if row is None or row.signed_at is None or row.drawn is None:
                continue
            fingerprints = row.drawn.fingerprint, row.context_fingerprint
            lines.append(_line(slot, seat.member.full_name, row.signed_at, _way_words(slot, row), *fingerprints))
        if slot.closing and slot.closed_at and slot.closed_by and (closing := slot.closing_signature):
            fingerprints = closing.fingerprint, slot.closing["circumstances_sha256"]
            closes = _("trainer, closes the half-day")
            lines.append(_line(slot, slot.closed_by.name, slot.closed_at, closes, *fingerprints))
    return lines


def _line(slot: Slot, who: str, instant: datetime, way: str, *fingerprints: str) -> list[str]:
    return [who, _half_day(slot), _recorded(slot, instant), way, *(digest[:16] for digest in fingerprints)]


def _way_words(slot: Slot, row: Attendance) -> str:
    way = str(Way(row.way).label)
    if row.device_time is None:
        return way
    line = _("%(way)s, made at %(time)s without a network") % {"way": way, "time": _recorded(slot, row.device_time)}
    is_late = row.signed_at is not None and row.signed_at - row.device_time > IN_TIME
    return line + (_(" (told later)") if is_late else "")


def _doubts(slots: Sequence[Slot], seats: Sequence[Participant], at: At) -> list[str]:
    """What was doubtful about whose signature, and who decided what, and when."""
    rows = [(seat, row) for slot in slots for seat in seats if (row := at.get((slot.pk, seat.pk))) and row.doubts]
    sentences = told(row for _seat, row in rows)
    return [_doubt(seat, row, sentences[row.pk]) for seat, row in rows]


def _doubt(seat: Participant, row: Attendance, sentences: Sequence[str]) -> str:
    decision = decision_words(row) or _("Nobody has decided yet; the signature counts.")
    words = {"who": seat.member.full_name, "slot": _half_day(row.slot), "told": " ".join([*sentences, decision])}
    return _("%(who)s (%(slot)s): %(told)s") % words


def _corrections(session: LiveSession, seats: Sequence[Participant], at: At) -> list[str]:
    """Each correction with who and why, from the journal, where it stands for good; of decisions those that hold no more.

    A decision that holds is told with its doubt.
    """
    entries = Entry.objects.filter(
        organisation_id=session.organisation_id,
        about=str(session.uid),
        fact__in=[SLOT_CORRECTED.name, SLOT_DELIVERED.name, SLOT_DECIDED.name],
    )
    persons = {seat.pk: str(seat.member.uid) for seat in seats}
    judged = {(persons.get(row.participant_id), str(row.slot.uid)) for row in at.values() if row.judged_at}
    told = list(entries.order_by("id"))
    slots = {str(slot.uid): slot for slot in session.slots.select_related("session")}
    last = {(entry.actor_id, entry.object_id): entry for entry in told if entry.fact == SLOT_DECIDED.name}
    holding = {entry.pk for key, entry in last.items() if key in judged}
    return [_correction(entry, slots[entry.object_id]) for entry in told if entry.pk not in holding]


def _correction(entry: Entry, slot: Slot) -> str:
    statement = entry.content
    words = {
        "who": statement["actor"]["name"],
        "when": date_format(entry.recorded_at.astimezone(slot.session.zone), "DATETIME_FORMAT"),
        "by": statement["context"].get("instructor", {}).get("name", ""),
        "slot": _half_day(slot),
    }
    if entry.fact == SLOT_DELIVERED.name:
        return _("%(when)s: a signature of %(who)s arrived after the closing (%(slot)s).") % words
    result = statement["result"]
    if entry.fact == SLOT_DECIDED.name:
        said = {"there": _("was there"), "not-there": _("was not there"), "undecided": _("taken back")}
        words |= {"decision": said[result["decision"]], "reason": result.get("reason", "")}
        line = _("%(when)s: %(by)s decided about the signature of %(who)s: %(decision)s (%(slot)s).") % words
        return line + (_(" Reason: %(reason)s") % words if words["reason"] else "")
    before, now = (_state_words(slot, result[name]) for name in ("before", "now"))
    words |= {"before": before, "now": now, "reason": result["reason"]}
    return _("%(when)s: %(by)s corrected %(who)s from “%(before)s” to “%(now)s” (%(slot)s). Reason: %(reason)s") % words


def _state_words(slot: Slot, state: dict[str, str]) -> str:
    names = {
        "signed": _("signed"),
        "struck": _("signed, but not there"),
        "attested": _("present"),
        "absent": _("absent"),
        "missing": _("not signed"),
    }
    more = [
        words % {"time": _time(slot, datetime.fromisoformat(state[name]))}
        for name, words in (("arrived_at", _("came at %(time)s")), ("left_at", _("left at %(time)s")))
        if state.get(name)
    ]
    return ", ".join(filter(None, [names[state["state"]], *more, state.get("absence_reason")]))


def _half_day(slot: Slot) -> str:
    return f"{date_format(slot.local_start, 'SHORT_DATE_FORMAT')} {slot.hours}"


def _time(slot: Slot, instant: datetime) -> str:
    """As people note it: who came when."""
    return _moment(slot, instant, to_the_second=False)


def _recorded(slot: Slot, instant: datetime) -> str:
    """As the server's clock had it: who signed when."""
    return _moment(slot, instant, to_the_second=True)


def _moment(slot: Slot, instant: datetime, *, to_the_second: bool) -> str:
    local = instant.astimezone(slot.session.zone)
    write = clock_time if local.date() == slot.local_start.date() else day_and_time
    return write(local, to_the_second=to_the_second)
