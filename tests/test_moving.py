"""Moving from SQLite to PostgreSQL: where it is refused, in which words, and that nothing was left there."""

import sqlite3
from contextlib import closing

import dj_database_url
import psycopg
import pytest
from django.db import connection, connections
from running import free_port

from milepost.backup import loading, moving
from milepost.config import schema
from milepost.config.variables import Misconfigured
from milepost.core.postgresql import base
from tests.backup.steps import quietly
from tests.conftest import postgresql_database


@pytest.fixture(scope="module")
def source(django_db_setup, django_db_blocker, tmp_path_factory):
    """An SQLite with the tables of today, which is the database of the settings."""
    if connection.vendor != "postgresql":
        pytest.skip("needs both databases")
    settings, before = connections.settings["default"], connections["default"]
    path = tmp_path_factory.mktemp("source") / "milepost.sqlite3"
    with django_db_blocker.unblock():
        options = {"init_command": "PRAGMA journal_mode=WAL"}  # as Milepost has it: so SQLite knows who has it open
        connections.settings["default"] = settings | dj_database_url.parse(f"sqlite:///{path}") | {"OPTIONS": options}
        del connections["default"]
        try:
            schema.catch_up()
            yield path
        finally:
            connections["default"].close()
            connections.settings["default"], connections["default"] = settings, before


@pytest.fixture
def target(source, monkeypatch):
    monkeypatch.setattr(base, "REST", 0.0)  # each of these is asked at once
    with postgresql_database() as url:
        yield url


def ask(url, *statements):
    with psycopg.connect(url, autocommit=True) as server:
        for statement in statements:
            answer = server.execute(statement)
        return answer.fetchall() if answer.description else []


TABLES = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"


def refused(url, why, words):
    with pytest.raises(why, match=words):
        moving.move(url, progress=quietly)
    assert connection.vendor == "sqlite"  # the settings are as they were


def test_an_address_that_leads_to_no_postgresql_is_refused(source):
    for url in (
        "mysql://localhost/x",
        "postgresql://localhost",
        "postgresql://localhost:many/x",
        "x",
        "postgresql:///x",
    ):
        refused(url, (moving.MoveRefused, Misconfigured), "--to: give the target as postgresql://USER")


def test_what_the_server_says_is_told(target):
    refused(target + "x", moving.MoveRefused, "does not exist")
    refused(target.replace("milepost@", "nobody:wrong@"), moving.MoveRefused, "nobody")
    _server, _slash, name = target.rpartition("/")
    refused(f"postgresql://milepost@127.0.0.1:{free_port()}/{name}", moving.MoveRefused, "refused")
    refused(target + "?nonsense=1", moving.MoveRefused, "nonsense")


def test_whoever_may_make_no_tables_is_told_so(target):
    ask(target, "DROP ROLE IF EXISTS guest", "CREATE ROLE guest LOGIN")
    refused(target.replace("milepost@", "guest@"), moving.MoveRefused, "permission denied")
    assert ask(target, TABLES) == [(0,)]


def test_a_database_that_can_not_keep_all_characters_is_refused(target):
    name = f"{target.rpartition('/')[2]}_latin"
    ask(target, f"CREATE DATABASE {name} ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")
    other = f"{target.rpartition('/')[0]}/{name}"
    try:
        refused(other, loading.OtherEncoding, "LATIN1")
        assert ask(other, TABLES) == [(0,)]
    finally:
        ask(target, f"DROP DATABASE {name} WITH (FORCE)")


def test_a_database_with_something_in_it_is_left_as_it_is(target):
    ask(target, "CREATE TABLE mdl_user (id integer)", "INSERT INTO mdl_user VALUES (1)")
    refused(target, loading.NotEmpty, "mdl_user has rows")
    assert ask(target, TABLES) == [(1,)]


def test_a_database_of_a_newer_version_is_left_as_it_is(target):
    ask(
        target,
        "CREATE TABLE django_migrations (id serial, app text, name text, applied timestamptz)",
        "INSERT INTO django_migrations (app, name, applied) VALUES ('journal', '9999_not_known_here', now())",
    )
    refused(target, loading.NewerState, "newer version")
    assert ask(target, TABLES) == [(1,)]


def test_nothing_is_moved_under_a_running_server(source, target, monkeypatch):
    monkeypatch.setattr(loading, "PATIENCE", 0.2)
    with closing(sqlite3.connect(source)) as server:
        server.execute("SELECT count(*) FROM people_member").fetchone()
        refused(target, loading.InUse, "Stop it")
    with psycopg.connect(target, application_name="milepost"):
        refused(target, loading.InUse, "is in use from")
    assert ask(target, TABLES) == [(0,)]


def test_a_source_that_is_behind_or_no_sqlite_is_refused(source, target):
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'learning' AND name LIKE '0002%%'")
    refused(target, moving.MoveRefused, "milepost migrate")
    schema.call_command("migrate", "learning", fake=True, verbosity=0)
