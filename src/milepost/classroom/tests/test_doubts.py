"""Attendance with one phone, from afar, at a time that the device makes up: signed, told, decided by who was in the room."""

import json
import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client

from milepost.classroom.closing import close_slot
from milepost.classroom.correcting import Change, change_attendance
from milepost.classroom.deciding import DoubtsChanged, decide
from milepost.classroom.devices import Device
from milepost.classroom.doubts import told
from milepost.classroom.facts import SLOT_DOUBTED, SLOT_SIGNED
from milepost.classroom.jobs import make_sheet
from milepost.classroom.models import Attendance, LiveSession, Participant
from milepost.classroom.presence import personal_link, projected_address, trainer_token
from milepost.classroom.queries import minutes_by_member, tally
from milepost.classroom.registering import register, register_many
from milepost.classroom.signing import Circumstances, SigningRefused, sign
from milepost.classroom.tests.signatures import entries, path_of, signing
from milepost.core import blobs, clock
from milepost.core.jobs import run_all
from milepost.documents.signatures import Signature
from milepost.notices.sending import send_due
from milepost.people.models import Member
from tests.readers import text_in
from tests.worlds import make_member, make_people

pytestmark = pytest.mark.django_db


def ink(number):
    """A drawing that is nobody else's."""
    return json.dumps({"width": 300, "height": 160, "strokes": [[10, 80, 60, 40 + number, 90, 120, 140, 60, 200, 100]]})


def signing_of(number, **changes):
    drawn = Signature.read(ink(number))
    return signing(signature=drawn, circumstances=Circumstances(f"10.0.{number}.1", "Phone"), **changes)


def sign_on(phone, row, number, **sent):
    """As somebody does who scans the code, chooses their name and signs."""
    slot = row.slot
    phone.get(path_of(projected_address(slot, clock.now())))
    page = phone.get(f"/s/{slot.code}/?who={row.participant.uid}")
    return page, phone.post(f"/s/{slot.code}/", {"who": row.participant.uid, "signature": ink(number)} | sent)


def codes(row):
    row.refresh_from_db()
    return [doubt["code"] for doubt in row.doubts]


def seen(*rows):
    for row in rows:
        row.refresh_from_db()
    return {str(row.participant.uid): row.doubts_seen for row in rows}


def device_sent(page):
    return re.search(r'name="device" value="([^"]*)"', page.text)[1]


# --- One device -------------------------------------------------------------------------------------------


def test_two_people_who_sign_on_one_phone_are_both_in_doubt(morning, people, row_of):
    """The second name was refused, until the cookie of the first was thrown away."""
    phone, (ann, bob) = Client(), map(row_of, people[:2])
    _page, answer = sign_on(phone, ann, 1)
    assert (answer.status_code, codes(ann)) == (200, [])
    page, answer = sign_on(phone, bob, 2)
    assert "Somebody else has signed on this device." in page.text
    assert "Signed. Thank you." in answer.text
    assert (codes(ann), codes(bob)) == (["same-device"], ["same-device"])
    assert bob.doubts == [{"code": "same-device", "others": 1}]  # nobody else is named in somebody's own data
    signed, doubted = entries("signed")[1], entries("doubted")
    assert signed["context"]["doubts"] == bob.doubts
    assert [(one["actor"]["id"], one["result"]["doubts"]) for one in doubted] == [(str(people[0].uid), ann.doubts)]


def test_a_phone_is_known_again_after_its_cookies_were_thrown_away(morning, people, row_of):
    phone, (ann, bob) = Client(), map(row_of, people[:2])
    page, _answer = sign_on(phone, ann, 1)
    kept = device_sent(page)  # what the page puts into the browser's stores
    phone.cookies.clear()
    _page, answer = sign_on(phone, bob, 2, device=kept)
    assert codes(bob) == ["same-device"]
    assert kept in answer.cookies["device"].value  # given back


def test_a_phone_is_known_again_by_its_cookie_alone(morning, people, row_of):
    phone, (ann, bob) = Client(), map(row_of, people[:2])
    sign_on(phone, ann, 1)
    sign_on(phone, bob, 2, device="")
    assert codes(bob) == ["same-device"]


