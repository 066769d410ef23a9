"""Writing a backup while people work.

The rows are those of one instant: a snapshot that both databases keep for whoever reads (SQLite's write-ahead log;
REPEATABLE READ in PostgreSQL), in which nobody waits for anybody. The files that these rows name are copied afterwards: a
file never changes, and none is removed while a backup is made (`core.blobs.removing.kept`). What this machine remembers
of seals is looked at before: it never tells of a seal that the rows do not have.
"""

import json
import os
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from fcntl import LOCK_EX, LOCK_NB, flock
from hashlib import sha256
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO, Any
from uuid import UUID

from django.apps import apps
from django.conf import settings
from django.db import connection, transaction
from django.db.migrations.recorder import MigrationRecorder

from milepost import __version__
from milepost.backup import age, archive
from milepost.backup.files import Named
from milepost.backup.reading import FORMAT
from milepost.backup.tables import Sum, Table, tables
from milepost.core import blobs, clock
from milepost.core.blobs.removing import kept
from milepost.core.refusals import Refused
from milepost.journal import second_memory

IN_MEMORY = 8 << 20  # bytes of a file
PART = 4 << 20  # bytes of rows that are compressed at a time
Progress = Callable[[str, int], AbstractContextManager[Any]]  # what is done and how much there is; `update` moves it on


class BackupRefused(Refused):
    """The backup can't be made there."""


@dataclass
class Made:
    """What was written. `lost` names files that rows refer to and that can't be had: organisation and digest."""

    rows: int = 0
    files: int = 0
    bytes: int = 0
    lost: list[str] = field(default_factory=list)


def make(target: Path, *, passphrase: str = "", progress: Progress) -> Made:
    """Write all of this Milepost into the file, which appears once it is whole and on the disk.

    Raises `BackupRefused`, and `OSError` when it can't be written; then there is no such file.
    """
    if target.exists():
        raise BackupRefused(f"{target} exists already. Give a name that is free, for instance with the date.")
    with _appearing(target) as file:
        encrypting = age.Encrypting(file, passphrase) if passphrase else None
        making = _Making(archive.Writer(encrypting or file), progress)
        making.everything()
        if encrypting:
            encrypting.close()
    making.made.bytes = target.stat().st_size
    return making.made


@contextmanager
def _appearing(target: Path) -> Iterator[IO[bytes]]:
    """A file beside the target that takes its name, for good, when the block ends well."""
    beside = target.with_name(f"{target.name}.part")
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
        try:
            flock(file, LOCK_EX | LOCK_NB)
        except OSError as error:
            raise BackupRefused(f"{beside} is being written by another backup. Wait for it.") from error
        file.truncate(0)
        try:
            yield file
            file.flush()
            os.fsync(file.fileno())
            beside.replace(target)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextmanager
def snapshot() -> Iterator[None]:
    """All that is read in the block is as it is now, whatever others write meanwhile."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with transaction.atomic():
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
                yield
            return
        cursor.execute("BEGIN")  # and not `atomic`, which would keep everybody else from writing
        try:
            yield
        finally:
            cursor.execute("ROLLBACK")


class _Making:
    def __init__(self, writer: archive.Writer, progress: Progress) -> None:
        self._writer, self._progress = writer, progress
        self._digests: dict[str, str] = {}
        self._sums: dict[str, Any] = {}
        self.made = Made()

    def everything(self) -> None:
        """Write every member, the manifest as the last."""
        there = tables(apps)
        with kept(), Named() as named:
            seals = second_memory.logs()
            with snapshot():
                self._add("about.json", _json(_about(there)))
                self._add(
                    "secrets.json", _json({"secret": settings.SECRET_KEY, "earlier": settings.SECRET_KEY_FALLBACKS})
                )
                with self._progress("Copying rows", sum(table.count() for table in there.values())) as bar:
                    for table in there.values():
                        self._table(table, bar)
                named.gather()
            for path, size in seals:
                self._seals(path, size)
            files = self._files(named)
        manifest = _json({"members": self._digests, "tables": self._sums, "files": files})
        self._add(f"manifest-{sha256(manifest).hexdigest()}.json", manifest)
        self._writer.close()

    def _add(self, name: str, content: bytes) -> None:
        self._writer.add(name, len(content), [content])
        self._digests[name] = sha256(content).hexdigest()

    def _table(self, table: Table, bar: Any) -> None:
        total, part, held, number = Sum(table), list[bytes](), 0, 0
        for line in table.lines(table.rows()):
            total.add(line)
            part.append(line)
            held += len(line) + 1
            if held >= PART:
                self._part(table, number, part, bar)
                part, held, number = [], 0, number + 1
        if part:
            self._part(table, number, part, bar)
        self._sums[table.name] = total.as_json()
        self.made.rows += total.rows

    def _part(self, table: Table, number: int, lines: list[bytes], bar: Any) -> None:
        self._add(f"tables/{table.name}/{number:06}.jsonl.z", zlib.compress(b"\n".join(lines) + b"\n", 1))
        bar.update(len(lines))

    def _seals(self, path: Path, size: int) -> None:
        """What the log held before the snapshot, in parts; half a line at its end is left out."""
        number, left = 0, size
        with path.open("rb") as file:
            while left and (lines := file.readlines(min(PART, left))):
                content = b"".join(lines)[:left]
                left -= len(content)
                if whole := content[: content.rfind(b"\n") + 1]:
                    self._add(f"seals/{path.stem}/{number:06}.jsonl", whole)
                    number += 1

    def _files(self, named: Named) -> dict[str, Any]:
        names, count, size = sha256(), 0, 0
        with self._progress("Copying files", named.count()) as bar:
            for organisation, digest, is_referred_to in named:
                name = f"files/{organisation}/{digest}"
                bar.update(1)
                with SpooledTemporaryFile(max_size=IN_MEMORY) as copy:
                    if not _is_copied(organisation, digest, copy):
                        if is_referred_to:  # what a fact alone tells of may have gone long ago
                            self.made.lost.append(f"{organisation}/{digest}")
                        continue
                    length = copy.tell()
                    copy.seek(0)
                    self._writer.add(name, length, blobs.chunks_of(copy))
                names.update(name.encode())
                count, size = count + 1, size + length
        self.made.files = count
        return {"count": count, "bytes": size, "names": names.hexdigest(), "lost": self.made.lost}


def _is_copied(organisation: UUID, digest: str, copy: IO[bytes]) -> bool:
    """Read the file whole before any of it is written: a member can’t be taken back. False if it can’t be had as it was stored.

    A store that is away is no file that is lost: then the backup fails.
    """
    chunks = blobs.chunks(organisation, digest)
    while True:
        try:
            chunk = next(chunks, None)
        except OSError as error:
            if isinstance(error, blobs.Unreadable) or error.errno is not None:  # of the disk, and of this file alone
                return False
            raise
        if chunk is None:
            return True
        copy.write(chunk)


def _about(there: dict[str, Table]) -> dict[str, Any]:
    applied = sorted(MigrationRecorder(connection).applied_migrations())
    return {
        "format": FORMAT,
        "version": __version__,
        "made_at": clock.now().isoformat(),
        "database": connection.vendor,
        "migrations": applied,
        "tables": {name: table.columns for name, table in there.items()},
    }


def _json(content: Any) -> bytes:
    return json.dumps(content, ensure_ascii=False, indent=1).encode()
