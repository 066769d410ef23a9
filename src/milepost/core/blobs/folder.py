"""Files in a folder that hold what power cuts, full disks and kills do to a machine."""

import contextlib
import fcntl
import os
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.files.base import File
from django.core.files.storage import FileSystemStorage

CHUNK = 1 << 20
INCOMING = "incoming"  # what is being written; what a kill left there is cleared away by `milepost files check`


class Folder(FileSystemStorage):
    """A file is there whole or not at all: it is written beside, brought to the disk, and only then gets its name."""

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        return name  # files are named after their content: the same name is the same file

    def _save(self, name: str, content: "File[Any]") -> str:
        path = Path(self.path(name))
        incoming = Path(self.path(INCOMING))
        incoming.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, written = tempfile.mkstemp(dir=incoming)
        try:
            with os.fdopen(handle, "wb") as file:
                for chunk in content.chunks(CHUNK):
                    file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
            _make_folder(path.parent)
            with self._lock(fcntl.LOCK_SH):
                Path(written).replace(path)
        except BaseException:
            Path(written).unlink(missing_ok=True)
            raise
        _sync(path.parent)
        return name

    def delete(self, name: str) -> None:
        """Take the file away; one that is not there is gone already."""
        path = Path(self.path(name))
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
            _sync(path.parent)

    def remove(self, name: str, *, stored_before: datetime) -> bool:
        """Take the file away unless it was stored since; whether it is gone. Nobody stores between the look and the removal."""
        path = Path(self.path(name))
        with self._lock(fcntl.LOCK_EX):
            try:
                if path.stat().st_mtime >= stored_before.timestamp():
                    return False
            except FileNotFoundError:
                return True
            self.delete(name)
        return True

    @contextlib.contextmanager
    def _lock(self, way: int) -> Iterator[None]:
        """Held by many who store, or by one who removes (flock(2): it ends with its process)."""
        folder = Path(self.path(INCOMING))
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(folder, os.O_RDONLY)
        try:
            fcntl.flock(handle, way)
            yield
        finally:
            os.close(handle)

    def stream(self, name: str, first: int = 0, length: int | None = None) -> Iterator[bytes]:
        """The file's bytes from `first` on, `length` of them or all. Raises `FileNotFoundError`."""
        with Path(self.path(name)).open("rb") as file:
            file.seek(first)
            left = length
            while chunk := file.read(CHUNK if left is None else min(CHUNK, left)):
                yield chunk
                left = None if left is None else left - len(chunk)


def _make_folder(folder: Path) -> None:
    """The folder and those above it, each of them on the disk."""
    if not folder.exists():
        _make_folder(folder.parent)
        with contextlib.suppress(FileExistsError):
            folder.mkdir(mode=0o700)
        _sync(folder.parent)


def _sync(folder: Path) -> None:
    """Bring the folder's names to the disk (fsync(2): the file's own fsync does not)."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