def test_one_phone_for_two_people_in_two_half_days_is_doubtful_too(slots, morning, people, row_of):
    phone = Client()
    sign_on(phone, row_of(people[0]), 1)
    with clock.at(slots[1].starts_at):
        sign_on(phone, row_of(people[1], slots[1]), 2)
        assert codes(row_of(people[0])) == codes(row_of(people[1], slots[1])) == ["same-device"]


def test_personal_links_of_others_opened_on_one_phone_are_in_doubt(morning, people, row_of):
    phone = Client()
    for number, person in enumerate(people[:3]):
        phone.get(path_of(personal_link(row_of(person))), follow=True)
        phone.post(f"/s/{morning.code}/", {"signature": ink(number)})
    assert [codes(row_of(person)) for person in people[:3]] == [["same-device"]] * 3


def test_numbers_that_turn_out_to_be_of_one_browser_are_one(morning, people, row_of):
    """Ann throws everything away and signs for Bob; then something that was thrown away comes back (a restored profile)."""
    first, second, both = ("a" * 64,), ("b" * 64,), ("a" * 64, "b" * 64)
    for number, devices in enumerate([first, second, both]):
        sign(attendance=row_of(people[number]), signing=signing_of(number, devices=devices))
    assert [row_of(person).doubts for person in people[:3]] == [[{"code": "same-device", "others": 2}]] * 3
    assert told([row_of(people[1])])[row_of(people[1]).pk] == [
        f"Signed on the same phone or computer as {people[0].full_name}, {people[2].full_name}."
    ]


def test_who_signs_for_a_whole_webinar_makes_no_signature_dear(session, morning, lead, organisation, row_of):
    """Each signature said anew of all earlier ones with how many they shared the phone."""
    make_people(organisation, 30)
    crowd = list(Member.objects.filter(organisation=organisation, user=None).order_by("-pk")[:30])
    register_many(session=session, members=crowd, by=lead)
    for number, person in enumerate(crowd):
        before = len(entries("doubted"))
        row = sign(attendance=row_of(person), signing=signing_of(number, devices=("d" * 64,)))
    assert len(entries("doubted")) == before
    assert row.doubts == [{"code": "same-device", "others": 20}]
    assert codes(row_of(crowd[0])) == ["same-device"]
    assert "more." in told([row])[row.pk][0]


def test_a_doubt_is_told_when_the_other_is_gone(lent, people):
    lent[1].refresh_from_db()
    Participant.objects.filter(member=people[0]).delete()
    assert told([lent[1]]) == {lent[1].pk: ["Signed on the same phone or computer as somebody else."]}


def test_a_browser_that_hides_its_number_is_in_doubt(morning, people, row_of):
    """A script that throws everything away between the page and its form."""
    row, phone = row_of(people[0]), Client()
    phone.get(path_of(projected_address(morning, clock.now())))
    phone.get(f"/s/{morning.code}/?who={row.participant.uid}")
    del phone.cookies["device"]
    phone.post(f"/s/{morning.code}/", {"who": row.participant.uid, "signature": ink(1)})
    assert codes(row) == ["hidden-device"]


def test_a_code_that_was_scanned_on_another_phone_is_in_doubt(morning, people, row_of):
    """Its cookie could be copied to somebody who was not there, for a quarter of an hour."""
    there, away, row = Client(), Client(), row_of(people[0])
    there.get(path_of(projected_address(morning, clock.now())))
    away.cookies[f"presence-{morning.code}"] = there.cookies[f"presence-{morning.code}"].value
    away.get(f"/s/{morning.code}/?who={row.participant.uid}")
    away.post(f"/s/{morning.code}/", {"who": row.participant.uid, "signature": ink(1)})
    assert codes(row) == ["handed-on"]
    assert told([row])[row.pk] == [
        "The code was scanned with another phone or computer than the one on which it was signed."
    ]
    sign_on(there, row_of(people[1]), 2)
    assert codes(row_of(people[1])) == []


def test_a_phone_that_is_given_back_older_numbers_is_the_one_that_scanned(morning, people, row_of):
    olds = []
    for number in range(6):
        page, _answer = sign_on(Client(), row_of(people[number]), number)
        olds.append(device_sent(page))
    row = row_of(people[7])
    sign_on(Client(), row, 7, device="~".join(olds))
    assert "handed-on" not in codes(row)


