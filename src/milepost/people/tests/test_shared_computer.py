from datetime import timedelta

import pytest
from django.conf import settings
from django.test import Client

from milepost.core import clock

pytestmark = pytest.mark.django_db


@pytest.fixture
def kiosk(learner):
    """A browser of which somebody said that it is not theirs, before they signed in."""
    client = Client()
    said = client.post("/accounts/shared/?next=/aldermoor/catalogue/", {"shared": "1"})
    assert said.url == "/accounts/login/?next=%2Faldermoor%2Fcatalogue%2F"
    return client


def come_in(client, member):
    return client.post("/accounts/login/", {"login": member.user.email, "password": "correct horse"})


def is_in(client):
    return client.get("/aldermoor/").status_code == 200


def later(monkeypatch, **by):
    now = clock.now() + timedelta(**by)
    monkeypatch.setattr(clock, "now", lambda: now)


def test_the_sign_in_page_offers_it_and_says_what_it_means(kiosk):
    assert "This is not my computer" in Client().get("/accounts/login/").text
    page = kiosk.get("/accounts/login/").text
    assert "nothing stays here" in page and "It is mine after all" in page
    kiosk.post("/accounts/shared/")
    assert "This is not my computer" in kiosk.get("/accounts/login/").text


def test_its_cookie_goes_with_the_window(kiosk, learner):
    cookie = come_in(kiosk, learner).cookies[settings.SESSION_COOKIE_NAME]
    assert (cookie["max-age"], cookie["expires"]) == ("", "")
    ordinary = come_in(Client(), learner).cookies[settings.SESSION_COOKIE_NAME]
    assert ordinary["max-age"] > 0


@pytest.mark.parametrize("roles", [[], ["owner"]])
def test_it_ends_after_a_quarter_of_an_hour_unused(kiosk, organisation, roles, monkeypatch):
    from tests.worlds import make_member

    who = make_member(organisation, "kim", roles=roles)
    come_in(kiosk, who)
    kiosk.get("/aldermoor/")  # an owner is led to the second factor, once
    assert is_in(kiosk)
    with monkeypatch.context() as patch:
        later(patch, minutes=14)
        assert is_in(kiosk)
    later(monkeypatch, minutes=30)
    assert not is_in(kiosk)


def test_it_ends_after_four_hours_however_much_it_is_used(kiosk, learner, monkeypatch):
    come_in(kiosk, learner)
    for quarter in range(1, 24):
        with monkeypatch.context() as patch:
            later(patch, minutes=10 * quarter)
            assert is_in(kiosk)
    later(monkeypatch, hours=4, seconds=1)
    assert not is_in(kiosk)


def test_its_pages_say_so_to_what_keeps_answers_in_the_browser(kiosk, learner):
    come_in(kiosk, learner)
    assert " data-shared>" in kiosk.get("/aldermoor/").text
    ordinary = Client()
    come_in(ordinary, learner)
    assert " data-shared>" not in ordinary.get("/aldermoor/").text


def test_signing_out_there_has_the_browser_forget_its_pages(kiosk, learner):
    come_in(kiosk, learner)
    assert kiosk.post("/accounts/logout/").headers["Clear-Site-Data"] == '"cache"'
    assert not is_in(kiosk)
    assert "This is not my computer" in kiosk.get("/accounts/login/").text


def test_it_can_be_said_when_leaving(learner):
    client = Client()
    come_in(client, learner)
    assert "Sign out and leave nothing here" in client.get("/accounts/devices/").text
    assert client.post("/accounts/logout/", {"leave_nothing": "1"}).headers["Clear-Site-Data"] == '"cache"'
    come_in(client, learner)
    assert "Clear-Site-Data" not in client.post("/accounts/logout/").headers


@pytest.mark.parametrize("roles", [[], ["owner"]])
def test_nobody_makes_the_session_of_whoever_is_signed_in_longer_by_saying_that_it_is_theirs(
    kiosk, organisation, roles, monkeypatch
):
    from tests.worlds import make_member

    come_in(kiosk, make_member(organisation, "kim", roles=roles))
    kiosk.get("/aldermoor/")  # an owner is led to the second factor, once
    kiosk.post("/accounts/shared/")
    assert " data-shared>" in kiosk.get("/aldermoor/messages/").text
    later(monkeypatch, minutes=30)
    assert not is_in(kiosk)


def test_a_session_of_a_role_stays_one_whatever_is_said_of_the_computer(lead, monkeypatch):
    client = Client()
    come_in(client, lead)
    client.post("/accounts/shared/")
    client.get("/aldermoor/")  # led to the second factor, once
    assert is_in(client)
    later(monkeypatch, hours=5)
    assert not is_in(client)
