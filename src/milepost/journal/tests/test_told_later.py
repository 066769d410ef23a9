"""Facts that are told later than they happened: what they say of it, and where people read it."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from milepost.core import clock
from milepost.journal.models import Entry
from milepost.journal.phrases import told_later_words
from milepost.journal.recording import Fact, record_many, time_text
from milepost.journal.templatetags.journal import journal_time
from milepost.journal.tests.exercises import EXERCISE_COMPLETED, identity_of
from milepost.journal.tests.test_journal import ANNA, LADDERS
from milepost.journal.told_later import IN_TIME, SAME_MOMENT, recorded_at, told_at, told_later
from milepost.journal.verification import verify
from milepost.verify.told_later import told_later as told_later_by_verify

NOON = datetime(2026, 11, 26, 11, tzinfo=UTC)


def tell(happened):
    """Record at noon what happened then."""
    with clock.at(NOON), transaction.atomic():
        record_many([Fact(EXERCISE_COMPLETED, ANNA, LADDERS, {"score": 1}, time=happened)], organisation=identity_of(7))
    return Entry.objects.get()


@pytest.mark.django_db
@pytest.mark.parametrize("happened", [None, NOON - timedelta(seconds=1)])
def test_what_is_told_as_it_happens_has_one_time(happened):
    entry = tell(happened)
    assert "recorded" not in entry.content
    assert (entry.told_later, told_later_words(entry)) == (None, "")


@pytest.mark.django_db
def test_what_is_told_hours_after_it_happened_says_when_it_was_recorded():
    entry = tell(NOON - timedelta(hours=2))
    assert (entry.content["time"], entry.content["recorded"]) == (time_text(entry.time), time_text(NOON))
    assert (entry.time, entry.recorded_at, entry.told_later) == (NOON - timedelta(hours=2), NOON, NOON)
    assert "Told later: recorded" in journal_time(entry)
    with translation.override("fr"):
        assert "Rapporté après coup : enregistré le 26 novembre 2026" in journal_time(entry).replace("\xa0", " ")
    assert verify(7).finding is None


@pytest.mark.django_db
def test_a_phone_that_finds_its_network_after_a_minute_is_in_time_and_both_times_are_kept():
    entry = tell(NOON - timedelta(minutes=1))
    assert (entry.content["recorded"], entry.told_later) == (time_text(NOON), None)


TIMES = st.integers(946_684_800, 4_102_444_800).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))


@given(happened=TIMES, between=st.timedeltas(-timedelta(days=2), timedelta(days=2)), of_device=st.none() | TIMES)
def test_server_and_verifier_say_alike_of_each_statement_whether_it_was_told_later(happened, between, of_device):
    statement = {"time": time_text(happened), "context": {"device_time": time_text(of_device)} if of_device else {}}
    if abs(between) >= SAME_MOMENT:
        statement["recorded"] = time_text(happened + between)
    by_server = told_later(statement)
    assert (by_server and time_text(by_server)) == told_later_by_verify(statement)
    assert bool(by_server) == (recorded_at(statement) - told_at(statement) > IN_TIME)
