from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session

from milepost.core import clock
from milepost.people.models import User

pytestmark = pytest.mark.django_db


def signed_in(client):
    return client.get("/aldermoor/").status_code == 200


def test_a_session_that_is_over_signs_nobody_in(visit, learner):
    client = visit(learner)
    assert signed_in(client)
    Session.objects.update(expire_date=clock.now() - timedelta(seconds=1))
    assert not signed_in(client)


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
