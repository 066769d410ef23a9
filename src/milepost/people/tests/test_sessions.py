from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session

from milepost.core import clock
from milepost.people.models import User
from milepost.people.sessions import device_name

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
