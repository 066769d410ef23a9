"""The cache that all hosts share."""

from datetime import timedelta

import pytest

from milepost.core import clock
from milepost.core.models import Kept
from milepost.core.table_cache import TableCache

pytestmark = pytest.mark.django_db


@pytest.fixture
def cache():
    return TableCache("", {})


def later(**pause):
    return clock.at(clock.now() + timedelta(**pause))


def test_what_one_host_puts_another_finds_until_it_is_over(cache):
    cache.set("tries", [3.5, 2.25], 60)
    assert TableCache("", {}).get("tries") == [3.5, 2.25]
    with later(seconds=61):
        assert cache.get("tries", "none") == "none"
        cache.set("other", True, None)
        assert list(Kept.objects.values_list("key", flat=True)) == [":1:other"]
    with later(days=400):
        assert cache.get("other") is True


def test_of_two_who_add_one_does_until_it_is_over_or_taken_away(cache):
    assert [cache.add("code", True, 30), TableCache("", {}).add("code", True, 30)] == [True, False]
    with later(seconds=31):
        assert cache.add("code", 1, 30)
    assert cache.delete("code")
    assert not cache.delete("code")
    assert cache.add("code", 2)
    assert cache.touch("code", 10_000)
    cache.clear()
    assert "code" not in cache


def test_what_is_no_json_is_not_kept(cache):
    with pytest.raises(TypeError):
        cache.set("thing", object())
