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
