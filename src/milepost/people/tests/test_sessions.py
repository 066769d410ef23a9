import time
from datetime import timedelta

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.test import Client

from milepost.core import clock
from milepost.core.jobs import named, run_all
from milepost.people.granting import grant
from milepost.people.models import User
from milepost.people.roles import Role
from milepost.people.sessions import device_name

pytestmark = pytest.mark.django_db


def signed_in(client):
    return client.get("/aldermoor/").status_code == 200


def test_a_session_that_is_over_signs_nobody_in(visit, learner):
    client = visit(learner)
    assert signed_in(client)
    Session.objects.update(expire_date=clock.now() - timedelta(seconds=1))
    assert not signed_in(client)


def test_a_session_that_has_ended_leaves_no_row_no_address_and_no_device(learner, lead):
    begun = {learner: clock.now() - timedelta(days=40), lead: clock.now()}
    browsers = {}
    for number, (member, instant) in enumerate(begun.items()):
        member.user.set_password("a-long-one-for-this-test")
        member.user.save()
        browsers[member] = Client(REMOTE_ADDR=f"192.0.2.{number}")
        with clock.at(instant):
            typed = {"login": member.email, "password": "a-long-one-for-this-test"}
            browsers[member].post("/accounts/login/", typed)
        UserSession.objects.filter(user=member.user).update(created_at=instant)
    assert UserSession.objects.count() == Session.objects.count() == 2
    named("people.forget_what_is_over").enqueue()
    run_all(queues=["imports"])
    assert [session.ip for session in UserSession.objects.all()] == ["192.0.2.1"]
    assert Session.objects.count() == 1
    assert browsers[lead].get("/accounts/devices/").status_code == 200


def test_the_cookie_of_a_session_that_was_signed_out_opens_nothing_any_more(learner):
    browser, thief = Client(), Client()
    browser.force_login(learner.user)
    thief.cookies["sessionid"] = browser.cookies["sessionid"].value
    assert signed_in(thief)
    browser.post("/accounts/logout/")
    assert not signed_in(thief)


def test_an_account_that_was_switched_off_is_signed_out_at_once(visit, learner):
    client = visit(learner)
    assert signed_in(client)
    User.objects.update(is_active=False)
    assert not signed_in(client)


@pytest.mark.parametrize("key", ["", "short", "x" * 40, "x" * 5000, "é'\"; --"])
def test_a_made_up_session_signs_nobody_in(client, learner, key):
    client.cookies["sessionid"] = key
    assert not signed_in(client)


def test_a_password_that_an_earlier_release_kept_still_opens_and_is_kept_anew(client, learner, settings):
    from django.contrib.auth.hashers import identify_hasher, make_password

    settings.PASSWORD_HASHERS = [
        "milepost.people.passwords.Argon2id",
        "django.contrib.auth.hashers.ScryptPasswordHasher",
    ]
    learner.user.password = make_password("a long good secret", hasher="scrypt")
    learner.user.save()
    client.post("/accounts/login/", {"login": learner.user.email, "password": "a long good secret"})
    learner.user.refresh_from_db()
    assert signed_in(client)
    assert identify_hasher(learner.user.password).algorithm == "argon2"
    assert "m=19456,t=2,p=1" in learner.user.password


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36",
            "Chrome on Linux",
        ),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0", "Edge on Windows"),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1 Version/18.0 Safari/604.1",
            "Safari on iPhone",
        ),
        ("Mozilla/5.0 (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0", "Firefox on Android"),
        ("", "An unknown device"),
    ],
)
def test_a_device_is_called_by_its_browser_and_system(user_agent, name):
    assert device_name(user_agent) == name


def at(monkeypatch, later):
    """The clock of the server, so much later than now."""
    now = clock.now() + later
    monkeypatch.setattr(clock, "now", lambda: now)


@pytest.mark.parametrize(("who", "idle"), [("learner", timedelta(days=14)), ("lead", timedelta(hours=4))])
def test_a_session_ends_when_nobody_uses_it_sooner_for_whoever_holds_a_role(visit, request, monkeypatch, who, idle):
    client = visit(request.getfixturevalue(who))
    assert signed_in(client)
    with monkeypatch.context() as patch:
        at(patch, idle - timedelta(minutes=1))
        assert signed_in(client)
    at(monkeypatch, idle * 2 + timedelta(minutes=1))
    assert not signed_in(client)


