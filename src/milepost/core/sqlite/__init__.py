"""Django's SQLite that recovers from its disk.

    sqlite.begin_anew_by(replace)          # once at the start: how this process has another one put in its place

What a process opens while the disk can only be read stays so once it can be written: all its connections share memory that
was opened with the first (sqlite.org/walformat.html, "read-only"), and threads keep theirs for minutes. So such a process has
itself replaced as soon as the disk takes writes again.
"""

import os
from collections.abc import Callable
from pathlib import Path

_replace: list[Callable[[], object]] = []
_opened_read_only: set[Path] = set()


def begin_anew_by(replace: Callable[[], object]) -> None:
    """Call this once the disk of a database can be written that could only be read when it was opened."""
    _replace[:] = [replace]


def note(database: Path) -> None:
    """The database is being opened."""
    if _is_read_only(database):
        _opened_read_only.add(database)


def look_again() -> None:
    """Begin anew where that has become necessary; costs nothing where it has not."""
    if _opened_read_only and not any(map(_is_read_only, _opened_read_only)):
        _opened_read_only.clear()
        for replace in _replace:
            replace()


def _is_read_only(database: Path) -> bool:
    try:
        return bool(os.statvfs(database).f_flag & os.ST_RDONLY)
    except OSError:  # there is none yet, or it lies in memory
        return False