def test_nobody_makes_up_the_number_of_a_device(morning, people, row_of):
    known, made_up = Client(), Client()
    page, _answer = sign_on(known, row_of(people[0]), 1)
    forged = device_sent(page)[:-2] + "xx"
    sign_on(made_up, row_of(people[1]), 2, device=f"{forged}~nonsense~")
    assert codes(row_of(people[1])) == []
    assert Attendance.objects.exclude(device="").values("device").distinct().count() == 2


def test_a_device_is_not_followed_from_one_session_to_the_next(session, slots, morning):
    device = Device.of(Client().request().wsgi_request)
    other = LiveSession(uid=uuid4())
    assert set(device.fingerprints(session)) & set(device.fingerprints(other)) == set()


def test_who_is_signed_in_and_has_signed_may_lend_their_phone(morning, session, organisation, people, row_of, visit):
    learner = make_member(organisation, "jonas")
    register(session=session, member=learner)
    phone = visit(learner)
    thanks = sign_on(phone, row_of(learner), 1)[1]
    assert "Jonas" in thanks.text
    assert f"/s/{morning.code}/?another" in thanks.text
    assert people[0].full_name in phone.get(f"/s/{morning.code}/?another").text
    sign_on(phone, row_of(people[0]), 2)
    assert codes(row_of(learner)) == ["same-device"]
    assert codes(row_of(people[0])) == ["same-device", "other-account"]


def test_who_signs_on_the_trainer_s_device_and_then_for_another_on_their_own_phone_is_found(
    morning, session, organisation, people, row_of, visit, trainer, client
):
    """The phone has one name only, but whoever is signed in on it is another."""
    learner = make_member(organisation, "jonas")
    register(session=session, member=learner)
    deliver(client, trainer, morning, row_of(learner).participant.uid, made=timedelta())
    phone = visit(learner)
    sign_on(phone, row_of(people[0]), 2)
    assert (codes(row_of(learner)), codes(row_of(people[0]))) == ([], ["other-account"])


def test_a_link_that_is_opened_in_one_s_own_account_is_no_doubt(morning, session, organisation, row_of, visit):
    learner = make_member(organisation, "jonas")
    register(session=session, member=learner)
    sign_on(visit(learner), row_of(learner), 1)
    assert codes(row_of(learner)) == []


def test_the_history_says_that_a_doubt_was_found_and_then_what_became_of_it(morning, people, row_of):
    """The first was said to have changed."""
    for number in range(3):
        sign(attendance=row_of(people[number]), signing=signing_of(number, devices=("d" * 64,)))
    found, changed = (
        SLOT_DOUBTED.tell(fact) for fact in entries("doubted") if fact["actor"]["id"] == str(people[0].uid)
    )
    assert re.fullmatch("The signature for “.*” was found doubtful", found)
    first, second, _third = (SLOT_SIGNED.tell(fact) for fact in entries("signed"))
    assert (first.endswith("”"), second.endswith("” (doubts were found)")) == (True, True)
    assert re.fullmatch("What is doubtful about the signature for “.*” changed", changed)


# --- The same connection ----------------------------------------------------------------------------------


def sign_from(address, row, number, agent="Phone"):
    return sign(
        attendance=row,
        signing=signing(signature=Signature.read(ink(number)), circumstances=Circumstances(address, agent)),
    )


def test_a_class_on_one_network_with_one_model_of_phone_raises_no_doubt(morning, people, row_of):
    for number, person in enumerate(people):
        sign_from("198.51.100.7", row_of(person), number)
    assert not Attendance.objects.in_doubt().exists()


def test_two_at_an_address_where_nobody_else_is_are_in_doubt_once_others_show_that_it_is_unusual(
    morning, people, row_of
):
    """Such as a private window, which has no number."""
    sign_from("203.0.113.9", row_of(people[0]), 0)
    sign_from("203.0.113.9", row_of(people[1]), 1)
    for number, person in enumerate(people[2:5], start=2):
        sign_from("198.51.100.7", row_of(person), number)
    assert codes(row_of(people[0])) == []
    sign_from("198.51.100.7", row_of(people[5]), 5)
    assert codes(row_of(people[0])) == codes(row_of(people[1])) == ["same-connection"]
    assert codes(row_of(people[5])) == []


