import io
import json
import subprocess
import sys
import zipfile
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import transaction

from milepost import verify as verifier
from milepost.anchors.publishing import verify_program
from milepost.classroom.connection_logs import take_log
from milepost.classroom.correcting import Change, change_attendance
from milepost.classroom.models import Attendance
from milepost.core import blobs, clock
from milepost.core.jobs import run_all
from milepost.credentials.facts import CERTIFICATE_ISSUED
from milepost.credentials.issuing import issue_missing, reissue
from milepost.credentials.models import Certificate
from milepost.credentials.revoking import revoke
from milepost.credentials.stating import STATED
from milepost.documents import timestamps
from milepost.documents.jobs import date_file
from milepost.documents.sealing import seal_pdf
from milepost.evidence.actions import add_piece
from milepost.evidence.contributions import file_kinds, scope_of
from milepost.evidence.dossiers import ask_for, build
from milepost.evidence.jobs import build_dossier
from milepost.evidence.models import Dossier
from milepost.evidence.tests.archives import complaint, contents, rewritten
from milepost.evidence.tests.conftest import sign_agreement
from milepost.journal.recording import record
from milepost.journal.sealing import seal
from tests.accessible import faults_of
from tests.readers import text_in

pytestmark = pytest.mark.django_db


def test_the_dossier_of_one_person_verifies_and_names_nobody_else(complete, people, tmp_path):
    path = tmp_path / "one.zip"
    with path.open("w+b") as file:
        build(action=complete, member=people[0], file=file)
    report = verifier.verify(path)
    assert "2 attendance signatures fit the journal." in report.holds
    held = contents(path)
    assert [name for name in held if name.startswith("pieces/")] == [
        name for name in held if name.startswith("pieces/certificates/")
    ]
    text = b"".join(content for name, content in held.items() if not name.endswith((".pdf", ".sig"))).decode()
    assert people[0].full_name in text
    assert not any(str(other.uid) in text or other.full_name in text for other in people[1:])


def test_a_file_about_one_person_is_in_their_dossier_and_in_nobody_else_s(complete, people, lead, tmp_path):
    add_piece(action=complete, key="hot-evaluation", name="hers.pdf", content=b"5", by=lead, member=people[0])
    for member, count in ((people[0], 1), (people[1], 0)):
        path = tmp_path / f"{member.pk}.zip"
        with path.open("w+b") as file:
            build(action=complete, member=member, file=file)
        assert verifier.verify(path).holds
        assert sum(name.startswith("pieces/files/") for name in contents(path)) == count


def test_no_name_of_a_file_tells_a_key_of_the_database(complete, session, lead):
    add_piece(action=complete, key="hot-evaluation", name="hers.pdf", content=b"5", by=lead)
    log = b"Name (Original Name),User Email,Join Time,Leave Time\nAnna,a@b.example,2026-11-26 09:00,2026-11-26 12:00\n"
    take_log(session=session, content=log, name="report.csv", by=lead)
    key, there = 987_654_321, set()
    for kind in file_kinds():
        for row in kind.of_action(scope_of(complete)):
            row.pk = key
            names = [kind.file(row).path, kind.download_name(row), *(file.path for file in kind.beside(row))]
            assert not [name for name in names if str(key) in name]
            there.add(kind.name)
    assert there >= {"document", "piece", "log", "sheet", "certificate"}


def test_one_altered_fact_in_the_dossier_of_a_person_is_found(complete, people, tmp_path):
    path = tmp_path / "one.zip"
    with path.open("w+b") as file:
        build(action=complete, member=people[0], file=file)
    held = contents(path)
    held["journal/entries.jsonl"] = held["journal/entries.jsonl"].replace(b"completed", b"launched", 1)
    assert "journal/entries.jsonl" in complaint(rewritten(path, held))


def test_pieces_that_an_authority_dated_later_verify_in_the_dossier(complete, tmp_path, settings, authority):
    settings.TIMESTAMP_URL = authority[0]
    assert (
        run_all(date_file, queues=["outside"]) == 8
    )  # agreement, programme, convocation, sheet, and four certificates
    path = tmp_path / "dated.zip"
    with path.open("w+b") as file:
        build(action=complete, file=file)
    assert verifier.verify(path).holds
    agreement = next(name for name in contents(path) if name.startswith("pieces/documents/agreement"))
    (tmp_path / "it.pdf").write_bytes(contents(path)[agreement])
    assert sum(line.startswith("Dated ") for line in verifier.verify(tmp_path / "it.pdf").holds) == 1


