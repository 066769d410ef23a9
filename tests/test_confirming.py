"""Whoever does what can't be undone says once more who they are, at every address that does such a thing."""

import re
import time
from datetime import timedelta
from dis import get_instructions
from inspect import unwrap
from types import FunctionType, ModuleType

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from allauth.usersessions.models import UserSession
from django.core import mail
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from milepost.core import clock
from milepost.people.allauth_addresses import CONFIRMED
from milepost.people.models import RoleGrant
from tests.worlds import make_member

SECRET = "JBSWY3DPEHPK3PXP"
# What exports many people or hands them on calls no verb of its own name: here by the name of its address.
MEMBERS_OF_CLASS = {
    "grants",
    "erasure",
    "letting_go",
    "data_export",
    "report",
    "bulk_documents",
    "new_audit",
    "action_dossiers",
    "devices",
    "security_key",
}


def addresses(patterns=None):
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern.url_patterns)
        elif isinstance(pattern, URLPattern):
            yield pattern


def verbs_of(view):
    """What a view calls that stays done: itself, and what it calls of its own module and of other modules of views."""
    waiting, seen, found = [unwrap(view)], set(), set()
    while waiting:
        function = waiting.pop()
        if function in seen or not isinstance(function, FunctionType):
            continue
        seen.add(function)
        for called in named_in(function):
            if getattr(called, "is_irrevocable", False):
                found.add(called.__name__)
            elif ".views" in called.__module__:
                waiting.append(unwrap(called))
    return found


def named_in(function):
    """The functions that it names: of its module, and of modules of ours that it knows (`second_factor.ask_reset`)."""
    codes = [function.__code__]
    while codes:
        code = codes.pop()
        codes += [constant for constant in code.co_consts if hasattr(constant, "co_names")]
        instructions = list(get_instructions(code))
        for instruction, following in zip(instructions, [*instructions[1:], None], strict=True):
            if instruction.opname != "LOAD_GLOBAL":
                continue
            thing = function.__globals__.get(instruction.argval)
            if isinstance(thing, ModuleType) and following is not None and following.opname == "LOAD_ATTR":
                thing = getattr(thing, following.argval, None)
            if isinstance(thing, FunctionType) and thing.__module__.startswith("milepost."):
                yield thing


def test_every_address_that_does_what_stays_done_asks_who_it_is():
    doing = {pattern.name: verbs for pattern in addresses() if (verbs := verbs_of(pattern.callback))}
    assert len(doing) >= 14, doing  # the walk finds them
    assert set(doing) >= MEMBERS_OF_CLASS
    asking = {pattern.name for pattern in addresses() if getattr(pattern.callback, "confirms", False)}
    assert {name: verbs for name, verbs in doing.items() if name not in asking} == {}


def test_every_address_that_changes_how_somebody_signs_in_asks_who_it_is():
    from milepost.people.allauth_addresses import ONESELF, OPENNESSES

    asking = {pattern.name for pattern in addresses() if getattr(pattern.callback, "confirms", False)}
    assert asking >= CONFIRMED
    own = {name for name, openness in OPENNESSES.items() if openness is ONESELF}
    # Shown, or asking for themselves: a password is changed with the one that there is.
    assert own - asking == {
        "account_change_password",
        "account_reauthenticate",
        "mfa_index",
        "mfa_list_webauthn",
        "mfa_reauthenticate",
        "mfa_reauthenticate_webauthn",
        "usersessions_list",  # leads to our list of devices
    }


# --- How it asks ------------------------------------------------------------------------------------------


@pytest.fixture
def ellen(organisation, lead):
    return make_member(organisation, "ellen", roles=["owner"])


@pytest.fixture
def roles_of(learner):
    return f"/aldermoor/people/{learner.uid}/roles/"


@pytest.fixture
def window(ellen, monkeypatch):
    """Ellen’s browser, twenty minutes after she signed in."""
    client = Client()
    client.post("/accounts/login/", {"login": ellen.user.email, "password": "correct horse"})
    client.get("/aldermoor/")
    client.get("/aldermoor/")
    later(monkeypatch, minutes=20)
    return client


def later(monkeypatch, **by):
    now = clock.now() + timedelta(**by)
    monkeypatch.setattr(clock, "now", lambda: now)


