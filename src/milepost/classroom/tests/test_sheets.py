import re
from dataclasses import replace
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from milepost.classroom.closing import close_slot
from milepost.classroom.correcting import Change, change_attendance
from milepost.classroom.jobs import make_sheet
from milepost.classroom.models import Sheet, Way
from milepost.classroom.signing import Circumstances, Signing, sign
from milepost.core import blobs, clock
from milepost.core.jobs import run_all
from milepost.documents.signatures import Signature
from milepost.journal.models import Entry
from milepost.verify.pdf_seals import seals_in
from tests.accessible import faults_of
from tests.readers import milepost_accepts, text_in

pytestmark = pytest.mark.django_db
DRAWN = '{"width":300,"height":160,"strokes":[[10,80,60,40,90,120,140,60,200,100]]}'
SIGNING = Signing(Signature.read(DRAWN), Way.PROJECTED, "I was there.", Circumstances("10.0.0.7", "Phone"))


@pytest.fixture
def closed(session, slots, people, row_of, trainer, lead):
    """Both half-days closed: most signed, one came late, one was ill, one left without a word."""
    for slot in slots:
        with clock.at(slot.starts_at + timedelta(minutes=5)):
            for person in people[:6]:
                sign(attendance=row_of(person, slot), signing=SIGNING)
            change_attendance(
                attendance=row_of(people[0], slot),
                change=Change(arrived_at=slot.starts_at + timedelta(minutes=12)),
                by=trainer.as_reference(),
            )
            change_attendance(
                attendance=row_of(people[6], slot), change=Change("absent", "ill"), by=trainer.as_reference()
            )
        with clock.at(slot.ends_at):
            close_slot(slot=slot, trainer=trainer, signing=SIGNING)
    return session


def text_of(session, number=1):
    pdf = blobs.read(session.organisation.uid, session.sheets.get(number=number).pdf)
    return pdf, text_in(pdf)


def test_a_session_has_its_sheet_once_every_half_day_is_closed(session, slots, people, row_of, trainer):
    with clock.at(slots[0].ends_at):
        close_slot(slot=slots[0], trainer=trainer, signing=SIGNING)
    assert not Sheet.objects.exists()
    with clock.at(slots[1].ends_at):
        close_slot(slot=slots[1], trainer=trainer, signing=SIGNING)
    assert run_all(make_sheet, queues=["files"]) == 1
    assert run_all(make_sheet, queues=["files"]) == 0


def test_the_sheet_says_what_an_inspector_asks_for(closed, people, organisation):
    organisation.registration_number = "11 75 12345 75"
    organisation.save()
    run_all(queues=["files"])
    pdf, text = text_of(closed)
    assert faults_of(pdf) == []
    expected = [
        "Evacuation drill",
        "S-0001, sheet 1",
        "Aldermoor",
        "Registration number 11 75 12345 75",
        "Assembly hall",
        "Tess Okafor",
        "Thursday 26 November 2026",
        "09:00–12:30",
        "13:30–17:00",
        "Europe/Paris",
        people[0].full_name,
        "came at 09:12",
        "absent: ill",
        "not signed",
        "12 of 16",
        "by scanning the projected code",
        Signature.read(DRAWN).fingerprint[:16],
        Circumstances("10.0.0.7", "Phone").fingerprint[:16],
    ]
    assert [part for part in expected if part not in text] == []


def test_no_letter_in_a_name_a_title_or_a_reason_keeps_the_sheet_from_being_made(
    session, slots, people, row_of, trainer, organisation
):
    """“Ann 😀” as a typed name, and the sheet was never made: for nobody."""
    session.title, session.place = "消防訓練 🔥", "อาคาร 3 \ue000"
    session.save()
    typed = ["Ann 😀", "王小明", "دانیال علی‌پور", "Ann \U000e0fff", "दीपा"]
    for slot in slots:
        with clock.at(slot.starts_at + timedelta(minutes=5)):
            for person, name in zip(people, typed, strict=False):
                signature = Signature(text=name)
                sign(attendance=row_of(person, slot), signing=replace(SIGNING, signature=signature))
            change_attendance(
                attendance=row_of(people[6], slot), change=Change("absent", "病気\x01"), by=trainer.as_reference()
            )
        with clock.at(slot.ends_at):
            close_slot(slot=slot, trainer=trainer, signing=replace(SIGNING, signature=Signature(text="Тесс")))
    assert run_all(make_sheet, queues=["files"]) == 1
    pdf, text = text_of(session)
    for written in ("消防訓練", "🔥", "😀", "王小明", "Ann \ufffd", "病気", "Тесс"):
        assert written in text
    assert milepost_accepts(pdf, seals=1)