def test_the_doubt_about_a_connection_passes_when_a_class_comes_from_there(morning, people, row_of):
    for number, person in enumerate(people[:4]):
        sign_from(f"203.0.113.{number}", row_of(person), number)
    for number, person in enumerate(people[4:], start=4):
        sign_from("198.51.100.7", row_of(person), number)
        if number == 5:
            assert codes(row_of(people[4])) == codes(row_of(people[5])) == ["same-connection"]
    assert not Attendance.objects.in_doubt().exists()
    gone = entries("doubted")[-1]
    assert (gone["result"]["doubts"], gone["result"]["before"][0]["code"]) == ([], "same-connection")
    assert SLOT_DOUBTED.tell(gone).startswith("Nothing is doubtful any more")


def test_one_address_is_no_doubt_for_two_kinds_of_browsers_or_an_hour_apart(morning, people, row_of):
    for number, person in enumerate(people[2:7], start=2):
        sign_from(f"198.51.100.{number}", row_of(person), number)
    sign_from("203.0.113.9", row_of(people[0]), 0, agent="A tablet")
    sign_from("203.0.113.9", row_of(people[1]), 1)
    with clock.at(clock.now() + timedelta(hours=1)):
        sign_from("203.0.113.9", row_of(people[7]), 7)
    assert not Attendance.objects.in_doubt().exists()


# --- The signature by itself ------------------------------------------------------------------------------


def test_a_drawing_that_is_sent_again_for_another_half_day_is_in_doubt(slots, morning, people, row_of):
    sign(attendance=row_of(people[0]), signing=signing_of(1))
    with clock.at(slots[1].starts_at):
        sign(attendance=row_of(people[0], slots[1]), signing=signing_of(1))
        assert codes(row_of(people[0], slots[1])) == codes(row_of(people[0])) == ["same-ink"]


def test_a_typed_name_of_somebody_else_is_in_doubt(morning, people, row_of):
    sign(attendance=row_of(people[0]), signing=signing(signature=Signature(text="Otto Wieland")))
    sign(attendance=row_of(people[1]), signing=signing(signature=Signature(text=people[1].full_name.upper())))
    assert (codes(row_of(people[0])), codes(row_of(people[1]))) == (["other-name"], [])


def test_signing_long_after_the_end_is_in_doubt(slots, people, row_of):
    with clock.at(slots[0].ends_at + timedelta(minutes=59)):
        sign(attendance=row_of(people[0]), signing=signing_of(1))
    with clock.at(slots[0].ends_at + timedelta(minutes=61)):
        sign(attendance=row_of(people[1]), signing=signing_of(2))
    assert (codes(row_of(people[0])), codes(row_of(people[1]))) == ([], ["outside-hours"])


def test_who_had_been_noted_as_absent_and_signs_is_in_doubt(morning, people, row_of, trainer):
    change_attendance(attendance=row_of(people[0]), change=Change("absent"), by=trainer.as_reference())
    row = sign(attendance=row_of(people[0]), signing=signing_of(1))
    assert codes(row) == ["noted-absent"]


def deliver(client, trainer, slot, who, *, made, number=1, now=None):
    """From the trainer's device: made so long before its clock says that it is now."""
    now = clock.now() if now is None else now
    at = (now - made).timestamp() * 1000
    body = {
        "now": now.timestamp() * 1000,
        "signatures": [{"who": str(who), "at": at, "signature": json.loads(ink(number))}],
    }
    address = f"/room/{trainer_token(trainer)}/{slot.code}/deliveries/"
    return client.post(address, json.dumps(body), content_type="application/json")


