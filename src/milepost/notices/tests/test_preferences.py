"""What people choose about being told, and that it is kept to."""

import re
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from milepost.core import clock
from milepost.notices.channels import Channel, channels
from milepost.notices.models import Notice, Preferences
from milepost.notices.preferences import Choices, QuietHoursUnclear, choose, switch_off
from milepost.notices.sending import send_due
from milepost.notices.unsubscribing import unsubscribe_address
from tests.worlds import make_member

pytestmark = pytest.mark.django_db
PARIS = ZoneInfo("Europe/Paris")
NIGHT = datetime(2026, 11, 24, 23, 30, tzinfo=PARIS)


def test_what_is_switched_off_is_not_sent(server, people, say):
    choose(people[0], Choices(off=["note"]))
    say(people)
    assert send_due() == 2
    assert "n0@aldermoor.example" not in server.addresses


def test_what_must_be_said_can_t_be_switched_off(people):
    assert not switch_off(people[0], "signature_request")
    choose(people[0], Choices(off=["signature_request", "certificate"]))
    assert Preferences.objects.get(member=people[0]).off == ["certificate"]


def test_quiet_hours_are_kept_by_the_person_s_own_time_zone(server, people, say):
    for person, zone in zip(people, ["", "Pacific/Auckland", "America/New_York"], strict=True):
        person.time_zone = zone
        person.save()
        choose(person, Choices(quiet_from=time(22), quiet_until=time(7)))
    with clock.at(NIGHT):
        say(people)
        assert send_due() == 2  # in Auckland it is half past eleven, in New York half past five
    assert server.addresses == ["n1@aldermoor.example", "n2@aldermoor.example"]
    with clock.at(datetime(2026, 11, 25, 6, 59, tzinfo=PARIS)):
        assert send_due() == 0
    with clock.at(datetime(2026, 11, 25, 7, 0, tzinfo=PARIS)):
        assert send_due() == 1


def test_what_can_wait_comes_once_a_day_in_one_message(server, people, say):
    choose(people[0], Choices(once_a_day=True))
    with clock.at(NIGHT):
        for number in range(3):
            say(people[:1], key=str(number), title=f"Ladders {number}")
        assert send_due() == 0
    with clock.at(datetime(2026, 11, 25, 8, 0, tzinfo=PARIS)):
        assert send_due() == 3
        assert send_due() == 0
    (message,) = server.messages
    assert message["Subject"] == "3 messages from Aldermoor"
    text = message.get_body(("plain",)).get_content()
    assert all(f"A note: Ladders {number}" in text for number in range(3))


def test_one_of_the_day_s_that_is_broken_or_pointless_takes_no_other_with_it(server, people, say):
    choose(people[0], Choices(once_a_day=True))
    with clock.at(NIGHT):
        say(people[:1], key="whole")
        say(people[:1], key="broken", is_broken=True)
        say(people[:1], key="gone", is_gone=True)
        send_due()
    with clock.at(datetime(2026, 11, 25, 8, 0, tzinfo=PARIS)):
        assert send_due() == 1
    assert server.messages[0]["Subject"] == "A note: Ladders"
    assert sorted(Notice.objects.values_list("state", flat=True)) == ["dropped", "sent", "waiting"]


def test_quiet_hours_have_a_beginning_and_an_end(people):
    for choices in (Choices(quiet_from=time(22)), Choices(quiet_from=time(7), quiet_until=time(7))):
        with pytest.raises(QuietHoursUnclear):
            choose(people[0], choices)


@given(st.times(), st.times(), st.times())
def test_every_time_is_quiet_by_one_of_two_hours_that_complement_each_other(start, end, now):
    there, back = Preferences(quiet_from=start, quiet_until=end), Preferences(quiet_from=end, quiet_until=start)
    if start != end:
        assert there.is_quiet_at(now) != back.is_quiet_at(now)


def test_a_person_chooses_on_their_page(visit, organisation, note):
    member = make_member(organisation, "jonas")
    client = visit(member)
    page = client.get("/aldermoor/messages/")
    assert "Documents to sign" in page.text
    assert "Somebody waits for your signature." in page.text
    assert "By which way" not in page.text  # there is one way only
    client.post("/aldermoor/messages/", {"wanted": ["certificate"], "quiet_from": "22:00", "quiet_until": "07:00"})
    kept = Preferences.objects.get(member=member)
    assert ("note" in kept.off, "certificate" in kept.off, kept.quiet_from) == (True, False, time(22))
    assert "or leave both empty" in client.post("/aldermoor/messages/", {"quiet_from": "22:00"}).text


def test_saved_is_said_only_when_something_changed(visit, organisation, note):
    client = visit(make_member(organisation, "jonas"))
    wanted = re.findall(r'name="wanted" value="([^"]+)"', client.get("/aldermoor/messages/").text)
    assert "Saved." not in client.post("/aldermoor/messages/", {"wanted": wanted}, follow=True).text
    assert "Saved." in client.post("/aldermoor/messages/", {"wanted": wanted[1:]}, follow=True).text
    assert "Saved." not in client.post("/aldermoor/messages/", {"wanted": wanted[1:]}, follow=True).text
    assert "Saved." in client.post("/aldermoor/messages/", {"wanted": wanted[1:], "once_a_day": "on"}, follow=True).text


def test_the_link_in_a_message_switches_its_kind_off_without_signing_in(people, note):
    path = unsubscribe_address(people[0], "note").partition("localhost:8000")[2]
    stranger = Client(enforce_csrf_checks=True)
    assert stranger.get(path).status_code == 200
    assert not Preferences.objects.exists()  # mail scanners open links
    assert stranger.post(path, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert Preferences.objects.get(member=people[0]).off == ["note"]
    assert stranger.post(path.replace("/unsubscribe/", "/unsubscribe/x"), {}).status_code == 404


class Slate(Channel):
    """A channel made for the tests: one writes on it."""

    label = "Slate"
    written: list = []

    def reaches(self, to):
        return True

    def send(self, delivery):
        delivery.handing_over()
        self.written.append((delivery.to.name, delivery.letter.subject))


def test_a_channel_appears_by_its_one_line(server, visit, organisation, note, say):
    member = make_member(organisation, "jonas")
    with channels.holding("slate", Slate()) as slate:
        assert "Slate" in visit(member).get("/aldermoor/messages/").text
        visit(member).post("/aldermoor/messages/", {"wanted": ["note"], "channel": "slate"})
        say([member])
        assert send_due() == 1
    assert slate.written == [("Jonas Nygård", "A note: Ladders")]
    assert not server.messages


def test_whoever_chose_a_channel_that_is_gone_gets_e_mail(server, people, say):
    Preferences.objects.create(member=people[0], channel="slate")
    say(people[:1])
    with clock.at(clock.now() + timedelta(seconds=1)):
        assert send_due() == 1
    assert clock.now().tzinfo is UTC