def test_the_sheet_is_sealed_and_the_journal_holds_its_fingerprint(closed):
    run_all(queues=["files"])
    pdf, _text = text_of(closed)
    [seal] = seals_in(pdf)
    assert seal.holds
    statement = Entry.objects.filter(fact="sheet.sealed").latest("id").content
    assert statement["result"]["sha256"] == closed.sheets.get().pdf
    broken = bytearray(pdf)
    broken[len(pdf) // 2] ^= 1
    assert not milepost_accepts(bytes(broken), seals=1)


def test_a_correction_makes_a_new_sheet_that_says_so_and_keeps_the_old_one(closed, people, row_of, lead):
    run_all(queues=["files"])
    change_attendance(
        attendance=row_of(people[7]),
        change=Change("present"),
        by=lead.as_reference(),
        why="The list was closed too early.",
    )
    assert run_all(make_sheet, queues=["files"]) == 1
    _pdf, text = text_of(closed, 2)
    assert "The list was closed too early." in text
    assert f"{lead.full_name} corrected {people[7].full_name} from “not signed” to “present”" in text
    assert closed.sheets.count() == 2


def test_the_sheet_of_a_french_session_is_french(closed):
    closed.language = "fr"
    closed.save()
    run_all(queues=["files"])
    _pdf, text = text_of(closed)
    assert "FEUILLE D’ÉMARGEMENT" in text
    assert "jeudi 26 novembre 2026" in text
    assert re.search(r"9 h \d\d min \d\d s", " ".join(text.split()))
    assert not re.search(r"\d\d:\d\d", text)


def test_a_sheet_of_300_people_is_made_in_seconds(organisation, lead, session, slots, trainer):
    import time

    from milepost.classroom.models import Attendance
    from milepost.classroom.registering import register_many
    from milepost.people.models import Member
    from tests.worlds import make_people

    make_people(organisation, 300)
    register_many(session=session, members=Member.objects.filter(organisation=organisation, user=None), by=lead)
    Attendance.objects.filter(slot__session=session).update(
        signed_at=slots[0].starts_at,
        way="projected",
        signature=Signature.read(DRAWN).as_json(),
        context_fingerprint="ab" * 32,
    )
    for slot in slots:
        with clock.at(slot.ends_at):
            close_slot(slot=slot, trainer=trainer, signing=SIGNING)
    began = time.monotonic()
    assert run_all(make_sheet, queues=["files"]) == 1
    assert time.monotonic() - began < 30


def test_the_lead_reads_the_sheet_and_others_do_not(closed, lead, visit, organisation):
    from tests.worlds import make_member

    run_all(queues=["files"])
    page = visit(lead).get(f"/aldermoor/sessions/{closed.uid}/")
    assert f"/sessions/{closed.uid}/sheets/1/" in page.text
    assert visit(lead).get(f"/aldermoor/sessions/{closed.uid}/sheets/1/").headers["Content-Type"] == "application/pdf"
    assert (
        visit(make_member(organisation, "nosy")).get(f"/aldermoor/sessions/{closed.uid}/sheets/1/").status_code == 404
    )


def test_a_file_justifies_an_absence_and_only_a_file_of_a_known_kind(closed, slots, people, row_of, lead, visit):
    client, page = visit(lead), f"/aldermoor/sessions/{closed.uid}/slots/{slots[0].code}/corrections/"
    form = {
        "who": row_of(people[6]).participant.uid,
        "state": "absent",
        "reason": "ill",
        "why": "The doctor’s note came.",
    }
    refused = client.post(
        page, form | {"file": SimpleUploadedFile("note.svg", b"<svg><script>alert(1)</script></svg>")}, follow=True
    )
    assert "must be a PDF or a photograph" in refused.text
    client.post(page, form | {"file": SimpleUploadedFile("note.pdf", b"%PDF-1.4 a note")})
    row = row_of(people[6])
    assert row.absence_file_name == "note.pdf"
    served = client.get(f"/aldermoor/sessions/{closed.uid}/absences/{row.uid}/")
    assert b"".join(served.streaming_content) == b"%PDF-1.4 a note"
    assert "attachment" in served.headers["Content-Disposition"]


def test_the_sheet_says_what_was_told_later(closed, people, slots, row_of, trainer, lead):
    """A late arrival that was typed in the next day is an arrival at the time that was told, and a record of the next day."""
    with clock.at(slots[0].ends_at + timedelta(days=1)):
        change_attendance(
            attendance=row_of(people[1], slots[0]),
            change=Change(arrived_at=slots[0].starts_at + timedelta(minutes=30)),
            by=lead.as_reference(),
            why="The gate has her at half past nine.",
        )
    told = Entry.objects.filter(fact="slot.corrected").get()
    assert (told.time, told.told_later) == (
        slots[0].starts_at + timedelta(minutes=30),
        slots[0].ends_at + timedelta(days=1),
    )
    assert all(entry.told_later is None for entry in Entry.objects.exclude(pk=told.pk))
    run_all(queues=["files"])
    _pdf, text = text_of(closed)
    assert "came at 09:30, told later: recorded" in " ".join(text.split()), text[:1500]
    assert text.count("told later") == 1


def test_a_signature_that_a_device_delivered_hours_later_is_marked_on_the_sheet(
    session, slots, people, row_of, trainer
):
    with clock.at(slots[0].starts_at + timedelta(hours=3)):
        for person, ago in ((people[0], 170), (people[1], 1)):
            offline = replace(SIGNING, way=Way.TRAINER, device_time=clock.now() - timedelta(minutes=ago))
            sign(attendance=row_of(person), signing=offline)
    assert [bool(entry.told_later) for entry in Entry.objects.filter(fact="slot.signed").order_by("id")] == [
        True,
        False,
    ]
    for slot in slots:
        with clock.at(slot.ends_at):
            close_slot(slot=slot, trainer=trainer, signing=SIGNING)
    run_all(queues=["files"])
    _pdf, text = text_of(session)
    assert text.count("(told later)") == 1
