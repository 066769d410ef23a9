"""Whether an error says that the database is away or busy, or a disk can't keep anything: nothing is wrong with what was asked then.

`Unreachable` connections, PostgreSQL's own SQLSTATEs (PostgreSQL documentation, appendix A), SQLite's result codes
(sqlite.org/rescode.html) and what the system says of a disk (errno(3)) come here together, so that pages, jobs and
commands wait for the same things.
"""

import errno
import sqlite3

from django.db import Error
from django.db import InterfaceError as DjangoInterfaceError
from django.db import OperationalError as DjangoOperationalError

# Connection exceptions, insufficient resources (a full disk, too many connections), operator intervention (a restart, a
# statement that took too long), system errors.
_CLASSES = {"08", "53", "57", "58"}
_STATES = {
    "25006",  # read_only_sql_transaction: this server was the primary until a moment ago
    "25P03",  # idle_in_transaction_session_timeout
    "40001",  # serialization_failure
    "40P01",  # deadlock_detected
    "55P03",  # lock_not_available
}
_CODES = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
}
_FULL = {"53100"}
_OF_DISKS = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}


def is_outage(error: BaseException | None) -> bool:
    """Whether the database or a disk, and not what was asked, is in the way: asked again later, the same may go well."""
    if not isinstance(error, Error):
        return is_of_the_disk(error)
    cause = error.__cause__
    if isinstance(cause, sqlite3.Error):
        return _sqlite_code(cause) in _CODES
    state = getattr(cause, "sqlstate", None)
    if state is None:  # no server said anything: it was not reached, or was lost
        return isinstance(error, DjangoOperationalError | DjangoInterfaceError)
    return state[:2] in _CLASSES or state in _STATES


def is_of_the_disk(error: BaseException | None) -> bool:
    """Whether it is an outage because nothing can be written: the disk is full, or can’t be written to."""
    if isinstance(error, OSError):
        return error.errno in _OF_DISKS
    cause = error.__cause__ if isinstance(error, Error) else None
    if isinstance(cause, sqlite3.Error):
        return _sqlite_code(cause) in {sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR}
    return getattr(cause, "sqlstate", None) in _FULL


def is_damage(error: BaseException | None) -> bool:
    """Whether an SQLite database is not as it was written: a page that makes no sense, or no database at all."""
    cause = error.__cause__ if isinstance(error, Error) else None
    return isinstance(cause, sqlite3.Error) and _sqlite_code(cause) in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


def _sqlite_code(error: sqlite3.Error) -> int:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF  # the primary code; the other bits say more closely what it is
