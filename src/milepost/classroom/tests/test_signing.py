import json
import re
from datetime import timedelta

import pytest
from django.test import Client

from milepost.classroom import presence
from milepost.classroom.closing import close_slot
from milepost.classroom.correcting import Change, change_attendance
from milepost.classroom.models import Attendance, Way
from milepost.classroom.presence import personal_link, projected_address, spoken_code, trainer_token
from milepost.classroom.signing import AlreadySigned, Circumstances, Signing, SigningRefused, SlotClosed, sign
from milepost.core import clock
from milepost.documents.signatures import Signature
from milepost.journal.models import Entry
from milepost.notices.sending import send_due
from milepost.people.settings import change
from tests.worlds import make_member

pytestmark = pytest.mark.django_db
DRAWN = '{"width":300,"height":160,"strokes":[[10,80,60,40,90,120,140,60,200,100]]}'


def signing(**changes):
    told = {
        "signature": Signature.read(DRAWN),
        "way": Way.PROJECTED,
        "meaning": "I was there.",
        "circumstances": Circumstances("10.0.0.7", "Phone"),
    }
    return Signing(**(told | changes))


def path_of(address):
    return "/" + address.partition("://")[2].partition("/")[2]


def entries(*verbs):
    return [entry.content for entry in Entry.objects.filter(verb__in=verbs).order_by("id")]


# --- The verbs --------------------------------------------------------------------------------------------


def test_a_signature_is_kept_with_its_meaning_and_its_fingerprints(morning, people, row_of):
    row = sign(attendance=row_of(people[0]), signing=signing())
    [told] = entries("signed")
    assert told["result"] == {
        "meaning": "I was there.", "name": people[0].full_name, "way": "projected",
        "signature_sha256": row.drawn.fingerprint,
    }  # fmt: skip
    assert told["actor"]["id"] == str(people[0].uid)
    assert told["object"]["id"] == str(morning.uid)
    assert (
        told["context"]["circumstances_sha256"]
        == row.context_fingerprint
        == Circumstances("10.0.0.7", "Phone").fingerprint
    )
    assert row.signed_at == clock.now()


def test_nobody_signs_twice(morning, people, row_of):
    sign(attendance=row_of(people[0]), signing=signing())
    with pytest.raises(AlreadySigned):
        sign(attendance=row_of(people[0]), signing=signing())
    assert len(entries("signed")) == 1


def test_nobody_signs_before_signing_opens(slots, people, row_of):
    with clock.at(slots[0].starts_at - timedelta(minutes=16)), pytest.raises(SigningRefused, match="08:45"):
        sign(attendance=row_of(people[0]), signing=signing())


def test_a_closed_half_day_takes_no_signature(morning, people, row_of, trainer):
    close_slot(slot=morning, trainer=trainer, signing=signing())
    with pytest.raises(SlotClosed):
        sign(attendance=row_of(people[0]), signing=signing())
    with pytest.raises(SigningRefused, match="closed already"):
        close_slot(slot=morning, trainer=trainer, signing=signing())
    [told] = entries("closed")
    assert (told["result"]["signed"], told["result"]["expected"]) == (0, len(people))


def test_late_and_early_are_counted_in_minutes(morning, people, row_of, lead):
    row = sign(attendance=row_of(people[0]), signing=signing())
    assert row.minutes == 210
    change = Change(
        arrived_at=morning.starts_at + timedelta(minutes=20), left_at=morning.ends_at - timedelta(minutes=30)
    )
    assert change_attendance(attendance=row, change=change, by=lead.as_reference()).minutes == 160
    with pytest.raises(SigningRefused, match="outside of the half-day"):
        change_attendance(
            attendance=row, change=Change(left_at=morning.ends_at + timedelta(hours=3)), by=lead.as_reference()
        )


def test_a_correction_needs_a_reason_and_keeps_the_signature_that_it_puts_aside(morning, people, row_of, lead):
    row = sign(attendance=row_of(people[0]), signing=signing())
    fingerprint = row.drawn.fingerprint
    with pytest.raises(SigningRefused, match="Say why"):
        change_attendance(attendance=row, change=Change("absent"), by=lead.as_reference())
    row = change_attendance(
        attendance=row, change=Change("absent", "ill"), by=lead.as_reference(), why="Signed for by a colleague."
    )
    assert (row.state, row.corrections) == ("absent", 1)
    assert Signature.from_json(row.earlier[0]["signature"]).fingerprint == fingerprint
    [told] = entries("corrected")
    assert told["result"]["before"] == {"state": "signed", "signature_sha256": fingerprint}
    assert told["result"]["now"] == {"state": "absent", "absence_reason": "ill"}
    assert told["result"]["reason"] == "Signed for by a colleague."
    assert told["context"]["instructor"]["name"] == lead.full_name


