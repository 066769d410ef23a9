from milepost.core.canonical import fingerprint
from milepost.journal.models import Entry
from milepost.learning.models import Progress

ADDRESS = "/aldermoor/learn/ladders/02-second/02-sign/"


def test_the_exact_words_that_were_confirmed_are_kept(visit, learner, enrolment):
    visit(learner).post(ADDRESS + "completion/", {"confirmed": "1"})
    confirmed = Entry.objects.filter(verb="progressed").get().content["result"]
    assert confirmed["statement"] == "I have read it."
    assert confirmed["text"] == "The rules."
    assert confirmed["text_sha256"] == fingerprint(b"The rules.")


def test_nothing_is_confirmed_without_the_tick(visit, learner, enrolment):
    visit(learner).post(ADDRESS + "completion/")
    assert not Progress.objects.get().is_complete


def test_confirming_twice_is_one_fact(visit, learner, enrolment):
    client = visit(learner)
    client.post(ADDRESS + "completion/", {"confirmed": "1"})
    client.post(ADDRESS + "completion/", {"confirmed": "1"})
    assert Entry.objects.filter(verb="progressed").count() == 1


def test_the_page_says_when_it_was_confirmed(visit, learner, enrolment):
    client = visit(learner)
    client.post(ADDRESS + "completion/", {"confirmed": "1"})
    assert "Confirmed by Jonas Nygård on" in client.get(ADDRESS).text
