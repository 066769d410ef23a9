"""Records that are told twice, by the rooms for a dossier and by `milepost verify`, say the same: an untouched dossier holds."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from milepost import verify as verifier
from milepost.classroom.deciding import decide
from milepost.classroom.models import Attendance
from milepost.classroom.registering import register_many
from milepost.classroom.scheduling import Plan, half_days, schedule_session
from milepost.classroom.signing import sign
from milepost.core import clock
from milepost.core.jobs import run_all
from milepost.documents.requesting import Party, Terms, request_signatures
from milepost.evidence.actions import ActionPlan, open_action, write_document
from milepost.evidence.dossiers import build
from milepost.evidence.tests.archives import complaint, contents, rewritten
from milepost.evidence.tests.conftest import DAY, SIGNING, drawn_by
from milepost.evidence.tests.test_tampering import as_the_insider, signed
from milepost.journal import keys
from milepost.journal.subscriptions import deliver_all
from milepost.learning.enrolling import enrol
from milepost.learning.progressing import complete_activity
from tests.worlds import SMALL_COURSE, activity, make_course

pytestmark = pytest.mark.django_db
COMMON = {"profile": "internal", "starts_on": DAY, "ends_on": DAY, "minutes": 420}


def held(action, tmp_path, member=None):
    """The files of its dossier, or of one person's, which holds."""
    path = tmp_path / "dossier.zip"
    with path.open("w+b") as file:
        build(action=action, member=member, file=file)
    assert verifier.verify(path).holds
    return contents(path)


def test_who_had_no_point_in_a_quiz_has_nought_and_not_nothing(organisation, lead, people, tmp_path):
    course = make_course(organisation, SMALL_COURSE, by=lead)
    enrolment = enrol(member=people[0], course=course, by=lead)
    quiz = activity(enrolment, "01-first/02-check")
    complete_activity(enrolment=enrolment, activity=quiz, score=0.0, is_passed=False)
    plan = ActionPlan(**COMMON, title="Ladders", course=course, takes_course=True)
    action = open_action(organisation=organisation, plan=plan, by=lead)
    assert b",Check,1,,,0," in held(action, tmp_path)["records/progress.csv"]
    complete_activity(enrolment=enrolment, activity=quiz, score=50.0, is_passed=True)
    assert b",50," in held(action, tmp_path)["records/progress.csv"]


def test_what_somebody_noted_who_took_a_decision_back_is_no_reason_of_a_decision(
    action, session, people, lead, tmp_path
):
    slot = session.slots.select_related("session__organisation").first()
    rows = Attendance.objects.filter(slot=slot, participant__member__in=people[:2])
    with clock.at(slot.starts_at + timedelta(minutes=3)):
        for row in rows.select_related("slot__session", "participant__member"):
            sign(attendance=row, signing=replace(SIGNING, signature=drawn_by(row), devices=("of both",)))
        deliver_all()
        row = rows.select_related("participant").exclude(doubted_at=None).first()
        seen = {str(row.participant.uid): row.doubts_seen}
        for decision in ("not-there", "undecided"):
            row.refresh_from_db()
            seen = {str(row.participant.uid): row.doubts_seen}
            decide(slot=slot, seen=seen, decision=decision, by=lead.as_reference(), reason="I asked.")
    assert b"I asked." not in held(action, tmp_path)["records/attendance.json"]


def test_who_has_a_seat_in_one_of_two_sessions_has_a_dossier_too_that_proves_what_is_there(
    organisation, lead, people, tmp_path
):
    sessions = []
    with clock.at(datetime(2026, 11, 1, 9, tzinfo=UTC)):
        for day in range(2):
            spans = half_days(DAY + timedelta(days=day), ZoneInfo("Europe/Paris"))
            plan = Plan(title=f"Day {day}", spans=spans, place="Hall")
            sessions.append(schedule_session(organisation=organisation, by=lead, plan=plan))
            register_many(session=sessions[day], members=people[day:2], by=lead)
    plan = ActionPlan(**COMMON, title="Two days", sessions=sessions)
    action = open_action(organisation=organisation, plan=plan, by=lead)
    assert b"Day 1" not in held(action, tmp_path, people[0])["records/sessions.json"]
    assert b"Day 1" in held(action, tmp_path, people[1])["records/sessions.json"]


def test_who_takes_part_and_works_in_the_office_has_a_dossier_that_tells_of_what_they_wrote(
    organisation, lead, session, tmp_path
):
    plan = ActionPlan(**COMMON, title="Evacuation", sessions=[session], members=[lead])
    action = open_action(organisation=organisation, plan=plan, by=lead)
    document = write_document(action=action, kind="programme", by=lead)
    assert str(document.uid).encode() in held(action, tmp_path, lead)["journal/entries.jsonl"]


def test_nothing_is_beside_what_the_facts_tell_whoever_signs_it(dossier, complete):
    whole, private = contents(dossier), keys.private_key(keys.current_key(complete.organisation_id))
    rows = [row | {"remark": "There all day"} for row in json.loads(whole["records/attendance.json"])]
    for name, content, words in (
        ("read-me.txt", b"All were there.", "read-me.txt is nothing that Milepost puts"),
        ("journal/remarks.json", b"{}", "journal/remarks.json is nothing that Milepost puts"),
        ("records/attendance.json", json.dumps(rows).encode(), "“remark” in records/attendance.json is nothing"),
    ):
        changed = whole | {name: content}
        assert words in complaint(rewritten(dossier, signed(changed, as_the_insider(changed), private)))


def test_a_document_that_was_sealed_and_then_asked_to_be_signed_owes_no_file_of_before(action, lead, tmp_path):
    document = write_document(action=action, kind="convocation", by=lead)
    run_all(queues=["files"])
    document.refresh_from_db()
    parties = [Party("Tess", "tess@outside.example", "for us")]
    request_signatures(document=document, parties=parties, terms=Terms(), by=lead)
    assert any(name.startswith("pieces/documents/convocation") for name in held(action, tmp_path))
