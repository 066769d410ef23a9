import re
from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import settings
from django.core import mail
from django.test import Client


def test_a_broken_address_to_go_on_to_is_no_fault(db):
    assert Client().get("/accounts/login/?next=http://[::1").status_code == 200


@pytest.mark.parametrize(
    ("referer", "page"),
    [
        (
            "http://testserver/aldermoor/learn/ladders/01-first/02-check/?a=b",
            "/aldermoor/learn/ladders/01-first/02-check/?a=b",
        ),
        ("http://elsewhere.example/aldermoor/", "/aldermoor/"),
        ("http://[::1", "/aldermoor/"),
        ("", "/aldermoor/"),
    ],
)
def test_who_sent_a_form_after_the_session_ended_comes_back_to_the_page_where_it_stood(organisation, referer, page):
    """It led to the address of the form, which can't be opened."""
    sent = Client().post("/aldermoor/learn/ladders/01-first/02-check/submission/", headers={"referer": referer})
    assert sent.status_code == 302
    assert parse_qs(urlsplit(sent.url).query)["next"] == [page]


def test_the_address_of_a_form_leads_to_the_activity(visit, enrolment, learner):
    looked = visit(learner).get("/aldermoor/learn/ladders/01-first/02-check/submission/")
    assert (looked.status_code, looked.url) == (302, "/aldermoor/learn/ladders/01-first/02-check/")


def test_the_page_on_signing_in_says_whose_address_it_is_and_whether_a_password_is_set(visit, learner):
    """It named nobody, and said of everybody that they have no password."""
    learner.user.set_password("a-long-one-for-this-test")
    learner.user.save()
    page = visit(learner).get("/accounts/2fa/").text
    assert learner.user.email in page
    assert "is set" in page
    assert "/accounts/password/change/" in page


def test_a_form_from_before_somebody_else_signed_in_says_that_nothing_was_saved(learner):
    """It showed Django’s own page about CSRF, which led nowhere."""
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(learner.user)
    sent = browser.post("/aldermoor/messages/", headers={"referer": "http://testserver/aldermoor/messages/"})
    assert sent.status_code == 403
    assert "This was not saved." in sent.text
    assert 'href="http://testserver/aldermoor/messages/"' in sent.text


@pytest.mark.parametrize("page", ["login/", "login/code/", "password/reset/"])
def test_the_pages_of_signing_in_are_french_and_say_e_mail_as_everybody_else_does(db, page):
    client = Client()
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "fr"
    text = client.get(f"/accounts/{page}").text
    assert "e-mail" in text.lower() and "courriel" not in text.lower()
    assert not re.search(r">\s*(?:Password|Email|Sign in|Code|Confirm)\s*<", text)


@pytest.mark.parametrize(
    ("address", "subject"),
    [("nobody@elsewhere.example", "Nobody signs in with this address"), (None, "Choose a new password")],
)
def test_whoever_asks_for_a_new_password_is_answered_in_our_words_and_led_nowhere_that_there_is_not(
    learner, address, subject
):
    """A stranger whose address somebody typed was told to sign up, which nobody can."""
    Client().post("/accounts/password/reset/", {"email": address or learner.email})
    [message] = mail.outbox
    assert message.subject == subject
    assert ("/accounts/password/reset/key/" in message.body) == (address is None)
    assert "signup" not in message.body and "account with email" not in message.body


def test_no_code_by_mail_is_worth_anything_after_ten_minutes():
    from allauth.account import app_settings as allauth

    from milepost.people.confirming import CODE_HOLDS_FOR

    lives = [allauth.LOGIN_BY_CODE_TIMEOUT, allauth.EMAIL_VERIFICATION_BY_CODE_TIMEOUT, CODE_HOLDS_FOR.total_seconds()]
    assert max(lives) <= 600
