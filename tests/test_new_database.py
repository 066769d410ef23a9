"""A new database is made from the models at once, and is what all migrations one after the other lead to."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from django.db import connection

from milepost.config import new_database
from tests import prepared_databases
from tests.conftest import postgresql_database
from tests.schemas import schema_of

# Of a table of Django's that Milepost never uses, the models say another type of number than the migrations.
UNUSED = {
    "columns": {"auth_group_permissions | id | bigint", "auth_group_permissions | id | integer"},
    "sequences": {"auth_group_permissions_id_seq"},
}


@pytest.fixture
def empty_environment(prepared_environment, tmp_path):
    """The environment of processes that have an empty database."""
    environment = prepared_environment | {"MILEPOST_DATA": str(tmp_path)}
    if "MILEPOST_DATABASE_URL" not in environment:
        yield environment
    else:
        with postgresql_database() as url:
            yield environment | {"MILEPOST_DATABASE_URL": url}


def run(environment, *command, check=True):
    return subprocess.run([sys.executable, *command], env=environment, check=check, capture_output=True, text=True)


def migrated(environment):
    return run(environment, "-m", "milepost.cli", "migrate").stdout


def test_it_is_what_the_migrations_lead_to(empty_environment):
    run(empty_environment, "-m", "django", "migrate", "--verbosity", "0")
    each, at_once = (
        schema_of(empty_environment),
        schema_of(prepared_databases.installed_environment() | prepared_databases.migrated()),
    )
    assert each.keys() == at_once.keys()
    for kind, known in each.items():
        differing = {text for text in known ^ at_once[kind] if not text.startswith(tuple(UNUSED.get(kind, ())))}
        assert not differing, f"{kind}: {sorted(differing)}"
    assert len(each["migrations"]) > 100
    assert len(each["trigger" if connection.vendor == "sqlite" else "triggers"]) > 15


def test_a_start_that_is_killed_before_all_is_there_leaves_nothing_and_the_next_makes_it(empty_environment):
    killed = run(empty_environment, "-c", KILLED_AT_THE_END, check=False)
    assert killed.returncode == -9, killed.stderr
    assert tables_of(empty_environment) == set()
    assert "tables of a new database were made" in migrated(empty_environment)
    assert "journal_entry" in tables_of(empty_environment)
    assert "were made" not in migrated(empty_environment)


KILLED_AT_THE_END = """
import os, signal
from milepost.core.starting import set_up
set_up()
from milepost.config import new_database
from django.db import connection
def killed(**_options):
    assert "journal_entry" in connection.introspection.table_names()
    os.kill(os.getpid(), signal.SIGKILL)
new_database.emit_post_migrate_signal = killed
new_database.fill()
"""


def tables_of(environment):
    if url := environment.get("MILEPOST_DATABASE_URL"):
        with psycopg.connect(url) as server:
            return {name for (name,) in server.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")}
    with sqlite3.connect(Path(environment["MILEPOST_DATA"]) / "milepost.sqlite3") as database:
        return {name for (name,) in database.execute("SELECT name FROM sqlite_master")}


def test_a_database_with_any_table_is_left_to_the_migrations(db, monkeypatch):
    monkeypatch.setattr(new_database, "_migrations", lambda: pytest.fail("it is not new"))
    assert not new_database.fill()
