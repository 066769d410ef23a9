"""The pages on which people say and change how they sign in: what to do stands there, and there is always a way on."""

from html import unescape

import pytest
from django.test import Client

from milepost.people.tests.test_second_factor import code, come_in, give_factor

pytestmark = pytest.mark.django_db

ONES_OWN = [
    "/accounts/2fa/totp/activate/",
    "/accounts/2fa/webauthn/",
    "/accounts/2fa/webauthn/add/",
    "/accounts/password/change/",
    "/accounts/devices/",
]


def words(page):
    return " ".join(unescape(page.text).split())


def test_whoever_lost_the_telephone_is_told_of_recovery_codes_and_of_who_helps(learner):
    give_factor(learner)
    client = Client()
    page = client.post("/accounts/login/", {"login": learner.user.email, "password": "correct horse"}, follow=True)
    assert "The code from your app, or a recovery code" in words(page)
    assert "ask an owner of your organisation" in words(page)


def test_a_wrong_code_is_told_beside_the_field_and_one_can_begin_anew(learner):
    give_factor(learner)
    client = come_in(learner, "000000")
    page = client.post("/accounts/2fa/authenticate/", {"code": "000000"})
    assert 'aria-describedby="id_code-error"' in page.text
    assert "Sign in as somebody else" in words(page)


def test_recovery_codes_come_with_a_way_on(learner):
    codes = give_factor(learner)
    client = come_in(learner, code())
    page = confirmed(client, "/accounts/2fa/recovery-codes/")
    assert all(one in page.text for one in codes)
    assert 'class="btn btn-primary" href="/"' in page.text


def confirmed(client, address):
    """The page after saying once more who one is, where that is asked."""
    page = client.get(address)
    if "Is it you?" in page.text:
        page = client.post(address, {"confirming-password": "correct horse"}, follow=True)
    return page


@pytest.mark.parametrize("address", ONES_OWN)
def test_from_each_page_about_signing_in_one_comes_back_to_all_of_it(learner, address):
    page = confirmed(come_in(learner), address)
    assert page.status_code == 200
    assert 'href="/accounts/2fa/"' in page.text


def test_a_passkey_signs_in_alone_unless_somebody_says_otherwise(learner):
    page = confirmed(come_in(learner), "/accounts/2fa/webauthn/add/")
    [box] = [line for line in page.text.replace("\n", " ").split("<input") if 'name="passwordless"' in line]
    assert "checked" in box.partition(">")[0]


def test_too_many_tries_say_how_long_to_wait_and_what_else_there_is(learner):
    client = Client()
    for _try in range(6):
        page = client.post("/accounts/login/", {"login": learner.user.email, "password": "wrong wrong wrong"})
    assert "Wait five minutes, sign in in another way, or use a browser in which you have signed in before." in words(
        page
    )


def test_a_mail_about_an_account_says_what_to_do_if_it_was_somebody_else(learner, mailoutbox):
    client = come_in(learner)
    client.post(
        "/accounts/password/change/",
        {"oldpassword": "correct horse", "password1": "four plain words here", "password2": "four plain words here"},
        headers={"user-agent": "Mozilla/5.0 (X11; Linux x86_64) Chrome/140.0"},
    )
    told = mailoutbox[-1].body
    assert "with Chrome on Linux" in told and "sign out everywhere" in told
