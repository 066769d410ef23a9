"""Putting rows into the database, all of them or none: what restoring and moving share.

It happens in one transaction, with the triggers of the tables out of the way: they would queue each fact for the tree
once more, and refuse to make room. They are there again before the transaction ends, or it does not end well.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import batched
from typing import Any

from django.apps.registry import Apps
from django.core.exceptions import ValidationError
from django.core.management.color import no_style
from django.db import DatabaseError, connection, transaction
from django.db.backends.utils import CursorWrapper
from django.db.migrations.executor import MigrationExecutor

from milepost.backup.archive import NoBackup
from milepost.backup.tables import BATCH, Row, Sum, Table, tables
from milepost.core.refusals import Refused

State = set[tuple[str, str]]

# What a Milepost writes by itself before anybody uses it.
_OWN = {
    "auth_permission", "core_job", "core_tries", "django_content_type", "django_session",
}  # fmt: skip


class NotEmpty(Refused):
    """There is something in the database already."""


class NewerState(Refused):
    """The rows are those of a version that this one does not know, or the database is."""


def prepare(state: State) -> Apps:
    """Give the default database the tables of this state; return its models. Raises `NewerState`."""
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


def _children(graph: Any, node: tuple[str, str]) -> State:
    return {child.key for child in graph.node_map[node].children if child.key[0] == node[0]}


def refuse_unless_empty(apps: Apps) -> None:
    """Raise `NotEmpty` if there is a row that somebody made."""
    for table in tables(apps).values():
        if table.name not in _OWN and table.model._base_manager.exists():
            raise NotEmpty(f"The database is not empty: {table.name} has rows.")


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
        there = tables(apps)
        with _without_triggers(cursor, there):
            _empty(cursor, there)
            yield Loading(apps, cursor)
            try:
                connection.check_constraints()
            except DatabaseError as error:
                raise NoBackup(f"Rows refer to others that are not there: {error}") from error
        for statement in connection.ops.sequence_reset_sql(no_style(), [table.model for table in there.values()]):
            cursor.execute(statement)


def _empty(cursor: CursorWrapper, there: dict[str, Table]) -> None:
    names = [connection.ops.quote_name(name) for name in there]
    if connection.vendor == "postgresql":
        cursor.execute(f"TRUNCATE {', '.join(names)}")
    else:
        for name in names:
            cursor.execute(f"DELETE FROM {name}")  # noqa: S608 (names of ours)


@contextmanager
def _without_triggers(cursor: CursorWrapper, there: dict[str, Table]) -> Iterator[None]:
    if connection.vendor == "postgresql":
        names = [connection.ops.quote_name(name) for name in there]
        for name in names:
            cursor.execute(f"ALTER TABLE {name} DISABLE TRIGGER USER")
        yield
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for name in names:
            cursor.execute(f"ALTER TABLE {name} ENABLE TRIGGER USER")
        return
    cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
    triggers = cursor.fetchall()
    for name, _sql in triggers:
        cursor.execute(f"DROP TRIGGER {connection.ops.quote_name(name)}")
    yield
    for _name, sql in triggers:
        cursor.execute(sql)
