"""Removing what nothing refers to any more, while others may store the same bytes or make a backup.

    too_young = remove_unused(organisation, digests)         # in a job: after the change that let go of them

A file is stored before the row that names it is committed. So one that was stored lately stays, though nothing refers to
it yet: storing what is there renews its time. Only what nothing has stored for `QUIET` goes. While a backup is made, nothing
goes: the rows of its snapshot may name what no row of now does.
"""

import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.conf import settings
from django.db import connection

from milepost.core import blobs, clock
from milepost.core.blobs.references import Tenant, unused

QUIET = timedelta(hours=1)  # longer than any request takes from storing a file to committing its row
_LOCK = 0x6D696C6570  # of ours among PostgreSQL’s advisory locks


def remove_unused(organisation: Tenant, digests: Iterable[str], *, quiet: timedelta = QUIET) -> set[str]:
    """Take away those of the blobs that nothing refers to; return the unused ones that stay for now.

    Those were stored too lately, or a backup is being made.
    """
    with _lock(is_shared=True, waits=False) as may_remove:
        free = sorted(unused(organisation, digests))
        if not may_remove:
            return set(free)
        before = clock.now() - quiet
        return {digest for digest in free if not blobs.remove(organisation.uid, digest, stored_before=before)}


@contextmanager
def kept() -> Iterator[None]:
    """No file is removed while the block runs; whoever is removing one is waited for. It ends with its process."""
    with _lock(is_shared=False, waits=True):
        yield


@contextmanager
def _lock(*, is_shared: bool, waits: bool) -> Iterator[bool]:
    """Held by many who remove, or by one who keeps, on all hosts of the database; False where it is not to be had."""
    if connection.vendor == "postgresql":
        suffix = "_shared" if is_shared else ""
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT pg_{'' if waits else 'try_'}advisory_lock{suffix}(%s)", [_LOCK])
            is_held = waits or bool(cursor.fetchone()[0])
            try:
                yield is_held
            finally:
                if is_held:
                    cursor.execute(f"SELECT pg_advisory_unlock{suffix}(%s)", [_LOCK])
        return
    folder = os.open(settings.ENVIRONMENT.data, os.O_RDONLY)  # SQLite has one host
    try:
        yield _is_locked(folder, (fcntl.LOCK_SH if is_shared else fcntl.LOCK_EX) | (0 if waits else fcntl.LOCK_NB))
    finally:
        os.close(folder)


def _is_locked(folder: int, how: int) -> bool:
    try:
        fcntl.flock(folder, how)
    except BlockingIOError:
        return False
    return True