GIVEN = {"role": "hr", "scope": "organisation", "which": "", "until": ""}


def carried(page):
    return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page.text))


def has_role(member):
    return RoleGrant.objects.filter(member=member, role="hr").exists()


def test_a_role_is_given_once_the_giver_said_who_they_are_with_what_they_had_typed(window, learner, roles_of):
    page = window.post(roles_of, GIVEN)
    assert "Is it you?" in page.text and "What you entered is kept." in page.text
    assert not has_role(learner)
    assert carried(page).items() >= GIVEN.items()

    wrong = window.post(roles_of, carried(page) | {"confirming-password": "wrong horse"})
    assert "That is not right." in wrong.text and not has_role(learner)
    assert carried(wrong).items() >= GIVEN.items()

    done = window.post(roles_of, carried(wrong) | {"confirming-password": "correct horse"})
    assert done.url == f"/aldermoor/people/{learner.uid}/" and has_role(learner)
    take = {"take": RoleGrant.objects.get(member=learner).pk}
    assert window.post(roles_of, take).status_code == 302 and not has_role(learner)  # not asked again


def test_within_fifteen_minutes_of_signing_in_nobody_is_asked(ellen, learner, roles_of, visit, monkeypatch):
    client = visit(ellen)
    later(monkeypatch, minutes=14)
    assert client.post(roles_of, GIVEN).status_code == 302 and has_role(learner)


def test_an_answer_holds_for_fifteen_minutes_and_no_longer(window, learner, roles_of, monkeypatch):
    window.post(roles_of, {"confirming-password": "correct horse"})
    later(monkeypatch, minutes=16)
    assert "Is it you?" in window.post(roles_of, GIVEN).text and not has_role(learner)


def test_the_session_has_another_key_after_it_and_stands_among_the_devices_still(window, ellen, roles_of):
    before = window.session.session_key
    window.post(roles_of, {"confirming-password": "correct horse"})
    assert window.session.session_key != before
    assert [session.session_key for session in UserSession.objects.all()] == [window.session.session_key]


def test_whoever_may_not_is_refused_and_not_asked(visit, learner, roles_of, monkeypatch):
    client = visit(learner)
    later(monkeypatch, minutes=20)
    assert client.post(roles_of, GIVEN).status_code == 403


def test_who_signs_in_by_code_alone_is_sent_one_that_holds_here_once_and_ten_minutes(
    window, ellen, learner, roles_of, monkeypatch
):
    ellen.user.set_unusable_password()
    type(ellen.user).objects.filter(pk=ellen.user.pk).update(password=ellen.user.password)
    window.force_login(ellen.user)
    later(monkeypatch, minutes=20)
    page = window.post(roles_of, GIVEN)
    assert "Send me a code by e-mail" in page.text and "confirming-password" not in page.text
    page = window.post(roles_of, carried(page) | {"confirming-send": "1"})
    assert carried(page).items() >= GIVEN.items()
    code = re.search(r"\n\n([A-Z0-9-]{6,9})\n", mail.outbox[-1].body)[1]
    assert "That is not right." in window.post(roles_of, carried(page) | {"confirming-code": "AAAA-AAA"}).text
    with monkeypatch.context() as patch:
        later(patch, minutes=11)
        assert "That is not right." in window.post(roles_of, carried(page) | {"confirming-code": code}).text
    assert not has_role(learner)
    assert window.post(roles_of, carried(page) | {"confirming-code": code.lower()}).status_code == 302
    assert has_role(learner)
    later(monkeypatch, minutes=16)
    assert "Is it you?" in window.post(roles_of, GIVEN | {"confirming-code": code}).text