def dossier_of(action, path):
    seal(action.organisation_id)
    with path.open("w+b") as file:
        build(action=action, file=file)
    return path


def test_a_file_that_is_put_in_the_place_of_another_is_no_addition_to_it_whoever_says_so(
    complete, tmp_path, settings, authority, monkeypatch
):
    """By an administrator with the real key: the journal says that a time stamp was added, and it is another certificate."""
    settings.TIMESTAMP_URL = authority[0]
    given = Certificate.objects.select_related("organisation").order_by("pk")
    other = blobs.read(complete.organisation.uid, given[1].pdf)
    monkeypatch.setattr(timestamps, "date_pdf", lambda _content, key: seal_pdf(other, key=key, time=clock.now()))
    assert timestamps.date(source="certificates", number=given[0].pk)
    path = dossier_of(complete, tmp_path / "replaced.zip")
    told = f"pieces/certificates/{given[0].uid}.pdf is said to be an earlier file with something added"
    assert complaint(path).startswith(told)


def test_a_certificate_that_was_issued_anew_or_again_stands_once(complete, lead, tmp_path):
    first, second = Certificate.objects.select_related("organisation").order_by("pk")[:2]
    reissue(certificate=first, by=lead)
    revoke(certificate=second, reason="A mistake", by=lead)
    assert issue_missing(course=complete.course, by=lead) == 1
    run_all(queues=["files"])
    assert verifier.verify(dossier_of(complete, tmp_path / "anew.zip")).holds


def test_two_certificates_of_one_person_for_one_course_do_not_stand_beside_each_other(complete, people, tmp_path):
    """By an administrator, who can have a fact recorded that no verb would."""
    given = Certificate.objects.select_related("organisation", "enrolment__member").order_by("pk").first()
    with transaction.atomic():
        record(
            CERTIFICATE_ISSUED,
            organisation=complete.organisation,
            actor=given.enrolment.member.as_reference(),
            object=replace(given.as_reference(), id=str(uuid4())),
            result={name: given.content[name] for name in STATED if given.content[name] is not None},
            context={"course": given.content["course"], "version": given.content["version"]},
        )
    words = complaint(dossier_of(complete, tmp_path / "two.zip"))
    assert words.startswith(f"{given.content['beneficiary']} has two certificates for “{given.content['title']}”")


def test_what_happens_while_a_dossier_is_written_waits_for_the_next_one(
    complete, lead, people, session, settings, authority, tmp_path
):
    """A signature is put anew, an agreement comes, the authority dates every file: none of it breaks the dossier."""
    settings.TIMESTAMP_URL = ""
    slot = session.slots.first()
    row = Attendance.objects.select_related("slot__session__organisation", "participant__member").get(
        slot=slot, participant__member=people[0]
    )
    steps = []

    def meanwhile(done, _total):
        if done == 1:
            settings.TIMESTAMP_URL = authority[0]
            change_attendance(
                attendance=row, change=Change("absent", absence_reason="Ill"), by=lead.as_reference(), why="Mixed up"
            )
            sign_agreement(complete, lead, on=clock.now())
            steps.append(run_all(date_file, queues=["outside"]))
            seal(complete.organisation_id)

    for name in ("meanwhile.zip", "after.zip"):
        with (tmp_path / name).open("w+b") as file:
            build(
                action=complete,
                file=file,
                progress=meanwhile if name == "meanwhile.zip" else lambda _done, _total: None,
            )
    assert steps == [9]
    first, second = (verifier.verify(tmp_path / name).holds for name in ("meanwhile.zip", "after.zip"))
    assert "9 documents carry the organisation’s seal." in first
    assert "11 documents carry the organisation’s seal." in second  # the agreement, and the corrected sheet


