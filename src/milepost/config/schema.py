"""Whether the database is one that this version of Milepost can work with: its tables, its secret, its pages on the disk."""

import fcntl
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

from django.conf import settings
from django.core.management import call_command
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connection, connections
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader

from milepost.config import new_database
from milepost.config.console import say
from milepost.core.outages import is_damage, is_outage
from milepost.core.refusals import Refused
from milepost.journal import keys

LOOK = 5.0  # seconds that a start spends on reading the pages of an SQLite database
AGAIN = 1.0  # seconds between two tries to be alone
_LOCK = 0x6D696C7374  # of ours among PostgreSQL’s advisory locks


class NewerDatabase(Refused):
    """A newer version of Milepost has worked with the database: this one would write what that can't read."""


class DamagedDatabase(Refused):
    """Pages of the SQLite database are not as they were written."""


def refuse_unfit() -> None:
    """Raise `NewerDatabase`, `DamagedDatabase` or `keys.KeyLocked` where a start would do harm; say what to do."""
    try:
        if found := _damage():
            raise DamagedDatabase(_words_for_damage(found))
        loader = MigrationLoader(connection)
        known = loader.disk_migrations.keys()
        ours = loader.migrated_apps
        unknown = sorted(name for name in loader.applied_migrations if name not in known and name[0] in ours)
        if unknown:
            raise NewerDatabase(
                f"The database was brought up to date by a newer version of Milepost ({'.'.join(unknown[-1])} is not known to this"
                " one). Nothing was changed. Install that version again, or restore a backup from before into an empty database."
            )
        if ("journal", "0005_endorsements") in loader.applied_migrations:
            keys.refuse_other_secret()
    except DatabaseError as error:
        if is_damage(error):
            raise DamagedDatabase(_words_for_damage(str(error))) from error
        raise


def _damage() -> str:
    """What SQLite finds wrong with its file in `LOOK` seconds; empty if nothing, and on PostgreSQL, which checks by itself."""
    if connection.vendor != "sqlite":
        return ""
    connection.ensure_connection()
    until = time.monotonic() + LOOK
    connection.connection.set_progress_handler(lambda: time.monotonic() > until, 100_000)
    try:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA quick_check(1)")
            [answer] = cursor.fetchone()
    except DatabaseError as error:
        if "interrupted" in str(error):
            return ""
        raise
    finally:
        connection.connection.set_progress_handler(None, 0)
    return "" if answer == "ok" else " ".join(str(answer).split())


def _words_for_damage(found: str) -> str:
    return (
        f"The database {connection.settings_dict['NAME']} is damaged on the disk ({found}). Stop the server, put the file aside as it is,"
        " and restore the newest backup: milepost restore FILE. Without one, `sqlite3 … .recover` saves what can be read."
    )


@contextmanager
def alone() -> Iterator[bool]:
    """Whether no other start is in this block, on any host of the database. It ends with its process, whatever ends that.

    Whoever is not alone comes again later, and finds done what is done once. The lock is one of a transaction on a connection of its
    own: PgBouncer keeps that together, and a migration has its own transactions.
    """
    if connection.vendor == "postgresql":
        with closing(connections.create_connection(DEFAULT_DB_ALIAS)) as own:
            own.set_autocommit(False)
            with own.cursor() as cursor:
                cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
                cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
                [is_alone] = cursor.fetchone()
                yield bool(is_alone)
        return
    with (settings.ENVIRONMENT.data / "starting").open("w") as file:  # SQLite has one host
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def is_behind() -> bool:
    """Whether migrations wait. Raises `DatabaseError` if the database can't be reached."""
    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


@contextmanager
def in_turn() -> Iterator[None]:
    """Wait until no other start is in such a block, or `alone`."""
    while True:
        with alone() as is_alone:
            if is_alone:
                yield
                return
        time.sleep(AGAIN)


def catch_up() -> None:
    """Run the migrations that wait; quick when none does. For whoever is `alone`. Raises what `refuse_unfit` does."""
    refuse_unfit()
    if is_behind():
        say("Preparing the database …")
        new_database.fill()
        call_command("migrate", interactive=False, verbosity=0)


def why_it_failed(error: DatabaseError) -> str:
    """What an operator can do about the error; empty if it is none of theirs."""
    if is_damage(error):
        return _words_for_damage(str(error))
    if is_outage(error):
        return f"The database can’t be used: {' '.join(str(error).split())}"
    try:
        return "The database is not ready for this version. Run: milepost migrate" if is_behind() else ""
    except DatabaseError:
        return f"The database can’t be used: {str(error).strip()}"
