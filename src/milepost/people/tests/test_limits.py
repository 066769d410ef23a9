"""So many tries a minute from one address: exactly so many, whoever tries at once, and by network for IPv6."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.test import RequestFactory

from milepost.core import clock
from milepost.core.models import Tries
from milepost.people.access import client_address
from milepost.people.limits import DAY, MINUTE, Limit, Per, Rate, is_over_limit, limits


@pytest.fixture(autouse=True)
def limit():
    with limits.holding("code", Limit(Rate(10, MINUTE, Per.ADDRESS), Rate(15, DAY, Per.LINK))) as limit:
        yield limit


def tries(address: str, limit: int | None = None, *, link: object = None) -> bool:
    if limit is not None:
        limits.get("code").rates = (Rate(limit, MINUTE, Per.ADDRESS),)
    whose = link or object()
    return not is_over_limit(RequestFactory().get("/", REMOTE_ADDR=address), "code", link=whose)


def test_after_so_many_tries_the_next_minute_is_waited_for(db):
    assert [tries("192.0.2.1", 2) for _try in range(3)] == [True, True, False]
    with clock.at(clock.now() + timedelta(seconds=61)):
        assert tries("192.0.2.1", 2)


def test_another_address_has_tries_of_its_own(db):
    assert not all(tries("192.0.2.1", 2) for _try in range(3))
    assert tries("192.0.2.2", 2)


def test_the_addresses_of_one_household_are_one(db):
    assert [tries(f"2001:db8::{number:x}", 2) for number in range(3)] == [True, True, False]
    assert tries("2001:db8:0:1::1", 2)


def test_an_address_is_what_the_last_trusted_proxy_saw_and_never_what_somebody_wrote(db, settings):
    told = {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "203.0.113.9, 198.51.100.7"}
    for proxies, seen in ((0, "10.0.0.1"), (1, "198.51.100.7"), (2, "203.0.113.9")):
        settings.TRUSTED_PROXIES = settings.ALLAUTH_TRUSTED_PROXY_COUNT = proxies
        assert client_address(RequestFactory().get("/", **told)) == seen


def test_one_link_has_so_many_tries_a_day_from_however_many_addresses(db):
    passed = [tries(f"192.0.2.{number}", link="one") for number in range(20)]
    assert passed == [True] * 15 + [False] * 5
    assert tries("192.0.2.99", link="another")
    with clock.at(clock.now() + timedelta(days=1, seconds=1)):
        assert tries("192.0.2.99", link="one")


def test_a_try_that_one_address_may_not_make_costs_the_link_none(db):
    for _try in range(40):
        tries("192.0.2.1", link="one")
    assert [tries("192.0.2.2", link="one") for _try in range(6)] == [True] * 5 + [False]


def test_counts_that_are_over_are_cleared_away(db):
    tries("192.0.2.1", 2)
    with clock.at(clock.now() + timedelta(seconds=61)):
        tries("192.0.2.2", 2)
    assert Tries.objects.count() == 1


def test_of_thirty_tries_at_once_exactly_ten_pass(django_db_setup, django_db_blocker):
    def one(_number: int) -> bool:
        try:
            while True:
                with suppress(OperationalError):  # a SQLite in memory does not let writers wait, and counted nothing
                    return tries("192.0.2.1", 10)
        finally:
            connection.close()

    with django_db_blocker.unblock():  # each thread has a connection of its own, and commits
        Tries.objects.all().delete()
        with ThreadPoolExecutor(30) as pool:
            passed = sum(pool.map(one, range(30)))
        Tries.objects.all().delete()
        connection.close()
    assert passed == 10


def test_a_minute_that_was_counted_while_the_clock_was_ahead_is_over(db):
    with clock.at(clock.now() + timedelta(days=365)):
        assert [tries("192.0.2.1", 2) for _try in range(3)] == [True, True, False]
    assert [tries("192.0.2.1", 2) for _try in range(3)] == [True, True, False]
