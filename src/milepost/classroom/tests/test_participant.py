from datetime import timedelta

import pytest
from django.test import Client

from milepost.classroom import presence
from milepost.classroom.closing import close_slot
from milepost.classroom.presence import personal_link, projected_address, spoken_code
from milepost.classroom.tests.signatures import DRAWN, entries, path_of, signing
from milepost.core import clock
from milepost.people.limits import Per, limits
from milepost.people.settings import change
from tests.worlds import make_member

pytestmark = pytest.mark.django_db


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


def test_whoever_came_by_the_code_finds_people_by_their_names_and_by_nothing_else(morning, people):
    """Part by part, a search would tell a stranger everybody's address, number and title, beside their names."""
    person = people[0]
    person.email, person.employee_number, person.job_title = "quill@aldermoor.example", "Z-4711", "Xylographer"
    person.save()
    phone = Client()
    phone.get(path_of(projected_address(morning, clock.now())))
    found = {text: person.full_name in phone.get(f"/s/{morning.code}/?q={text}").text for text in SEARCHED_BY_STRANGERS}
    assert found == {"given0": True, "family0 GIVEN0": True} | dict.fromkeys(SEARCHED_BY_STRANGERS[2:], False)


SEARCHED_BY_STRANGERS = ["given0", "family0 GIVEN0", "qui", "quill@", "aldermoor", "4711", "xylo"]


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
    with clock.at(slots[1].starts_at):
        assert phone.get(f"/s/{slots[1].code}/").status_code == 403


def test_a_personal_link_signs_once_and_says_so_the_second_time(morning, people, row_of):
    phone = Client()
    address = path_of(personal_link(row_of(people[0])))
    assert people[0].full_name in phone.get(address, follow=True).text
    assert "Signed" in phone.post(f"/s/{morning.code}/", {"signature": '{"text": "Given0 Family0"}'}).text
    page = Client().get(address)
    assert page.status_code == 410
    assert "This link was used" in page.text
    assert "You have signed already." in page.text
    assert "That did not work" not in page.text


def test_a_personal_link_ends_a_day_after_the_slot(morning, people, row_of):
    address = path_of(personal_link(row_of(people[0])))
    with clock.at(morning.ends_at + timedelta(hours=24, minutes=1)):
        page = Client().get(address)
    assert (page.status_code, "expired" in page.text) == (410, True)


@pytest.mark.parametrize("broken", ["x", "x" * 43, "é" * 43, "A" * 42 + "="])
def test_a_link_that_is_not_ours_is_refused(broken, db):
    assert Client().get(f"/sign/{broken}/").status_code == 404
    room = Client().get(f"/room/{broken}/")
    assert (room.status_code, "open it once more from the message" in room.text) == (404, True)


def test_two_devices_at_once_leave_one_signature(morning, people, row_of):
    address = path_of(personal_link(row_of(people[0])))
    phones = [Client(), Client()]
    for phone in phones:
        assert phone.get(address).status_code == 302
    pages = [phone.post(f"/s/{morning.code}/", {"signature": DRAWN}) for phone in phones]
    assert all("Signed. Thank you." in page.text for page in pages)
    assert len(entries("signed")) == 1


def test_the_spoken_code_and_one_s_own_name_lead_to_one_s_own_seat(morning, people, row_of):
    phone, person = Client(), people[0]
    assert "Your name" in phone.get("/sign/").text
    sent = {"code": f" {spoken_code(morning, clock.now())} ", "name": person.full_name.upper()}
    page = phone.post("/sign/", sent, follow=True).text
    assert f"?who={row_of(person).participant.uid}" in page
    assert people[1].full_name not in page


@pytest.mark.parametrize("name", ["", "Somebody Else", "family0", "a", "given family"])
def test_a_spoken_code_is_looked_for_only_where_its_holder_is_expected(morning, name):
    """A guess was right if any half-day of the whole installation had the code."""
    answer = Client().post("/sign/", {"code": spoken_code(morning, clock.now()), "name": name})
    assert (answer.status_code, "expects you" in answer.text) == (400, True)


