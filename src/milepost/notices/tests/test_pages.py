"""What the office sees of messages."""

from datetime import timedelta

import pytest

from milepost.core import clock
from milepost.notices.kinds import kinds
from milepost.notices.models import Notice
from milepost.notices.sending import send_due
from milepost.notices.tests.conftest import use_server
from milepost.notices.tests.servers import inbox
from tests.servers import hang, trouble
from tests.worlds import make_member

pytestmark = pytest.mark.django_db


@pytest.fixture
def refused(server, people, say):
    server.on_rcpt["n1@aldermoor.example"] = "550 5.1.1 no such mailbox"
    say(people)
    send_due()
    return Notice.objects.get(state="refused")


def test_what_did_not_arrive_is_listed_with_address_and_reason_and_tried_again(visit, organisation, server, refused):
    client = visit(make_member(organisation, "ravi", roles=["hr"]))
    page = client.get("/aldermoor/messages/undelivered/").text
    assert "1 message did not arrive." in page
    assert "n1@aldermoor.example" in page
    assert "550 5.1.1 no such mailbox" in page
    assert "550 5.1.1 no such mailbox" in client.get(f"/aldermoor/people/{refused.member.uid}/").text
    server.on_rcpt.clear()
    client.post(f"/aldermoor/messages/undelivered/{refused.uid}/")
    assert send_due() == 1
    assert "Every message arrived." in client.get("/aldermoor/messages/undelivered/").text


def test_only_those_who_keep_people_see_and_send_again(visit, organisation, refused):
    client = visit(make_member(organisation, "jonas"))
    assert client.get("/aldermoor/messages/undelivered/").status_code == 403
    assert client.post(f"/aldermoor/messages/undelivered/{refused.uid}/").status_code == 403
    assert client.get("/aldermoor/messages/preview/").status_code == 403


def test_every_kind_can_be_looked_at_as_a_real_person_reads_it(visit, lead, people):
    people[0].language = "fr"
    people[0].save()
    client = visit(lead)
    for name, kind in kinds.items():
        told = {"kind": name, "person": people[0].uid}
        assert client.get("/aldermoor/messages/preview/", told).status_code == 200, name
        letter = client.get("/aldermoor/messages/preview/letter/", told)
        speaks_french = type(kind).__module__.startswith("milepost.")  # a room made for a test does not
        assert ("Bonjour" if speaks_french else "Hello") in letter.text, name
        assert "unsafe-inline" in letter.headers["Content-Security-Policy"]
        assert "script-src" not in letter.headers["Content-Security-Policy"]


def test_a_person_to_preview_with_is_found_by_name(visit, lead, people):
    page = visit(lead).get("/aldermoor/messages/preview/", {"q": "family2"})
    assert str(people[2].uid) in page.text


def test_while_the_mail_server_takes_nothing_the_list_says_how_much_waits_and_why(
    visit, settings, organisation, people, say
):
    client = visit(make_member(organisation, "ravi", roles=["hr"]))
    with trouble(hang) as port:
        pass  # nobody listens any more
    use_server(settings, port)
    say(people)
    send_due()
    page = client.get("/aldermoor/messages/undelivered/").text
    assert "Every message arrived." not in page
    assert "3 messages wait and are sent by themselves once it does." in page
    assert "Connection refused" in page
    with inbox(port=port), clock.at(clock.now() + timedelta(minutes=1)):
        assert send_due() == 3
    assert "Every message arrived." in client.get("/aldermoor/messages/undelivered/").text
