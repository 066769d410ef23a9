"""Races about one's own account, by its pages: the second factor, its codes, and the sessions that end with what is changed."""

import time
from itertools import count

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.sessions.models import Session
from django.test import Client, override_settings

from milepost.people.models import Member, User
from milepost.people.organisations import create_organisation
from milepost.people.second_factor import KNOWN, has_one
from milepost.people.session_cookies import key_in
from milepost.people.sessions import SessionStore, end_others
from tests.racing import Act, Pair, Race, no_fault
from tests.worlds import make_member

NUMBERS = count(1)
SECRET = "JBSWY3DPEHPK3PXP"
LEAST = 4  # seconds in which a pair is over
SIGN_IN, FACTOR = "/accounts/login/", "/accounts/2fa/authenticate/"
ACTIVATE, DEACTIVATE = "/accounts/2fa/totp/activate/", "/accounts/2fa/totp/deactivate/"
REMOVE, GENERATE = "/accounts/2fa/webauthn/keys/{}/remove/", "/accounts/2fa/recovery-codes/generate/"


class Failed(Exception):
    """A page answered that something broke."""


def _cheaply() -> None:
    """No hashed static files, and passwords that take no time: what is measured is who comes first."""
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    override_settings(
        STORAGES=settings.STORAGES | {"staticfiles": plain},
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
    ).enable()


def _session(browser: Client) -> SessionStore:
    return SessionStore(key_in(browser.cookies["sessionid"].value))


def _somebody() -> Member:
    number = next(NUMBERS)
    return make_member(create_organisation(slug=f"door-{number}", name=f"Door {number}"), "ravi")


def _browser() -> Client:
    """One that is known to no limit yet."""
    number = next(NUMBERS)
    return Client(
        REMOTE_ADDR=f"10.9.{number // 250}.{number % 250 + 1}", HTTP_HOST="localhost", raise_request_exception=True
    )


def _code(secret: str = SECRET) -> str:
    """One that is right for a few seconds at least."""
    if (left := 30 - time.time() % 30) < LEAST:
        time.sleep(left)
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30))


def _typed_password(member: Member) -> Client:
    browser = _browser()
    answer = browser.post(SIGN_IN, {"login": member.user.email, "password": "correct horse"})
    assert answer.status_code == 302, answer.status_code
    return browser


def _sent(browser: Client, path: str, fields: dict[str, str]) -> Act:
    def send() -> None:
        answer = browser.post(path, fields)
        if answer.status_code >= 500:
            raise Failed(f"{answer.status_code} {path}")

    return send


def _is_in(browser: Client) -> bool:
    return browser.get("/accounts/devices/").status_code == 200


def _open_sessions(user: User) -> list[SessionStore]:
    stores = [SessionStore(row.session_key) for row in Session.objects.all()]
    return [store for store in stores if store.get("_auth_user_id") == str(user.pk)]


def _answer_with_one_code(kind: str) -> Race:
    """Two browsers, of which one heard the code, answer with it at the same moment: it lets one in."""

    def pair(_world: None) -> Pair:
        member = _somebody()
        TOTP.activate(member.user, SECRET)
        codes = RecoveryCodes.activate(member.user).get_unused_codes()
        code = _code() if kind == "app" else codes[0]
        browsers = [_typed_password(member), _typed_password(member)]

        def count_up(answers: list[str]) -> None:
            no_fault(answers)
            assert [_is_in(browser) for browser in browsers].count(True) == 1, answers

        return [_sent(browser, FACTOR, {"code": code}) for browser in browsers], count_up

    return Race(_cheaply, pair)


def _set_up_twice(is_one_browser: bool) -> Race:
    """An app is set up twice at the same moment, in two tabs or two browsers: there is one, and no page breaks."""

    def pair(_world: None) -> Pair:
        member = _somebody()
        first = _typed_password(member)
        browsers = [first, first if is_one_browser else _typed_password(member)]
        fields = []
        for browser in browsers:
            browser.get(ACTIVATE)
            fields.append({"code": _code(_session(browser)["mfa.totp.secret"])})
        acts = [
            _sent(browser if not is_one_browser else _twin(browser), ACTIVATE, one)
            for browser, one in zip(browsers, fields, strict=True)
        ]

        def count_up(answers: list[str]) -> None:
            no_fault(answers)
            kinds = sorted(Authenticator.objects.filter(user=member.user).values_list("type", flat=True))
            assert kinds == ["recovery_codes", "totp"], kinds

        return acts, count_up

    return Race(_cheaply, pair)


def _twin(browser: Client) -> Client:
    """Another tab of it."""
    twin = _browser()
    twin.cookies = browser.cookies.copy()
    return twin


def _remove_both(_world: None) -> Pair:
    """Both factors of an account are removed in two tabs: no codes stay, and no session is known to have a factor."""
    member = _somebody()
    TOTP.activate(member.user, SECRET)
    browser = _typed_password(member)
    key = Authenticator.objects.create(user=member.user, type="webauthn", data={"name": "Key"})
    RecoveryCodes.activate(member.user)
    browser.post(FACTOR, {"code": _code()})
    assert _is_in(browser)
    session = _session(browser)
    session[KNOWN] = True
    session.save()

    def count_up(answers: list[str]) -> None:
        no_fault(answers)
        assert not Authenticator.objects.filter(user=member.user).exists(), Authenticator.objects.filter(
            user=member.user
        )
        assert not has_one(member.user_id)
        assert not any(store.get(KNOWN) for store in _open_sessions(member.user)), (
            "a session with a factor that is none"
        )

    return [
        _sent(_twin(browser), DEACTIVATE, {}),
        _sent(_twin(browser), REMOVE.format(key.pk), {}),
    ], count_up


