"""A course's files, from a folder, a zip or the draft in the database: one mapping of path to bytes for all.

Whatever comes from outside is distrusted here: paths that escape, links, bombs, giants, odd names. A refusal is a
`RefusedFiles` with a sentence for the person, raised before anything is written.
"""

import io
import os
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import IO, Any, Protocol, Self

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from milepost.core.sandbox import Unreadable

MAX_FILES = 2_000
MAX_FILE = 1 << 30  # bytes
MAX_TOTAL = 4 << 30  # bytes
MAX_TEXT = 2 << 20  # bytes: of a file that is read (.md, .vtt)
MAX_DIRECTORY = 1 << 20  # bytes of a zip that say what is in it
MAX_RATIO = 200  # unpacked to packed; video hardly shrinks and prose shrinks tenfold
MAX_RATIO_OF_ALL, SLACK = 4, 64 << 20  # of all files together, beyond so many bytes
MAX_PATH = 240
CHUNK = 1 << 20
# What zipfile raises for a damaged file, and what it reads with.
DAMAGED = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, ValueError, LookupError, RuntimeError)
IGNORED = frozenset({".git", ".DS_Store", "Thumbs.db", "__MACOSX", "desktop.ini"})


class RefusedFiles(Unreadable):
    """The folder or zip is not a course that can be taken in; the message says which file and why."""

    sentence = gettext_lazy("The course can’t be read. Bring it anew, with fewer or shorter texts.")

    @classmethod
    def at(cls, place: str) -> Self:
        if not place:
            return cls()
        message = _("%(path)s can’t be read: it takes too long. Make it shorter, its tables and lists above all.")
        return cls(message % {"path": place})


class CourseFiles(Protocol):
    """Files of a course by path ('/' between names, relative to the folder that holds course.md)."""

    def paths(self) -> list[str]:
        """Every path, sorted."""
        ...

    def size(self, path: str) -> int:
        """The file's length in bytes."""
        ...

    def chunks(self, path: str) -> Iterator[bytes]:
        """The file's bytes, a piece at a time. Raises `RefusedFiles` if they are not what was announced."""
        ...


def read_bytes(files: CourseFiles, path: str) -> bytes:
    """The whole file; meant for text."""
    return b"".join(files.chunks(path))


class Folder:
    """A course in a folder on this machine."""

    def __init__(self, root: Path) -> None:
        if not root.is_dir():
            raise RefusedFiles(_("%(path)s is not a folder.") % {"path": root})
        self.root = root
        self._files = dict(self._walk())
        _check(self._files)

    def _walk(self) -> Iterator[tuple[str, int]]:
        for folder, folders, names in os.walk(self.root):
            folders[:] = sorted(name for name in folders if name not in IGNORED)
            for name in (*folders, *names):
                if (Path(folder) / name).is_symlink():
                    where = (Path(folder) / name).relative_to(self.root).as_posix()
                    raise RefusedFiles(_("%(path)s is a link. Put the file itself in its place.") % {"path": where})
            for name in names:
                path = Path(folder) / name
                if name not in IGNORED:
                    if not stat.S_ISREG(path.lstat().st_mode):
                        raise RefusedFiles(
                            _("%(path)s is not an ordinary file.") % {"path": path.relative_to(self.root)}
                        )
                    yield path.relative_to(self.root).as_posix(), path.stat().st_size

    def paths(self) -> list[str]:
        return sorted(self._files)

    def size(self, path: str) -> int:
        return self._files[path]

    def chunks(self, path: str) -> Iterator[bytes]:
        with (self.root / path).open("rb") as file:
            yield from _read(file, path=path, announced=self._files[path])


class Zip:
    """A course in a zip; the files may lie at its root or in one folder."""

    def __init__(self, file: IO[bytes]) -> None:
        try:
            self.archive = zipfile.ZipFile(_Bounded(file))
        except RefusedFiles:
            raise
        except DAMAGED as error:
            raise RefusedFiles(_("This is not a zip file, or it is damaged. Make it again.")) from error
        items = [item for item in self.archive.infolist() if not item.is_dir() and not _is_ignored(item.filename)]
        if len(items) > MAX_FILES:
            raise RefusedFiles(_("The zip holds more than %(count)d files.") % {"count": MAX_FILES})
        for item in items:
            _check_item(item)
        packed = sum(item.compress_size for item in items)
        if sum(item.file_size for item in items) > SLACK + MAX_RATIO_OF_ALL * packed:
            raise RefusedFiles(
                _("The zip unpacks to many times its size. It is refused, since such files are harmful.")
            )
        top = _common_folder([item.filename for item in items])
        self._items = {item.filename.removeprefix(top): item for item in items}
        if len(self._items) < len(items):
            raise RefusedFiles(_("The zip names the same file twice."))
        _check({path: item.file_size for path, item in self._items.items()})

    def paths(self) -> list[str]:
        return sorted(self._items)

    def size(self, path: str) -> int:
        return self._items[path].file_size

    def chunks(self, path: str) -> Iterator[bytes]:
        try:
            with self.archive.open(self._items[path]) as file:
                yield from _read(file, path=path, announced=self._items[path].file_size)
        except RefusedFiles:
            raise
        except DAMAGED as error:
            raise RefusedFiles(_("%(path)s is damaged in the zip. Make the zip again.") % {"path": path}) from error


