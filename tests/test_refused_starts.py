"""A start that would do harm is refused, in words that say what to do; nothing is changed by it."""

import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from running import free_port

from milepost.config import schema
from milepost.journal import keys
from milepost.journal.sealing import seal


def test_a_database_of_a_newer_version_is_refused(db):
    MigrationRecorder(connection).record_applied("journal", "9999_not_known_here")
    with pytest.raises(schema.NewerDatabase, match="9999_not_known_here is not known"):
        schema.catch_up()


def test_a_secret_that_opens_no_signing_key_is_refused_and_an_earlier_one_is_not(world, settings):
    seal(world.organisation.pk)
    made_under, settings.SECRET_KEY = settings.SECRET_KEY, "another secret altogether " * 2
    keys._opened.cache_clear()
    try:
        with pytest.raises(keys.KeyLocked, match="milepost restore"):
            schema.refuse_unfit()
        settings.SECRET_KEY_FALLBACKS = [made_under]
        schema.refuse_unfit()
    finally:
        keys._opened.cache_clear()


def test_a_damaged_database_ends_the_start_of_every_process_in_words(own_database):
    if connection.vendor == "postgresql":
        pytest.skip("it looks after its own pages")
    path = Path(own_database["MILEPOST_DATA"]) / "milepost.sqlite3"
    with path.open("r+b") as file:
        for at in range(8192, path.stat().st_size, 8192):  # half of its pages
            file.seek(at)
            file.write(b"\x00\xff" * 2048)
    for command in (
        ["milepost.cli", "up", "--port", f"{free_port()}"],
        ["milepost.cli", "migrate"],
        ["milepost.config.worker"],
    ):
        ended = subprocess.run(
            [sys.executable, "-m", *command], env=own_database, capture_output=True, text=True, timeout=60, check=False
        )
        assert ended.returncode == 1
        assert "restore the newest backup: milepost restore FILE" in ended.stderr
        assert "Traceback" not in ended.stderr
