"""Whoever leaves is sent a link to their receipt around their last day, and has it there for a year."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client

from milepost.core import clock
from milepost.core.jobs import run_all
from milepost.notices.models import Notice
from milepost.people.models import Member
from milepost.receipts.leaving import link_of, tell_leavers
from tests.worlds import make_member

pytestmark = pytest.mark.django_db


def leave(member, days):
    member.left_on = clock.today() + timedelta(days=days)
    member.save()
    return member


def path_of(member):
    return "/" + link_of(member).partition("//")[2].partition("/")[2]


@pytest.mark.parametrize(("days", "count"), [(20, 0), (14, 1), (0, 1), (-6, 1), (-8, 0)])
def test_they_are_told_around_their_last_day_and_once(earned, learner, days, count):
    leave(learner, days)
    assert tell_leavers() == count
    assert tell_leavers() == 0
    run_all(queues=["mail"])
    sent = [letter for letter in mail.outbox if "to take along" in letter.subject]
    assert len(sent) == count
    for letter in sent:
        address = re.search(r"https?://[^/]+(/receipt/\S+)", letter.body)[1]
        assert "Ladders" in Client().get(address).text


def test_who_learnt_nothing_or_stays_is_told_nothing(earned, learner, organisation):
    leave(make_member(organisation, "nina"), 0)
    assert tell_leavers() == 0
    leave(learner, 3)
    tell_leavers()
    Member.objects.filter(pk=learner.pk).update(left_on=None)
    run_all(queues=["mail"])
    assert not [letter for letter in mail.outbox if "to take along" in letter.subject]
    assert Notice.objects.filter(kind="receipt_link").exists()


def test_the_link_gives_the_receipt_to_somebody_without_an_account_for_a_year(earned, learner):
    leave(learner, -1)
    taken = Client().post(path_of(learner))
    assert b"".join(taken.streaming_content)[:2] == b"PK"
    with clock.at(clock.now() + timedelta(days=366)):
        assert Client().get(path_of(learner)).status_code == 404


def test_it_leads_nowhere_for_somebody_who_stays_or_was_erased(earned, learner):
    assert Client().get(path_of(learner)).status_code == 404
    assert Client().get("/receipt/made-up/").status_code == 404
