import errno
import sqlite3

import psycopg
import pytest
from django.db import IntegrityError, InterfaceError, InternalError, OperationalError, ProgrammingError

from milepost.core.outages import is_of_the_disk, is_outage


def as_django_raises(kind, cause):
    error = kind(str(cause))
    error.__cause__ = cause
    return error


def with_code(code):
    error = sqlite3.OperationalError()
    error.sqlite_errorcode = code
    return as_django_raises(OperationalError, error)


@pytest.mark.parametrize(
    "error",
    [
        as_django_raises(OperationalError, psycopg.OperationalError("connection refused")),
        as_django_raises(InterfaceError, psycopg.InterfaceError("the connection is closed")),
        as_django_raises(OperationalError, psycopg.errors.AdminShutdown()),
        as_django_raises(OperationalError, psycopg.errors.QueryCanceled()),
        as_django_raises(OperationalError, psycopg.errors.LockNotAvailable()),
        as_django_raises(OperationalError, psycopg.errors.TooManyConnections()),
        as_django_raises(InternalError, psycopg.errors.ReadOnlySqlTransaction()),
        with_code(sqlite3.SQLITE_BUSY),
        with_code(sqlite3.SQLITE_BUSY_SNAPSHOT),
        with_code(sqlite3.SQLITE_FULL),
    ],
    ids=lambda error: f"{type(error.__cause__).__name__} {error}",
)
def test_what_passes_by_itself_is_an_outage(error):
    assert is_outage(error)


@pytest.mark.parametrize(
    "error",
    [
        as_django_raises(IntegrityError, psycopg.errors.UniqueViolation()),
        as_django_raises(ProgrammingError, psycopg.errors.UndefinedTable()),
        with_code(sqlite3.SQLITE_ERROR),  # no such table
        IntegrityError("of a check of our own"),
        ValueError("none of the database's"),
        None,
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_will_be_wrong_again_is_none(error):
    assert not is_outage(error)


def test_a_full_disk_is_told_apart_on_both_databases():
    assert is_of_the_disk(as_django_raises(OperationalError, psycopg.errors.DiskFull()))
    assert is_of_the_disk(with_code(sqlite3.SQLITE_FULL))
    assert not is_of_the_disk(with_code(sqlite3.SQLITE_BUSY))


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS])
def test_a_disk_that_takes_nothing_is_an_outage_whoever_writes_to_it(number):
    assert is_outage(OSError(number, "no room"))
    assert is_of_the_disk(OSError(number, "no room"))
    assert not is_outage(OSError(errno.EPERM, "not yours"))
    assert not is_of_the_disk(OSError(errno.EPERM, "not yours"))
