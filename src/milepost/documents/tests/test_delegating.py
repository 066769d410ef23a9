"""Somebody else signs instead once whoever sent the document agreed; nobody is written to before, and no text of a stranger's."""

import pytest
from django.test import Client

from milepost.core.names import NoName
from milepost.documents.delegating import confirm_delegation, propose_delegate
from milepost.documents.models import Signatory
from milepost.documents.requesting import Party, Terms, request_signatures
from milepost.documents.signing import sign
from milepost.documents.tests.agreements import DRAWN, act, mail_due, path_of, pdf_of, people_of
from milepost.journal.models import Entry
from milepost.verify.pdf_seals import seals_in

pytestmark = pytest.mark.django_db
MAUD = Party("Maud Lind", "maud@aldermoor.example")


@pytest.fixture
def first(asked):
    return people_of(asked)[0]


@pytest.fixture
def lead_client(visit, lead):
    return visit(lead)


def propose(signatory, **changes):
    sent = {"name": MAUD.name, "email": MAUD.email, **changes}
    return Client().post(path_of(signatory) + "delegation/", sent, follow=True)


def answer(browser, signatory, answer, to=MAUD):
    document = signatory.request.document
    page = f"/{document.organisation.slug}/documents/{document.uid}/"
    sent = {"name": to.name, "email": to.email, "answer": answer}
    return browser.post(f"{page}delegations/{signatory.uid}/", sent, follow=True)


def row(signatory):
    return Signatory.objects.select_related("request__document__organisation", "member").get(pk=signatory.pk)


def recipients(mailoutbox):
    mail_due()
    told = [message.to[0] for message in mailoutbox]
    mailoutbox.clear()
    return told


def test_who_should_sign_instead_is_asked_once_the_sender_agreed(asked, first, lead_client, mailoutbox):
    recipients(mailoutbox)
    page = propose(first, email="Maud@aldermoor.example").text
    assert "You asked that Maud Lind signs instead." in page
    assert recipients(mailoutbox) == [asked.created_by.email]
    assert "asks that <strong>Maud Lind</strong> (maud@aldermoor.example)" in lead_page(lead_client, first)
    assert "Maud Lind is asked to sign instead." in answer(lead_client, first, "confirm").text
    assert recipients(mailoutbox) == [MAUD.email]
    new = row(Signatory.objects.get(delegated_by=first))
    assert (new.position, new.capacity) == (first.position, first.capacity)
    sign(signatory=new, act=act())
    assert "Maud Lind" in seals_in(pdf_of(asked))[0].reason
    assert "You have passed this on" in Client().get(path_of(first)).text
    [proposed, delegated] = Entry.objects.filter(verb__in=["proposed", "delegated"]).order_by("id")
    assert proposed.content["result"] == {"to": "Maud Lind"}
    assert delegated.content["result"] == {"to": "Maud Lind", "instead_of": "Claire Fontaine"}


def lead_page(browser, signatory):
    document = signatory.request.document
    return browser.get(f"/{document.organisation.slug}/documents/{document.uid}/").text


def test_others_read_that_it_waits_and_nobody_reminds_who_waits_for_an_answer(asked, first, lead_client, mailoutbox):
    recipients(mailoutbox)
    propose(first)
    page = Client().get(path_of(people_of(asked)[1])).text
    assert ("asks to pass it on" in page, MAUD.name in page) == (True, False)
    recipients(mailoutbox)
    document = first.request.document
    lead_client.post(f"/{document.organisation.slug}/documents/{document.uid}/reminders/")
    assert recipients(mailoutbox) == ["lucja@norrviken.example"]


def test_where_the_sender_does_not_agree_the_person_reads_so_and_signs(first, lead_client, mailoutbox):
    recipients(mailoutbox)
    propose(first)
    recipients(mailoutbox)
    answer(lead_client, first, "refuse")
    assert recipients(mailoutbox) == [first.email]
    assert not Signatory.objects.filter(delegated_by=first).exists()
    assert "You have signed" in Client().post(path_of(first), {"signature": DRAWN}, follow=True).text


def test_who_signs_after_all_ends_what_they_proposed(first, lead_client):
    propose(first)
    Client().post(path_of(first), {"signature": DRAWN})
    assert "not there any more" in answer(lead_client, first, "confirm").text
    assert not Signatory.objects.filter(delegated_by=first).exists()


def test_the_sender_agrees_to_what_the_page_showed_and_to_nothing_else(first, lead_client):
    propose(first)
    propose(first, email="eve@stranger.example")
    assert "another one now" in answer(lead_client, first, "confirm").text
    assert not Signatory.objects.filter(delegated_by=first).exists()


def test_one_place_is_passed_on_twice_at_most(first, lead):
    who = first
    for number in range(2):
        to = Party(f"Maud {number}", f"maud{number}@aldermoor.example")
        propose_delegate(signatory=who, to=to)
        who = row(confirm_delegation(signatory=who, to=to, by=lead))
    assert "passed on twice already" in propose(who).text
    assert "Somebody else should sign" not in Client().get(path_of(who)).text


@pytest.mark.parametrize(
    "name",
    [
        "Win a prize at evil.example",
        "www.evil",
        "https://evil.example/x",
        "call eve@evil.example",
        "evil．example",
        "t.co/abc",
    ],
)
def test_no_address_is_sent_to_anybody_as_a_name(first, agreement, name, mailoutbox):
    recipients(mailoutbox)
    assert "is no name" in propose(first, name=name).text
    assert recipients(mailoutbox) == []
    assert row(first).proposed_email == ""


@pytest.mark.parametrize("name", ["Otto Ølund", "J. R. Smith", "J.Smith", "O’Brien-Lind", "王小明", "St. John"])
def test_names_as_people_have_them_are_kept(first, name):
    propose(first, name=name)
    assert row(first).proposed_name == name


def test_whoever_asks_for_signatures_types_names_and_no_addresses(agreement, lead):
    with pytest.raises(NoName, match="is no name"):
        request_signatures(document=agreement, parties=[Party("a@b.example", "a@b.example")], terms=Terms(), by=lead)
