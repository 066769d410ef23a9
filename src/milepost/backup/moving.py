"""Moving from SQLite to PostgreSQL: every row as it is, to the microsecond, or none.

The source is read and never written; nobody else writes into it meanwhile. The rows arrive in one transaction, are read
back and compared, and the journal is verified where it lies then, before they are there for good.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import dj_database_url
from django.db import connection, connections
from django.db.migrations.recorder import MigrationRecorder

from milepost.backup import loading
from milepost.backup.making import Progress
from milepost.backup.restoring import JournalDoesNotHold, journal_findings
from milepost.backup.tables import Row, Sum, Table
from milepost.config import schema
from milepost.core.refusals import Refused

SOURCE = "source"


class MoveRefused(Refused):
    """It can't be moved from here, or not to there."""


@dataclass(frozen=True)
class Moved:
    """How much arrived."""

    tables: int
    rows: int


def move(url: str, *, progress: Progress) -> Moved:
    """Copy everything from the database of the settings, an SQLite, into the empty PostgreSQL at `url`.

    Raises `MoveRefused`, `loading.NotEmpty`, `JournalDoesNotHold`, `DatabaseError`; killed or refused, the target has no rows.
    """
    if connection.vendor != "sqlite":
        raise MoveRefused("The database of these settings is no SQLite: there is nothing to move.")
    if not url.startswith(("postgresql://", "postgres://")):
        raise MoveRefused("Give the target as postgresql://USER:PASSWORD@HOST:PORT/NAME.")
    if schema.is_behind():
        raise MoveRefused("The database is not up to date. Run: milepost migrate")
    state = set(MigrationRecorder(connection).applied_migrations())
    with _target(url), _source_held():
        apps = loading.prepare(state)
        loading.refuse_unless_empty(apps)
        with loading.into(apps) as target:
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
        connections["default"].close()
        del connections["default"]
        connections.settings["default"] = before
        del connections.settings[SOURCE]


@contextmanager
def _source_held() -> Iterator[None]:
    """Nobody writes into the source inside the block; whoever reads it goes on."""
    with connections[SOURCE].cursor() as cursor:
        cursor.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            cursor.execute("ROLLBACK")
    connections[SOURCE].close()


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
