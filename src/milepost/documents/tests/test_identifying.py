"""The one-time code of a signature comes before everything else, and belongs to the browser in which it was typed."""

import re
from datetime import timedelta

import pytest
from django.db import transaction
from django.test import Client

from milepost.core import clock
from milepost.documents.composing import add_annex
from milepost.documents.declining import decline
from milepost.documents.delegating import propose_delegate
from milepost.documents.identifying import NotIdentified
from milepost.documents.models import Signatory
from milepost.documents.requesting import Party, Terms, request_signatures
from milepost.documents.signing import open_document, sign
from milepost.documents.tests.agreements import DRAWN, TWO, act, path_of, people_of
from milepost.documents.urls import public_urlpatterns
from milepost.journal.models import Entry

pytestmark = pytest.mark.django_db
MAUD = {"name": "Maud Lind", "email": "maud@aldermoor.example"}
SENT = {"signature": DRAWN, "reason": "The price is wrong.", **MAUD}


@pytest.fixture
def coded(agreement, lead):
    add_annex(document=agreement, name="plan.txt", chunks=[b"A plan"])
    return request_signatures(document=agreement, parties=TWO, terms=Terms(needs_code=True), by=lead)


@pytest.fixture
def first(coded):
    return people_of(coded)[0]


def type_code(browser, signatory, mailoutbox):
    browser.post(path_of(signatory) + "code/")
    code = re.search(r"\n(\d{6})\n", mailoutbox[-1].body)[1]
    return browser.post(path_of(signatory) + "code/", {"code": code}, follow=True)


def pages_of(signatory):
    """Every address below the link, those of tomorrow too, but the one that takes the code."""
    routes = {route.name: route.pattern.describe().split("'")[1] for route in public_urlpatterns}
    del routes["signatory_code"]
    token = path_of(signatory).split("/")[2]
    paths = ("/" + route.replace("<str:token>", token) for route in routes.values())
    return [re.sub(r"<int:\w+>", "0", path) for path in paths]


def test_without_the_code_no_page_of_the_link_shows_or_does_anything(first):
    anybody, entries = Client(), Entry.objects.count()
    assert len(pages_of(first)) >= 6
    for path in pages_of(first):
        for answer in (anybody.get(path), anybody.post(path, SENT)):
            if answer.status_code != 405:  # nothing is sent to that address
                assert "First a code" in answer.text, path
                assert "no-store" in answer["Cache-Control"]
            assert first.request.document.title not in answer.text
    first.refresh_from_db()
    assert (first.state, first.opened_at, first.proposed_email) == ("waiting", None, "")
    assert Entry.objects.count() == entries


def test_a_verb_refuses_where_nobody_looked_whether_the_code_was_typed(first):
    for verb in (
        lambda: open_document(first),
        lambda: sign(signatory=first, act=act()),
        lambda: decline(signatory=first, reason="No"),
        lambda: propose_delegate(signatory=first, to=Party(**MAUD)),
    ):
        with pytest.raises(NotIdentified):
            verb()


def test_with_the_code_all_pages_open_in_that_browser_and_in_no_other(first, mailoutbox):
    phone, anybody = Client(), Client()
    assert "Ladders, hands on" in type_code(phone, first, mailoutbox).text
    for path in pages_of(first)[1:4]:
        assert phone.get(path).status_code == 200, path
        assert "no-store" in phone.get(path)["Cache-Control"]
        assert anybody.get(path).status_code == 403
    assert "First a code" in anybody.get(path_of(first)).text
    assert anybody.post(path_of(first), {"signature": DRAWN}).status_code == 403
    assert "You have signed" in phone.post(path_of(first), {"signature": DRAWN}, follow=True).text
    assert Entry.objects.get(verb="signed").content["result"]["identified"] == "link+code"


def test_a_code_holds_for_ten_minutes(first):
    for minutes, is_taken in ((9, True), (11, False)):
        sent_at = clock.now() + timedelta(hours=minutes)
        with clock.at(sent_at):
            code = first.new_code()
        with clock.at(sent_at + timedelta(minutes=minutes)), transaction.atomic():
            locked = Signatory.objects.select_for_update(no_key=True).get(pk=first.pk)
            assert (locked.take_code(code) == "") is is_taken


def test_after_half_an_hour_a_code_is_asked_for_again(first, mailoutbox):
    phone, start = Client(), clock.now()
    type_code(phone, first, mailoutbox)
    with clock.at(start + timedelta(minutes=29)):
        assert phone.get(path_of(first) + "file/").status_code == 200
    with clock.at(start + timedelta(minutes=31)):
        answer = phone.post(path_of(first), {"signature": DRAWN})
        assert (answer.status_code, "holds for half an hour" in answer.text) == (403, True)
    first.refresh_from_db()
    assert first.state == "waiting"


def test_the_code_of_one_link_opens_no_other(coded, first, mailoutbox):
    phone, second = Client(), people_of(coded)[1]
    type_code(phone, first, mailoutbox)
    [cookie] = [cookie for name, cookie in phone.cookies.items() if name.startswith("document-")]
    phone.cookies[f"document-{str(second.uid)[:8]}"] = cookie.value
    assert "First a code" in phone.get(path_of(second)).text
    phone.cookies[cookie.key] = cookie.value + "x"
    assert "First a code" in phone.get(path_of(first)).text


def test_where_no_code_is_asked_for_the_link_alone_opens_it(asked):
    [first, _second] = people_of(asked)
    for path in pages_of(first)[:3]:
        assert Client().get(path).status_code == 200, path
