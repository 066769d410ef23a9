import re

import pytest

from milepost.evidence.exploring import PAGE
from milepost.journal.models import Entry
from milepost.journal.sealing import seal

pytestmark = pytest.mark.django_db


def test_the_history_of_an_action_is_found_by_its_name_and_read(visit, lead, complete):
    client = visit(lead)
    results = client.get("/aldermoor/journal/?q=evacuation").text
    page = client.get(
        "/aldermoor/journal/" + re.search(r'href="(\?about=[^"]+)"><strong dir="auto">Evacuation', results)[1]
    ).text
    assert "<strong>Tess Okafor</strong>: Closed" in page
    assert "Signed for “Evacuation" in page


def test_the_history_of_a_person_is_found_by_their_name(visit, lead, complete, people):
    client = visit(lead)
    results = client.get("/aldermoor/journal/", {"q": people[0].family_name}).text
    assert f"?about={people[0].uid}" in results
    assert "Signed for" in client.get(f"/aldermoor/journal/?about={people[0].uid}").text


def test_a_name_that_nobody_has_says_so(visit, lead, complete):
    assert "Nobody and no action is called like that." in visit(lead).get("/aldermoor/journal/?q=zzz").text


def test_the_journal_is_read_page_by_page_to_its_beginning(visit, lead, complete, organisation):
    client, seen, path = visit(lead), [], "/aldermoor/journal/"
    while path:
        page = client.get(path).text
        seen += re.findall(r"/aldermoor/journal/(\d+)/", page)
        following = re.search(r'href="(\?before=\d+)"', page)
        path = f"/aldermoor/journal/{following[1]}" if following else None
    known = Entry.objects.filter(organisation_id=organisation.pk).order_by("-id").values_list("id", flat=True)
    assert [int(number) for number in seen] == list(known)
    assert len(seen) > PAGE


def test_a_fact_shows_its_words_and_a_proof_that_was_just_computed(visit, lead, complete, organisation):
    seal(organisation.pk)
    fact = Entry.objects.filter(verb="closed").first()
    page = visit(lead).get(f"/aldermoor/journal/{fact.pk}/").text
    assert "computed just now" in page
    assert "Tess Okafor" in page
    assert bytes(fact.leaf).hex() in page


def test_a_fact_that_waits_for_its_seal_says_so(visit, lead, action):
    fact = Entry.objects.latest("id")
    assert "sealed within a minute" in visit(lead).get(f"/aldermoor/journal/{fact.pk}/").text


def test_the_journal_costs_a_bounded_number_of_queries(visit, lead, complete, django_assert_max_num_queries):
    client = visit(lead)
    with django_assert_max_num_queries(8):
        client.get("/aldermoor/journal/")


@pytest.mark.parametrize(
    "query", ["?about=x", "?before=x", "?before=99999999999999999999", "?q=%F0%9F%9C%81", "?about=&before="]
)
def test_whatever_somebody_writes_into_the_address_is_no_surprise(visit, lead, action, query):
    assert visit(lead).get(f"/aldermoor/journal/{query}").status_code == 200
