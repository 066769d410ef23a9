"""Moving from SQLite to PostgreSQL: every row as it is, to the microsecond, or none.

The source is read and never written; nobody else has it open meanwhile. The rows arrive in one transaction, are read
back and compared, and the journal is verified where it lies then, before they are there for good.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import dj_database_url
from django.db import DatabaseError, connection, connections
from django.db.migrations.recorder import MigrationRecorder

from milepost.backup import loading
from milepost.backup.making import Progress
from milepost.backup.restoring import JournalDoesNotHold, journal_findings
from milepost.backup.tables import Row, Sum, Table
from milepost.config import schema
from milepost.config.variables import parts_of
from milepost.core.refusals import Refused

SOURCE = "source"
USE = "give the target as postgresql://USER:PASSWORD@HOST:PORT/NAME."


class MoveRefused(Refused):
    """It can't be moved from here, or not to there."""


@dataclass(frozen=True)
class Moved:
    """How much arrived."""

    tables: int
    rows: int


def move(url: str, *, progress: Progress) -> Moved:
    """Copy everything from the database of the settings, an SQLite, into the empty PostgreSQL at `url`.

    Raises `MoveRefused`, `loading.InUse` and `loading`'s other refusals, `JournalDoesNotHold`; killed or refused, the
    target has no rows.
    """
    if connection.vendor != "sqlite":
        raise MoveRefused("The database of these settings is no SQLite: there is nothing to move.")
    if not parts_of(url, "--to", schemes={"postgresql", "postgres"}, use=USE).path.strip("/"):
        raise MoveRefused(f"--to: {USE}")
    if schema.is_behind():
        raise MoveRefused("The database is not up to date. Run: milepost migrate")
    state = set(MigrationRecorder(connection).applied_migrations())
    with _target(url), loading.alone(SOURCE), _in_words():
        loading.refuse_unless_empty()
        with loading.alone(), loading.into(loading.prepare(state)) as target:
            sums = _copy(target, progress)
            with progress(("Reading back"), sum(total.rows for total in sums.values())) as bar:
                arrived = target.sums(bar.update)
            for name, total in sums.items():
                if arrived[name] != total.as_json():
                    raise MoveRefused(f"The rows of {name} did not arrive as they are. Nothing was kept.")
            if findings := journal_findings(None, progress):
                raise JournalDoesNotHold(f"The journal does not hold: {findings[0]}. Nothing was moved.")
    return Moved(len(sums), sum(total.rows for total in sums.values()))


@contextmanager
def _target(url: str) -> Iterator[None]:
    """The database of the settings is `source` inside the block, and the target is the one that everything uses."""
    before = connections.settings["default"]
    target = dj_database_url.parse(url) | {"ENGINE": "milepost.core.postgresql"}
    connections["default"].close()
    del connections["default"]
    connections.settings |= {SOURCE: before, **connections.configure_settings({"default": target})}
    try:
        yield
    finally:
        for name in ("default", SOURCE):
            connections[name].close()
            del connections[name]
        connections.settings["default"] = before
        del connections.settings[SOURCE]


@contextmanager
def _in_words() -> Iterator[None]:
    """What the target answers is told in its own words: it is away, has no such database, does not let this user in …"""
    try:
        yield
    except DatabaseError as error:
        if isinstance(error.__cause__, sqlite3.Error):
            raise
        raise MoveRefused(f"The target says: {' '.join(str(error).split())} Nothing was moved.") from error


def _copy(target: loading.Loading, progress: Progress) -> dict[str, Sum]:
    sums = {name: Sum(table) for name, table in target.tables.items()}
    with progress(("Copying rows"), sum(table.count(using=SOURCE) for table in target.tables.values())) as bar:
        for name, table in target.tables.items():
            target.insert(table, _counted(table, sums[name]))
            bar.update(sums[name].rows)
    return sums


def _counted(table: Table, total: Sum) -> Iterator[Row]:
    for row in table.rows(using=SOURCE):
        [line] = table.lines([row])
        total.add(line)
        yield row
