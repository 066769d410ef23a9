"""A stranger who uses up an address's tries of a day shuts nobody out of a browser in which they have signed in before."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta

import pytest
from django.core import mail, signing
from django.db import OperationalError, connection
from django.test import Client, RequestFactory

from milepost.core import clock
from milepost.core.models import Tries
from milepost.people import known_browsers
from milepost.people.known_browsers import KNOWN, MOST, has_tries_left
from tests.worlds import make_member

LOGIN, CODE = "/accounts/login/", "/accounts/login/code/"


def come_in(browser, member, typed="correct horse"):
    return browser.post(LOGIN, {"login": member.user.email, "password": typed})


def is_in(browser):
    return browser.get("/aldermoor/").status_code == 200


def is_stopped(answer):
    return "Too many tries" in answer.text


@pytest.fixture
def own(learner):
    """The browser in which the person signed in some time ago, and is signed out."""
    browser = Client(REMOTE_ADDR="192.0.2.1")
    assert come_in(browser, learner).status_code == 302
    browser.post("/accounts/logout/")
    return browser


@pytest.fixture
def used_up(learner, own):
    """A stranger has had all tries that this address has, of passwords and of codes."""
    for number in range(6):
        come_in(Client(REMOTE_ADDR=f"198.51.100.{number}"), learner, "wrong")
        Client(REMOTE_ADDR=f"203.0.113.{number}").post(CODE, {"email": learner.user.email})
    assert is_stopped(come_in(Client(REMOTE_ADDR="198.51.100.99"), learner))
    mail.outbox.clear()


def test_the_owner_signs_in_there_by_password_when_a_stranger_has_used_up_the_tries(used_up, own, learner):
    assert come_in(own, learner).status_code == 302
    assert is_in(own)


def test_the_owner_has_a_code_sent_there_when_a_stranger_has_used_up_those(used_up, own, learner):
    assert own.post(CODE, {"email": learner.user.email}).status_code == 302
    assert [message.to for message in mail.outbox] == [[learner.user.email]]


def test_a_browser_without_it_has_no_try_more_than_before(used_up, learner, organisation):
    other = make_member(organisation, "sven")
    stranger = Client(REMOTE_ADDR="198.51.100.77")
    come_in(stranger, other)
    stranger.post("/accounts/logout/")
    assert KNOWN.full_name in stranger.cookies  # of their own account, which counts for no other
    assert is_stopped(come_in(stranger, learner))
    assert is_stopped(stranger.post(CODE, {"email": learner.user.email}))


def test_tries_in_it_cost_a_stranger_s_none_and_are_so_many_and_no_more(own, learner, monkeypatch):
    start, passed = clock.now(), 0
    request = asked(own)
    for number in range(200):
        monkeypatch.setattr(clock, "now", lambda number=number: start + timedelta(seconds=301 * number / 5))
        passed += has_tries_left(request, learner.user, "known-browser")
    assert passed == 20
    assert not Tries.objects.filter(key__contains="login_failed").exists()


def test_many_such_cookies_have_together_what_an_account_has_a_day(learner):
    requests = []
    for number in range(20):
        browser = Client(REMOTE_ADDR=f"192.0.2.{number}")
        come_in(browser, learner)
        requests.append(asked(browser, f"192.0.2.{number}"))
    passed = [has_tries_left(request, learner.user, "known-browser") for request in requests for _try in range(5)]
    assert sum(passed) == 60


def test_a_cookie_that_was_copied_does_not_use_up_the_tries_of_its_browser_after_the_next_sign_in(own, learner):
    thief = Client(REMOTE_ADDR="198.51.100.9")
    thief.cookies[KNOWN.full_name] = own.cookies[KNOWN.full_name].value
    assert come_in(own, learner).status_code == 302
    own.post("/accounts/logout/")
    while has_tries_left(asked(thief), learner.user, "known-browser"):
        pass
    assert has_tries_left(asked(own), learner.user, "known-browser")


def asked(browser, address="192.0.2.1"):
    request = RequestFactory().post(LOGIN, REMOTE_ADDR=address)
    request.COOKIES[KNOWN.full_name] = browser.cookies[KNOWN.full_name].value
    return request


def test_when_its_own_are_over_it_has_those_that_everybody_has(own, learner):
    wrong = [come_in(own, learner, "wrong") for _try in range(9)]
    assert not any(is_stopped(answer) for answer in wrong)
    assert come_in(own, learner).status_code == 302


def test_it_is_told_of_no_address_whether_somebody_has_it(used_up, own, learner):
    """Whoever has no cookie, or one of their own account, reads the same of an address that nobody has."""
    for number in range(6):
        answer = Client(REMOTE_ADDR=f"198.51.100.{number}").post(
            LOGIN, {"login": "nobody@aldermoor.example", "password": "wrong"}
        )
    known, unknown = (
        Client(REMOTE_ADDR="198.51.100.50").post(LOGIN, {"login": address, "password": "wrong"})
        for address in (learner.user.email, "nobody@aldermoor.example")
    )
    assert is_stopped(answer) and is_stopped(known) and is_stopped(unknown)
    assert known.text.count("Too many") == unknown.text.count("Too many")
    assert KNOWN.full_name not in known.cookies and KNOWN.full_name not in unknown.cookies


def test_it_holds_under_an_earlier_secret_and_not_under_one_that_is_gone(used_up, own, learner, settings):
    before, settings.SECRET_KEY = settings.SECRET_KEY, "another secret that is long enough to be one"
    assert is_stopped(come_in(own, learner))
    settings.SECRET_KEY_FALLBACKS = [before]
    assert come_in(own, learner).status_code == 302
    settings.SECRET_KEY_FALLBACKS = []  # what this sign-in left is of the new one
    assert has_tries_left(asked(own), learner.user, "known-browser")


@pytest.mark.parametrize("cookie", ["", "x", "a:b:c", "W10:1u:x", "é"])
def test_what_is_no_cookie_of_ours_knows_nobody(used_up, learner, cookie):
    stranger = Client(REMOTE_ADDR="198.51.100.60")
    stranger.cookies[KNOWN.full_name] = cookie
    assert is_stopped(come_in(stranger, learner))


def test_it_ends_half_a_year_after_the_last_sign_in_there(own, learner):
    with clock.at(clock.now() + timedelta(days=179)):
        assert has_tries_left(asked(own), learner.user, "known-browser")
    with clock.at(clock.now() + timedelta(days=181)):
        assert not has_tries_left(asked(own), learner.user, "known-browser")


def test_a_new_password_ends_it_elsewhere_and_not_where_it_was_set(own, learner):
    other = Client(REMOTE_ADDR="192.0.2.2")
    come_in(other, learner)
    new = "three quiet herons at noon"
    fields = {"oldpassword": "correct horse", "password1": new, "password2": new}
    assert other.post("/accounts/password/change/", fields).status_code == 302
    learner.user.refresh_from_db()
    assert has_tries_left(asked(other), learner.user, "known-browser")
    assert not has_tries_left(asked(own), learner.user, "known-browser")


def test_nobody_reads_from_it_whose_it_is(own, learner):
    entries = signing.loads(own.cookies[KNOWN.full_name].value, salt=known_browsers._SALT)
    (mark, number, _at), *others = entries
    assert not others and len(mark) == 32 and len(number) == 16
    assert learner.user.email not in str(entries)


def test_several_people_share_a_browser_and_the_latest_of_them_are_kept(own, learner, organisation):
    people = [make_member(organisation, f"one{number}") for number in range(MOST)]
    for person in people:
        come_in(own, person)
        own.post("/accounts/logout/")
    assert all(has_tries_left(asked(own), person.user, "known-browser") for person in people)
    assert not has_tries_left(asked(own), learner.user, "known-browser")
    assert len(own.cookies[KNOWN.full_name].value) < 1_000


# --- A computer that others use ----------------------------------------------------------------------------


def test_a_computer_that_others_use_keeps_none(learner):
    kiosk = Client()
    kiosk.post("/accounts/shared/", {"shared": "1"})
    assert KNOWN.full_name not in come_in(kiosk, learner).cookies


def test_saying_that_the_computer_is_not_one_s_own_takes_it_away(own):
    answer = own.post("/accounts/shared/", {"shared": "1"})
    assert answer.cookies[KNOWN.full_name].value == ""
    assert answer.cookies[KNOWN.full_name]["max-age"] == 0


def test_leaving_nothing_takes_it_away_and_signing_out_does_not(learner):
    browser = Client()
    come_in(browser, learner)
    assert KNOWN.full_name not in browser.post("/accounts/logout/").cookies
    come_in(browser, learner)
    assert browser.post("/accounts/logout/", {"leave_nothing": "1"}).cookies[KNOWN.full_name].value == ""


def test_it_is_flagged_as_our_other_cookies(learner):
    cookie = come_in(Client(), learner).cookies[KNOWN.full_name]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"], cookie["domain"]) == (True, "Lax", "/", "")
    assert cookie["max-age"] == 180 * 86_400


def test_over_https_it_belongs_to_this_very_host_also_as_it_is_taken_away(learner, settings):
    settings.PREFIX_OF_HOST, settings.SESSION_COOKIE_SECURE = "__Host-", True
    browser = Client()
    cookie = come_in(browser, learner).cookies["__Host-known"]
    assert cookie["secure"] and cookie["path"] == "/" and not cookie["domain"]
    gone = browser.post("/accounts/shared/", {"shared": "1"}).cookies["__Host-known"]
    assert gone["secure"] and gone["max-age"] == 0


def test_a_password_alone_leaves_none_where_a_second_factor_is_asked(learner):
    from allauth.mfa.totp.internal.auth import TOTP

    TOTP.activate(learner.user, "JBSWY3DPEHPK3PXP")
    assert KNOWN.full_name not in come_in(Client(), learner).cookies


@pytest.mark.one_database("postgresql")  # a SQLite in memory does not let writers wait: who tries anew counts twice
def test_of_thirty_tries_at_once_five_pass_and_no_more(django_db_setup, django_db_blocker, settings):
    from milepost.people.models import User

    def one(_number: int) -> bool:
        try:
            while True:
                with suppress(OperationalError):
                    return has_tries_left(request, person, "known-browser")
        finally:
            connection.close()

    with django_db_blocker.unblock():  # each thread has a connection of its own, and commits
        person = User(pk=4711, email="kim@aldermoor.example", password="!")
        request = RequestFactory().post(LOGIN, REMOTE_ADDR="192.0.2.1")
        request.COOKIES[KNOWN.full_name] = known_browsers._value(request, person)
        Tries.objects.all().delete()
        with ThreadPoolExecutor(30) as pool:
            passed = sum(pool.map(one, range(30)))
        Tries.objects.all().delete()
        connection.close()
    # A SQLite in memory does not let writers wait: who is refused by it tries anew, and is counted by some rates twice.
    assert passed == 5 or (connection.vendor == "sqlite" and 0 < passed < 5)
