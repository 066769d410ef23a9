"""Tries counted in Redis or Valkey, by one setting, against a real server: one count for all hosts."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.test import RequestFactory
from limits import RateLimitItemPerMinute
from limits.storage import storage_from_string
from limits.strategies import FixedWindowRateLimiter
from running import free_port, redis

from milepost.config import environment
from milepost.core.models import Tries
from milepost.people.limits import MINUTE, Per, Rate, is_over_limit, limits
from tests.servers import hang, trouble


@pytest.fixture(scope="module")
def server():
    with redis() as url:
        yield url


def configured(url, folder):
    return environment.read({"MILEPOST_DATA": str(folder), "MILEPOST_LIMITS_URL": url}).limits_url


@pytest.fixture(autouse=True)
def ten_a_minute(monkeypatch):
    monkeypatch.setattr(limits.get("verify"), "rates", (Rate(10, MINUTE, Per.ADDRESS),))


def passes(address):
    return not is_over_limit(RequestFactory().get("/", REMOTE_ADDR=address), "verify")


def test_of_sixty_tries_at_once_on_six_hosts_exactly_ten_pass(server, tmp_path):
    url = configured(server, tmp_path)
    hosts = [FixedWindowRateLimiter(storage_from_string(url)) for _host in range(6)]  # connections of their own
    with ThreadPoolExecutor(30) as pool:
        tries = pool.map(
            lambda number: hosts[number % 6].hit(RateLimitItemPerMinute(10), "verify", "192.0.2.7"), range(60)
        )
    assert sum(tries) == 10


def test_pages_count_there_and_leave_the_database_alone(server, tmp_path, settings, db, django_assert_num_queries):
    settings.LIMITS_URL = configured(server, tmp_path)
    with django_assert_num_queries(0):
        assert [passes("192.0.2.1") for _try in range(11)] == [True] * 10 + [False]
        assert passes("192.0.2.2")


def test_while_it_is_away_or_hangs_the_database_counts(tmp_path, settings, db):
    settings.LIMITS_URL = configured(f"redis://127.0.0.1:{free_port()}/0", tmp_path)
    assert [passes("192.0.2.3") for _try in range(11)] == [True] * 10 + [False]
    with trouble(hang) as port:
        settings.LIMITS_URL = configured(f"redis://127.0.0.1:{port}/0", tmp_path)
        assert not passes("192.0.2.3")
    assert Tries.objects.count() == 1
