"""What an inspector compares first: one title, one reference, one sum of hours on all papers of an action."""

import json
from dataclasses import replace
from datetime import date, timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction

from milepost.classroom.correcting import Change, change_attendance
from milepost.classroom.hours import Hours, hours_done
from milepost.classroom.models import Attendance
from milepost.core import clock
from milepost.core.jobs import run_all
from milepost.credentials.issuing import reissue
from milepost.credentials.models import Certificate
from milepost.credentials.typesetting import page_of
from milepost.documents.ending import withdraw
from milepost.documents.models import Document
from milepost.documents.requesting import Party, RequestRefused, Terms, request_signatures
from milepost.evidence.actions import InvalidAction, write_document
from milepost.evidence.describing import describe_action
from milepost.evidence.dossiers import build
from milepost.evidence.profiles import InvalidProfile, profiles, read_profile
from milepost.evidence.readiness import readiness_of
from milepost.evidence.retention import kept_until
from milepost.evidence.tests.archives import contents
from milepost.journal.models import Entry
from milepost.journal.subscriptions import deliver_all
from milepost.people.occasions import Occasion, occasions, occasions_in_course
from milepost.people.settings import change
from milepost.verify import verify

DAY = date(2026, 11, 26)
THIS = Occasion("1", "A-1", "This year", DAY, DAY)
LAST = replace(THIS, uid="2", reference="A-0", starts_on=DAY - timedelta(days=365), ends_on=DAY - timedelta(days=365))


class Known:
    def __init__(self, *known):
        self.known = known

    def in_course(self, _course, members):
        return dict.fromkeys(members, self.known)

    def of_session(self, _session):
        return self.known


def test_a_certificate_has_the_title_and_the_reference_of_its_action_and_says_where_it_was(complete, organisation):
    organisation.postal_address, organisation.registration_number = "1 rue du Port, Nantes", "52 44 12345 44"
    organisation.save()
    complete.title = "Evacuation, with a drill"
    complete.save()
    old = Certificate.objects.current().first()
    new = reissue(certificate=old, by=complete.created_by)
    said = new.content
    assert (said["title"], said["action"]["reference"]) == (complete.title, complete.reference)
    assert (said["modalities"], said["places"], said["minutes_live"]) == (["room"], ["Hall"], 420)
    facts = dict(page_of(new)["facts"])
    assert facts["Place and modality"] == "Hall · workshop in a room"
    assert page_of(new)["organisation_facts"] == ["1 rue du Port, Nantes", "Registration number 52 44 12345 44"]
    told = Entry.objects.filter(fact="certificate.issued", object_id=str(new.uid)).get()
    assert told.content["context"]["action"] == str(complete.uid) == told.also
    stated = told.content["result"]
    assert (stated["title"], stated["places"], stated["registration"]) == (complete.title, ["Hall"], "52 44 12345 44")


@pytest.mark.parametrize("day", [DAY, DAY + timedelta(days=40)])
def test_of_two_actions_of_a_course_a_certificate_is_of_the_one_in_which_it_was_earned(db, day):
    with occasions.holding("test", Known(LAST, THIS)):
        assert occasions_in_course(0, {7: day})[7] == THIS


def test_of_an_action_that_came_later_it_is_not(db):
    with occasions.holding("test", Known(LAST, THIS)):
        assert occasions_in_course(0, {7: DAY - timedelta(days=3)})[7] == LAST


def test_within_an_action_no_half_day_of_another_session_counts(complete, people, session):
    mine = {"members": [people[0].pk], "course": complete.course_id}
    assert hours_done(**mine)[people[0].pk] == Hours(0, 420)
    assert hours_done(**mine, sessions=[session.pk])[people[0].pk] == Hours(0, 420)
    assert hours_done(**mine, sessions=[])[people[0].pk] == Hours(0, 0)


def findings(action):
    return {finding.key: finding for finding in readiness_of(action).findings}


def test_what_an_agreement_lacks_is_named_with_the_page_on_which_it_is_typed(complete, organisation, lead):
    describe_action(action=complete, says={"client_address": "", "price": ""}, by=lead)
    change(organisation=organisation, by=lead, values={"registration_number": ""})
    found = findings(complete)
    theirs, ours = found["their-side"], found["our-side"]
    assert "postal address of the other party, price and terms of payment" in theirs.words
    assert theirs.link == f"/aldermoor/actions/{complete.uid}/details/"
    assert "its registration number" in ours.words
    assert ours.link == "/aldermoor/settings/#identity"


