import pytest

from milepost.core.canonical import fingerprint
from milepost.journal.models import Entry
from milepost.learning.models import Progress
from tests.worlds import SMALL_COURSE, make_course

ADDRESS = "/aldermoor/learn/ladders/02-second/02-sign/"
CHANGED = "02-second/02-sign.acknowledgement.md"


@pytest.fixture
def client(visit, learner, enrolment):
    """Somebody who has opened it."""
    client = visit(learner)
    client.get(ADDRESS)
    return client


def test_the_exact_words_that_were_confirmed_are_kept(client):
    client.post(ADDRESS + "completion/", {"confirmed": "1"})
    confirmed = Entry.objects.filter(verb="progressed").get().content["result"]
    assert confirmed["statement"] == "I have read it."
    assert confirmed["text"] == "The rules."
    assert confirmed["text_sha256"] == fingerprint(b"The rules.")


def test_nothing_is_confirmed_without_the_tick(client):
    client.post(ADDRESS + "completion/")
    assert not Progress.objects.get().is_complete


def test_confirming_twice_is_one_fact(client):
    client.post(ADDRESS + "completion/", {"confirmed": "1"})
    client.post(ADDRESS + "completion/", {"confirmed": "1"})
    assert Entry.objects.filter(verb="progressed").count() == 1


def test_the_page_says_when_it_was_confirmed(client):
    client.post(ADDRESS + "completion/", {"confirmed": "1"})
    assert "Confirmed by Jonas Nygård on" in client.get(ADDRESS).text


def test_what_was_not_opened_is_not_confirmed(visit, learner, enrolment):
    client = visit(learner)
    page = client.post(ADDRESS + "completion/", {"confirmed": "1"}, follow=True)
    assert page.redirect_chain == [(ADDRESS, 302)]
    assert "You had not opened this step as it is now." in page.text
    assert not Entry.objects.filter(verb="progressed").exists()
    assert client.post(ADDRESS + "completion/", {"confirmed": "1"}).url != ADDRESS
    assert Progress.objects.get().is_complete


def test_words_that_were_changed_meanwhile_are_read_before_they_are_confirmed(client, organisation, lead):
    make_course(organisation, SMALL_COURSE | {CHANGED: SMALL_COURSE[CHANGED] + "\nNever alone."}, by=lead)
    page = client.post(ADDRESS + "completion/", {"confirmed": "1"}, follow=True)
    assert "You had not opened this step as it is now." in page.text
    assert "Never alone." in page.text
    assert not Progress.objects.get().is_complete
    client.post(ADDRESS + "completion/", {"confirmed": "1"})
    assert Entry.objects.filter(verb="progressed").get().content["result"]["text"].endswith("Never alone.")
