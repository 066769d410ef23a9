"""What a thief of the database finds: no secret that is kept is there to be read, and every column that may hold one says how."""

import base64
import re
import secrets
import zlib
from datetime import date
from importlib import import_module
from zoneinfo import ZoneInfo

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from django.apps import apps
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client

from milepost.classroom.models import Slot
from milepost.classroom.scheduling import Plan, half_days, schedule_session
from milepost.core import encryption
from milepost.core.encryption import EncryptedField, Locked, decrypted, encrypted
from milepost.journal import keys
from milepost.people.factors_at_rest import USE
from milepost.people.session_cookies import cookie_of, key_in
from milepost.security.feed import make_key

SECRETIVE = re.compile(
    r"(^|_)(secret|secrets|password|passphrase|token|tokens|private|seed|pin|salt|credential|credentials|key|code|codes)($|_)"
)
HASHED = {
    "people.User.password": "Argon2id",
    "documents.Signatory.code": "a one-time code, by a password hasher",
    "evidence.Audit.code": "a one-time code, by a password hasher",
    "people.PeopleFeed.key_sha256": "the SHA-256 of 256 random bits",
    "security.SecurityFeed.key_sha256": "the SHA-256 of 256 random bits",
}
ENCRYPTED_ELSEWHERE = {
    "journal.SigningKey.private": "PKCS#8 under the server's secret, or the name of a key in a token"
}
OPENS_NOTHING = {
    "sessions.Session.session_key": "the cookie has the server's signature of it besides",
    "usersessions.UserSession.session_key": "the cookie has the server's signature of it besides",
    "credentials.Certificate.code": "stands on the certificate, for whoever checks it",
    "classroom.Slot.code": "stands on the wall of the room, and is taken with a name and a seat",
    "journal.Timestamp.token": "an authority's signature, for everybody to check",
    "journal.Entry.salt": "goes with the proof of its entry",
    "learning.Attempt.seed": "the order of the questions of somebody's attempt",
}
KEYS_OF_THINGS = re.compile(r"(_key|^key|_tries|_sent_at|needs_code)$")  # names of rows, and what stands beside a code


def columns():
    for model in apps.get_models():
        if not model.__module__.startswith("tests."):
            for field in model._meta.local_concrete_fields:
                yield f"{model._meta.label}.{field.name}", field


def test_every_column_whose_name_says_that_it_keeps_a_secret_is_hashed_or_encrypted_or_says_why_it_opens_nothing():
    told = HASHED | ENCRYPTED_ELSEWHERE | OPENS_NOTHING
    asked = {name: field for name, field in columns() if SECRETIVE.search(field.name)}
    assert told.keys() <= asked.keys()
    untold = {
        name
        for name, field in asked.items()
        if name not in told
        and not isinstance(field, EncryptedField)
        and not field.is_relation
        and not KEYS_OF_THINGS.search(field.name)
    }
    assert untold == set()


def dump():
    """Every value of every table, as a copy of the database has it."""
    parts = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            parts += [bytes(v) if isinstance(v, memoryview) else str(v).encode() for row in cursor for v in row]
    return b"\n".join(parts)


@pytest.fixture
def slot(organisation, lead):
    spans = half_days(date(2026, 11, 26), ZoneInfo("Europe/Paris"))[:1]
    schedule_session(organisation=organisation, plan=Plan(title="Drill", spans=spans), by=lead)
    return Slot.objects.get()


@pytest.fixture
def kept(slot, lead, learner, organisation):
    """Of each sort of secret that the database keeps, what somebody would look for in a copy."""
    seed = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
    TOTP.activate(learner.user, seed)
    codes = RecoveryCodes.activate(learner.user)
    client = Client()
    client.force_login(learner.user)
    return {
        "a TOTP seed": seed,
        "the seed of recovery codes": decrypted(codes.instance.data["seed"], USE),
        "a recovery code": codes.get_unused_codes()[0],
        "what the code of a half-day is made of": slot.secret,
        "the key of a program": make_key(organisation=organisation, by=lead),
        "a password": "correct horse",
        "the cookie of a session": cookie_of(client.session.session_key),
    }


def test_a_copy_of_the_database_holds_no_secret_that_opens_anything(kept):
    copy = dump()
    assert b"aldermoor" in copy
    assert [what for what, secret in kept.items() if secret.encode() in copy] == []


def test_what_a_session_holds_while_a_factor_is_set_up_or_a_code_is_awaited_is_in_no_copy(learner, mailoutbox):
    client = Client()
    client.post("/accounts/login/", {"login": learner.email, "password": "correct horse"})
    assert client.get("/accounts/2fa/totp/activate/").status_code == 200
    seed = client.session["mfa.totp.secret"]
    Client().post("/accounts/login/code/", {"email": learner.email})
    code = re.search(r"\n\n([A-Z0-9-]{6,9})\n", mailoutbox[-1].body)[1]
    copy = dump() + b"".join(map(unpacked, re.findall(rb"^\.([\w-]+):[\w:-]+$", dump(), re.MULTILINE)))
    assert seed.encode() not in copy
    assert code.encode() not in copy


def unpacked(session):
    """What Django's own sessions keep in the clear: JSON, packed, in the digits of addresses."""
    return zlib.decompress(base64.urlsafe_b64decode(session + b"=" * (-len(session) % 4)))


def test_a_session_that_does_not_open_with_the_server_s_secret_is_over(learner, settings):
    client = Client()
    client.force_login(learner.user)
    assert client.get("/aldermoor/").status_code == 200
    settings.SECRET_KEY = secrets.token_urlsafe(50)
    assert client.get("/aldermoor/").status_code == 302