class _Bounded:
    """The file of a zip, whose directory is read in one piece: one that is endless is refused before."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def read(self, size: int = -1) -> bytes:
        if size > MAX_DIRECTORY:
            raise RefusedFiles(_("The zip holds more than %(count)d files.") % {"count": MAX_FILES})
        return self._file.read(size)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


class InMemory:
    """A course that is already in memory; for tests and for what was written by hand."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        _check({path: len(data) for path, data in files.items()})
        self._files = dict(files)

    def paths(self) -> list[str]:
        return sorted(self._files)

    def size(self, path: str) -> int:
        return len(self._files[path])

    def chunks(self, path: str) -> Iterator[bytes]:
        yield self._files[path]


def _read(file: IO[bytes], *, path: str, announced: int) -> Iterator[bytes]:
    """Read no more than was announced: a bomb lies about its size."""
    taken = 0
    while chunk := file.read(CHUNK):
        taken += len(chunk)
        if taken > announced:
            raise RefusedFiles(_("%(path)s is larger than the zip says. It is refused.") % {"path": path})
        yield chunk


def _is_ignored(name: str) -> bool:
    return any(part in IGNORED for part in name.split("/"))


def _check_item(item: zipfile.ZipInfo) -> None:
    if stat.S_ISLNK(item.external_attr >> 16):
        raise RefusedFiles(_("%(path)s is a link. Put the file itself in its place.") % {"path": item.filename})
    if item.flag_bits & 0x1:
        raise RefusedFiles(_("The zip is protected with a password. Make it without one."))
    if item.compress_type not in (
        zipfile.ZIP_STORED,
        zipfile.ZIP_DEFLATED,
    ):  # others ask for gigabytes to unpack a byte
        raise RefusedFiles(_("The zip is packed in an unusual way. Make it again with your computer’s own program."))
    if item.file_size > CHUNK and item.file_size > MAX_RATIO * max(item.compress_size, 1):
        message = _("%(path)s unpacks to %(ratio)d times its size. It is refused, since files that do so are harmful.")
        raise RefusedFiles(message % {"path": item.filename, "ratio": item.file_size // max(item.compress_size, 1)})
    _check_path(item.filename)


def _check(sizes: Mapping[str, int]) -> None:
    if len(sizes) > MAX_FILES:
        raise RefusedFiles(_("There are more than %(count)d files.") % {"count": MAX_FILES})
    if sum(sizes.values()) > MAX_TOTAL:
        raise RefusedFiles(_("The files are larger than 4 GB together."))
    seen: dict[str, str] = {}
    for path, size in sizes.items():
        _check_path(path)
        if size > MAX_FILE:
            message = _(
                "%(path)s has %(size).1f GB; a file may have 1 GB. Put long videos on a video server and name their URL."
            )
            raise RefusedFiles(message % {"path": path, "size": size / (1 << 30)})
        if path.endswith((".md", ".vtt")) and size > MAX_TEXT:
            raise RefusedFiles(_("%(path)s is larger than 2 MB, too much for text.") % {"path": path})
        folded = path.casefold()
        if folded in seen:
            message = _("%(one)s and %(other)s differ only in capitals. Some computers can't keep both.")
            raise RefusedFiles(message % {"one": seen[folded], "other": path})
        seen[folded] = path


def _check_path(path: str) -> None:
    parts = PurePosixPath(path).parts
    if path.startswith("/") or ".." in parts or "\\" in path or ":" in path or not parts:
        raise RefusedFiles(_("%(path)s points outside of the course. It is refused.") % {"path": path})
    if len(path) > MAX_PATH:
        raise RefusedFiles(
            _("%(path)s…: the path is longer than %(count)d characters.") % {"path": path[:60], "count": MAX_PATH}
        )
    if any(unicodedata.category(character).startswith("C") for character in path):
        raise RefusedFiles(_("%(path)s: the name has invisible characters.") % {"path": ascii(path)})


def _common_folder(paths: list[str]) -> str:
    """The one folder that everything lies in ('' if course.md is at the root or there is no such folder)."""
    if not paths or "course.md" in paths:
        return ""
    first = paths[0].split("/")[0] + "/"
    return first if all(path.startswith(first) for path in paths) else ""


def open_files(path: Path) -> CourseFiles:
    """The course at `path`: a folder or a zip. Raises `RefusedFiles`."""
    if path.is_dir():
        return Folder(path)
    if not path.is_file():
        raise RefusedFiles(_("There is nothing at %(path)s.") % {"path": path})
    return Zip(io.BytesIO(path.read_bytes()) if path.stat().st_size < CHUNK else path.open("rb"))
