from datetime import timedelta

import pytest

from milepost.classroom.closing import close_slot
from milepost.classroom.correcting import Change, change_attendance
from milepost.classroom.signing import AlreadySigned, Circumstances, SigningRefused, SlotClosed, sign
from milepost.classroom.tests.signatures import entries, signing
from milepost.core import clock
from milepost.documents.signatures import Signature

pytestmark = pytest.mark.django_db


def test_a_signature_is_kept_with_its_meaning_and_its_fingerprints(morning, people, row_of):
    row = sign(attendance=row_of(people[0]), signing=signing())
    [statement] = entries("signed")
    assert statement["result"] == {
        "meaning": "I was there.",
        "name": people[0].full_name,
        "way": "projected",
        "signature_sha256": row.drawn.fingerprint,
    }
    assert statement["actor"]["id"] == str(people[0].uid)
    assert statement["object"]["id"] == str(morning.uid)
    assert (
        statement["context"]["circumstances_sha256"]
        == row.context_fingerprint
        == Circumstances("10.0.0.7", "Phone").fingerprint
    )
    assert row.signed_at == clock.now()


def test_nobody_signs_twice(morning, people, row_of):
    sign(attendance=row_of(people[0]), signing=signing())
    with pytest.raises(AlreadySigned):
        sign(attendance=row_of(people[0]), signing=signing())
    assert len(entries("signed")) == 1


def test_nobody_signs_before_signing_opens(slots, people, row_of):
    with clock.at(slots[0].starts_at - timedelta(minutes=16)), pytest.raises(SigningRefused, match="08:45"):
        sign(attendance=row_of(people[0]), signing=signing())


def test_a_closed_half_day_takes_no_signature(morning, people, row_of, trainer):
    close_slot(slot=morning, trainer=trainer, signing=signing())
    with pytest.raises(SlotClosed):
        sign(attendance=row_of(people[0]), signing=signing())
    with pytest.raises(SigningRefused, match="closed already"):
        close_slot(slot=morning, trainer=trainer, signing=signing())
    [statement] = entries("closed")
    assert (statement["result"]["signed"], statement["result"]["expected"]) == (0, len(people))


def test_late_and_early_are_counted_in_minutes(morning, people, row_of, lead):
    row = sign(attendance=row_of(people[0]), signing=signing())
    assert row.minutes == 210
    change = Change(
        arrived_at=morning.starts_at + timedelta(minutes=20), left_at=morning.ends_at - timedelta(minutes=30)
    )
    assert change_attendance(attendance=row, change=change, by=lead.as_reference()).minutes == 160
    with pytest.raises(SigningRefused, match="outside of the half-day"):
        change_attendance(
            attendance=row, change=Change(left_at=morning.ends_at + timedelta(hours=3)), by=lead.as_reference()
        )


def test_a_correction_needs_a_reason_and_keeps_the_signature_that_it_puts_aside(morning, people, row_of, lead):
    row = sign(attendance=row_of(people[0]), signing=signing())
    fingerprint = row.drawn.fingerprint
    with pytest.raises(SigningRefused, match="Say why"):
        change_attendance(attendance=row, change=Change("absent"), by=lead.as_reference())
    row = change_attendance(
        attendance=row, change=Change("absent", "ill"), by=lead.as_reference(), why="Signed for by a colleague."
    )
    assert (row.state, row.corrections) == ("absent", 1)
    assert Signature.from_json(row.earlier[0]["signature"]).fingerprint == fingerprint
    [statement] = entries("corrected")
    assert statement["result"]["before"] == {"state": "signed", "signature_sha256": fingerprint}
    assert statement["result"]["now"] == {"state": "absent", "absence_reason": "ill"}
    assert statement["result"]["reason"] == "Signed for by a colleague."
    assert statement["context"]["instructor"]["name"] == lead.full_name


def test_somebody_can_answer_for_a_presence_without_a_signature(morning, people, row_of, trainer, lead):
    close_slot(slot=morning, trainer=trainer, signing=signing())
    row = change_attendance(
        attendance=row_of(people[0]),
        change=Change("present"),
        by=lead.as_reference(),
        why="Was there; the phone was empty.",
    )
    assert (row.state, row.minutes, row.signature) == ("attested", 210, None)


def test_a_note_that_changes_nothing_is_not_recorded(morning, people, row_of, lead):
    change_attendance(attendance=row_of(people[0]), change=Change("missing"), by=lead.as_reference())
    assert entries("marked") == []
