import json
import re
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from milepost.classroom.closing import close_slot
from milepost.classroom.correcting import Change, change_attendance
from milepost.classroom.models import Attendance
from milepost.classroom.presence import trainer_token
from milepost.classroom.signing import sign
from milepost.classroom.tests.signatures import DRAWN, entries, signing
from milepost.core import clock
from milepost.core.quotas import usage_of
from milepost.documents.signatures import Signature
from milepost.notices.sending import send_due
from milepost.people.limits import DAY, Per, Rate, limits
from milepost.people.models import Member
from milepost.people.settings import change
from tests.worlds import make_member

pytestmark = pytest.mark.django_db


@pytest.fixture
def trainer_page(trainer, morning):
    return f"/room/{trainer_token(trainer)}/{morning.code}/"


def test_a_half_day_that_nobody_closed_is_still_offered_days_later(trainer, trainer_page, slots, client):
    """The session was said to be done, and nothing led the trainer to what was left."""
    with clock.at(slots[-1].ends_at + timedelta(days=3)):
        page = client.get(f"/room/{trainer_token(trainer)}/").text
    assert "is done" not in page
    assert "Open the list of" in page


def test_the_trainer_s_list_says_who_has_signed_and_is_silent_until_it_changes(trainer_page, people, row_of, client):
    page = client.get(trainer_page)
    assert "0 of 8 have signed." in page.text
    shown = re.search(r"list/\?fingerprint=(\w+)", page.text)[1]
    assert client.get(trainer_page + "list/", {"fingerprint": shown}).status_code == 204
    sign(attendance=row_of(people[0]), signing=signing())
    changed = client.get(trainer_page + "list/", {"fingerprint": shown})
    assert "1 of 8 have signed." in changed.text


def test_the_live_list_costs_the_same_for_eight_and_for_a_hundred(
    trainer_page, morning, organisation, client, django_assert_max_num_queries
):
    with django_assert_max_num_queries(12):
        client.get(trainer_page)


def test_the_code_that_is_projected_asks_for_nobody_on_the_list(trainer_page, client, django_assert_max_num_queries):
    """Of ten thousand seats each of its changes, four a minute, read them all."""
    with django_assert_max_num_queries(6) as captured:
        assert "Scan to sign" in client.get(trainer_page + "code/").text
    assert not any("classroom_attendance" in query["sql"] for query in captured.captured_queries)


def test_one_tap_reminds_the_missing(trainer_page, people, row_of, client, mailoutbox):
    sign(attendance=row_of(people[0]), signing=signing())
    client.post(trainer_page + "reminders/")
    send_due()
    assert sorted(message.to[0] for message in mailoutbox) == sorted(person.email for person in people[1:])


def test_the_trainer_notes_and_closes_with_a_signature(trainer_page, people, row_of, client, morning):
    seat = row_of(people[0]).participant.uid
    client.post(trainer_page + "marks/", {"who": seat, "state": "absent", "reason": "on leave"})
    assert row_of(people[0]).absence_reason == "on leave"
    assert client.post(trainer_page + "closure/", {"signature": "{}"}).status_code == 400
    page = client.post(trainer_page + "closure/", {"signature": DRAWN}, follow=True)
    assert "Closed." in page.text
    morning.refresh_from_db()
    assert morning.closed_by.name == "Tess Okafor"


def test_a_file_that_a_trainer_without_an_account_sends_counts_as_the_organisation_s(
    trainer_page, people, row_of, client, settings, organisation
):
    settings.QUOTAS = {("", "uploads"): 1, ("", "storage"): 1_000}
    note = {"who": row_of(people[0]).participant.uid, "state": "absent", "reason": "ill"}

    def send():
        return client.post(
            trainer_page + "marks/", note | {"file": SimpleUploadedFile("note.pdf", b"%PDF-1.4 " + b"x" * 491)}
        )

    assert send().status_code == 302
    assert [(usage.name, usage.used) for usage in usage_of(organisation)] == [("storage", 500), ("uploads", 1)]
    refused = send()
    assert refused.status_code == 429
    assert "used up the files that it may send in a day (1)" in refused.text
    assert client.post(trainer_page + "marks/", note).status_code == 302, "without a file, it goes on"


