"""The zip file of a dossier, under one strict profile (APPNOTE 6.3.10): whatever reads it sees the same files."""

import io
import struct
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import IO

from .report import Broken, NotInstalled

MAX_UNZIPPED, MAX_RATIO = 64 * 1024**3, 200  # what text packs to is far from that: more is a trap
MAX_PART = 512 * 1024**2  # what is held in memory at once
STREAMED, ENCRYPTED, ZIP64, ZIP64_FIELD, UNICODE_NAME, SYMLINK = (
    0x8,
    0x1,
    0xFFFFFFFF,
    0x1,
    0x7075,
    0o12,
)  # zip: APPNOTE 6.3.10


class Archive:
    """A zip file whose names and layout hold. Raises `Broken`."""

    def __init__(self, file: IO[bytes]) -> None:
        try:
            self.zip = zipfile.ZipFile(file)
        except Exception as error:  # zipfile raises eight sorts
            raise Broken(f"The zip file is broken: {error}.") from error
        self.file = file
        self.at = "The zip file"  # what was read last
        self._names()
        self._layout()

    @property
    def names(self) -> set[str]:
        """Of all files in it."""
        return {info.filename for info in self.zip.infolist() if not info.is_dir()}

    def open(self, name: str) -> IO[bytes]:
        """A file in it, to be read piece by piece."""
        self.at = name
        return self.zip.open(name)

    def size_of(self, name: str) -> int:
        """Of a file in it, in bytes."""
        return self.zip.getinfo(name).file_size

    def read(self, name: str, most: int = MAX_PART) -> bytes:
        """All of a file in it. Raises `Broken` where there is none, or one of more than so many bytes."""
        self.at = name
        try:
            if self.zip.getinfo(name).file_size > most:
                raise Broken(f"{name} unpacks to more than {most >> 20} MB.")
            content = self.zip.read(name)
        except KeyError as error:
            raise Broken(f"{name} is missing.") from error
        if len(content) != self.size_of(name):
            raise Broken(f"{name} has not the size that the zip file tells.")
        return content

    @contextmanager
    def named(self) -> Iterator[None]:
        """What can't be read, is told by the name of the file that was read last. Raises `Broken` for whatever else is raised."""
        try:
            yield
        except (Broken, NotInstalled, ImportError, OSError):
            raise
        except Exception as error:  # whatever a hostile file makes the libraries that read it raise
            raise Broken(f"{self.at} is not as Milepost writes it ({type(error).__name__}: {error}).") from error

    def _names(self) -> None:
        names = [info.filename for info in self.zip.infolist()]
        twice = next((a for a, b in pairwise(sorted(names)) if a == b), None)
        if twice:
            raise Broken(f"{twice} is in the zip file twice.")
        odd = next((name for name in names if name.startswith("/") or ".." in name.split("/") or "\\" in name), None)
        if odd:
            raise Broken(f"{odd} has a name that leads out of the dossier.")
        following = dict(pairwise([*sorted(names), ""]))  # what lies in a folder stands right behind it
        for info in self.zip.infolist():
            name = info.filename
            if info.is_dir() and (info.file_size or not following[name].startswith(name)):
                raise Broken(f"{info.filename} is a folder that was added.")
            if info.external_attr >> 28 == SYMLINK:
                raise Broken(f"{info.filename} is a link to another file.")
        unzipped, size = sum(info.file_size for info in self.zip.infolist()), self.file.seek(0, io.SEEK_END)
        if unzipped > MAX_UNZIPPED or unzipped > MAX_PART + size * MAX_RATIO:
            raise Broken("The zip file unpacks to more than 64 GB, or to more than a dossier of its size.")

    def _layout(self) -> None:
        """Nothing stands between, before or after the files, and both headers of each say the same (APPNOTE 6.3.10, 4.3).

        Otherwise a program that reads the zip from its beginning shows files that this one does not see.
        """
        place = 0
        for info in sorted(self.zip.infolist(), key=lambda info: info.header_offset):
            if not 0 <= info.header_offset - place <= (24 if place else 0):  # 24: what may follow a file (4.3.9)
                raise Broken(f"Before {info.filename} the zip file holds more than its list of files tells.")
            self.file.seek(info.header_offset)
            header = self.file.read(30).ljust(30)
            _sign, _version, flags, method, _time, crc, packed, size, name, extra = struct.unpack("<4s3HIIIIHH", header)
            told = (flags & ~STREAMED, method) == (info.flag_bits & ~STREAMED, info.compress_type)
            self.file.seek(info.header_offset + 30 + name)
            fields = _fields(self.file.read(extra))
            if not flags & STREAMED:
                told &= crc == info.CRC and _sizes(size, packed, fields) == (info.file_size, info.compress_size)
            if not told:
                raise Broken(f"The zip file tells of {info.filename} in two ways.")
            if method not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) or flags & ENCRYPTED:
                raise Broken(f"{info.filename} is packed in a way in which Milepost packs nothing.")
            if info.comment or UNICODE_NAME in fields.keys() | _fields(info.extra).keys():
                raise Broken(f"{info.filename} carries a comment or a second name.")
            place = info.header_offset + 30 + name + extra + info.compress_size
        if not 0 <= self.zip.start_dir - place <= 24:
            raise Broken("After its files the zip file holds more than its list of files tells.")
        self._list()

    def _list(self) -> None:
        """The list of files is as long as its headers say, and the end behind it tells how many there are (4.3.12, 4.3.16)."""
        self.file.seek(-42, io.SEEK_END)
        locator, end = self.file.read(20), self.file.read(22)
        if self.zip.comment or not (end.startswith(b"PK\x05\x06") and end.endswith(b"\0\0")):  # no comment of no byte
            raise Broken("The zip file carries a comment, or something after its end.")
        is_large, place = locator.startswith(b"PK\x06\x07"), self.zip.start_dir
        for _info in self.zip.infolist():
            self.file.seek(place)
            place += 46 + sum(struct.unpack_from("<HHH", self.file.read(46).ljust(46), 28))
        told = struct.unpack_from("<H", end, 10)[0]
        if place != self.file.seek(0, io.SEEK_END) - 22 - is_large * 76:  # 4.3.14 and 4.3.15: 56 and 20 bytes
            raise Broken("The list of files in the zip file is longer or shorter than it tells.")
        if told != len(self.zip.infolist()) and not (is_large and told == 0xFFFF):
            raise Broken("The zip file tells two numbers of files.")


def _fields(extra: bytes) -> dict[int, bytes]:
    """The extra fields of a file in a zip, by their kinds (APPNOTE 6.3.10, section 4.5)."""
    fields, at = dict[int, bytes](), 0
    while at + 4 <= len(extra):
        tag, length = struct.unpack_from("<HH", extra, at)
        fields[tag] = extra[at + 4 : at + 4 + length]
        at += 4 + length
    return fields


def _sizes(size: int, packed: int, fields: dict[int, bytes]) -> tuple[int, int]:
    """Of a file, as its local header tells them, there or in its ZIP64 field (4.5.3), which then has both."""
    if ZIP64 not in (size, packed):
        return size, packed
    large = struct.unpack("<QQ", fields[ZIP64_FIELD]) if len(fields.get(ZIP64_FIELD, b"")) == 16 else (-1, -1)
    return large[0] if size == ZIP64 else size, large[1] if packed == ZIP64 else packed
