"""Undoing that many were asked to sign: questions on their way stop, who got one hears so, and who answered stays."""

import pytest
from django.core import mail

from milepost.core.jobs import run_all
from milepost.documents.bulk import send_to_each
from milepost.documents.declining import decline
from milepost.documents.delegating import confirm_delegation, propose_delegate
from milepost.documents.jobs import make_files
from milepost.documents.kinds import KINDS
from milepost.documents.models import Signatory, SignatureRequest
from milepost.documents.reminding import notify_due
from milepost.documents.requesting import Party, Terms
from milepost.documents.signing import sign
from milepost.documents.tests.agreements import act as signing
from milepost.documents.tests.agreements import mail_due
from milepost.journal.models import Entry
from milepost.notices.sending import send_due
from milepost.people.models import Member
from milepost.people.undoing import undo
from tests.worlds import make_people


@pytest.fixture
def act(organisation, lead):
    """Five people are asked to keep a secret; their files are made."""
    make_people(organisation, 5)
    act = send_to_each(
        kind=KINDS["non-disclosure"],
        values={"title": "Project X"},
        language="en",
        members=Member.objects.filter(organisation=organisation, user=None),
        terms=Terms(),
        by=lead,
    )
    run_all(make_files, queues=["files"])
    return act


def signatories():
    rows = Signatory.objects.select_related("request__document__organisation", "member").order_by("pk")
    return list(rows.filter(delegated_by=None))


def test_questions_that_wait_are_not_sent_and_nobody_hears_that_they_were_taken_back(act, lead):
    notify_due()
    assert undo(act=act, by=lead).taken_back == 5
    assert mail_due() == 0
    assert mail.outbox == []
    assert set(SignatureRequest.objects.values_list("status", flat=True)) == {"withdrawn"}
    withdrew = Entry.objects.filter(verb="withdrew")
    assert [entry.content["context"]["act"] for entry in withdrew] == [str(act.uid)] * 5


def test_before_anybody_is_asked_it_is_as_if_nothing_had_been(act, lead):
    undo(act=act, by=lead)
    assert mail_due() == 0


def test_whoever_got_the_question_hears_that_it_is_withdrawn(act, lead):
    assert mail_due() == 5
    mail.outbox.clear()
    undo(act=act, by=lead)
    assert send_due() == 5
    assert "taken back for everybody" in mail.outbox[0].body


def test_who_signed_declined_or_passed_it_on_stays(act, lead):
    mail_due()
    signed, declined, passed_on, *_others = signatories()
    sign(signatory=signed, act=signing())
    decline(signatory=declined, reason="No.")
    ida = Party("Ida Moe", "ida@elsewhere.example")
    propose_delegate(signatory=passed_on, to=ida)
    confirm_delegation(signatory=passed_on, to=ida, by=lead)
    assert undo(act=act, by=lead).taken_back == 2
    outcomes = dict(act.people.values_list("key", "outcome"))
    assert [outcomes[who.request_id] for who in signatories()] == [
        "completed",
        "declined",
        "passed-on",
        "undone",
        "undone",
    ]
    passed_on.request.refresh_from_db()
    assert passed_on.request.is_open


def test_the_list_of_documents_offers_to_undo_it(organisation, lead, visit):
    make_people(organisation, 3)
    client = visit(lead)
    sent = {"q": "family", "kind": "non-disclosure", "value-title": "Project X", "remind_days": "3"}
    page = client.post("/aldermoor/documents/bulk/", sent, follow=True)
    assert "3 documents go out" in page.text
    undoing = page.text.partition("/undoing/")[0].rpartition('"')[2] + "/undoing/"
    page = client.post(undoing, follow=True)
    assert "Undone for 3 of 3 people." in page.text
    assert "3 people asked to sign “Project X”" in page.text
