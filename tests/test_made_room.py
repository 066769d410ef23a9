"""A room appears by its folder (`tests/visits`) and its line in INSTALLED_APPS alone. Evidence: evidence/tests/test_made_room.py."""

from pathlib import Path

import pytest

from milepost.journal import subscriptions
from milepost.journal.models import Entry
from milepost.notices.sending import send_due
from milepost.people.granting import grant
from milepost.people.models import Organisation, Site
from milepost.people.roles import Role
from milepost.people.settings import value_of
from tests.visits.models import visit_at_work
from tests.visits.settings import VISITS_ADVICE
from tests.worlds import make_member

ROOT = Path(__file__).parent.parent


@pytest.fixture
def visit_to_jonas(learner, lead):
    return visit_at_work(member=learner, about="", place="Quay 4", report=b"He did well.", by=lead)


def test_no_file_of_milepost_knows_it():
    source = (path.read_text(encoding="utf-8") for path in (ROOT / "src").rglob("*.py") if "tests" not in path.parts)
    assert not [text for text in source if "tests.visits" in text or "see_visits" in text]


def test_it_stands_in_the_menu_of_those_who_may_go_there_and_nobody_else_gets_in(visit, lead, learner):
    assert 'href="/aldermoor/visits/"' in visit(lead).get("/aldermoor/").text
    assert 'href="/aldermoor/visits/"' not in visit(learner).get("/aldermoor/").text
    assert visit(learner).get("/aldermoor/visits/").status_code == 403


def test_its_permission_is_held_within_a_scope_and_told_with_the_roles(
    visit, organisation, visit_to_jonas, learner, lead
):
    assert "see visits at work" in visit(lead).get("/aldermoor/people/roles/").text
    assert "Quay 4" in visit(lead).get("/aldermoor/visits/").text
    oslo = Site.objects.create(organisation=organisation, name="Oslo")
    of_oslo = make_member(organisation, "olga")
    grant(member=of_oslo, role=Role.LEAD, scope="site", key=oslo.pk, by=lead)
    page = visit(of_oslo).get("/aldermoor/visits/")
    assert (page.status_code, "Quay 4" in page.text) == (200, False)


def test_its_setting_is_on_the_page_of_settings_and_its_change_is_a_fact(visit, organisation, lead):
    visit(lead).post("/aldermoor/settings/", {"page": "visits", "visits_advice": "Ring first."})
    assert value_of(Organisation.objects.get(pk=organisation.pk), VISITS_ADVICE) == "Ring first."
    assert "Ring first." in visit(lead).get("/aldermoor/visits/").text
    assert Entry.objects.filter(verb="updated").latest("pk").content["context"]["setting"] == "visits_advice"


def test_its_facts_are_told_in_the_history_of_a_person(visit, visit_to_jonas, lead):
    assert "Reported from “Quay 4”" in visit(lead).get(f"/aldermoor/people/{lead.uid}/history/").text


def test_it_has_a_section_on_the_page_of_a_person(visit, visit_to_jonas, lead, learner):
    assert "Visited 1 times" in visit(lead).get(f"/aldermoor/people/{learner.uid}/").text


def test_it_follows_the_stream_and_says_something_that_can_be_switched_off(visit, visit_to_jonas, learner, mailoutbox):
    subscriptions.deliver_all()
    send_due()
    assert [(mail.to, mail.subject) for mail in mailoutbox] == [
        (["jonas@aldermoor.example"], "Thank you for receiving us at Quay 4")
    ]
    assert "Visits at work" in visit(learner).get("/aldermoor/messages/").text
