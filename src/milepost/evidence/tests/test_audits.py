"""The audit room: by a link and a code, for a while and a scope; everything read, nothing changed, all of it noted."""

import re
from datetime import UTC, date, datetime, timedelta

import pytest
from django.core import mail
from django.test import Client
from django.urls import get_resolver

from milepost.core import clock
from milepost.core.jobs import run_all
from milepost.evidence.actions import ActionPlan, open_action
from milepost.evidence.auditing import InvalidAudit, Invitation, end_audit, invite_auditor, link_of
from milepost.evidence.dossiers import ask_for
from milepost.evidence.models import Audit
from milepost.journal.models import Entry
from milepost.journal.sealing import seal
from milepost.notices.sending import send_due

pytestmark = pytest.mark.django_db
TODAY = datetime(2026, 11, 27, 10, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _today():
    with clock.at(TODAY):
        yield


def invited(organisation, lead, *actions, **more):
    details = {
        "name": "Ines Marchand",
        "email": "ines@funds.example",
        "starts_on": date(2026, 11, 27),
        "ends_on": date(2026, 12, 4),
    }
    return invite_auditor(organisation=organisation, invitation=Invitation(**details | more, actions=actions), by=lead)


@pytest.fixture
def audit(organisation, lead, complete):
    made = invited(organisation, lead, complete)
    seal(organisation.pk)
    return made


def room_of(audit):
    return link_of(audit).partition("localhost:8000")[2] or re.sub(r"^https?://[^/]+", "", link_of(audit))


@pytest.fixture
def inside(audit):
    """A browser that typed the code."""
    client, room = Client(), room_of(audit)
    client.post(room)
    code = re.search(r"^\d{6}$", mail.outbox[-1].body, re.MULTILINE)[0]
    client.post(room, {"code": code})
    return client


def test_the_auditor_gets_a_link_by_mail_and_needs_the_code_too(audit, lead):
    send_due()
    assert send_due() == 0
    (message,) = [message for message in mail.outbox if message.to == ["ines@funds.example"]]
    assert room_of(audit) in message.body
    client = Client()
    assert "we send a code to i…s@funds.example" in client.get(room_of(audit)).text
    assert client.get(f"{room_of(audit)}actions/{audit.actions.get().uid}/").url == room_of(audit)


def test_a_wrong_code_opens_nothing(audit):
    client, room = Client(), room_of(audit)
    client.post(room)
    assert "This is not the code" in client.post(room, {"code": "000000"}, follow=True).text
    assert "Evacuation" not in client.get(room).text


def test_a_wrong_code_is_told_at_its_field_where_the_keyboard_is(audit):
    client, room = Client(), room_of(audit)
    sent = client.post(room, follow=True).text
    assert re.search(r'<input[^>]*name="code"[^>]* autofocus', sent)
    assert sent.index('name="code"') < sent.index("Send me another code")
    wrong = client.post(room, {"code": "000000"})
    assert wrong.status_code == 400
    assert re.search(r'<input[^>]*name="code"[^>]* aria-invalid="true"', wrong.text)
    mails = len(mail.outbox)
    assert "This is not the code" in client.post(room, {"code": "abc"}).text
    assert len(mail.outbox) == mails


def test_a_room_that_opens_later_says_until_when_and_whom_to_ask(audit):
    with clock.at(TODAY - timedelta(days=1)):
        page = Client().get(room_of(audit)).text
    assert "It is open until" in page and "ask Claire Nygård at Aldermoor for another link" in page
    assert "more time" not in page


def test_inside_everything_of_the_scope_is_read_and_noted(inside, audit, complete):
    room = room_of(audit)
    assert "1 training action to look at." in inside.get(room).text
    page = inside.get(f"{room}actions/{complete.uid}/")
    assert "Closed and signed." in page.text
    assert "<form" not in page.text.partition("<main")[2].partition("</main>")[0]
    files = re.findall(rf'href="({room}actions/[^"]+/files/[^"]+)"', page.text)
    assert len(files) == 5  # agreement, programme, convocation, sheet, evaluation
    for path in files:
        assert b"".join(inside.get(path).streaming_content)
    people = inside.get(f"{room}actions/{complete.uid}/people/").text
    person = re.search(rf'href="({room}actions/[^"]+/people/[^"]+)"', people)[1]
    certificate = re.search(r'href="([^"]+/files/certificate/\d+/)"', inside.get(person).text)[1]
    assert b"".join(inside.get(certificate).streaming_content).startswith(b"%PDF")
    fact = re.search(rf'href="({room}actions/[^"]+/journal/\d+/)"', page.text)[1]
    seal(audit.organisation_id)
    assert "computed just now" in inside.get(fact).text
    assert inside.get(fact + "proof/").json()["type"] == "milepost-inclusion-proof/1"
    noted = Entry.objects.filter(actor_id=str(audit.uid), verb="viewed")
    assert noted.count() == 1 + 5 + 1 + 1 + 1 + 1


def test_of_very_many_files_of_a_kind_the_rest_is_counted(inside, audit, complete, monkeypatch):
    monkeypatch.setattr("milepost.evidence.files.LISTED", 1)
    page = inside.get(f"{room_of(audit)}actions/{complete.uid}/").text
    assert page.count("/files/document/") == 1
    assert "and 2 more of this kind: the dossier has them all" in page


def test_the_dossier_can_be_taken_along(inside, audit, complete, lead):
    ask_for(action=complete, by=lead)
    run_all(queues=["builds"])
    page = inside.get(f"{room_of(audit)}actions/{complete.uid}/").text
    path = re.search(r'href="([^"]+/files/dossier/\d+/)"', page)[1]
    assert b"".join(inside.get(path).streaming_content).startswith(b"PK")
    assert Entry.objects.filter(actor_id=str(audit.uid), verb="exported").count() == 1


def test_what_is_out_of_scope_is_not_there(inside, audit, organisation, lead):
    other = open_action(
        organisation=organisation,
        plan=ActionPlan(
            title="Secret",
            profile="internal",
            starts_on=TODAY.date(),
            ends_on=TODAY.date(),
            minutes=60,
        ),
        by=lead,
    )
    room = room_of(audit)
    assert "Secret" not in inside.get(room).text
    assert inside.get(f"{room}actions/{other.uid}/").status_code == 404
    fact = Entry.objects.get(object_id=str(other.uid))
    assert inside.get(f"{room}actions/{audit.actions.get().uid}/journal/{fact.pk}/").status_code == 404


def test_an_audit_of_every_action_covers_those_to_come(organisation, lead, complete):
    audit = invited(organisation, lead)
    open_action(
        organisation=organisation,
        plan=ActionPlan(
            title="New",
            profile="internal",
            starts_on=TODAY.date(),
            ends_on=TODAY.date(),
            minutes=60,
        ),
        by=lead,
    )
    assert audit.scope.count() == 2


@pytest.mark.parametrize(("days", "words"), [(-1, "This room opens on"), (8, "This audit has been over since")])
def test_outside_of_its_days_the_room_is_closed(inside, audit, days, words):
    with clock.at(TODAY + timedelta(days=days)):
        assert words in inside.get(room_of(audit)).text
        assert inside.get(f"{room_of(audit)}actions/{audit.actions.get().uid}/").status_code == 302


def test_an_audit_can_be_ended_at_once(inside, audit, lead):
    end_audit(audit=audit, by=lead)
    page = inside.get(room_of(audit)).text
    assert "This audit has been over since" in page and "ask Claire Nygård at Aldermoor for a new link" in page
    assert Entry.objects.filter(object_id=str(audit.uid), verb="cancelled").count() == 1


def test_the_code_does_not_open_the_room_of_another_audit(inside, organisation, lead):
    other = invited(organisation, lead, email="other@funds.example")
    assert "we send a code to" in inside.get(room_of(other)).text


def test_nothing_in_the_room_takes_a_change(inside, audit, complete):
    room = room_of(audit)
    pages = [entry for entry in get_resolver().url_patterns if str(entry.pattern).startswith("audit/<str:token>/a")]
    assert len(pages) == 6
    for path in ("", "people/", "files/document/1/", "journal/1/", "journal/1/proof/"):
        for method in (inside.post, inside.put, inside.delete):
            assert method(f"{room}actions/{complete.uid}/{path}").status_code == 405


def test_a_link_that_is_not_ours_finds_nothing(audit):
    assert Client().get("/audit/" + "A" * 43 + "/").status_code == 404


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"ends_on": date(2026, 11, 1)}, "before the first"),
        ({"starts_on": date(2026, 11, 1), "ends_on": date(2026, 11, 2)}, "is over"),
        ({"ends_on": date(2028, 11, 1)}, "a year at most"),
    ],
)
def test_an_audit_that_makes_no_sense_is_refused(organisation, lead, complete, change, complaint):
    with pytest.raises(InvalidAudit, match=complaint):
        invited(organisation, lead, complete, **change)
    assert not Audit.objects.exists()


def test_an_audit_is_made_followed_and_ended_on_its_pages(visit, lead, complete):
    client = visit(lead)
    form = {
        "name": "Ines",
        "email": "ines@funds.example",
        "language": "fr",
        "starts_on": "2026-11-27",
        "ends_on": "2026-12-04",
    }
    assert "Say to which actions" in client.post("/aldermoor/audits/new/", form).text
    [key] = re.findall(r'name="once" value="(\w+)"', client.get("/aldermoor/audits/new/").text)
    for _pressed in range(2):
        page = client.post("/aldermoor/audits/new/", form | {"actions": [complete.pk], "once": key}, follow=True)
    assert "Ines may read until" in page.text
    assert "1 action" in client.get("/aldermoor/audits/").text
    assert "is over" in client.post(f"/aldermoor/audits/{Audit.objects.get().uid}/end/", follow=True).text


def test_the_name_of_an_auditor_holds_nothing_that_nobody_sees(organisation, lead, complete):
    audit = invited(organisation, lead, complete, name="\N{RIGHT-TO-LEFT OVERRIDE}Ines\N{ZERO WIDTH SPACE}  Marchand")
    assert audit.name == "Ines Marchand"