def test_a_trainer_may_not_justify_where_the_organisation_does_it_itself(trainer_page, people, row_of, client, morning):
    change(organisation=morning.session.organisation, values={"trainer_rights": []})
    page = client.post(
        trainer_page + "marks/",
        {"who": row_of(people[0]).participant.uid, "state": "absent", "reason": "ill"},
        follow=True,
    )
    assert "training team justifies" in page.text
    assert row_of(people[0]).state == "missing"


def test_a_trainer_puts_somebody_onto_the_list_as_far_as_the_organisation_lets_them(
    trainer_page, client, morning, organisation
):
    known = make_member(organisation, "zoe")
    sent = {"email": known.email, "family": known.family_name}
    assert "is on the list" in client.post(trainer_page + "people/", sent, follow=True).text
    new = {"email": "new@outside.example", "given": "Nils", "family": "Holm"}
    assert "training team adds people" in client.post(trainer_page + "people/", new, follow=True).text
    change(organisation=organisation, values={"trainer_rights": ["add-new-people"]})
    assert (
        "Give their names" in client.post(trainer_page + "people/", {"email": "new@outside.example"}, follow=True).text
    )
    assert "valid email" in client.post(trainer_page + "people/", new | {"email": "nonsense"}, follow=True).text
    assert "Nils Holm is on the list" in client.post(trainer_page + "people/", new, follow=True).text
    assert morning.attendances.filter(participant__member__email="new@outside.example").exists()


def deliver(client, trainer_page, *signatures, now=1_000_000):
    body = {
        "now": now,
        "signatures": [{"who": str(who), "at": at, "signature": json.loads(DRAWN)} for who, at in signatures],
    }
    return client.post(trainer_page + "deliveries/", json.dumps(body), content_type="application/json")


def test_signatures_made_without_a_network_arrive_later_and_say_so(trainer_page, people, row_of, client):
    seats = [row_of(person).participant.uid for person in people[:2]]
    answer = deliver(client, trainer_page, (seats[0], 1_000_000 - 600_000), (seats[1], 1_000_000 - 1_000)).json()
    assert answer["outcomes"] == {str(seats[0]): "signed", str(seats[1]): "signed"}
    assert row_of(people[0]).device_time == clock.now() - timedelta(
        minutes=10
    )  # whatever the device thinks the time is
    assert row_of(people[1]).device_time is None
    assert deliver(client, trainer_page, (seats[0], 400_000)).json()["outcomes"] == {str(seats[0]): "already"}
    assert len(entries("signed")) == 2


def test_a_delivery_after_the_closing_is_kept_for_a_correction(
    trainer_page, people, row_of, client, trainer, morning, lead
):
    close_slot(slot=morning, trainer=trainer, signing=signing())
    seat = row_of(people[0]).participant.uid
    for _again in range(2):
        assert deliver(client, trainer_page, (seat, 1)).json()["outcomes"] == {str(seat): "closed"}
    assert len(entries("delivered")) == 1
    row = change_attendance(
        attendance=row_of(people[0]),
        change=Change("present"),
        by=lead.as_reference(),
        why="Signed in the room, without a network.",
    )
    assert (row.state, row.drawn.fingerprint) == ("signed", Signature.read(DRAWN).fingerprint)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "[]",
        "{}",
        '{"now": "x", "signatures": []}',
        '{"now": 1, "signatures": [{}]}',
        '{"now": 1e999, "signatures": [{"who": "x", "at": 1, "signature": {}}]}',
    ],
)
def test_a_delivery_that_can_not_be_read_changes_nothing(trainer_page, client, body):
    assert client.post(trainer_page + "deliveries/", body, content_type="application/json").status_code == 400
    assert Attendance.objects.signed().count() == 0


def test_the_worker_for_the_offline_page_is_served(client, db):
    assert client.get("/room/offline.js").headers["Content-Type"].startswith("text/javascript")


@pytest.mark.parametrize("rights", [[], ["add-people"]])
def test_an_address_tells_a_trainer_from_outside_neither_who_has_it_nor_whether_anybody_has(
    trainer_page, client, organisation, people, rights
):
    make_member(organisation, "oddvar", left_on=clock.today() - timedelta(days=9))
    change(organisation=organisation, values={"trainer_rights": rights})
    for sent in (
        {"email": "oddvar@aldermoor.example"},
        {"email": people[0].email, "family": "Wrong"},
        {"email": "nobody@aldermoor.example", "family": "Nygård"},
    ):
        said = client.post(trainer_page + "people/", sent, follow=True).text
        assert ("Nobody with this address and family name" in said) == bool(rights)
        assert "training team adds people" in said and "has left" not in said and "Oddvar" not in said
    left = {"email": "oddvar@aldermoor.example", "family": "nygard"}
    assert ("has left" in client.post(trainer_page + "people/", left, follow=True).text) == bool(rights)