@pytest.mark.parametrize("kind", ["app", "recovery"])
def test_who_has_a_second_factor_may_answer_with_it_and_is_sent_no_code(window, ellen, learner, roles_of, kind):
    Authenticator.objects.bulk_create([Authenticator(user=ellen.user, type="totp", data={"secret": SECRET})])
    recovery = RecoveryCodes.activate(ellen.user).get_unused_codes()[0]
    page = window.post(roles_of, GIVEN)
    assert "Send me a code" not in page.text and "The code from your app, or a recovery code" in page.text
    now = format_hotp_value(hotp_value(SECRET, int(time.time()) // 30))
    answer = {"app": now, "recovery": recovery}[kind]
    assert window.post(roles_of, carried(page) | {"confirming-code": answer}).status_code == 302 and has_role(learner)


def test_tries_are_counted_by_account(window, learner, roles_of):
    for _try in range(10):
        assert window.post(roles_of, GIVEN | {"confirming-password": "wrong"}).status_code == 200
    assert window.post(roles_of, GIVEN | {"confirming-password": "correct horse"}).status_code == 429
    assert not has_role(learner)


def test_a_report_about_many_is_taken_after_the_answer(window, course, enrolment):
    address = "/aldermoor/courses/ladders/numbers/people.csv"
    page = window.get(address)
    assert "Is it you?" in page.text
    led = window.post(address, carried(page) | {"confirming-password": "correct horse"})
    assert led.url == address
    taken = window.get(address)
    assert taken["Content-Type"].startswith("text/csv")


def test_a_second_factor_is_added_after_the_answer(window):
    page = window.get("/accounts/2fa/totp/activate/")
    assert "Is it you?" in page.text and "confirming-password" in page.text
    led = window.post("/accounts/2fa/totp/activate/", carried(page) | {"confirming-password": "correct horse"})
    assert "authenticator app" in window.get(led.url).text


OF_FACTORS = [
    "/accounts/2fa/totp/deactivate/",
    "/accounts/2fa/webauthn/add/",
    "/accounts/2fa/recovery-codes/",
    "/accounts/2fa/recovery-codes/generate/",
    "/accounts/2fa/recovery-codes/download/",
]


@pytest.fixture
def recovery(window, ellen):
    """The recovery codes of Ellen, who has an app."""
    Authenticator.objects.bulk_create([Authenticator(user=ellen.user, type="totp", data={"secret": SECRET})])
    return RecoveryCodes.activate(ellen.user).get_unused_codes()


@pytest.mark.parametrize("path", OF_FACTORS)
def test_a_password_alone_changes_and_shows_nothing_of_a_second_factor(window, ellen, recovery, path):
    page = window.get(path)
    assert "takes the factor itself, or a recovery code" in page.text and "confirming-password" not in page.text
    still = window.post(path, carried(page) | {"confirming-password": "correct horse"})
    assert "Is it you?" in still.text
    window.post(path, {"confirming-password": "correct horse"})
    assert Authenticator.objects.filter(user=ellen.user, type="totp").exists()


def test_a_password_that_was_answered_with_elsewhere_is_no_answer_there(window, ellen, recovery, roles_of):
    assert window.post(roles_of, GIVEN | {"confirming-password": "correct horse"}).status_code == 302
    assert "Is it you?" in window.get(OF_FACTORS[0]).text
    window.post(OF_FACTORS[0], {})
    assert Authenticator.objects.filter(user=ellen.user, type="totp").exists()


def test_a_factor_is_removed_with_a_recovery_code(window, ellen, recovery):
    page = window.get(OF_FACTORS[0])
    led = window.post(OF_FACTORS[0], carried(page) | {"confirming-code": recovery[0]})
    assert window.post(led.url).status_code == 302
    assert not Authenticator.objects.filter(user=ellen.user).exists()


def test_who_has_just_come_in_with_their_factor_is_not_asked_for_it_again(ellen):
    Authenticator.objects.bulk_create([Authenticator(user=ellen.user, type="totp", data={"secret": SECRET})])
    codes = RecoveryCodes.activate(ellen.user).get_unused_codes()
    browser = Client()
    browser.post("/accounts/login/", {"login": ellen.user.email, "password": "correct horse"})
    browser.post("/accounts/2fa/authenticate/", {"code": codes[0]})
    assert "Is it you?" not in browser.get(OF_FACTORS[0]).text


def test_what_is_to_mend_in_a_form_is_said_before_anybody_is_asked_who_they_are(window):
    answer = window.post("/aldermoor/audits/new/", {"name": "Ines", "email": "ines@funds.example"})
    assert (answer.status_code, "Is it you?" in answer.text) == (400, False)
    assert "Say to which actions" in answer.text


def test_nobody_is_led_to_another_house_by_the_page_that_asks(window, roles_of):
    sent = window.post(
        roles_of, GIVEN | {"confirming-back": "https://elsewhere.example/", "confirming-password": "correct horse"}
    )
    assert sent.url.startswith("/aldermoor/")