@pytest.mark.parametrize(
    ("after_start", "made", "expected"),
    [
        (timedelta(hours=2), timedelta(hours=1), []),
        (timedelta(hours=2), timedelta(hours=3), ["outside-hours"]),  # before a code was shown to anybody
        (timedelta(hours=9), timedelta(hours=8), ["late-arrival"]),
        (timedelta(hours=9), timedelta(hours=2), ["outside-hours"]),
    ],
)
def test_times_that_a_device_without_a_network_tells_are_held_against_the_half_day(
    slots, people, row_of, trainer, client, after_start, made, expected
):
    with clock.at(slots[0].starts_at + after_start):
        deliver(client, trainer, slots[0], row_of(people[0]).participant.uid, made=made)
        assert codes(row_of(people[0])) == expected


def test_a_wrong_clock_is_a_doubt_where_the_time_hangs_on_it(morning, people, row_of, trainer, client):
    wrong = clock.now() - timedelta(days=400)
    for number, made in enumerate([timedelta(minutes=5), timedelta(seconds=5), timedelta(minutes=-20)]):
        deliver(client, trainer, morning, row_of(people[number]).participant.uid, made=made, number=number, now=wrong)
    assert [codes(row_of(person)) for person in people[:3]] == [["wrong-clock"], [], ["wrong-clock"]]


def test_the_trainer_s_device_that_is_handed_round_is_no_doubt(morning, people, row_of, trainer, client):
    for number, person in enumerate(people):
        deliver(client, trainer, morning, row_of(person).participant.uid, made=timedelta(), number=number)
    assert not Attendance.objects.in_doubt().exists()


# --- The trainer decides ----------------------------------------------------------------------------------


@pytest.fixture
def lent(morning, people, row_of):
    """Two who signed on one phone."""
    phone, rows = Client(), [row_of(person) for person in people[:2]]
    for number, row in enumerate(rows):
        sign_on(phone, row, number)
    return rows


@pytest.fixture
def room(trainer, morning):
    return f"/room/{trainer_token(trainer)}/{morning.code}/"


def test_the_trainer_reads_the_doubt_beside_the_name_and_says_in_one_tap_that_all_were_there(
    lent, room, people, client
):
    page = client.get(room)
    assert "2 signatures are in doubt" in page.text
    assert f"Signed on the same phone or computer as {people[0].full_name}." in page.text
    assert "All 2 were there" in page.text
    who = [f"{row.participant.uid}:{row.doubts_seen}" for row in page.context["in_doubt"]]
    page = client.post(room + "decisions/", {"who": who, "decision": "there"}, follow=True)
    assert "Noted for 2 people." in page.text
    assert "in doubt" not in page.text
    assert page.text.count("Was there, says Tess Okafor") == 2
    assert [fact["result"]["decision"] for fact in entries("decided")] == ["there", "there"]
    assert entries("decided")[0]["context"]["instructor"]["name"] == "Tess Okafor"


def test_the_live_list_comes_anew_when_a_doubt_is_there_or_decided(lent, room, morning, trainer, client):
    shown = re.search(r"list/\?fingerprint=(\w+)", client.get(room).text)[1]
    assert client.get(room + "list/", {"fingerprint": shown}).status_code == 204
    decide(slot=morning, seen=seen(lent[0]), decision="there", by=trainer.as_reference())
    assert "Was there, says" in client.get(room + "list/", {"fingerprint": shown}).text


def test_who_was_not_there_counts_nowhere_and_keeps_the_signature(lent, room, morning, trainer, people):
    decide(slot=morning, seen=seen(lent[1]), decision="not-there", by=trainer.as_reference(), reason="Not in the room.")
    row = lent[1]
    row.refresh_from_db()
    assert (row.state, row.minutes, bool(row.signature)) == ("struck", 0, True)
    assert people[1].pk not in minutes_by_member(Attendance.objects.filter(slot=morning))
    numbers = tally(morning)
    assert (numbers.signed, numbers.absent, numbers.missing) == (1, 1, 6)
    closed = close_slot(slot=morning, trainer=trainer, signing=signing())
    [statement] = entries("closed")
    assert (closed.is_closed, statement["result"]["signed"]) == (True, 1)


def test_half_days_say_how_many_signatures_are_in_doubt(lent, session, trainer, lead, client, visit):
    assert "2 in doubt" in client.get(f"/room/{trainer_token(trainer)}/").text
    assert "2 in doubt" in visit(lead).get(f"/aldermoor/sessions/{session.uid}/").text