def test_who_is_signed_in_types_the_spoken_code_alone(morning, session, organisation, visit):
    from milepost.classroom.registering import register

    learner = make_member(organisation, "jonas")
    register(session=session, member=learner)
    page = visit(learner)
    assert "Your name" not in page.get("/sign/").text
    page = page.post("/sign/", {"code": spoken_code(morning, clock.now())}, follow=True)
    assert "Sign as Jonas" in page.text


def test_whoever_is_signed_in_and_not_expected_opens_nothing(morning, lead, visit):
    answer = visit(lead).post("/sign/", {"code": spoken_code(morning, clock.now())})
    assert (answer.status_code, "Your name" in answer.text) == (400, True)


def test_codes_that_are_guessed_are_counted(morning, people):
    sent = {"name": people[0].full_name}
    answers = [Client().post("/sign/", sent | {"code": f"{number:06}"}).status_code for number in range(21)]
    assert answers == [400] * 20 + [429]


def test_a_way_that_the_organisation_switched_off_is_closed(morning, people, row_of):
    change(organisation=morning.session.organisation, values={"ways": ["trainer"]})
    assert Client().get(path_of(projected_address(morning, clock.now()))).status_code == 410
    assert Client().get(path_of(personal_link(row_of(people[0])))).status_code == 410
    sent = {"code": spoken_code(morning, clock.now()), "name": people[0].full_name}
    assert Client().post("/sign/", sent).status_code == 400


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


def test_the_code_is_long_enough_to_be_read_by_nobody_else(morning):
    assert len(presence.projected_token(morning, clock.now())) == 12
    assert presence.projected_token(morning, clock.now()) != presence.projected_token(
        morning, clock.now() + timedelta(seconds=15)
    )


def test_a_broken_address_to_sign_at_says_what_to_do(db):
    for path in ("/s/NOSUCHCODE/", "/s/NOSUCHCODE/token/"):
        page = Client().get(path)
        assert page.status_code == 404
        assert "Scan the code that the trainer projects once more" in page.text


def test_whoever_comes_after_the_closing_is_told_before_they_draw_their_name(morning, people, row_of, trainer):
    """A personal link asked for a signature and refused it afterwards; the address alone asked for another code."""
    close_slot(slot=morning, trainer=trainer, signing=signing())
    phone = Client()
    by_link = phone.get(path_of(personal_link(row_of(people[0]))), follow=True)
    by_address = Client().get(f"/s/{morning.code}/")
    for page in (by_link, by_address):
        assert page.status_code == 409
        assert "The trainer has closed this half-day." in page.text
        assert "data-sign-form" not in page.text
        assert "Scan the code" not in page.text


def test_whoever_signed_before_the_closing_still_sees_their_signature(morning, people, row_of, trainer):
    phone = Client()
    phone.get(path_of(personal_link(row_of(people[0]))))
    phone.post(f"/s/{morning.code}/", {"signature": DRAWN})
    close_slot(slot=morning, trainer=trainer, signing=signing())
    assert "Signed. Thank you." in phone.get(f"/s/{morning.code}/").text


def test_however_a_name_is_spelt_its_person_has_no_more_tries_at_the_spoken_code(morning, people):
    """Each other spelling of one name had as many tries again: the code of a half-day was found by patience."""
    given, family = people[0].given_name, people[0].family_name
    spellings = [
        f"{given}{' ' * n}{family}{' ' + family if n % 2 else ''}{' ' + given if n % 3 else ''}" for n in range(1, 31)
    ]
    most = min(rate.count for rate in limits.get("spoken-code").rates if rate.per is Per.ACCOUNT)
    answers = [
        Client().post("/sign/", {"code": "000000", "name": name}, REMOTE_ADDR=f"198.51.100.{number}").status_code
        for number, name in enumerate(spellings)
    ]
    assert answers == [400] * most + [429] * (len(spellings) - most)
    someone_else = {"code": spoken_code(morning, clock.now()), "name": people[1].full_name}
    assert Client().post("/sign/", someone_else).status_code == 302
