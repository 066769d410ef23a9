"""The pages on which people say and change how they sign in: what to do stands there, and there is always a way on."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.test import Client

from milepost.core import clock
from milepost.people.models import Member
from milepost.people.tests.test_second_factor import code, come_in, give_factor
from tests.worlds import make_member

pytestmark = pytest.mark.django_db

ONES_OWN = [
    "/accounts/2fa/totp/activate/",
    "/accounts/2fa/webauthn/",
    "/accounts/2fa/webauthn/add/",
    "/accounts/password/change/",
    "/accounts/devices/",
    "/accounts/email/",
]


def words(page):
    return " ".join(unescape(page.text).split())


def test_whoever_lost_the_telephone_is_told_of_recovery_codes_and_of_who_helps(learner):
    give_factor(learner)
    client = Client()
    page = client.post("/accounts/login/", {"login": learner.user.email, "password": "correct horse"}, follow=True)
    assert "The code from your app, or a recovery code" in words(page)
    assert "ask an owner of your organisation" in words(page)


def test_a_passkey_is_offered_to_whoever_has_one(learner, monkeypatch):
    give_factor(learner)
    page = Client().post("/accounts/login/", {"login": learner.user.email, "password": "correct horse"}, follow=True)
    assert "The code from your app" in page.text and "With a passkey instead" not in page.text
    credential = {"publicKey": {"allowCredentials": [{"id": "YWJj", "type": "public-key"}]}}
    monkeypatch.setattr("allauth.mfa.webauthn.internal.auth.begin_authentication", lambda _user: credential)
    page = Client().post("/accounts/login/", {"login": learner.user.email, "password": "correct horse"}, follow=True)
    assert "With a passkey instead" in page.text


def test_a_wrong_code_is_told_beside_the_field_and_one_can_begin_anew(learner):
    give_factor(learner)
    client = come_in(learner, "000000")
    page = client.post("/accounts/2fa/authenticate/", {"code": "000000"})
    assert 'aria-describedby="id_code-error"' in page.text and " autofocus" in page.text
    assert "another one every 30 seconds" in page.text
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


# --- From each page one comes back ---------------------------------------------------------------------------


def test_an_address_that_is_added_is_proven_on_a_page_with_a_way_back(learner, mailoutbox):
    client = come_in(learner)
    led = client.post("/accounts/email/", {"action_add": "", "email": "jonas@home.example"})
    page = client.get(led.url)
    assert "It goes to jonas@home.example and works for ten minutes." in words(page)
    assert 'href="/accounts/email/"' in page.text
    wrong = client.post(led.url, {"code": "AAAAAA"})
    assert 'aria-describedby="id_code-error"' in wrong.text


def test_one_s_addresses_are_listed_and_one_that_cannot_be_is_told_beside_its_field(learner):
    client = come_in(learner)
    assert learner.user.email in client.get("/accounts/email/").text
    page = client.post("/accounts/email/", {"action_add": "", "email": learner.user.email})
    assert 'aria-describedby="email-error"' in page.text


@pytest.mark.parametrize("address", ["/accounts/login/code/", "/accounts/inactive/", "/accounts/signup/"])
def test_steps_of_signing_in_that_nobody_leads_to_speak_our_words_and_lead_back(db, address):
    page = Client().get(address)
    assert page.status_code == 200 and 'href="/accounts/login/"' in page.text
    assert "Sign Up" not in page.text and "Account Inactive" not in page.text and "special code" not in page.text


def test_too_many_codes_are_told_on_a_page_that_leads_back(learner):
    for _try in range(4):
        page = Client().post("/accounts/login/code/", {"email": learner.user.email})
    assert "Too many tries for this address." in words(page) and 'href="/accounts/login/"' in page.text


def test_too_many_new_passwords_are_answered_in_our_words_with_how_long_to_wait(learner):
    for _try in range(6):
        page = Client(headers={"accept-language": "fr"}).post(
            "/accounts/password/reset/", {"email": learner.user.email}
        )
    assert (page.status_code, page["Retry-After"], language(page)) == (429, "60", "fr")
    assert "Trop d’essais." in page.text


def test_on_the_sign_in_page_one_link_leads_to_a_new_password_and_what_is_wrong_stands_by_its_field(learner):
    page = Client().post("/accounts/login/", {"login": learner.user.email, "password": "wrong wrong wrong"})
    assert page.text.count("/accounts/password/reset/") == 1
    assert 'aria-describedby="id_password-error"' in page.text and f'value="{learner.user.email}"' in page.text


def test_signing_out_by_a_typed_address_is_asked_and_can_be_left(learner):
    page = come_in(learner).get("/accounts/logout/")
    assert "Stay signed in" in page.text


# --- In whose language ---------------------------------------------------------------------------------------


@pytest.fixture
def jeanne(organisation):
    """Somebody who speaks French, in an organisation that speaks English."""
    jeanne = make_member(organisation, "jeanne")
    Member.objects.filter(pk=jeanne.pk).update(language="fr")
    return jeanne


def language(page):
    return re.search(r'<html lang="(\w+)"', page.text)[1]


def test_whoever_is_signed_in_is_spoken_to_in_their_language_whatever_the_browser_asks_for(jeanne):
    client = Client(headers={"accept-language": "en"})
    client.post("/accounts/login/", {"login": jeanne.user.email, "password": "correct horse"})
    for address in [*ONES_OWN, "/accounts/2fa/", "/accounts/organisations/", "/accounts/logout/"]:
        assert language(client.get(address)) == "fr", address
    assert language(client.get("/nowhere/at/all/")) == "fr"
    client.handler.enforce_csrf_checks = True
    assert language(client.post("/accounts/password/change/")) == "fr"
    client.handler.enforce_csrf_checks = False
    later = clock.now() + timedelta(minutes=20)
    with clock.at(later):  # asked once more who it is
        assert "Mot de passe" in client.get("/accounts/email/").text


def test_what_they_chose_in_this_browser_holds(jeanne):
    client = Client()
    client.post("/accounts/login/", {"login": jeanne.user.email, "password": "correct horse"})
    client.post("/language/", {"language": "en", "next": "/accounts/2fa/"})
    assert language(client.get("/accounts/2fa/")) == "en"


def test_an_address_that_was_typed_changes_nothing_of_the_language(jeanne):
    """A page in the language of its person would tell a stranger that there is one, and which."""
    for address in (jeanne.user.email, "nobody@aldermoor.example"):
        client = Client(headers={"accept-language": "en"})
        page = client.post("/accounts/login/code/", {"email": address}, follow=True)
        assert (language(page), "A code is on its way." in page.text) == ("en", True)
        wrong = Client(headers={"accept-language": "en"}).post(
            "/accounts/login/", {"login": address, "password": "wrong"}
        )
        assert language(wrong) == "en"


def test_who_has_given_their_password_is_asked_for_the_second_factor_in_their_language(jeanne):
    give_factor(jeanne)
    client = Client(headers={"accept-language": "en"})
    page = client.post("/accounts/login/", {"login": jeanne.user.email, "password": "correct horse"}, follow=True)
    assert page.redirect_chain and language(page) == "fr"


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