def test_a_decision_is_taken_back(lent, morning, trainer):
    for decision in ("not-there", "undecided"):
        decide(slot=morning, seen=seen(lent[1]), decision=decision, by=trainer.as_reference())
    lent[1].refresh_from_db()
    assert (lent[1].state, lent[1].is_in_doubt, lent[1].minutes) == ("signed", True, 210)
    assert [fact["result"]["decision"] for fact in entries("decided")] == ["not-there", "undecided"]


def test_whoever_was_not_there_is_told_and_not_for_a_slip(lent, morning, trainer, people, mailoutbox):
    by = trainer.as_reference()
    decide(slot=morning, seen=seen(*lent), decision="not-there", by=by, reason="I looked.")
    decide(slot=morning, seen=seen(lent[0]), decision="undecided", by=by)
    send_due()
    assert mailoutbox == []
    with clock.at(clock.now() + timedelta(minutes=11)):
        send_due()
    [message] = mailoutbox
    assert message.to == [people[1].email]
    assert "Tess Okafor has noted that you were not there" in message.body
    assert "The reason: I looked." in message.body
    mailoutbox.clear()
    decide(slot=morning, seen=seen(*lent), decision="there", by=by)
    with clock.at(clock.now() + timedelta(minutes=22)):
        send_due()
    [again] = mailoutbox  # and nobody who was not told before
    assert again.to == message.to
    assert "Tess Okafor has taken back that you were not at “Evacuation drill”" in again.body


def test_deciding_the_same_twice_is_recorded_once(lent, morning, trainer):
    assert [decide(slot=morning, seen=seen(*lent), decision="there", by=trainer.as_reference()) for _ in "ab"] == [2, 0]
    assert len(entries("decided")) == 2


def test_whoever_has_not_read_what_another_decided_meanwhile_does_not_decide_otherwise(lent, morning, trainer, lead):
    before = seen(*lent)
    decide(slot=morning, seen=before, decision="there", by=trainer.as_reference())
    with pytest.raises(DoubtsChanged):
        decide(slot=morning, seen=before, decision="not-there", by=lead.as_reference())
    assert decide(slot=morning, seen=before, decision="there", by=lead.as_reference()) == 0
    decide(slot=morning, seen=seen(*lent), decision="not-there", by=lead.as_reference())
    assert len(entries("decided")) == 4


def test_a_further_doubt_opens_the_question_again(lent, morning, trainer, people, row_of):
    decide(slot=morning, seen=seen(lent[0]), decision="there", by=trainer.as_reference())
    decide(slot=morning, seen=seen(lent[1]), decision="not-there", by=trainer.as_reference())
    sign(attendance=row_of(people[2]), signing=signing_of(0, devices=(row_of(people[0]).device,)))
    assert [seen(row) and row.is_in_doubt for row in lent] == [True, False]
    assert lent[1].state == "struck"


def test_nobody_decides_about_a_doubt_that_they_have_not_read(lent, room, morning, trainer, people, row_of, client):
    before = seen(lent[0])
    sign(attendance=row_of(people[2]), signing=signing_of(7, devices=(row_of(people[0]).device,)))
    with pytest.raises(DoubtsChanged):
        decide(slot=morning, seen=before, decision="there", by=trainer.as_reference())
    [(uid, mark)] = before.items()
    page = client.post(room + "decisions/", {"who": f"{uid}:{mark}", "decision": "there"}, follow=True)
    assert "has changed since" in page.text


@pytest.mark.parametrize(
    "sent", [{}, {"who": "x:y", "decision": "there"}, {"decision": "there"}, {"decision": "maybe"}]
)
def test_a_form_that_decides_nothing_changes_nothing(lent, room, client, sent):
    page = client.post(room + "decisions/", sent, follow=True)
    assert "Say about whom" in page.text
    assert entries("decided") == []


def test_a_signature_without_a_doubt_is_not_struck(morning, people, row_of, trainer):
    row = sign(attendance=row_of(people[0]), signing=signing_of(1))
    with pytest.raises(SigningRefused):
        decide(slot=morning, seen=seen(row), decision="not-there", by=trainer.as_reference())


