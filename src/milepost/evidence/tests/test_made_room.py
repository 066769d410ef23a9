"""A room that evidence has never heard of (`tests/visits`) is part of everything that evidence does."""

import io
import json
import zipfile
from datetime import UTC, datetime, timedelta

import pytest

from milepost import verify as verifier
from milepost.core import blobs, clock
from milepost.core.jobs import run_all
from milepost.evidence.auditing import Invitation, invite_auditor, link_of
from milepost.evidence.contributions import scope_of, story
from milepost.evidence.dossiers import build
from milepost.evidence.erasing import ErasureRefused, erase_person, holds_on
from milepost.evidence.export import export_person
from milepost.evidence.jobs import remove_files
from milepost.evidence.profiles import read_profile
from milepost.evidence.readiness import readiness_of
from milepost.evidence.retention import let_go, preview
from milepost.evidence.tests.conftest import DAY
from milepost.journal.models import Entry
from milepost.journal.sealing import seal
from milepost.journal.verification import verify
from tests.visits.models import Visit, visit_at_work

pytestmark = pytest.mark.django_db
LATER = datetime(2030, 1, 2, 9, tzinfo=UTC)  # three years after the end of the year are over


@pytest.fixture
def visit(complete, people, lead):
    return visit_at_work(member=people[0], about=complete.about, place="Quay 4", report=b"She did well.", by=lead)


@pytest.fixture
def visit_of_a_stranger(organisation, learner, lead):
    """A visit to somebody who is in no action."""
    return visit_at_work(member=learner, about="", place="Quay 9", report=b"He did well.", by=lead)


def dossier_of(action, tmp_path, member=None):
    path = tmp_path / f"dossier-{member.pk if member else 'all'}.zip"
    with path.open("w+b") as file:
        build(action=action, file=file, member=member)
    return path


def test_its_file_its_facts_and_its_table_are_in_a_dossier_that_verifies(visit, complete, tmp_path):
    path = dossier_of(complete, tmp_path)
    assert verifier.verify(path).holds
    with zipfile.ZipFile(path) as archive:
        assert archive.read(f"pieces/visits/{visit.uid}.txt") == b"She did well."
        assert str(visit.uid) in archive.read("journal/entries.jsonl").decode()
        assert "Quay 4" in archive.read("as-the-organisation-says/visits.csv").decode()
        manifest = json.loads(archive.read("manifest.json"))
    assert f"pieces/visits/{visit.uid}.txt" in manifest["files"]


def test_a_dossier_of_one_person_holds_what_the_room_has_of_them_alone(visit, complete, people, tmp_path):
    for member, count in ((people[0], 1), (people[1], 0)):
        path = dossier_of(complete, tmp_path, member)
        assert verifier.verify(path).holds
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if name.startswith("pieces/visits/")]
            assert len(names) == archive.read("journal/entries.jsonl").decode().count(str(visit.uid)) == count


def test_its_facts_are_in_the_history_of_the_action(visit, complete):
    assert str(visit.uid) in set(story(scope_of(complete)).values_list("object_id", flat=True))


def test_a_profile_may_ask_for_what_it_brings(visit, complete, people, lead, tmp_path, monkeypatch):
    path = tmp_path / "visited.yaml"
    path.write_text(
        "title: Visited\nkept_years: 1\nchecks: [one-place]\n"
        "pieces: [{key: visit, label: Visit, from: visit, per: person}]\n"
    )
    monkeypatch.setattr("milepost.evidence.profiles.profiles", lambda: {"fr": read_profile(path)})
    findings = {finding.key: finding for finding in readiness_of(complete).findings}
    assert (findings["visit"].ready, findings["visit"].of, str(findings["one-place"].state)) == (1, 4, "ready")
    assert readiness_of(complete, people[0]).percent == 100
    visit_at_work(member=people[1], about=complete.about, place="Quay 5", report=b"So did she.", by=lead)
    assert str(readiness_of(complete).findings[-1].state) == "inconsistent"