@pytest.mark.parametrize(
    ("who", "idle", "whole"), [("learner", timedelta(days=14), 30), ("lead", timedelta(hours=4), 1)]
)
def test_a_session_that_is_used_all_the_time_ends_all_the_same(visit, request, monkeypatch, who, idle, whole):
    client = visit(request.getfixturevalue(who))
    used, whole = timedelta(), timedelta(days=whole)
    while (used := used + idle * 0.9) < whole:
        with monkeypatch.context() as patch:
            at(patch, used)
            assert signed_in(client)
    at(monkeypatch, whole + timedelta(seconds=1))
    assert not signed_in(client)


def test_whoever_is_given_a_role_has_the_shorter_session_from_their_next_page_on(visit, learner, lead, monkeypatch):
    client = visit(learner)
    grant(member=learner, role=Role.HR, by=lead)
    assert signed_in(client)
    at(monkeypatch, timedelta(hours=5))
    assert not signed_in(client)


def test_a_session_of_an_earlier_release_ends_too(visit, learner, monkeypatch):
    client = visit(learner)
    session = client.session
    del session["began"], session["kind"]
    session.save()
    assert signed_in(client)
    at(monkeypatch, timedelta(days=15))
    assert not signed_in(client)


def test_a_page_that_asks_for_its_parts_by_itself_keeps_no_session_alive(visit, lead, monkeypatch):
    client = visit(lead)
    with monkeypatch.context() as patch:
        at(patch, timedelta(hours=3))
        assert client.get("/aldermoor/people/", headers={"HX-Request": "true"}).status_code == 200
    at(monkeypatch, timedelta(hours=5))
    assert not signed_in(client)


def test_not_each_page_writes_when_it_was_looked_at(visit, lead):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client = visit(lead)
    signed_in(client)
    with CaptureQueriesContext(connection) as looked:
        signed_in(client)
    assert not [query for query in looked.captured_queries if not query["sql"].startswith("SELECT")]


def door(member):
    client = Client()
    client.post("/accounts/login/", {"login": member.user.email, "password": "correct horse"})
    assert signed_in(client)
    return client


def test_a_new_password_signs_out_everywhere_else(learner):
    here, elsewhere = door(learner), door(learner)
    new = "lantern gravel seven otters"
    changed = here.post(
        "/accounts/password/change/", {"oldpassword": "correct horse", "password1": new, "password2": new}
    )
    assert changed.status_code == 302
    assert signed_in(here) and not signed_in(elsewhere)
    assert UserSession.objects.count() == Session.objects.count() == 1
    assert "signed in on 1 device" in here.get("/accounts/devices/").text


def test_a_new_second_factor_signs_out_everywhere_else(learner):
    here, elsewhere = door(learner), door(learner)
    page = here.get("/accounts/2fa/totp/activate/", follow=True)
    if page.redirect_chain:  # who it is, once more
        page = here.post(page.redirect_chain[-1][0], {"password": "correct horse"}, follow=True)
    secret = here.session["mfa.totp.secret"]
    code = format_hotp_value(hotp_value(secret, int(time.time()) // 30))
    assert here.post("/accounts/2fa/totp/activate/", {"code": code}).status_code == 302
    assert signed_in(here) and not signed_in(elsewhere)


def test_one_button_signs_out_everywhere(learner):
    here, elsewhere = door(learner), door(learner)
    assert "Sign out everywhere" in here.get("/accounts/devices/").text
    assert here.post("/accounts/devices/", {"everywhere": ""}).url == "/accounts/login/"
    assert not signed_in(here) and not signed_in(elsewhere)
    assert Session.objects.filter(session_key__in=UserSession.objects.values("session_key")).count() == 0


def test_a_device_stays_on_the_list_whose_key_is_renewed_while_another_one_signs_in(learner, monkeypatch):
    """allauth's own look through the list read the old key, and found no session of that any more."""
    own, fields = Client(), {"login": learner.user.email, "password": "correct horse"}
    own.post("/accounts/login/", fields)
    key, session = own.session.session_key, own.session

    def exists(listed):
        if listed.session_key == key and session.session_key == key:
            session.cycle_key()
            UserSession.objects.filter(session_key=key).update(session_key=session.session_key)
        return session.exists(listed.session_key)

    monkeypatch.setattr(UserSession, "exists", exists)
    Client().post("/accounts/login/", fields)
    assert UserSession.objects.filter(user=learner.user).count() == 2


def test_allauth_s_list_of_devices_is_ours(learner):
    browser = Client()
    browser.force_login(learner.user)
    assert browser.get("/accounts/sessions/").url == "/accounts/devices/"
