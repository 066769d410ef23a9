"""Putting rows into the database, all of them or none, while nobody else uses it: what restoring and moving share.

It happens in one transaction, with the triggers of the tables out of the way: they would queue each fact for the tree
once more, and refuse to make room. They are there again before the transaction ends, or it does not end well.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import batched
from typing import Any

from django.apps.registry import Apps
from django.core.exceptions import ValidationError
from django.db import DEFAULT_DB_ALIAS, DatabaseError, OperationalError, connection, connections, transaction
from django.db.backends.utils import CursorWrapper
from django.db.migrations.executor import MigrationExecutor

from milepost.backup.archive import NoBackup
from milepost.backup.tables import BATCH, Row, Sum, Table, tables
from milepost.config import new_database
from milepost.core.outages import is_outage
from milepost.core.refusals import Refused

State = set[tuple[str, str]]

PATIENCE = 3.0  # seconds in which connections of a server that was just stopped end
# What a Milepost and its queue write by themselves before anybody uses them.
_OWN = {
    "auth_permission", "core_job", "core_kept", "core_tries", "django_content_type", "django_migrations", "django_session",
}  # fmt: skip
_QUEUE = "procrastinate_"


class NotEmpty(Refused):
    """There is something in the database already."""


class NewerState(Refused):
    """The rows are those of a version that this one does not know, or the database is."""


class InUse(Refused):
    """Others have the database open."""


class OtherEncoding(Refused):
    """The database can't keep all characters."""


@contextmanager
def alone(using: str = DEFAULT_DB_ALIAS) -> Iterator[None]:
    """Nobody else has the database open when the block begins, and on SQLite nobody opens it before the end. Raises `InUse`.

    What a server saved meanwhile would be lost without a word, and what it remembers would be of another database.
    """
    with connections[using].cursor() as cursor:
        if connections[using].vendor == "postgresql":
            _refuse_others(cursor)
            yield
            return
        try:
            _lock_out(cursor)
            yield
        finally:
            cursor.execute("PRAGMA locking_mode = NORMAL")
            cursor.execute("SELECT count(*) FROM sqlite_master")  # the file is let go of with the next reading


def _lock_out(cursor: CursorWrapper) -> None:
    cursor.execute("PRAGMA busy_timeout")
    [(patience,)] = cursor.fetchall()
    cursor.execute(f"PRAGMA busy_timeout = {PATIENCE * 1000:.0f}")
    cursor.execute("PRAGMA locking_mode = EXCLUSIVE")  # which the first lock asks for, and keeps
    try:
        cursor.execute("BEGIN EXCLUSIVE")
        cursor.execute("COMMIT")
    except OperationalError as error:
        if not is_outage(error):
            raise
        raise InUse(_words_for_others(f"The database {cursor.db.settings_dict['NAME']}")) from error
    finally:
        cursor.execute(f"PRAGMA busy_timeout = {patience:d}")


def _refuse_others(cursor: CursorWrapper) -> None:
    """Those who are connected as Milepost is (see `core.postgresql`), from whichever host."""
    deadline = time.monotonic() + PATIENCE
    while True:
        cursor.execute(
            "SELECT coalesce(host(client_addr), 'its own host') FROM pg_stat_activity WHERE datname = current_database() AND pid"
            " <> pg_backend_pid() AND backend_type = 'client backend' AND application_name = current_setting('application_name')"
        )
        hosts = sorted({host for (host,) in cursor.fetchall()})
        if not hosts:
            return
        if time.monotonic() > deadline:
            raise InUse(
                _words_for_others(f"The database {cursor.db.settings_dict['NAME']}", f" from {', '.join(hosts)}")
            )
        time.sleep(0.1)


def _words_for_others(database: str, where: str = "") -> str:
    return f"{database} is in use{where}: a Milepost is running, or a command. Stop it, then run this again. Nothing was changed."


def prepare(state: State) -> Apps:
    """Give the default database the tables of this state; return its models. Raises `NewerState`, `OtherEncoding`."""
    _refuse_other_encoding()
    if new_database.is_in(state):
        new_database.fill()
    executor = MigrationExecutor(connection)
    if unknown := sorted(state - executor.loader.disk_migrations.keys()):
        words = "It was made by a newer version of Milepost ({migration}). Install that version here first."
        raise NewerState(words.format(migration=".".join(unknown[0])))
    if set(executor.loader.applied_migrations) - state:
        raise NewerState(
            "The database has the tables of a newer version already. Give an empty database; it is brought up to date afterwards."
        )
    graph = executor.loader.graph
    leaves = [node for node in state if node in graph.nodes and not _children(graph, node) & state]
    executor.migrate(sorted(leaves))
    return executor.loader.project_state(sorted(leaves)).apps


def _refuse_other_encoding() -> None:
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_encoding")
        [(encoding,)] = cursor.fetchall()
    if encoding != "UTF8":
        raise OtherEncoding(
            f"The database keeps texts in {encoding}, which has no place for all characters. Make it with: CREATE DATABASE … ENCODING"
            " 'UTF8' TEMPLATE template0. Nothing was changed."
        )


