"""So many tries a minute from one address: exactly so many, whoever tries at once, and by network for IPv6."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta

from django.db import OperationalError, connection
from django.test import RequestFactory

from milepost.core import clock
from milepost.core.models import Tries
from milepost.people.limits import is_over_limit


def tries(address: str, limit: int = 10) -> bool:
    return not is_over_limit(RequestFactory().get("/", REMOTE_ADDR=address), "verify", a_minute=limit)


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


def test_counts_that_are_over_are_cleared_away(db):
    tries("192.0.2.1")
    with clock.at(clock.now() + timedelta(seconds=61)):
        tries("192.0.2.2")
    assert Tries.objects.count() == 1


def test_of_thirty_tries_at_once_exactly_ten_pass(django_db_setup, django_db_blocker):
    def one(_number: int) -> bool:
        try:
            while True:
                with suppress(OperationalError):  # a SQLite in memory does not let writers wait, and counted nothing
                    return tries("192.0.2.1")
        finally:
            connection.close()

    with django_db_blocker.unblock():  # each thread has a connection of its own, and commits
        Tries.objects.all().delete()
        with ThreadPoolExecutor(30) as pool:
            passed = sum(pool.map(one, range(30)))
        Tries.objects.all().delete()
        connection.close()
    assert passed == 10