def test_a_private_key_needs_the_server_s_secret(organisation):
    private = keys.current_key(organisation.pk).private
    assert private.startswith("enc1.")


def test_a_factor_still_works_and_a_slot_keeps_its_codes(kept, slot, learner):
    seed = Authenticator.objects.get(user=learner.user, type="totp").data["secret"]
    assert seed.startswith("enc1.")
    assert decrypted(seed, USE) == kept["a TOTP seed"]
    assert Slot.objects.get(pk=slot.pk).secret == slot.secret
    assert len(bytes.fromhex(slot.secret)) == 32


# --- What is encrypted ---------------------------------------------------------------------------------------


def test_the_same_text_looks_different_each_time_and_opens_for_its_use_alone():
    first, second = encrypted("Zoë 王", "a"), encrypted("Zoë 王", "a")
    assert first != second
    assert decrypted(first, "a") == decrypted(second, "a") == "Zoë 王"
    with pytest.raises(Locked):
        decrypted(first, "b")


@pytest.mark.parametrize("place", range(5, 60, 9))
def test_whoever_changes_it_changes_nothing_that_opens(place):
    kept = encrypted("a secret", "a")
    changed = kept[:place] + ("A" if kept[place] != "A" else "B") + kept[place + 1 :]
    with pytest.raises(Locked):
        decrypted(changed, "a")


# --- A change of the server's secret --------------------------------------------------------------------------


@pytest.fixture
def change_secret(settings):
    def change():
        settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
        settings.SECRET_KEY = secrets.token_urlsafe(50)

    return change


def test_a_rotation_puts_everything_under_the_new_secret_and_is_finished_when_it_was_killed(
    kept, slot, learner, change_secret, settings, monkeypatch
):
    Slot.objects.filter(pk=slot.pk).update(code="ANOTHER")
    Slot.objects.create(
        organisation=slot.organisation,
        session=slot.session,
        starts_at=slot.ends_at,
        ends_at=slot.ends_at + (slot.ends_at - slot.starts_at),
    )
    change_secret()
    assert Slot.objects.get(pk=slot.pk).secret == slot.secret  # opens before, too
    monkeypatch.setattr(encryption, "PART", 1)
    renew = encryption._as_kept
    turns = iter([1])

    def killed(*given):
        if next(turns, None) is None:
            raise KeyboardInterrupt
        return renew(*given)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(encryption, "_as_kept", killed)
        encryption.keep_under_current_secret()
    assert Slot.objects.get(pk=slot.pk).secret == slot.secret
    assert encryption.keep_under_current_secret() == 4  # the other slot, TOTP, recovery codes, the log's key
    assert encryption.keep_under_current_secret() == 0
    settings.SECRET_KEY_FALLBACKS = []
    assert Slot.objects.get(pk=slot.pk).secret == slot.secret
    seed = Authenticator.objects.get(user=learner.user, type="totp").data["secret"]
    assert decrypted(seed, USE) == kept["a TOTP seed"]


def test_without_the_secret_it_was_kept_under_nothing_opens_and_the_sentence_says_what_to_set(slot, settings):
    settings.SECRET_KEY = secrets.token_urlsafe(50)
    with pytest.raises(Locked, match="MILEPOST_SECRET_KEY"):
        Slot.objects.get(pk=slot.pk)


def test_what_lay_in_the_clear_is_encrypted_by_the_update(slot, learner):
    with connection.cursor() as cursor:
        cursor.execute("UPDATE classroom_slot SET secret = %s", ["ab" * 32])
    factor = Authenticator.objects.create(user=learner.user, type="totp", data={"secret": "INTHECLEAR"})
    for room, name in (("classroom", "0006_secrets_at_rest"), ("people", "0009_factors_at_rest")):
        import_module(f"milepost.{room}.migrations.{name}").encrypt(apps, None)
    copy = dump()
    assert b"INTHECLEAR" not in copy
    assert b"abababab" not in copy
    assert Slot.objects.get(pk=slot.pk).secret == "ab" * 32
    factor.refresh_from_db()
    assert decrypted(factor.data["secret"], USE) == "INTHECLEAR"


# --- Sessions -------------------------------------------------------------------------------------------------


@pytest.fixture
def signed_sessions(settings):
    settings.MIDDLEWARE = [
        name.replace("django.contrib.sessions.middleware.", "milepost.people.session_cookies.Signed")
        for name in settings.MIDDLEWARE
    ]


def test_the_key_of_a_session_in_the_database_opens_no_session(signed_sessions, learner):
    browser, thief = Client(), Client()
    learner.user.set_password("a-long-one-for-this-test")
    learner.user.save()
    browser.post("/accounts/login/", {"login": learner.email, "password": "a-long-one-for-this-test"})
    assert browser.get("/aldermoor/").status_code == 200
    cookie = browser.cookies["sessionid"]
    key = key_in(cookie.value)
    assert cookie["httponly"]
    assert Session.objects.filter(session_key=key).exists()
    for stolen in (key, f"{key}.", f"{key}.{'A' * 43}", cookie.value[:-1]):
        thief.cookies["sessionid"] = stolen
        assert thief.get("/aldermoor/").status_code == 302
    thief.cookies["sessionid"] = cookie.value
    assert thief.get("/aldermoor/").status_code == 200


def test_a_session_goes_on_after_the_secret_was_changed_and_signing_out_takes_its_cookie(
    signed_sessions, learner, change_secret
):
    browser = Client()
    browser.force_login(learner.user)
    browser.cookies["sessionid"] = cookie_of(browser.session.session_key)
    change_secret()
    assert browser.get("/aldermoor/").status_code == 200
    browser.post("/accounts/logout/")
    assert browser.cookies["sessionid"].value == ""