def test_the_one_tap_that_it_offers_is_on_the_page(visit, complete, people, lead, tmp_path, monkeypatch):
    from django.test import Client

    path = tmp_path / "visited.yaml"
    path.write_text("title: V\nkept_years: 1\npieces: [{key: visit, label: Visit, from: visit, per: person}]\n")
    monkeypatch.setattr("milepost.evidence.profiles.profiles", lambda: {"fr": read_profile(path)})
    client = Client()
    client.force_login(lead.user)
    client.get("/aldermoor/")  # which leads to the page of the second factor, once
    page = f"/aldermoor/actions/{complete.uid}/"
    assert "Send a trainer" in client.get(f"{page}people/{people[1].uid}/").text
    tap = {"remedy": "send-trainer", "target": "now", "person": people[1].uid}
    assert "Sent." in client.post(f"{page}remedy/", tap, follow=True).text
    assert client.post(f"{page}remedy/", tap | {"remedy": "unheard-of"}).status_code == 404
    assert "Visited at" in client.get(f"{page}people/").text


def test_an_auditor_finds_and_opens_its_file(visit, complete, lead, client, mailoutbox):
    invitation = Invitation("Ada", "ada@body.example", DAY, DAY, actions=(complete,))
    with clock.at(datetime(DAY.year, DAY.month, DAY.day, 12, tzinfo=UTC)):
        audit = invite_auditor(organisation=complete.organisation, invitation=invitation, by=lead)
        path = link_of(audit).partition("//")[2].partition("/")[2]
        client.post(f"/{path}", {"code": audit.new_code()})
        page = f"/{path}actions/{complete.uid}/"
        assert "Visit to Quay 4" in client.get(page).text
        served = client.get(f"{page}files/visit-report/{visit.pk}/")
        assert b"".join(served.streaming_content) == b"She did well."
        assert client.get(f"{page}files/visit-report/{visit.pk + 1}/").status_code == 404
    viewed = [
        entry.content["context"] for entry in Entry.objects.filter(fact="auditor.viewed", about=str(complete.uid))
    ]
    assert visit.report in [context.get("sha256") for context in viewed]


def test_a_person_gets_its_rows_and_files_with_their_data(visit, people, lead):
    file = io.BytesIO()
    export_person(member=people[0], file=file, by=lead)
    with zipfile.ZipFile(file) as archive:
        (row,) = json.loads(archive.read("data.json"))["records"]["visits.Visit"]
        assert row["place"] == "Quay 4"
        assert archive.read("files/visit-report-1-Quay-4.txt") == b"She did well."
        assert "Visits at work" in archive.read("read-me.html").decode()


def test_it_may_forbid_an_erasure_and_what_it_holds_of_an_action_does(
    visit, visit_of_a_stranger, learner, lead, people
):
    assert holds_on(learner) == []
    Visit.objects.filter(pk=visit_of_a_stranger.pk).update(must_stay=True)
    with pytest.raises(ErasureRefused, match="An accident was reported"):
        erase_person(member=learner, by=lead)
    visit_at_work(member=learner, about=visit.about, place="Quay 4", report=b"Seen.", by=lead)
    assert any("is kept until" in hold.reason for hold in holds_on(learner))


def test_an_erasure_takes_its_rows_its_files_and_the_words_of_its_facts(
    visit_of_a_stranger, learner, lead, organisation
):
    seal(organisation.pk)
    fact = Entry.objects.get(object_id=str(visit_of_a_stranger.uid))
    erase_person(member=learner, by=lead)
    with clock.at(clock.now() + timedelta(hours=2)):
        run_all(remove_files)
    assert not Visit.objects.exists()
    assert not blobs.is_there(organisation.uid, visit_of_a_stranger.report)
    assert Entry.objects.get(pk=fact.pk).is_erased
    seal(organisation.pk)
    assert verify(organisation.pk).finding is None


def test_another_s_erasure_leaves_its_files_alone(
    visit_of_a_stranger,
    visit,
    organisation,
    people,
    lead,
    complete,
):
    """Two people may have been given one report: it stays until nobody's row names it."""
    other = visit_at_work(member=people[1], about="", place="Quay 9", report=b"He did well.", by=lead)
    assert other.report == visit_of_a_stranger.report
    erase_person(member=visit_of_a_stranger.member, by=lead)
    with clock.at(clock.now() + timedelta(hours=2)):
        run_all(remove_files)
    assert blobs.read(organisation.uid, other.report) == b"He did well."


def test_retention_counts_and_takes_what_it_holds_of_the_action(
    visit,
    complete,
    lead,
    organisation,
):
    assert dict(preview(complete).counts)["Visits"] == 1
    with clock.at(LATER):
        let_go(action=complete, by=lead)
        run_all(remove_files)
    assert not Visit.objects.exists()
    assert not blobs.is_there(organisation.uid, visit.report)
    assert Entry.objects.get(object_id=str(visit.uid)).is_erased
