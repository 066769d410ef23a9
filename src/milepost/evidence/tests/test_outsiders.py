"""People without an account have their rights too: a copy of what is held of them, and erasure unless a law keeps it."""

import json
from datetime import UTC, date, datetime

import pytest

from milepost.core import clock
from milepost.evidence.auditing import Invitation, end_audit, invite_auditor
from milepost.evidence.erasing import ErasureRefused, Ground
from milepost.evidence.outsiders import copy_for, erase_outsider, known_of
from milepost.evidence.retention import let_go
from milepost.evidence.tests.test_remains import remains_of
from milepost.journal.models import Entry
from milepost.journal.sealing import seal
from milepost.journal.verification import verify
from milepost.people.models import Member

pytestmark = pytest.mark.django_db
LATER = datetime(2030, 1, 2, 9, tzinfo=UTC)  # the action's time is over
SIGNATORY, TRAINER = "lucja@norrviken.example", "tess@outside.example"


def test_what_is_held_of_a_signatory_and_a_trainer_is_told_with_what_keeps_it(complete, organisation):
    for email, label in ((SIGNATORY, "Signature"), (TRAINER, "Session held: Evacuation")):
        known = known_of(organisation, email)
        assert label in " ".join(str(one.row.label) for one in known)
        kept = [one for one in known if one.hold]
        assert kept
        assert all(one.hold.until == date(2029, 12, 31) for one in kept)
    assert known_of(organisation, "nobody@x.example") == []


def test_a_copy_holds_what_they_did_and_taking_it_is_a_fact_without_their_name(complete, organisation, lead):
    data = json.loads(copy_for(organisation=organisation, email=SIGNATORY, by=lead))
    assert "Łucja" in json.dumps(data["records"], ensure_ascii=False)
    assert {fact["verb"] for fact in data["journal"]} >= {"signed"}
    told = Entry.objects.get(fact="outsider.exported").statement
    assert SIGNATORY not in told
    assert "Łucja" not in told


def test_an_action_that_is_kept_refuses_their_erasure(complete, organisation, lead):
    with pytest.raises(ErasureRefused, match="is kept until"):
        erase_outsider(organisation=organisation, email=SIGNATORY, by=lead)
    assert known_of(organisation, SIGNATORY)


def test_what_they_did_under_the_address_of_a_member_does_not_go_without_the_member(complete, organisation, lead):
    Member.objects.filter(pk=lead.pk).update(email="Lucja@norrviken.example")
    with clock.at(LATER):
        let_go(action=complete, by=lead)
        with pytest.raises(ErasureRefused, match="on their page"):
            erase_outsider(organisation=organisation, email=f" {SIGNATORY}", by=lead)
    assert known_of(organisation, SIGNATORY)


def test_once_its_time_is_over_nothing_of_them_is_left(complete, organisation, lead):
    seal(organisation.pk)
    with clock.at(LATER):
        let_go(action=complete, by=lead)
        assert known_of(organisation, TRAINER) == []  # gone with the session
        erase_outsider(organisation=organisation, email=SIGNATORY, by=lead, ground=Ground.ASKED)
        assert known_of(organisation, SIGNATORY) == []
        assert remains_of({SIGNATORY, TRAINER, "Łucja"}) == set()
        seal(organisation.pk)
        assert verify(organisation.pk).finding is None


def test_an_auditor_goes_once_the_audit_is_over(organisation, lead):
    invitation = Invitation("Ada Byron", "ada@body.example", clock.today(), clock.today(), body="A body")
    audit = invite_auditor(organisation=organisation, invitation=invitation, by=lead)
    with pytest.raises(ErasureRefused, match="End it first"):
        erase_outsider(organisation=organisation, email="ADA@body.example", by=lead)
    end_audit(audit=audit, by=lead)
    seal(organisation.pk)
    erase_outsider(organisation=organisation, email="ADA@body.example", by=lead)
    assert remains_of({"ada@body.example", "Ada Byron"}) == set()
    told = Entry.objects.filter(fact="erased").latest("pk").content
    assert told["context"]["procedure"] == "outside"


def test_the_page_shows_it_and_asks_for_the_address_once_more(complete, organisation, lead, visit):
    client = visit(lead)
    page = client.get("/aldermoor/rights/", {"email": SIGNATORY}).text
    assert "is kept until" in page
    assert "all at once or not at all" in page
    assert "Erase for good" not in page
    assert client.post("/aldermoor/rights/copy/", {"email": SIGNATORY}).headers["Content-Type"] == "application/json"
    wrong = client.post("/aldermoor/rights/", {"email": SIGNATORY, "again": "x"})
    assert wrong.status_code == 400
    refused = client.post("/aldermoor/rights/", {"email": SIGNATORY, "again": SIGNATORY}, follow=True)
    assert "is kept until" in refused.text


@pytest.mark.parametrize(
    "email", ["", " ", "–", "erased@invalid.invalid", "erased@example.invalid", "nobody@x.example"]
)
def test_nobody_s_address_erases_nothing_of_trainers_who_have_none(email, organisation, lead, visit):
    """An empty one named all of whom no address is kept, and that of those who were erased all of them."""
    from milepost.classroom.models import Trainer
    from milepost.classroom.scheduling import Holder, Plan, schedule_session

    spans = [(datetime(2026, 11, 26, 9, tzinfo=UTC), datetime(2026, 11, 26, 12, tzinfo=UTC))]
    plan = Plan(title="Drill", spans=spans, trainers=[Holder(name="Tess Okafor", email=TRAINER)])
    schedule_session(organisation=organisation, plan=plan, by=lead)
    Trainer.objects.update(email="")  # as of an earlier release, and of somebody who was erased
    page = visit(lead).post("/aldermoor/rights/", {"email": email, "again": email}, follow=True)
    assert "Nothing is held" in page.text
    assert Trainer.objects.get().name == "Tess Okafor"
    assert not Entry.objects.filter(fact="erased").exists()


def test_whoever_mistypes_the_address_does_not_say_the_ground_again(organisation, lead, visit):
    invitation = Invitation("Ada Byron", "ada@body.example", clock.today(), clock.today(), body="A body")
    end_audit(audit=invite_auditor(organisation=organisation, invitation=invitation, by=lead), by=lead)
    sent = {"email": "ada@body.example", "again": "x", "ground": "obliged", "asked_on": "2026-11-02"}
    page = visit(lead).post("/aldermoor/rights/", sent).text
    assert '<option value="obliged" selected>' in page
    assert 'value="2026-11-02"' in page
