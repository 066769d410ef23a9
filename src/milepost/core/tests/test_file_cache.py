"""What processes remember together, on a disk that takes nothing."""

import errno
import os
import tempfile
from concurrent.futures import ThreadPoolExecutor

import pytest

from milepost.core.file_cache import FileCache


@pytest.fixture
def cache(tmp_path):
    return FileCache(str(tmp_path), {})


def full(*_arguments, **_named):
    raise OSError(errno.ENOSPC, "No space left on device")


def test_what_fits_is_remembered_and_forgotten(cache):
    cache.set("name", (1, "two"), 60)
    assert cache.get("name") == (1, "two")
    cache.delete("name")
    assert cache.get("name") is None


def test_on_a_full_disk_nothing_is_remembered_and_nobody_fails(cache, monkeypatch, caplog):
    monkeypatch.setattr(tempfile, "mkstemp", full)
    cache.set("name", 1)
    assert cache.get("name", "nothing") == "nothing"
    assert "Not remembered" in caplog.text


def test_what_is_over_and_can_not_be_taken_away_is_not_there(cache, monkeypatch, caplog):
    cache.set("name", 1, timeout=0.0001)
    cache.set("other", 1)
    monkeypatch.setattr(os, "remove", full)
    assert cache.get("name", "nothing") == "nothing"
    cache.delete("other")
    assert "Not forgotten" in caplog.text


def test_of_many_that_add_at_once_one_does(cache):
    """allauth counts who signs in under such a lock: two that had it at once counted one try."""
    for number in range(30):
        with ThreadPoolExecutor(8) as pool:
            added = list(pool.map(lambda _at, name=f"lock-{number}": cache.add(name, True, 60), range(8)))
        assert added.count(True) == 1