def test_somebody_can_answer_for_a_presence_without_a_signature(morning, people, row_of, trainer, lead):
    close_slot(slot=morning, trainer=trainer, signing=signing())
    row = change_attendance(
        attendance=row_of(people[0]),
        change=Change("present"),
        by=lead.as_reference(),
        why="Was there; the phone was empty.",
    )
    assert (row.state, row.minutes, row.signature) == ("attested", 210, None)


def test_a_mark_that_changes_nothing_is_not_recorded(morning, people, row_of, lead):
    change_attendance(attendance=row_of(people[0]), change=Change("missing"), by=lead.as_reference())
    assert entries("marked") == []


# --- One's own phone --------------------------------------------------------------------------------------


def test_the_projected_code_leads_to_the_names_and_a_name_to_the_signature(morning, people, row_of):
    phone = Client()
    page = phone.get(path_of(projected_address(morning, clock.now())), follow=True)
    assert people[0].full_name in page.text
    seat = row_of(people[0]).participant
    page = phone.get(f"/s/{morning.code}/?who={seat.uid}")
    assert "I attended “Evacuation drill”" in page.text
    page = phone.post(f"/s/{morning.code}/", {"who": seat.uid, "signature": DRAWN}, headers={"user-agent": "A phone"})
    assert "Signed. Thank you." in page.text
    row = row_of(people[0])
    assert (row.way, row.agent, row.address) == ("projected", "A phone", "127.0.0.1")


def test_a_photograph_of_the_code_does_not_work_a_minute_later(morning, people):
    address = path_of(projected_address(morning, clock.now()))
    with clock.at(clock.now() + timedelta(seconds=14)):
        assert Client().get(address).status_code == 302
    with clock.at(clock.now() + timedelta(seconds=45)):
        page = Client().get(address)
    assert page.status_code == 410
    assert "changes every 15 seconds" in page.text


def test_the_address_of_the_signing_page_alone_lets_nobody_sign(morning, people, row_of):
    page = Client().post(f"/s/{morning.code}/", {"who": row_of(people[0]).participant.uid, "signature": DRAWN})
    assert page.status_code == 403
    assert row_of(people[0]).signed_at is None


def test_what_one_slot_s_code_opened_opens_no_other(slots, morning, people, row_of):
    phone = Client()
    phone.get(path_of(projected_address(morning, clock.now())))
    phone.cookies[f"presence-{slots[1].code}"] = phone.cookies[f"presence-{morning.code}"].value
    assert phone.get(f"/s/{slots[1].code}/").status_code == 403


def test_two_people_do_not_sign_on_one_phone(morning, people, row_of):
    phone = Client()
    phone.get(path_of(projected_address(morning, clock.now())))
    first, second = (row_of(person).participant.uid for person in people[:2])
    phone.post(f"/s/{morning.code}/", {"who": first, "signature": DRAWN})
    page = phone.post(f"/s/{morning.code}/", {"who": second, "signature": DRAWN})
    assert page.status_code == 409
    assert "on the trainer’s" in page.text
    assert row_of(people[1]).signed_at is None


def test_a_personal_link_signs_once_and_says_so_the_second_time(morning, people, row_of):
    phone = Client()
    address = path_of(personal_link(row_of(people[0])))
    assert people[0].full_name in phone.get(address, follow=True).text
    assert "Signed" in phone.post(f"/s/{morning.code}/", {"signature": '{"text": "Given0 Family0"}'}).text
    page = Client().get(address)
    assert page.status_code == 410
    assert "This link was used" in page.text


def test_a_personal_link_ends_a_day_after_the_slot(morning, people, row_of):
    address = path_of(personal_link(row_of(people[0])))
    with clock.at(morning.ends_at + timedelta(hours=24, minutes=1)):
        page = Client().get(address)
    assert (page.status_code, "expired" in page.text) == (410, True)


