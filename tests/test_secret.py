"""A change of the server's secret: links, invitations, sessions and signing keys made before it still hold."""

from contextlib import nullcontext
from uuid import UUID

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.test import Client

from milepost.backup import loading
from milepost.cli import cli
from milepost.config import environment, secret
from milepost.core import links
from milepost.journal import keys
from milepost.journal.models import SigningKey
from milepost.people.inviting import invited, link_for
from tests.worlds import make_member

SOMEBODY = UUID(int=42)


@pytest.fixture
def rotated(settings):
    """Change the secret as whoever runs the server does, with the earlier one as a fallback."""

    def rotate() -> None:
        settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
        settings.SECRET_KEY = "another secret altogether " * 2
        keys._opened.cache_clear()

    yield rotate
    keys._opened.cache_clear()


def test_a_personal_link_outlives_the_change_and_one_made_up_does_not(rotated, settings):
    token = links.token("sign", SOMEBODY)
    rotated()
    assert links.uid_in(token, "sign") == SOMEBODY
    assert links.uid_in(token, "hold") is None
    settings.SECRET_KEY_FALLBACKS = []
    assert links.uid_in(token, "sign") is None


def test_a_link_is_short_enough_for_a_code_that_is_read_from_afar():
    assert len(links.token("sign", SOMEBODY)) == 45


def test_an_invitation_outlives_the_change(rotated, organisation):
    member = make_member(organisation, "anna")
    member.user = None  # they have not joined yet
    member.save()
    token = link_for(member).rstrip("/").rpartition("/")[2]
    rotated()
    assert invited(token) == member


def test_a_session_outlives_the_change(rotated, learner):
    client = Client()
    client.force_login(learner.user)
    assert client.get("/aldermoor/").status_code == 200
    rotated()
    assert client.get("/aldermoor/").status_code == 200


def test_a_signing_key_opens_before_and_after_it_is_kept_under_the_new_secret(rotated, organisation, settings):
    key = keys.current_key(organisation.pk)
    public = keys.public_key(key)
    rotated()
    assert keys.private_key(key).public_key() == public
    assert keys.keep_under_current_secret() == 1
    assert keys.keep_under_current_secret() == 0
    settings.SECRET_KEY_FALLBACKS = []
    keys._opened.cache_clear()
    assert keys.private_key(keys.current_key(organisation.pk)).public_key() == public


def test_a_signing_key_that_an_earlier_release_kept_opens_until_it_is_kept_as_all_others(organisation, settings):
    key = keys.current_key(organisation.pk)
    derived = HKDF(hashes.SHA256(), 32, salt=None, info=b"milepost signing keys").derive(settings.SECRET_KEY.encode())
    kept = keys.private_key(key).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(derived.hex().encode()),
    )
    SigningKey.objects.filter(pk=key.pk).update(private=kept.decode())
    before = keys.current_key(organisation.pk)
    assert keys.private_key(before).public_key() == keys.public_key(key)
    assert (keys.keep_under_current_secret(), keys.keep_under_current_secret()) == (1, 0)
    after = keys.current_key(organisation.pk)
    assert after.private.startswith("enc1.")
    assert keys.private_key(after).public_key() == keys.public_key(key)


@pytest.fixture
def of_a_folder(tmp_path, settings, monkeypatch):
    """The secret lies in the data folder. Nobody else has the database open: that is tried in `test_command_line`."""
    monkeypatch.delenv("MILEPOST_SECRET_KEY")
    monkeypatch.delenv("MILEPOST_DATABASE_URL", raising=False)
    monkeypatch.setenv("MILEPOST_DATA", str(tmp_path))
    monkeypatch.setattr(loading, "alone", nullcontext)
    settings.ENVIRONMENT = environment.read()
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = settings.ENVIRONMENT.secret_key, []


@pytest.mark.usefixtures("of_a_folder")
def test_the_command_puts_a_new_secret_in_place_and_finishes_what_was_begun(organisation, settings):
    before, public = settings.SECRET_KEY, keys.public_key(keys.current_key(organisation.pk))
    result = CliRunner().invoke(cli, ["key", "rotate-secret"])
    assert "1 signing keys are kept under it" in result.output
    renewed = environment.read()
    assert renewed.secret_key != before
    assert renewed.earlier_secrets == [before]
    assert keys.private_key(keys.current_key(organisation.pk)).public_key() == public


@pytest.mark.usefixtures("of_a_folder")
def test_a_rotation_that_was_cut_off_is_finished_without_another_secret(tmp_path, organisation, settings):
    keys.current_key(organisation.pk)
    secret.renew(tmp_path)
    begun = environment.read()
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = begun.secret_key, begun.earlier_secrets
    keys._opened.cache_clear()
    assert "1 signing keys" in CliRunner().invoke(cli, ["key", "rotate-secret"]).output
    assert environment.read().secret_key == begun.secret_key
