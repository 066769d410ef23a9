"""A signature that is in doubt, on its way through readiness and dossiers: two signed on one phone, and one of them was not there."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from milepost import verify as verifier
from milepost.classroom import readiness
from milepost.classroom.closing import close_slot
from milepost.classroom.correcting import Change, change_attendance
from milepost.classroom.deciding import decide
from milepost.classroom.models import Attendance
from milepost.classroom.signing import sign
from milepost.core import clock
from milepost.core.jobs import run_all
from milepost.evidence.dossiers import build
from milepost.evidence.export import rows_of
from milepost.evidence.readiness import readiness_of
from milepost.evidence.tests.archives import complaint, contents, rewritten
from milepost.evidence.tests.conftest import DRAWN, SIGNING, drawn_by
from milepost.evidence.tests.test_tampering import as_the_insider, signed
from milepost.journal import keys
from milepost.journal.subscriptions import deliver_all

pytestmark = [pytest.mark.django_db, pytest.mark.each_day_on("postgresql")]  # dossiers take long


@pytest.fixture
def lent(action, session, people):
    """Both half-days closed; in both, the second signed on the phone of the first."""
    trainer = session.trainers.select_related("session__organisation").get()
    for slot in session.slots.select_related("session__organisation"):
        with clock.at(slot.starts_at):
            for row in Attendance.objects.filter(slot=slot).select_related("slot__session", "participant__member"):
                phone = "of two" if row.participant.member in people[:2] else f"of {row.pk}"
                sign(attendance=row, signing=replace(SIGNING, signature=drawn_by(row), devices=(phone,)))
        with clock.at(slot.ends_at):
            close_slot(slot=slot, trainer=trainer, signing=replace(SIGNING, signature=DRAWN))
    tell()
    return action


def tell():
    deliver_all()
    run_all(queues=["files"])


def say(session, person, decision, lead):
    """Somebody decides about both half-days of the person."""
    for slot in session.slots.select_related("session__organisation"):
        row = Attendance.objects.select_related("participant").get(slot=slot, participant__member=person)
        seen = {str(row.participant.uid): row.doubts_seen}
        decide(slot=slot, seen=seen, decision=decision, by=lead.as_reference(), reason="I asked.")
    tell()


def findings(action):
    return {finding.key: finding for finding in readiness_of(action).findings}


def dossier_of(action, tmp_path, member=None):
    path = tmp_path / "dossier.zip"
    with path.open("w+b") as file:
        build(action=action, member=member, file=file)
    return verifier.verify(path), contents(path)


def test_readiness_counts_all_doubts_and_names_the_first(lent, monkeypatch):
    """It read every one of them, and did not say that there are more than it names."""
    monkeypatch.setattr(readiness, "SHOWN", 3)
    words = findings(lent)["doubts"].words
    assert words.startswith("4 signatures are in doubt") and words.endswith(", ….")


def test_readiness_asks_for_a_decision_and_is_content_with_either(lent, session, people, lead):
    finding = findings(lent)["doubts"]
    assert (str(finding.state), str(finding.actor)) == ("inconsistent", "trainer")
    assert f"nobody has decided: {people[0].full_name}, {people[1].full_name}." in finding.words
    assert "/slots/" in finding.link and finding.link.endswith("?show=to-decide#attendances")
    say(session, people[0], "there", lead)
    say(session, people[1], "not-there", lead)
    assert findings(lent)["doubts"].is_ready


def test_who_was_not_there_has_no_certificate_in_readiness_and_is_told_apart_in_the_dossier(
    lent, session, people, lead, tmp_path
):
    assert findings(lent)["certificate"].is_ready
    say(session, people[0], "there", lead)
    say(session, people[1], "not-there", lead)
    found = findings(lent)
    assert (found["certificate"].ready, found["certificate"].of) == (3, 4)
    assert found["hours"].is_ready
    report, files = dossier_of(lent, tmp_path)
    assert report.holds
    assert "8 attendance signatures fit the journal." in report.holds
    rows = [row for row in json.loads(files["records/attendance.json"]) if row["person"] == str(people[1].uid)]
    assert [(row["state"], row["minutes"], row["decided_by"]) for row in rows] == [("struck", 0, lead.full_name)] * 2
    assert all(row["signature"] and row["doubts"][0]["code"] == "same-device" for row in rows)


def rewrite(**changes):
    return lambda rows: [row | changes for row in rows]


@pytest.mark.parametrize(
    ("forge", "words"),
    [
        (rewrite(state="signed", minutes=210, decided_by="", decision_reason=""), "The state"),
        (rewrite(state="attested", signature=None), "The state"),
        (rewrite(decided_by="Somebody Else"), "Who decided about"),
        (rewrite(decision_reason="They said so."), "What was decided about"),
        (rewrite(minutes=210), "The time of"),
        (rewrite(signature=None), "The signature of"),
        (rewrite(absence_reason="Ill"), "The reason of the absence of"),
        (rewrite(arrived_at="2026-11-26T09:00:00.000000Z"), "The arrival of"),
        (lambda _rows: [], "An attendance is left out"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_whoever_holds_the_organisation_s_key_makes_nobody_present_who_was_found_not_to_be(
    lent, session, people, lead, tmp_path, forge, words
):
    say(session, people[1], "not-there", lead)
    path = tmp_path / "dossier.zip"
    with path.open("w+b") as file:
        build(action=lent, file=file)
    files, private = contents(path), keys.private_key(keys.current_key(lent.organisation_id))
    rows = json.loads(files["records/attendance.json"])
    theirs = [row for row in rows if row["person"] == str(people[1].uid)]
    others = [row for row in rows if row["person"] != str(people[1].uid)]
    assert len(theirs) == 2
    files["records/attendance.json"] = json.dumps(others + forge(theirs)).encode()
    forged = rewritten(path, signed(files, as_the_insider(files), private))
    assert complaint(forged).startswith(words)


@pytest.mark.parametrize("before", ["undecided", "not-there"])
@pytest.mark.parametrize("act", ["decided", "corrected", "attested", "noted"])
def test_what_is_decided_or_corrected_while_a_dossier_is_written_is_left_for_the_next(
    lent, session, people, lead, tmp_path, before, act
):
    """The rows are read after the facts: whatever came in between is not in these facts."""
    if before == "not-there":
        say(session, people[1], before, lead)
    slots = list(session.slots.select_related("session__organisation"))
    changes = {"corrected": Change(state="absent", absence_reason="Ill"), "attested": Change(state="present")}
    changes["noted"] = Change(arrived_at=slots[0].starts_at + timedelta(minutes=20))
    acts = []

    def meanwhile(done, _total):
        if done == 1 and not acts:
            acts.append(act)
            row = Attendance.objects.get(slot=slots[0], participant__member=people[1])
            if act == "decided":
                say(session, people[1], "there" if before == "not-there" else "not-there", lead)
            elif not (act == "attested" and before == "undecided"):  # who signed is there already
                change_attendance(attendance=row, change=changes[act], by=lead.as_reference(), why="I saw it.")

    path = tmp_path / "dossier.zip"
    with path.open("w+b") as file:
        build(action=lent, file=file, progress=meanwhile)
    assert acts
    assert verifier.verify(path).holds
    state = "struck" if before == "not-there" else "signed"
    rows = [row for row in json.loads(contents(path)["records/attendance.json"]) if row["person"] == str(people[1].uid)]
    assert [(row["state"], bool(row["signature"]), row["arrived_at"]) for row in rows] == [(state, True, None)] * 2
    with path.open("w+b") as file:
        build(action=lent, file=file)
    assert verifier.verify(path).holds


def test_every_way_in_which_somebody_is_there_or_not_stands_in_the_dossier_as_in_the_journal(
    lent, session, people, lead, tmp_path
):
    rows = Attendance.objects.filter(slot=session.slots.first()).select_related("participant__member").order_by("pk")
    start = session.slots.first().starts_at
    several = [
        [Change(state="absent", absence_reason="Ill"), Change(absence_reason="Very ill")],
        [Change(arrived_at=start + timedelta(minutes=20)), Change(left_at=start + timedelta(minutes=90))],
        [Change(state="absent"), Change(state="present"), Change(arrived_at=start + timedelta(minutes=5))],
        [Change(state="missing")],
    ]
    for row, changes in zip(rows, several, strict=True):
        for change in changes:
            change_attendance(attendance=row, change=change, by=lead.as_reference(), why="I saw it.")
    tell()
    for member in (None, *people):
        report, files = dossier_of(lent, tmp_path, member)
        assert any("is what the journal says" in words for words in report.holds)
    states = {row["state"] for row in json.loads(files["records/attendance.json"])}
    assert states == {"missing", "signed"}


def test_taking_the_decision_back_gives_the_certificate_back(lent, session, people, lead):
    for decision in ("not-there", "there"):
        say(session, people[1], decision, lead)
    assert findings(lent)["certificate"].is_ready
    assert findings(lent)["hours"].is_ready


def test_what_is_held_of_one_names_nobody_with_whom_they_shared_a_phone(lent, session, people, lead, tmp_path):
    say(session, people[1], "not-there", lead)
    report, files = dossier_of(lent, tmp_path, people[0])
    assert report.holds
    text = b"".join(content for name, content in files.items() if not name.endswith((".pdf", ".sig"))).decode()
    copy = "".join(str(list(rows.values())) for rows in rows_of(people[0]).values())
    for other in people[1:]:
        assert str(other.uid) not in text + copy
        assert other.full_name not in text + copy
    assert "same-device" in text
    assert "same-device" in copy