@pytest.mark.parametrize("broken", ["x", "x" * 43, "é" * 43, "A" * 42 + "="])
def test_a_link_that_is_not_ours_is_refused(broken, db):
    assert Client().get(f"/sign/{broken}/").status_code == 404
    assert Client().get(f"/room/{broken}/").status_code == 404


def test_two_devices_at_once_leave_one_signature(morning, people, row_of):
    address = path_of(personal_link(row_of(people[0])))
    phones = [Client(), Client()]
    for phone in phones:
        assert phone.get(address).status_code == 302
    pages = [phone.post(f"/s/{morning.code}/", {"signature": DRAWN}) for phone in phones]
    assert all("Signed. Thank you." in page.text for page in pages)
    assert len(entries("signed")) == 1


def test_the_spoken_code_asks_for_one_s_own_name_and_lists_nobody(morning, people, row_of):
    phone = Client()
    page = phone.post("/sign/", {"code": f" {spoken_code(morning, clock.now())} "}, follow=True)
    assert "Who are you?" in page.text
    assert people[0].full_name not in page.text
    page = phone.get(f"/s/{morning.code}/?q=family0")
    assert people[0].full_name in page.text
    assert people[1].full_name not in page.text


def test_codes_that_are_guessed_are_counted(morning):
    phone = Client()
    answers = [phone.post("/sign/", {"code": f"{number:06}"}).status_code for number in range(12)]
    assert answers[:9] == [400] * 9
    assert answers[-1] == 429


def test_a_way_that_the_organisation_switched_off_is_closed(morning, people, row_of):
    change(organisation=morning.session.organisation, values={"ways": ["trainer"]})
    assert Client().get(path_of(projected_address(morning, clock.now()))).status_code == 410
    assert Client().get(path_of(personal_link(row_of(people[0])))).status_code == 410
    assert Client().post("/sign/", {"code": spoken_code(morning, clock.now())}).status_code == 400


def test_who_is_signed_in_signs_from_their_own_page(morning, session, organisation, visit):
    from milepost.classroom.registering import register

    learner = make_member(organisation, "jonas")
    register(session=session, member=learner)
    client = visit(learner)
    assert "Sign for “Evacuation drill”." in client.get("/aldermoor/sessions/").text
    page = client.post(f"/aldermoor/sessions/signatures/{morning.code}/", follow=True)
    assert "Sign as Jonas" in page.text
    assert "Signed. Thank you." in client.post(f"/s/{morning.code}/", {"signature": DRAWN}).text


@pytest.mark.parametrize("sent", ["", "{}", "x" * 70_000, "<svg><script>alert(1)</script></svg>"])
def test_a_signature_that_is_none_is_asked_for_again(morning, people, row_of, sent):
    phone = Client()
    phone.get(path_of(personal_link(row_of(people[0]))))
    page = phone.post(f"/s/{morning.code}/", {"signature": sent})
    assert page.status_code == 400
    assert "Sign as" in page.text
    assert row_of(people[0]).signed_at is None


def test_a_place_is_kept_only_where_it_is_one(morning, people, row_of):
    phone = Client()
    phone.get(path_of(personal_link(row_of(people[0]))))
    phone.post(
        f"/s/{morning.code}/",
        {"signature": DRAWN, "location": '{"latitude": 48.85661234, "longitude": 2.35, "accuracy": 12}'},
    )
    assert row_of(people[0]).location == {"latitude": 48.85661, "longitude": 2.35, "accuracy": 12.0}
    other = Client()
    other.get(path_of(personal_link(row_of(people[1]))))
    other.post(f"/s/{morning.code}/", {"signature": DRAWN, "location": '{"latitude": 999}'})
    assert row_of(people[1]).location is None


# --- The trainer's pages ----------------------------------------------------------------------------------


@pytest.fixture
def room(trainer, morning):
    return f"/room/{trainer_token(trainer)}/{morning.code}/"


def test_the_trainer_s_list_says_who_has_signed_and_is_silent_until_it_changes(room, people, row_of, client):
    page = client.get(room)
    assert "0 of 8 have signed." in page.text
    shown = re.search(r"list/\?fingerprint=(\w+)", page.text)[1]
    assert client.get(room + "list/", {"fingerprint": shown}).status_code == 204
    sign(attendance=row_of(people[0]), signing=signing())
    changed = client.get(room + "list/", {"fingerprint": shown})
    assert "1 of 8 have signed." in changed.text