def test_what_was_typed_is_a_fact_and_stands_in_the_dossier_and_in_the_next_agreement(complete, lead, visit, tmp_path):
    page = visit(lead).post(
        f"/aldermoor/actions/{complete.uid}/details/",
        {
            "title": "Evacuation",
            "client": "Norrviken AB",
            "client_representative": "Ida",
            "client_capacity": "Director",
            "last_paid_on": "2027-01-15",
        },
        follow=True,
    )
    assert "Saved." in page.text
    told = Entry.objects.get(fact="action.updated").content["result"]["changes"]
    assert (told["client_capacity"], told["last_paid_on"], told["price"]) == ("Director", "2027-01-15", "")
    complete.refresh_from_db()
    agreement = write_document(action=complete, kind="agreement", by=lead)
    assert "Director" in agreement.content["values"]["client_party"]
    path = tmp_path / "dossier.zip"
    with path.open("w+b") as file:
        build(action=complete, file=file)
    assert json.loads(contents(path)["records/action.json"])["client_capacity"] == "Director"
    assert verify(path).holds


def test_an_agreement_that_was_written_without_what_it_must_name_is_told(complete, lead):
    newest = Document.objects.filter(kind="agreement").order_by("pk").last()
    newest.content["values"] |= {"client_address": "", "period": ""}
    newest.save()
    found = findings(complete)["agreement-words"]
    assert found.state == "inconsistent"
    assert "postal address of the other party, first and last day" in found.words
    assert found.remedy == "write"


def test_a_certificate_under_another_title_is_told_and_one_tap_issues_it_anew(complete, lead, visit):
    Certificate.objects.filter(pk=Certificate.objects.current().first().pk).update(
        content=Certificate.objects.current().first().content | {"title": "Evacuating", "minutes_live": 60}
    )
    found = findings(complete)
    assert "the certificate of" in found["titles"].words and "“Evacuating”" in found["titles"].words
    assert "by 6 h" in found["hours"].words
    visit(lead).post(
        f"/aldermoor/actions/{complete.uid}/remedy/", {"remedy": "reissue", "target": "certificates"}, follow=True
    )
    found = findings(complete)
    assert found["titles"].is_ready and found["hours"].is_ready


def test_a_sheet_carries_the_title_of_the_action_and_is_made_anew_when_that_changes(complete, session, lead):
    sheet = session.sheets.get()
    assert sheet.title == complete.title
    told = Entry.objects.get(fact="sheet.sealed").content["result"]
    assert (told["title"], told["actions"]) == (complete.title, [complete.reference])
    describe_action(action=complete, says={"title": "Evacuation drill"}, by=lead)
    assert findings(complete)["titles"].state == "inconsistent"
    deliver_all()
    run_all(queues=["files"])
    assert session.sheets.first().title == "Evacuation drill"


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"arrived_at": timedelta(minutes=20)}, "signed at 09:03, and came at 09:20"),
        ({"signed_at": timedelta(minutes=-40)}, "before the half-day"),
        ({"signed_at": timedelta(hours=9)}, "after the list was closed"),
        ({"arrived_at": timedelta(minutes=2), "left_at": timedelta(minutes=1)}, "left at 09:01, and came at 09:02"),
    ],
)
def test_times_that_can_t_have_been_in_that_order_are_told(complete, changed, words):
    row = Attendance.objects.filter(slot__session__actions=complete).order_by("slot__starts_at", "pk").first()
    times = {name: row.slot.starts_at + after for name, after in changed.items()}
    Attendance.objects.filter(pk=row.pk).update(**times)
    assert words in findings(complete)["order"].words


def test_a_certificate_from_before_the_course_was_completed_is_told_and_so_are_two_papers_for_one_thing(complete, lead):
    assert findings(complete)["one-each"].is_ready
    certificate = Certificate.objects.current().first()
    Certificate.objects.filter(pk=certificate.pk).update(issued_at=complete.created_at)
    assert "Issued before the course was completed" in findings(complete)["one-each"].words
    with pytest.raises(InvalidAction, match="has a certificate already"):
        write_document(action=complete, kind="completion", by=lead, member=certificate.enrolment.member)


@pytest.fixture
def uncertified(complete):
    """Somebody in the action whose certificates are revoked: their paper is to be written."""
    Certificate.objects.update(revoked_at=clock.now(), revocation_reason="On paper")
    return complete.members.order_by("pk").first()


def asked(document, lead):
    return request_signatures(document=document, parties=[Party("Ada", "ada@one.example")], terms=Terms(), by=lead)