def test_a_dossier_holds_every_piece_and_verifies(dossier, complete):
    names = set(contents(dossier))
    for part in (
        "cover.pdf",
        "manifest.json",
        "manifest.sig",
        "journal/entries.jsonl",
        "journal/seal.json",
        "records/attendance.csv",
        "records/progress.csv",
    ):
        assert part in names
    assert sum(name.startswith("pieces/certificates/") for name in names) == 4
    assert sum(name.startswith("pieces/sheets/") for name in names) == 1
    assert sum(name.startswith("pieces/documents/") for name in names) == 3
    report = verifier.verify(dossier)
    assert any("attendance signatures fit the journal" in line for line in report.holds)
    said = "As the organisation says, without a proof: "
    notes = verifier.verify(dossier, keys=[report.key]).notes
    assert notes == [
        "No authority dates this journal: when its facts were sealed, the organisation says alone.",
        f"{said}as-the-organisation-says/readiness.json",
        f"{said}the words that are printed on cover.pdf",
    ]


def test_the_cover_reads_like_a_report(dossier):
    assert faults_of(contents(dossier)["cover.pdf"]) == []
    text = text_in(contents(dossier)["cover.pdf"])
    for words in (
        "Evacuation",
        "Norrviken AB",
        "A-2026-001",
        "100 % of what the profile",
        "L6353-1",
        "How to check it",
    ):
        assert words in text


def test_the_cover_is_made_whatever_letters_an_organisation_is_called_by(complete, organisation, tmp_path):
    organisation.name, complete.title = "บริษัท 王 \ue000", "Évacuation 🚒 \x01"
    organisation.save()
    complete.save()
    with (tmp_path / "dossier.zip").open("w+b") as file:
        build(action=complete, file=file)
    text = text_in(contents(tmp_path / "dossier.zip")["cover.pdf"])
    for written in ("王 \ufffd", "Évacuation", "🚒"):
        assert written in text


def test_the_facts_are_those_of_the_action_and_no_others(dossier, organisation, lead):
    lines = [json.loads(line) for line in contents(dossier)["journal/entries.jsonl"].splitlines()]
    verbs = {json.loads(line["statement"])["verb"] for line in lines}
    assert {"scheduled", "signed", "closed", "completed", "issued", "sealed", "registered", "created"} <= verbs
    types = {json.loads(line["statement"])["object"]["type"] for line in lines}
    assert types == {
        "action",
        "activity",
        "certificate",
        "course",
        "document",
        "identity",
        "module",
        "piece",
        "session",
        "sheet",
        "slot",
        "trainer",
    }


def test_the_verifier_runs_on_its_own_without_django(dossier, tmp_path):
    alone = tmp_path / "alone.pyz"
    alone.write_bytes(verify_program()[0])
    script = f"import sys, runpy; sys.argv = ['x', {str(dossier)!r}]\ntry:\n    runpy.run_path({str(alone)!r}, run_name='__main__')\nfinally:\n    assert not any(name.startswith(('django', 'milepost')) for name in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (3, "")
    assert "It is consistent with itself." in done.stdout


# --- In the background ------------------------------------------------------------------------------------


def test_a_dossier_is_built_in_the_background_once(complete, lead):
    ask_for(action=complete, by=lead)
    assert run_all(build_dossier, queues=["builds"]) == 1
    assert run_all(build_dossier, queues=["builds"]) == 0
    made = Dossier.objects.get()
    assert made.done == made.total > 0
    assert made.size > 10_000


def test_a_dossier_that_a_killed_worker_left_is_begun_anew(complete, lead, monkeypatch):
    from milepost.evidence import dossiers

    ask_for(action=complete, by=lead)
    with monkeypatch.context() as killed:
        killed.setattr(dossiers, "build", lambda **_told: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            run_all(queues=["builds"])
    assert run_all(build_dossier, queues=["builds"]) == 0
    with clock.at(clock.now() + timedelta(minutes=3)):
        assert run_all(build_dossier, queues=["builds"]) == 1
    assert Dossier.objects.get().digest


def test_building_twice_gives_the_same_facts(complete):
    def facts():
        file = io.BytesIO()
        build(action=complete, file=file)
        return zipfile.ZipFile(file).read("journal/entries.jsonl").count(b"\n")

    assert facts() == facts()
