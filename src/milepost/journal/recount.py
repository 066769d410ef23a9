"""The index of a journal made anew from its entries, to be held against the one that is kept, and those that were sealed.

It lies in a temporary file, so that its size does not matter to memory.
"""

import sqlite3
from collections.abc import Collection, Mapping

from milepost.journal import index
from milepost.journal.index import Indexed

BATCH = 10_000  # entries that are taken in at once
CACHE = 64 << 10  # KiB of pages that are held in memory


class _OnDisk:
    def __init__(self) -> None:
        self._file = sqlite3.connect("", isolation_level=None)  # a temporary file of SQLite’s own, gone with the object
        self._file.executescript(f"PRAGMA journal_mode = OFF; PRAGMA cache_size = -{CACHE}")
        self._file.execute("CREATE TABLE page (place TEXT PRIMARY KEY, content BLOB) WITHOUT ROWID")
        self._file.execute("BEGIN")

    def read(self, places: Collection[str]) -> Mapping[str, bytes]:
        found = (self._file.execute("SELECT place, content FROM page WHERE place = ?", [place]) for place in places)
        return {place: content for rows in found for place, content in rows}

    def write(self, pages: Mapping[str, bytes]) -> None:
        self._file.executemany("INSERT OR REPLACE INTO page VALUES (?, ?)", pages.items())


class Recount:
    """The index over all entries that were added so far: `size` of them."""

    def __init__(self) -> None:
        self.size = 0
        self._pages = _OnDisk()
        self._waiting: list[Indexed] = []

    def add(self, entry: Indexed) -> None:
        """The next entry in the order of the tree."""
        self.size += 1
        self._waiting.append(entry)
        if len(self._waiting) == BATCH:
            self._take_in()

    def root(self) -> bytes:
        """The root over these entries."""
        self._take_in()
        return index.root(self._pages)

    def _take_in(self) -> None:
        if self._waiting:
            index.add(self._pages, index.told_by(self._waiting))
            self._waiting = []