def test_one_person_has_one_written_certificate_and_a_newer_one_takes_its_place(complete, uncertified, lead):
    first = write_document(action=complete, kind="completion", by=lead, member=uncertified)
    describe_action(action=complete, says={"title": "Evacuating"}, by=lead)
    second = write_document(action=complete, kind="completion", by=lead, member=uncertified)
    assert first != second
    assert list(Document.objects.filter(is_the_one=True)) == [second]
    with pytest.raises(RequestRefused, match="written anew"):
        asked(first, lead)
    request = asked(second, lead)
    with pytest.raises(InvalidAction, match="has a certificate already"):
        write_document(action=complete, kind="completion", by=lead, member=uncertified)
    withdraw(request=request, reason="Wrong title", by=lead)
    describe_action(action=complete, says={"title": "Evacuation"}, by=lead)
    third = write_document(action=complete, kind="completion", by=lead, member=uncertified)
    assert list(Document.objects.filter(is_the_one=True)) == [third] != [first]


def test_the_database_lets_no_second_written_certificate_count(complete, uncertified, lead):
    first = write_document(action=complete, kind="completion", by=lead, member=uncertified)
    first.pk, first.uid = None, uuid4()
    with pytest.raises(IntegrityError), transaction.atomic():
        first.save(force_insert=True)


def test_hours_that_were_agreed_and_not_planned_are_told_with_their_size(complete):
    complete.minutes = 480
    complete.save()
    assert findings(complete)["agreed"].words == "Agreed: 8 h; course and sessions come to 7 h: 1 h differ."


RULES = """
title: Ours
kept:
  - {years: 3, until: 2026-07-01}
  - {years: 5, counted: last-payment-year, article: Policy 9, since: 2026-07-01}
pieces:
  - {key: before, label: Before, from: file, until: 2026-07-01, article: Policy 1}
  - {key: after, label: After, from: file, since: 2026-07-01, article: Policy 2}
checks:
  - titles
  - {check: order, article: Policy 3, since: 2026-07-01}
"""


def test_an_action_is_judged_by_the_rules_of_its_first_day(action, monkeypatch, tmp_path):
    (tmp_path / "ours.yaml").write_text(RULES)
    monkeypatch.setattr("milepost.evidence.profiles.profiles", lambda: {"ours": read_profile(tmp_path / "ours.yaml")})
    action.profile = "ours"
    assert set(findings(action)) == {"after", "titles", "order"}
    assert (findings(action)["order"].article, kept_until(action)) == ("Policy 3", date(2031, 12, 31))
    action.starts_on = action.ends_on = date(2026, 6, 30)
    assert set(findings(action)) == {"before", "titles"}
    assert kept_until(action) == date(2029, 6, 30)


@pytest.mark.parametrize(
    ("rules", "complaint"),
    [
        ("kept: [{years: 3, since: 2026-01-01}]", "no rule holds on 0001-01-01"),
        ("kept: [{years: 3, counted: invoice}]", "is none of action-end, last-payment-year"),
        ("kept_years: 3\nchecks: [{check: titles, since: soon}]", "“since: soon” is no day"),
    ],
)
def test_a_profile_with_dates_that_can_t_be_says_where(tmp_path, rules, complaint):
    (tmp_path / "ours.yaml").write_text(f"title: Ours\npieces: []\n{rules}\n")
    with pytest.raises(InvalidProfile, match=complaint):
        read_profile(tmp_path / "ours.yaml")


def test_the_french_profile_asks_for_the_share_at_a_distance_since_july_2025():
    french = profiles()["fr"]
    assert "distance-share" in french.on(date(2025, 7, 1)).checks
    assert "distance-share" not in french.on(date(2025, 6, 30)).checks


def dossier_of(action, tmp_path):
    path = tmp_path / "dossier.zip"
    with path.open("w+b") as file:
        build(action=action, file=file)
    return verify(path)


def test_verify_finds_what_the_papers_say_against_one_another(complete, session, lead, tmp_path):
    assert not [note for note in dossier_of(complete, tmp_path).notes if "called" in note or "signed" in note]
    describe_action(action=complete, says={"title": "Evacuating"}, by=lead)
    trainer = session.trainers.get()
    row = (
        Attendance.objects.select_related("slot__session", "participant__member")
        .order_by("slot__starts_at", "pk")
        .first()
    )
    come = row.slot.starts_at + timedelta(minutes=20)
    with clock.at(row.slot.ends_at + timedelta(hours=9)):
        change_attendance(
            attendance=row, change=Change(arrived_at=come), by=trainer.as_reference(), why="The trainer’s notes"
        )
    notes = "\n".join(dossier_of(complete, tmp_path).notes)
    name = row.participant.member.full_name
    assert "The action is called “Evacuating”, the document “agreement” says “Evacuation”." in notes
    assert "the certificate of" in notes
    assert f"{name} signed 2026-11-26 09:00–12:30 at" in notes and "and came at" in notes
    assert f"The certificate of {name} was right when it was issued" in notes and "20 minutes" in notes
