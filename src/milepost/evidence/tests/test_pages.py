import re

import pytest

from milepost.classroom.registering import register
from milepost.core.jobs import run_all
from milepost.documents.models import Document
from milepost.evidence.models import TrainingAction
from milepost.journal.sealing import seal
from tests.worlds import make_member, once_of

pytestmark = pytest.mark.django_db
NEW = {
    "title": "Evacuation",
    "profile": "fr",
    "starts_on": "2026-11-26",
    "ends_on": "2026-11-26",
    "hours": "7",
    "language": "en",
    "client": "Norrviken AB",
    "price": "1,200 €",
}


def test_an_action_is_made_from_the_page_and_says_what_is_left(visit, lead, session):
    page = visit(lead).post(
        "/aldermoor/actions/new/", NEW | {"sessions": [session.pk], "course": session.course_id}, follow=True
    )
    assert "“Evacuation”: 8 things to do." in page.text  # our address and their representative, too
    made = TrainingAction.objects.get()
    assert (made.reference, made.minutes, made.members.count()) == ("A-2026-001", 420, 4)


def test_an_action_is_made_once_however_often_its_form_is_sent(visit, lead, session):
    client, form = visit(lead), NEW | {"sessions": [session.pk], "course": session.course_id}
    key = once_of(client.get("/aldermoor/actions/new/"))
    pages = [client.post("/aldermoor/actions/new/", form | key) for _pressed in range(2)]
    assert pages[0].url == pages[1].url
    client.post("/aldermoor/actions/new/", form | key | {"title": "Another"})
    assert TrainingAction.objects.count() == 2


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"title": ""}, "This field is required"),
        ({"ends_on": "2026-11-01"}, "before the first"),
        ({"hours": "many"}, "Enter a number"),
        ({"profile": "x"}, "valid choice"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_made(visit, lead, change, complaint):
    page = visit(lead).post("/aldermoor/actions/new/", NEW | change)
    assert (page.status_code, complaint in page.text) == (400, True)
    assert not TrainingAction.objects.exists()


def test_one_tap_writes_the_document_that_is_missing(visit, lead, action):
    page = visit(lead).post(
        f"/aldermoor/actions/{action.uid}/remedy/", {"remedy": "write", "target": "agreement"}, follow=True
    )
    assert "say who signs" in page.text
    document = Document.objects.get()
    assert document.about == action.about
    assert "Norrviken AB" in str(document.content)
    assert "420" not in document.content["values"]["hours"]


def test_a_complete_action_says_so_and_its_dossier_is_built_and_downloaded(visit, lead, complete):
    client, page = visit(lead), f"/aldermoor/actions/{complete.uid}/"
    assert "“Evacuation” is ready for an audit." in client.get(page).text
    client.post(page + "dossiers/")
    assert "<progress" in client.get(page).text
    run_all(queues=["builds"])
    served = client.get(page + f"dossiers/{complete.dossiers.get().uid}/")
    assert b"".join(served.streaming_content).startswith(b"PK")
    assert "Everything is ready for an audit." in client.get("/aldermoor/actions/").text


def test_the_proof_of_a_fact_is_one_tap_away(visit, lead, action):
    seal(action.organisation_id)
    page = visit(lead).get(f"/aldermoor/actions/{action.uid}/")
    fact = re.search(r'href="(/aldermoor/journal/\d+/)"', page.text)[1]
    assert fact + "proof/" in visit(lead).get(fact).text
    proof = visit(lead).get(fact + "proof/")
    assert proof.json()["type"] == "milepost-inclusion-proof/1"
    name = f"entry-{proof.json()['leaf'][:16]}-proof.json"
    assert name in proof.headers["Content-Disposition"]
    assert f"milepost verify {name}" in visit(lead).get(fact).text


def test_an_auditor_reads_and_changes_nothing(visit, organisation, complete):
    auditor = visit(make_member(organisation, "inspector", roles=["auditor"]))
    assert "is ready for an audit" in auditor.get(f"/aldermoor/actions/{complete.uid}/").text
    for path in ("new/", f"{complete.uid}/dossiers/", f"{complete.uid}/pieces/", f"{complete.uid}/remedy/"):
        assert auditor.post(f"/aldermoor/actions/{path}").status_code == 403


def test_a_learner_sees_no_evidence(visit, organisation, action, session):
    learner = make_member(organisation, "jonas")
    register(session=session, member=learner)
    assert visit(learner).get("/aldermoor/actions/").status_code == 403


def test_the_page_of_all_actions_costs_the_same_for_one_and_for_fifty(
    visit, lead, organisation, action, django_assert_max_num_queries
):
    for number in range(50):
        TrainingAction.objects.create(
            organisation=organisation,
            reference=f"X{number}",
            title="T",
            profile="fr",
            language="en",
            starts_on="2026-11-26",
            ends_on="2026-11-26",
            minutes=60,
        )
    client = visit(lead)
    with django_assert_max_num_queries(10):
        client.get("/aldermoor/actions/")


def test_the_history_of_an_action_says_who_and_when_in_words(visit, lead, complete):
    page = re.sub(r"\s+", " ", visit(lead).get(f"/aldermoor/actions/{complete.uid}/").text)
    assert re.search(r"<strong>[^<]+</strong>: Signed for “[^”]+, Thursday 26 November 2026, 09:00–12:30”", page)
    assert "2026-11-26 09:00" not in page


def test_a_profile_is_called_by_its_title(visit, lead, complete):
    assert "French funding bodies" in visit(lead).get("/aldermoor/actions/").text
    assert "French funding bodies" in visit(lead).get("/aldermoor/actions/retention/").text