def test_the_trainer_reads_before_closing_what_is_not_decided(lent, room, people, client):
    page = client.get(room + "closure/").text
    assert "In doubt, and not decided" in page
    assert f"Signed on the same phone or computer as {people[0].full_name}." in page


def test_whoever_manages_the_session_decides_too_and_others_do_not(lent, morning, session, lead, organisation, visit):
    page = f"/aldermoor/sessions/{session.uid}/slots/{morning.code}/"
    [(uid, mark)] = seen(lent[0]).items()
    sent = {"who": f"{uid}:{mark}", "decision": "not-there", "reason": "I asked her."}
    assert visit(make_member(organisation, "nosy")).post(page + "decisions/", sent).status_code == 403
    assert entries("decided") == []
    answer = visit(lead).post(page + "decisions/", sent, follow=True)
    assert f"Was not there, says {lead.full_name}" in answer.text
    assert "I asked her." in answer.text


def test_a_correction_puts_a_struck_signature_aside_with_its_doubts(lent, morning, trainer, lead):
    decide(slot=morning, seen=seen(lent[1]), decision="not-there", by=trainer.as_reference())
    row = change_attendance(
        attendance=lent[1], change=Change("present"), by=lead.as_reference(), why="I saw him; she signed in his place."
    )
    assert (row.state, row.doubts, row.judged_at) == ("attested", [], None)
    assert row.earlier[0]["doubts"][0]["code"] == "same-device"


# --- The sheet and readiness ------------------------------------------------------------------------------


def sheet_text(session, number=1):
    run_all(make_sheet, queues=["files"])
    return text_in(blobs.read(session.organisation.uid, session.sheets.get(number=number).pdf))


def test_the_sheet_tells_doubts_and_a_decision_after_the_closing_makes_the_next(
    lent, slots, session, people, trainer, organisation
):
    for slot in slots:
        with clock.at(slot.ends_at):
            close_slot(slot=slot, trainer=trainer, signing=signing())
    with clock.at(slots[1].ends_at):
        text = sheet_text(session)
    assert "† Signatures in doubt" in text
    assert text.count("in doubt †") == 2
    assert "Nobody has decided yet; the signature counts." in text
    assert f"Signed on the same phone or computer as {people[0].full_name}." in text
    with clock.at(slots[1].ends_at + timedelta(minutes=5)):
        by = trainer.as_reference()
        decide(slot=slots[0], seen=seen(lent[1]), decision="not-there", by=by, reason="He was at home.")
        text = sheet_text(session, number=2)
    assert "Was not there, says Tess Okafor (26 November 2026, 17:05). Reason: “He was at home.”." in text
    assert "but was not there, says Tess Okafor †" in text
    assert "1 of 16" in text
    assert "decided about the signature" not in text  # it is told with the doubt
    with clock.at(slots[1].ends_at + timedelta(minutes=9)):
        decide(slot=slots[0], seen=seen(lent[1]), decision="there", by=by)
        text = sheet_text(session, number=3)
    assert "Was there, says Tess Okafor (26 November 2026, 17:09)." in text
    assert f"decided about the signature of {people[1].full_name}: was not there (26/11/2026 09:00–12:30)." in text
    assert session.sheets.get(number=1).pdf


def test_a_french_sheet_tells_a_doubt_as_one_writes_it_there(lent, slots, session, people, trainer):
    """A colon has a space before it; and the one day of two half-days stood there twice."""
    LiveSession.objects.filter(pk=session.pk).update(language="fr")
    for slot in slots:
        with clock.at(slot.ends_at):
            close_slot(slot=slot, trainer=trainer, signing=signing())
    with clock.at(slots[1].ends_at):
        text = sheet_text(session)
    assert f"{people[0].full_name} (26/11/2026 9 h – 12 h 30) : A signé" in text
    assert "jeudi 26 novembre 2026 (Europe/Paris)" in text


def test_a_sheet_without_a_doubt_says_nothing_of_doubts(session, slots, people, row_of, trainer):
    for number, slot in enumerate(slots):
        with clock.at(slot.starts_at):
            sign(attendance=row_of(people[0], slot), signing=signing_of(number))
        with clock.at(slot.ends_at):
            close_slot(slot=slot, trainer=trainer, signing=signing())
    assert "doubt" not in sheet_text(session)
