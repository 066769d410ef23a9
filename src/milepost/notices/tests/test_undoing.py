"""Undoing invitations of many: what waits is not sent, what arrived leads in no more, and an earlier one holds again."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.core import mail

from milepost.core import clock
from milepost.journal.models import Entry
from milepost.journal.phrases import phrase
from milepost.notices.models import Notice
from milepost.notices.sending import send_due
from milepost.people.inviting import InvitationRefused, accept, invite, invited, link_for
from milepost.people.models import BulkAct, Member
from milepost.people.undoing import undo
from tests.worlds import make_people


@pytest.fixture
def people(organisation):
    make_people(organisation, 4)
    return list(Member.objects.filter(organisation=organisation, user=None).order_by("pk"))


def invited_by(lead, people):
    uid = uuid4()
    invite(members=again(people), by=lead, act=uid)
    return BulkAct.objects.get(uid=uid)


def again(people):
    return list(Member.objects.filter(pk__in=[one.pk for one in people]).order_by("pk"))


def token_of(member):
    return link_for(Member.objects.get(pk=member.pk)).rstrip("/").rpartition("/")[2]


def test_what_waits_is_not_sent(people, lead):
    act = invited_by(lead, people)
    assert undo(act=act, by=lead).taken_back == 4
    assert send_due() == 0
    assert mail.outbox == []
    assert set(Notice.objects.values_list("state", flat=True)) == {"dropped"}
    assert set(Member.objects.filter(user=None).values_list("invited_at", flat=True)) == {None}


def test_a_link_that_arrived_leads_in_no_more_and_its_page_says_what_to_do(people, lead, client):
    act = invited_by(lead, people)
    token = token_of(people[0])
    assert client.get(f"/invitations/{token}/").status_code == 200
    undo(act=act, by=lead)
    page = client.get(f"/invitations/{token}/")
    assert page.status_code == 410
    assert "taken back" in page.text
    with pytest.raises(InvitationRefused):
        invited(token)


def test_whoever_has_joined_or_was_invited_since_stays_invited(people, lead):
    act = invited_by(lead, people)
    accept(member=invited(token_of(people[0])))
    with clock.at(act.at + timedelta(minutes=5)):
        invite(members=again(people[1:2]), by=lead)
    done = undo(act=act, by=lead)
    assert (done.taken_back, done.kept) == (2, 2)
    outcomes = dict(act.people.values_list("member", "outcome"))
    assert [outcomes[one.pk] for one in people] == ["joined", "invited-again", "undone", "undone"]
    assert invited(token_of(people[1])) == people[1]


def test_the_invitation_of_before_holds_again(people, lead):
    first = invited_by(lead, people)
    early = token_of(people[0])
    with clock.at(first.at + timedelta(hours=1)):
        second = invited_by(lead, people)
    late = token_of(people[0])
    undo(act=second, by=lead)
    assert Member.objects.get(pk=people[0].pk).invited_at == first.at
    assert invited(early) == people[0]
    with pytest.raises(InvitationRefused):
        invited(late)


def test_being_invited_anew_after_that_leads_in_and_is_one_message(people, lead):
    act = invited_by(lead, people)
    undo(act=act, by=lead)
    with clock.at(act.at + timedelta(hours=1)):
        invite(members=again(people), by=lead)
        assert send_due() == 4
    assert len(mail.outbox) == 4
    assert invited(token_of(people[0])) == people[0]


def test_the_journal_says_of_each_that_it_was_taken_back(people, lead):
    act = invited_by(lead, people)
    undo(act=act, by=lead)
    facts = Entry.objects.filter(object_id=str(people[0].uid), verb__in=["invited", "uninvited"]).order_by("id")
    assert [fact.content["context"]["act"] for fact in facts] == [str(act.uid)] * 2
    assert phrase(facts[1], str(people[0].uid)) == "Invitation taken back by Claire Nygård"
    assert phrase(Entry.objects.get(verb="undid"), "") == "Undid invitations: 4 taken back, 0 kept"


def test_the_list_of_people_offers_to_undo_it_and_leads_to_what_was_done(people, lead, visit):
    client = visit(lead)
    page = client.post("/aldermoor/people/invitations/", {"q": "family"}, follow=True)
    assert "Invitations are on their way to 4 people." in page.text
    assert "undoing/" in page.text
    assert "/aldermoor/people/bulk-changes/" in page.text
    assert "4 people invited" in client.get("/aldermoor/people/bulk-changes/").text