def test_the_live_list_costs_the_same_for_eight_and_for_a_hundred(
    room, morning, organisation, client, django_assert_max_num_queries
):
    with django_assert_max_num_queries(12):
        client.get(room)


def test_one_tap_reminds_the_missing(room, people, row_of, client, mailoutbox):
    sign(attendance=row_of(people[0]), signing=signing())
    client.post(room + "reminders/")
    send_due()
    assert sorted(message.to[0] for message in mailoutbox) == sorted(person.email for person in people[1:])


def test_the_trainer_marks_and_closes_with_a_signature(room, people, row_of, client, morning):
    seat = row_of(people[0]).participant.uid
    client.post(room + "marks/", {"who": seat, "state": "absent", "reason": "on leave"})
    assert row_of(people[0]).absence_reason == "on leave"
    assert client.post(room + "closure/", {"signature": "{}"}).status_code == 400
    page = client.post(room + "closure/", {"signature": DRAWN}, follow=True)
    assert "Closed." in page.text
    morning.refresh_from_db()
    assert morning.closed_by.name == "Tess Okafor"


def test_a_trainer_may_not_justify_where_the_organisation_does_it_itself(room, people, row_of, client, morning):
    change(organisation=morning.session.organisation, values={"trainer_rights": []})
    page = client.post(
        room + "marks/", {"who": row_of(people[0]).participant.uid, "state": "absent", "reason": "ill"}, follow=True
    )
    assert "training team justifies" in page.text
    assert row_of(people[0]).state == "missing"


def test_a_trainer_puts_somebody_onto_the_list_as_far_as_the_organisation_lets_them(
    room, client, morning, organisation
):
    known = make_member(organisation, "zoe")
    assert "is on the list" in client.post(room + "people/", {"email": known.email}, follow=True).text
    new = {"email": "new@outside.example", "given": "Nils", "family": "Holm"}
    assert "training team adds people" in client.post(room + "people/", new, follow=True).text
    change(organisation=organisation, values={"trainer_rights": ["add-new-people"]})
    assert "Give their names" in client.post(room + "people/", {"email": "new@outside.example"}, follow=True).text
    assert "valid email" in client.post(room + "people/", new | {"email": "nonsense"}, follow=True).text
    assert "Nils Holm is on the list" in client.post(room + "people/", new, follow=True).text
    assert morning.attendances.filter(participant__member__email="new@outside.example").exists()


def deliver(client, room, *signatures, now=1_000_000):
    body = {
        "now": now,
        "signatures": [{"who": str(who), "at": at, "signature": json.loads(DRAWN)} for who, at in signatures],
    }
    return client.post(room + "deliveries/", json.dumps(body), content_type="application/json")


def test_signatures_made_without_a_network_arrive_later_and_say_so(room, people, row_of, client):
    seats = [row_of(person).participant.uid for person in people[:2]]
    answer = deliver(client, room, (seats[0], 1_000_000 - 600_000), (seats[1], 1_000_000 - 1_000)).json()
    assert answer["outcomes"] == {str(seats[0]): "signed", str(seats[1]): "signed"}
    assert row_of(people[0]).device_time == clock.now() - timedelta(
        minutes=10
    )  # whatever the device thinks the time is
    assert row_of(people[1]).device_time is None
    assert deliver(client, room, (seats[0], 400_000)).json()["outcomes"] == {str(seats[0]): "already"}
    assert len(entries("signed")) == 2


def test_a_delivery_after_the_closing_is_kept_for_a_correction(room, people, row_of, client, trainer, morning, lead):
    close_slot(slot=morning, trainer=trainer, signing=signing())
    seat = row_of(people[0]).participant.uid
    for _again in range(2):
        assert deliver(client, room, (seat, 1)).json()["outcomes"] == {str(seat): "closed"}
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
def test_a_delivery_that_can_not_be_read_changes_nothing(room, client, body):
    assert client.post(room + "deliveries/", body, content_type="application/json").status_code == 400
    assert Attendance.objects.signed().count() == 0


def test_the_worker_for_the_offline_page_is_served(client, db):
    assert client.get("/room/offline.js").headers["Content-Type"].startswith("text/javascript")


def test_the_code_is_long_enough_to_be_read_by_nobody_else(morning):
    assert len(presence.projected_token(morning, clock.now())) == 12
    assert presence.projected_token(morning, clock.now()) != presence.projected_token(
        morning, clock.now() + timedelta(seconds=15)
    )