def _children(graph: Any, node: tuple[str, str]) -> State:
    return {child.key for child in graph.node_map[node].children if child.key[0] == node[0]}


def refuse_unless_empty() -> None:
    """Raise `NotEmpty` if there is a row that somebody made, in whichever tables; before any of them is changed."""
    with connection.cursor() as cursor:
        for name in sorted(connection.introspection.table_names(cursor)):
            if name in _OWN or name.startswith(_QUEUE):
                continue
            cursor.execute(f"SELECT 1 FROM {connection.ops.quote_name(name)} LIMIT 1")  # noqa: S608 (a table’s name)
            if cursor.fetchone():
                raise NotEmpty(f"The database is not empty: {name} has rows. Nothing was changed.")


class Loading:
    """Takes the rows of one table after another; use `into`."""

    def __init__(self, apps: Apps, cursor: CursorWrapper) -> None:
        self.tables = tables(apps)
        self._cursor = cursor

    def insert(self, table: Table, rows: Iterable[Row]) -> None:
        """Put rows in. Raises `NoBackup` for what the table does not take, naming it."""
        count = 0
        try:
            for part in batched(rows, BATCH, strict=False):
                table.insert(self._cursor, part)
                count += len(part)
        except (
            DatabaseError,
            ValueError,
            TypeError,
            AttributeError,
            KeyError,
            RecursionError,
            ValidationError,
        ) as error:
            if is_outage(error):  # a full disk says nothing of the rows
                raise
            words = "The table {table} does not take these rows, after {count}: {reason}. Nothing was changed."
            reason = " ".join(str(error).split())[:300]
            raise NoBackup(words.format(table=table.name, count=count, reason=reason)) from error

    def sums(self, moved: Callable[[int], object]) -> dict[str, Any]:
        """Read back what stands in the tables now."""
        return {name: sum_of(table, moved) for name, table in self.tables.items()}


def sum_of(table: Table, moved: Callable[[int], object]) -> dict[str, Any]:
    """Count and sum of the rows of a table. `moved` is told how many were read since."""
    total = Sum(table)
    for line in table.lines(table.rows()):
        total.add(line)
        if total.rows % BATCH == 0:
            moved(BATCH)
    moved(total.rows % BATCH)
    return total.as_json()


@contextmanager
def into(apps: Apps) -> Iterator[Loading]:
    """Empty all tables and take other rows, in one transaction; keys go on after the greatest of them."""
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"SET LOCAL lock_timeout = '{PATIENCE:.0f}s'")  # whoever else holds a table is told of
        there = tables(apps)
        with _without_triggers(cursor, there):
            _empty(cursor, there)
            yield Loading(apps, cursor)
            try:
                connection.check_constraints()
            except DatabaseError as error:
                raise NoBackup(f"Rows refer to others that are not there: {error}") from error
        for table in there.values():
            _advance(cursor, table)


def _advance(cursor: CursorWrapper, table: Table) -> None:
    """Have new keys come after those that are there. Never back: PostgreSQL does not undo that with the transaction."""
    key = table.model._meta.auto_field
    if connection.vendor != "postgresql" or key is None:
        return
    name, column = connection.ops.quote_name(table.name), connection.ops.quote_name(str(key.column))
    cursor.execute(  # never: sql (quoted above)
        f"SELECT setval(sequence, coalesce(last, 1), last IS NOT NULL) FROM (SELECT sequence, greatest((SELECT max({column}) FROM {name}),"  # noqa: S608 (names of ours)
        " pg_sequence_last_value(sequence)) AS last FROM (SELECT pg_get_serial_sequence(%s, %s)::regclass AS sequence) AS known) AS reached",
        [name, key.column],
    )


def _empty(cursor: CursorWrapper, there: dict[str, Table]) -> None:
    names = [connection.ops.quote_name(name) for name in there]
    if connection.vendor == "postgresql":
        cursor.execute(f"TRUNCATE {', '.join(names)}")  # never: sql (quoted above)
    else:
        for name in names:
            cursor.execute(f"DELETE FROM {name}")  # noqa: S608 (names of ours)


@contextmanager
def _without_triggers(cursor: CursorWrapper, there: dict[str, Table]) -> Iterator[None]:
    if connection.vendor == "postgresql":
        names = [connection.ops.quote_name(name) for name in there]
        for name in names:
            cursor.execute(f"ALTER TABLE {name} DISABLE TRIGGER USER")  # never: sql (quoted above)
        yield
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for name in names:
            cursor.execute(f"ALTER TABLE {name} ENABLE TRIGGER USER")  # never: sql (quoted above)
        return
    cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
    triggers = cursor.fetchall()
    for name, _sql in triggers:
        cursor.execute(f"DROP TRIGGER {connection.ops.quote_name(name)}")
    yield
    for _name, sql in triggers:
        cursor.execute(sql)  # never: sql (as SQLite kept it)
