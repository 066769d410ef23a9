"""The HR file by itself: sent with a key or fetched, imported by the brakes of every file, and told to who looks after people."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from milepost.core import clock
from milepost.core.fetching import Answer, NoAnswer
from milepost.journal.models import Entry
from milepost.notices.models import Notice
from milepost.people import import_drafts, import_feed, jobs
from milepost.people.granting import revoke
from milepost.people.import_feed import (
    NoFetchingAddress,
    begin_fetching,
    end_key,
    fetch_now,
    import_or_wait,
    make_key,
    schedule,
)
from milepost.people.models import Member, PeopleFeed, PeopleImport
from milepost.people.roles import Role
from tests.worlds import make_member, make_people

SEND = "/aldermoor/people/file/"
HEADING = "Employee number,First name,Last name,Email\n"
TWO = HEADING + "1,Anna,Berg,anna@a.example\n2,Otto,Holm,otto@a.example\n"


def send(key, content=TWO, path=SEND):
    file = SimpleUploadedFile("people.csv", content.encode())
    return Client(enforce_csrf_checks=True).post(path, {"file": file}, headers={"authorization": f"Bearer {key}"})


def work():
    """As the background does."""
    for draft in PeopleImport.objects.filter(applied_at=None, comes_by_itself=True):
        jobs.import_sent_file.func(draft.organisation_id, draft.pk)


def said():
    return [
        (notice.member.given_name, notice.data["why"], notice.data["counts"])
        for notice in Notice.objects.filter(kind="people_file").order_by("pk")
    ]


@pytest.fixture
def key(organisation, lead):
    return make_key(organisation=organisation, by=lead)


def test_what_a_program_sends_is_imported_and_told_to_who_set_it_up_and_hr(organisation, lead, key):
    make_member(organisation, "ravi", roles=["hr"])
    answer = send(key)
    assert (answer.status_code, answer.json()["state"]) == (202, "received")
    work()
    assert Member.objects.filter(employee_number__in="12").count() == 2
    counts = {"new": 2, "changed": 0, "back": 0, "gone": 0, "unchanged": 0}
    assert sorted(said()) == [("Claire", "", counts), ("Ravi", "", counts)]
    assert Entry.objects.filter(fact="people-file.imported").count() == 1


def test_the_same_file_once_more_changes_nothing_and_says_nothing(organisation, lead, key):
    send(key), work()
    anna = Member.objects.get(employee_number="1")
    Member.objects.filter(pk=anna.pk).update(job_title="Driver")
    assert send(key).json() == {"state": "unchanged"}
    work()
    assert (len(said()), PeopleImport.objects.count()) == (1, 1)
    send(key, TWO + "\n"), work()  # another file that says the same
    assert len(said()) == 1


def test_where_more_would_leave_than_may_nothing_changes_and_somebody_is_asked_to_look(organisation, lead, key, visit):
    make_people(organisation, 40)
    schedule(organisation=organisation, address="", hour=5, minute=0, is_complete=True, by=lead)
    send(key), work()
    assert Member.objects.active().count() == 41
    [(who, why, counts)] = said()
    assert (who, counts) == ("Claire", {}) and "40 people of 41 would leave" in why
    draft = PeopleImport.objects.get()
    assert visit(lead).get(f"/aldermoor/people/imports/{draft.uid}/").status_code == 200
    import_drafts.finish(draft=draft, seen=import_drafts.plan_of(draft, by=lead).fingerprint, by=lead, leavers=40)
    assert Member.objects.active().count() == 3


@pytest.mark.parametrize(
    ("content", "words"),
    [(HEADING + "1,,Berg,anna@a.example\n", "Every person needs a name"), ("Colour\nred\n", "No column holds")],
)
def test_a_mistake_in_it_is_told_and_nothing_changes(organisation, lead, key, content, words):
    send(key, content), work()
    assert Member.objects.count() == 1
    assert words in said()[0][1]


def test_a_question_waits_and_the_next_file_takes_its_place(organisation, lead, key):
    send(key), work()
    send(key, HEADING + "1,Nora,Quist,nora@a.example\n"), work()
    assert "who each of them is" in said()[-1][1]
    send(key, HEADING + "1,Mona,Quist,mona@a.example\n"), work()
    assert PeopleImport.objects.filter(applied_at=None).count() == 1
    assert Member.objects.get(employee_number="1").given_name == "Anna"


def test_no_other_key_opens_it_nor_an_ended_one_nor_the_key_of_another_organisation(organisation, lead, key):
    from milepost.people.organisations import create_organisation

    other = create_organisation(slug="borel", name="Borel")
    other_key = make_key(organisation=other, by=make_member(other, "zoe", roles=["owner"]))
    for wrong in ("", "mphr_x", other_key):
        assert send(wrong).status_code == 401
    assert send(key, path="/nowhere/people/file/").status_code == 401
    renewed = make_key(organisation=organisation, by=lead)
    assert send(key).status_code == 401
    end_key(organisation=organisation, by=lead)
    assert (send(renewed).status_code, send("").status_code) == (401, 401)
    assert PeopleImport.objects.count() == 0
    facts = Entry.objects.filter(object_id=str(organisation.uid), fact__startswith="people-feed.").order_by("id")
    assert [entry.verb for entry in facts] == ["created", "renewed", "revoked"]


def test_tries_end(organisation, key):
    answers = [send("mphr_wrong").status_code for _n in range(31)]
    assert answers[-1] == 429 and set(answers[:-1]) == {401}


def test_what_is_no_file_is_told(organisation, key):
    empty = send(key, "")
    assert (empty.status_code, empty.headers["Content-Type"]) == (422, "application/problem+json")
    nothing = Client().post(SEND, {}, headers={"authorization": f"Bearer {key}"})
    assert nothing.status_code == 422
    assert 400 <= send(key, "\x00\x01").status_code < 500


def test_nobody_s_file_does_what_they_may_not_do_any_more(organisation, lead, key):
    someone = make_member(organisation, "olga", roles=["owner"])
    renewed = make_key(organisation=organisation, by=someone)
    revoke(member=someone, role=Role.OWNER, by=lead)
    assert send(renewed).status_code == 403


@pytest.mark.parametrize(
    "address",
    [
        "http://a.example/p.csv",
        "ftp://a.example",
        "https://",
        "https://u:p@a.example/p",
        "https://a.example/\\b",
        "x",
        "https://a.example:x/",
    ],
)
def test_only_https_is_fetched(organisation, lead, address):
    with pytest.raises(NoFetchingAddress):
        schedule(organisation=organisation, address=address, hour=5, minute=0, is_complete=False, by=lead)


@pytest.fixture
def scheduled(organisation, lead):
    return schedule(
        organisation=organisation,
        address="https://hr.example/out/people.csv?k=secret",
        hour=5,
        minute=30,
        is_complete=False,
        by=lead,
    )


def test_it_is_fetched_once_a_day_at_its_time_by_the_organisation_s_clock(scheduled, monkeypatch):
    for moment, count in (
        (datetime(2026, 11, 30, 4, 29, tzinfo=UTC), 0),  # 5:29 in Paris
        (datetime(2026, 11, 30, 4, 31, tzinfo=UTC), 1),
        (datetime(2026, 11, 30, 22, 0, tzinfo=UTC), 0),
        (datetime(2026, 12, 1, 9, 0, tzinfo=UTC), 1),
    ):
        monkeypatch.setattr(clock, "now", lambda moment=moment: moment)
        assert (import_feed.is_due(), begin_fetching()) == (bool(count), count), moment


def test_what_is_fetched_is_imported(scheduled, monkeypatch):
    monkeypatch.setattr(import_feed, "fetch", lambda *_a, **_o: Answer(TWO.encode(), "text/csv"))
    fetch_now(scheduled), work()
    assert PeopleImport.objects.get().file_name == "people.csv"
    assert said()[0][2]["new"] == 2


def test_where_nobody_answers_that_is_told_without_the_address(scheduled, monkeypatch):
    def away(*_arguments, **_options):
        raise NoAnswer("hr.example: Connection refused.")

    monkeypatch.setattr(import_feed, "fetch", away)
    fetch_now(scheduled)
    assert [why for _who, why, _counts in said()] == ["hr.example: Connection refused."]
    assert "secret" not in Entry.objects.get(fact="people-feed.scheduled").statement


def test_no_machine_of_this_network_is_asked(scheduled, monkeypatch):
    PeopleFeed.objects.update(address="")
    scheduled.address = "https://127.0.0.1/people.csv"
    fetch_now(scheduled)
    assert len(said()) == 1 and PeopleImport.objects.count() == 0


def test_the_file_that_waits_stays_a_week(organisation, lead, key):
    send(key)
    PeopleImport.objects.update(uploaded_at=clock.now() - timedelta(days=6))
    assert import_drafts.forget_unfinished() == 0
    PeopleImport.objects.update(uploaded_at=clock.now() - timedelta(days=8))
    assert import_drafts.forget_unfinished() == 1


def test_an_upload_by_hand_leaves_what_waits(organisation, lead, key):
    send(key)
    import_drafts.upload(content=TWO.encode(), name="mine.csv", by=lead)
    assert PeopleImport.objects.count() == 2
    import_or_wait(PeopleImport.objects.get(comes_by_itself=True))


def test_the_owner_s_page_makes_a_key_once_and_says_what_is_wrong(organisation, visit, lead):
    client, page = visit(lead), "/aldermoor/people/imports/by-itself/"
    made = client.post(page, {"key": "1"})
    shown = made.context["made"]
    assert shown.startswith("mphr_") and shown in made.text and shown not in client.get(page).text
    wrong = client.post(page, {"address": "http://a.example/x.csv", "at": "05:30"})
    assert (wrong.status_code, "begins with https://" in wrong.text) == (400, True)
    assert "Saved." in client.post(page, {"address": "https://a.example/x.csv", "at": "05:30"}, follow=True).text
    assert "ended" in client.post(page, {"end": "1"}, follow=True).text
    hr = make_member(organisation, "ravi", roles=["hr"])
    assert visit(hr).get(page).status_code == 403


def test_what_an_address_is_called_is_a_name_of_a_file(scheduled, monkeypatch):
    monkeypatch.setattr(import_feed, "fetch", lambda *_a, **_o: Answer(TWO.encode(), "text/csv"))
    scheduled.address = "https://hr.example/a%00b%0A%E2%80%AEvsc.csv"
    fetch_now(scheduled)
    name = PeopleImport.objects.get().file_name
    assert name.isprintable() and name.startswith("a") and name.endswith("vsc.csv")


def test_what_somebody_has_begun_to_import_gives_way_to_no_other_file(organisation, lead, key):
    send(key)
    draft = PeopleImport.objects.get()
    import_drafts.begin(draft=draft, seen=import_drafts.plan_of(draft, by=lead).fingerprint, by=lead)
    send(key, HEADING + "9,Nora,Quist,nora@a.example\n")
    jobs.import_sent_file.func(organisation.pk, draft.pk)  # which leaves it to whoever began
    draft.refresh_from_db()
    assert draft.applied_at is None
    import_drafts.carry_on(draft)
    assert Member.objects.filter(employee_number__in="12").count() == 2