def _generate_twice(_world: None) -> Pair:
    member = _somebody()
    TOTP.activate(member.user, SECRET)
    RecoveryCodes.activate(member.user)
    browser = _typed_password(member)
    browser.post(FACTOR, {"code": _code()})
    assert _is_in(browser)

    def count_up(answers: list[str]) -> None:
        no_fault(answers)
        assert Authenticator.objects.filter(user=member.user, type="recovery_codes").count() == 1

    return [_sent(_twin(browser), GENERATE, {}) for _ in range(2)], count_up


def _sign_in_and_set_up(_world: None) -> Pair:
    """Somebody comes in by the password alone while its person sets up a factor: that session ends, or asks for the factor."""
    member = _somebody()
    own, other = _typed_password(member), _browser()
    own.get(ACTIVATE)
    code = _code(_session(own)["mfa.totp.secret"])

    def count_up(answers: list[str]) -> None:
        no_fault(answers)
        assert has_one(member.user_id), answers
        assert not _is_in(other), "in without the factor"

    acts = [_sent(own, ACTIVATE, {"code": code})]
    acts += [_sent(other, SIGN_IN, {"login": member.user.email, "password": "correct horse"})]
    return acts, count_up


def _end_and_confirm(_world: None) -> Pair:
    """A session is ended elsewhere while it says once more who it is: it does not go on under its new key."""
    member = _somebody()
    own, other = _typed_password(member), _typed_password(member)
    store = _session(other)
    store["confirmed_at"] = 0
    store.save()

    def end() -> None:
        end_others(member.user, but=_session(own).session_key)

    def count_up(answers: list[str]) -> None:
        no_fault(answers)
        assert not _is_in(other), "it went on"
        assert len(_open_sessions(member.user)) == 1, [s.session_key for s in _open_sessions(member.user)]

    return [_sent(other, "/accounts/devices/", {"confirming-password": "correct horse"}), end], count_up


def _end_one_and_confirm(_world: None) -> Pair:
    """The same of one session that is picked from the list of devices."""
    member = _somebody()
    own, other = _typed_password(member), _typed_password(member)
    store = _session(other)
    store["confirmed_at"] = 0
    store.save()
    listed = UserSession.objects.get(session_key=store.session_key)

    def count_up(answers: list[str]) -> None:
        no_fault(answers)
        assert not _is_in(other), "it went on"
        assert _is_in(own)

    return [
        _sent(other, "/accounts/devices/", {"confirming-password": "correct horse"}),
        _sent(own, "/accounts/devices/", {"session": str(listed.pk)}),
    ], count_up


def _sign_in_and_confirm(_world: None) -> Pair:
    """Another device signs in while this one says who it is and gets a new key: both stay on the list, from which they can be ended."""
    member = _somebody()
    own, other = _typed_password(member), _browser()
    store = _session(own)
    store["confirmed_at"] = 0
    store.save()

    def count_up(answers: list[str]) -> None:
        no_fault(answers)
        listed = set(UserSession.objects.filter(user=member.user).values_list("session_key", flat=True))
        assert {open_one.session_key for open_one in _open_sessions(member.user)} == listed
        assert len(listed) == 2, listed

    return [
        _sent(own, "/accounts/devices/", {"confirming-password": "correct horse"}),
        _sent(other, SIGN_IN, {"login": member.user.email, "password": "correct horse"}),
    ], count_up


def _confirm_twice(_world: None) -> Pair:
    """Pressed twice: one session goes on, and no other stays that no list shows."""
    member = _somebody()
    own = _typed_password(member)
    store = _session(own)
    store["confirmed_at"] = 0
    store.save()
    twins = [_twin(own), _twin(own)]

    def count_up(answers: list[str]) -> None:
        no_fault(answers)
        assert len(_open_sessions(member.user)) <= 1, len(_open_sessions(member.user))

    return [_sent(twin, "/accounts/devices/", {"confirming-password": "correct horse"}) for twin in twins], count_up


RACES = {
    "answering with one code of an app": _answer_with_one_code("app"),
    "answering with one recovery code": _answer_with_one_code("recovery"),
    "setting up an app in two tabs": _set_up_twice(True),
    "setting up an app in two browsers": _set_up_twice(False),
    "removing both factors": Race(_cheaply, _remove_both),
    "making recovery codes anew twice": Race(_cheaply, _generate_twice),
    "signing in while a factor is set up": Race(_cheaply, _sign_in_and_set_up),
    "ending a session that confirms": Race(_cheaply, _end_and_confirm),
    "ending one session that confirms": Race(_cheaply, _end_one_and_confirm),
    "signing in while another device confirms": Race(_cheaply, _sign_in_and_confirm),
    "confirming twice": Race(_cheaply, _confirm_twice),
}
