"""Linking entries as they are written, so that nobody who has the database alone changes one before its seal.

Each entry carries a mark: a MAC (HMAC-SHA-256, RFC 2104, cut to 16 bytes) over its columns and over the mark of the entry that the
same writer had committed before it. A writer is a thread of a process; the key follows from the server's secret (HKDF, RFC 5869),
which lies in no database. So an entry that was altered or inserted by somebody without the secret has no mark of ours, and one
that was removed is named by what its writer wrote next.

Nothing waits for anything: a writer knows its own last entry and asks nobody. An entry names one that the database has said to be
committed, or one of its own transaction, so that a writer which is killed, rolled back or cut off between two steps leaves
nothing behind that is named and not there. Several may name the same one. Folding and sealing look (`folding`, `sealing`), and `verify`.

The last entry of a writer, which nothing names yet, its process looks after until a seal covers it (`watching`).

What stays: what a process wrote last in the seconds before it ended, and whoever has database and secret at once.
"""

import hmac
import threading
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from itertools import batched
from typing import NamedTuple

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.db import transaction

from milepost.journal.leaves import leaf_hash
from milepost.journal.models import Entry, Unfolded

MARK = 16  # bytes
IN_QUERY = 5_000  # entries that are asked for at once


class Row(NamedTuple):
    """An entry as it lies in the database."""

    id: int
    organisation_id: int
    time: datetime
    fact: str
    verb: str
    actor_id: str
    object_id: str
    about: str
    holder: str
    also: str
    statement: str
    salt: bytes
    leaf: bytes
    after_id: int
    after: bytes
    mark: bytes

    @property
    def whose(self) -> str:
        """The uid of the person that the fact is of."""
        return self.holder or self.actor_id


class Missing(NamedTuple):
    """An entry that is not there, though another names it: which one, as far as can be said, and who names it."""

    number: int
    named_by: Row


class Last(NamedTuple):
    """The entry that a writer wrote last, of which journal, in which database."""

    number: int
    mark: bytes
    organisation_id: int
    database: tuple[str, str, str]


class _Writer(threading.local):
    last: Last | None = None


class _Committed:
    """What is called once an entry is committed; it waits at the connection, which forgets it when its savepoint is rolled back."""

    def __init__(self, last: Last) -> None:
        self.last = last

    def __call__(self) -> None:
        if _writer.last:
            _unnamed.pop(_writer.last.number, None)  # this one names it
        _writer.last = _unnamed[self.last.number] = self.last


_writer = _Writer()
_unnamed: dict[int, Last] = {}  # of this process: what its threads wrote last, by number (see `watching`)


def link(entries: Sequence[Entry]) -> None:
    """Mark these entries, which are about to be written in this order by one statement, as following what this writer wrote before."""
    last = _last()
    number, after = (last.number, last.mark) if last else (0, b"")
    for entry in entries:
        entry.after_id, entry.after = number, after
        entry.mark = after = mark_of(entry, settings.SECRET_KEY)


def written(entry: Entry) -> None:
    """Say which of the entries of a statement was its last, once they are written."""
    transaction.on_commit(_Committed(Last(entry.pk, bytes(entry.mark), entry.organisation_id, _database())))


def begin_anew() -> None:
    """Have this thread's next entry name none: what it wrote last is not in the database any more, and rightly so."""
    _writer.last = None
    _unnamed.clear()


def unnamed() -> list[Last]:
    """What threads of this process wrote last in this database, and nothing that was written later names."""
    return [last for last in list(_unnamed.values()) if last.database == _database()]


def forget(last: Last) -> None:
    """Look no more after what a seal covers, or a fact tells of."""
    if _unnamed.get(last.number) == last:
        del _unnamed[last.number]


def _last() -> Last | None:
    """What this writer wrote last: in this transaction and not rolled back, or else committed, in this database."""
    waiting = transaction.get_connection().run_on_commit
    last = next((call.last for _savepoints, call, *_rest in reversed(waiting) if isinstance(call, _Committed)), None)
    last = last or _writer.last
    return last if last and last.database == _database() else None


def _database() -> tuple[str, str, str]:
    told = transaction.get_connection().settings_dict
    return str(told["HOST"]), str(told["PORT"]), str(told["NAME"])


def mark_of(entry: Row | Entry, secret: str) -> bytes:
    """The mark that an entry with these columns gets under this secret."""
    texts = (entry.fact, entry.verb, entry.actor_id, entry.object_id, entry.about, entry.holder, entry.also)
    time = entry.time.astimezone(UTC).isoformat(timespec="microseconds")
    said = "\0".join((str(entry.organisation_id), time, *texts)).encode()  # no column of text can hold a NUL
    after = bytes(entry.after)
    return hmac.digest(_key(secret), bytes((len(after),)) + after + bytes(entry.leaf) + said, "sha256")[:MARK]


@lru_cache(maxsize=8)
def _key(secret: str) -> bytes:
    return HKDF(hashes.SHA256(), 32, salt=None, info=b"milepost entries as they are written").derive(secret.encode())


def rows_in(numbers: Iterable[int]) -> dict[int, Row]:
    """Those of the entries that there are, by their numbers."""
    parts = (Entry.objects.filter(pk__in=part).order_by() for part in batched(numbers, IN_QUERY, strict=False))
    return {row.id: row for part in parts for row in map(Row._make, part.values_list(*Row._fields))}


def trouble_of(row: Row) -> str:
    """Why it is not an entry that was written by Milepost, in words; empty if it is one. Erased words are no trouble."""
    mark = bytes(row.mark)
    secrets = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    if not any(hmac.compare_digest(mark, mark_of(row, secret)) for secret in secrets):
        return "it was altered or inserted by somebody else than Milepost: its mark is not that of its words"
    if (row.statement or row.salt) and leaf_hash(salt=bytes(row.salt), statement=row.statement.encode()) != bytes(
        row.leaf
    ):
        return "it was altered: its words do not match its hash"
    return ""


def missing(rows: Collection[Row]) -> Iterator[Missing]:
    """The entries that some of these name as written before them, and that are not there. Those that stand in the queue are."""
    marks = {bytes(row.mark): row.id for row in rows}
    open_ones = [row for row in rows if row.after and marks.get(bytes(row.after), row.id) >= row.id]
    before = rows_in({row.after_id for row in open_ones})
    for row in open_ones:
        named = before.get(row.after_id)
        if named is None or bytes(named.mark) != bytes(row.after):
            named = _of_the_same_statement(row)
        is_erased = named is not None and not named.fact  # and sealed: its leaf stands in the tree
        if named is None or (not is_erased and trouble_of(named) and not _waits(named)):
            yield Missing(row.after_id if row.after_id not in before else _gap_before(row), row)


def _of_the_same_statement(row: Row) -> Row | None:
    """The entry before it, where one statement wrote both, and the number of the first was not known to the second."""
    between = Entry.objects.filter(pk__gt=row.after_id, pk__lt=row.id, mark=row.after)
    found = between.order_by("-pk").values_list(*Row._fields).first()
    return Row._make(found) if found else None


def _waits(row: Row) -> bool:
    """Whether it stands in the queue of its journal, which does not take it, and says so by itself."""
    return Unfolded.objects.filter(pk=row.id, organisation_id=row.organisation_id).exists()


def _gap_before(row: Row) -> int:
    """The nearest number before the entry that is that of none."""
    first = max(row.after_id, row.id - IN_QUERY)
    there = set(Entry.objects.filter(pk__gt=first, pk__lt=row.id).values_list("pk", flat=True))
    return next((number for number in range(row.id - 1, first, -1) if number not in there), row.after_id)