def test_a_name_that_a_trainer_types_for_somebody_new_sends_nobody_an_address(trainer_page, client, organisation):
    change(organisation=organisation, values={"trainer_rights": ["add-new-people"]})
    for given in ("You won, press evil.example/win", "See http://evil.example", "Write to me@evil.example"):
        new = {"email": "new@outside.example", "given": given, "family": "Holm"}
        assert "it has an address in it" in client.post(trainer_page + "people/", new, follow=True).text
    assert not Member.objects.filter(email="new@outside.example").exists()


def test_no_more_people_are_added_by_one_link_than_the_table_says(trainer_page, client, organisation, monkeypatch):
    change(organisation=organisation, values={"trainer_rights": ["add-new-people"]})
    monkeypatch.setattr(limits.get("room-people"), "rates", (Rate(2, DAY, Per.LINK),))
    for number in range(4):
        new = {"email": f"n{number}@outside.example", "given": "Nils", "family": "Holm"}
        page = client.post(trainer_page + "people/", new, follow=True, REMOTE_ADDR=f"198.51.100.{number}").text
        assert ("Too many tries" in page) == (number > 1)
    assert Member.objects.filter(email__endswith="outside.example").count() == 2


def test_whoever_was_asked_by_a_trainer_a_moment_ago_is_not_asked_again(trainer_page, client, people, morning):
    with clock.at(morning.starts_at + timedelta(minutes=20)):
        assert f"A mail goes out to {len(people)} people." in client.post(trainer_page + "reminders/", follow=True).text
        assert "was not asked in the last quarter" in client.post(trainer_page + "reminders/", follow=True).text
    with clock.at(morning.starts_at + timedelta(minutes=40)):
        assert f"A mail goes out to {len(people)} people." in client.post(trainer_page + "reminders/", follow=True).text


def test_a_delivery_of_more_signatures_than_the_page_sends_at_once_is_refused(trainer_page, people, row_of, client):
    seat = row_of(people[0]).participant.uid
    assert deliver(client, trainer_page, *[(seat, 1)] * 1_500).status_code == 413
    assert row_of(people[0]).state == "missing"


def test_signatures_of_one_person_after_the_closing_are_kept_so_often_as_can_be_a_mistake(
    trainer_page, people, row_of, client, trainer, morning
):
    close_slot(slot=morning, trainer=trainer, signing=signing())
    seat = str(row_of(people[0]).participant.uid)
    outcomes = []
    for number in range(5):
        body = {"now": 1, "signatures": [{"who": seat, "at": 1, "signature": {"text": f"{people[0]} {number}"}}]}
        answer = client.post(trainer_page + "deliveries/", json.dumps(body), content_type="application/json")
        outcomes.append(answer.json()["outcomes"][seat])
    assert outcomes == ["closed"] * 3 + ["refused"] * 2
    assert len(row_of(people[0]).earlier) == len(entries("delivered")) == 3


def test_whoever_closes_reads_by_name_who_has_not_signed(trainer_page, people, row_of, trainer, client):
    """The trainer signs that the attendance above is right, and the page above it counted only."""
    change_attendance(attendance=row_of(people[0]), change=Change("absent"), by=trainer.as_reference())
    sign(attendance=row_of(people[1]), signing=signing())
    page = client.get(trainer_page + "closure/").text
    heading, absent = page.index(">Not signed</h2>"), page.index(">Absent</h2>")
    assert heading < page.index(people[2].full_name) < absent < page.index(people[0].full_name)
    assert people[1].full_name not in page


def test_the_device_says_that_a_half_day_is_closed_and_lets_nobody_be_chosen(
    trainer_page, people, trainer, morning, client
):
    close_slot(slot=morning, trainer=trainer, signing=signing())
    page = client.get(trainer_page + "device/").text
    assert "This half-day is closed." in page
    assert "Who signs next?" not in page
    assert page.count(" disabled>") == len(people)


def test_what_a_trainer_noted_is_said(trainer_page, people, row_of, client):
    seat = row_of(people[0]).participant.uid
    page = client.post(trainer_page + "marks/", {"who": seat, "state": "absent"}, follow=True)
    assert f"Noted for {people[0].full_name}." in page.text
