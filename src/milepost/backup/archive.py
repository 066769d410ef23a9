"""The backup as a file: a tar (POSIX.1-1988 “ustar”) of regular files and nothing else, written and read as a stream.

Any tar program lists and opens it. Ours takes less than they do: no links, no folders, no long names, nothing after the end,
and no member is ever written under the name that it has there.
"""

import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from milepost.core.refusals import Refused

CHUNK = 1 << 20
BLOCK = tarfile.BLOCKSIZE
END = bytes(2 * BLOCK)
SIZE, CHECKSUM = slice(124, 136), slice(148, 156)  # in a header
MOST_OCTAL = 8**11 - 1  # bytes: what the field for the size holds in the digits of 1988


class NoBackup(Refused):
    """The file is none of ours, or not whole."""

    sentence = "This is not a backup of Milepost. Nothing was changed."
    status = 422


class DamagedBackup(NoBackup):
    """The file was a backup, and was damaged or cut off."""

    sentence = "This backup is damaged or cut off. Nothing was changed. Take another copy of it."


class Sink(Protocol):
    """Where bytes go."""

    def write(self, data: bytes, /) -> object: ...


class Source(Protocol):
    """Where bytes come from; fewer than asked for only at the end."""

    def read(self, size: int, /) -> bytes: ...


class Writer:
    """Adds members one after another."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink

    def add(self, name: str, size: int, chunks: Iterable[bytes]) -> None:
        """Add a member of exactly `size` bytes. Raises `ValueError` if the chunks are not as long as that."""
        self._sink.write(_header(name, size))
        written = 0
        for chunk in chunks:
            self._sink.write(chunk)
            written += len(chunk)
        if written != size:
            raise ValueError(f"{name}: {written} bytes instead of {size}")
        self._sink.write(bytes(-size % BLOCK))

    def close(self) -> None:
        """Write the end, without which nobody takes the file for whole."""
        self._sink.write(END)


@dataclass
class Member:
    """One file in the archive. `chunks` is read to its end before the next member is asked for."""

    name: str
    size: int
    chunks: Iterator[bytes]

    def content(self, limit: int) -> bytes:
        """All of it. Raises `DamagedBackup` for more than `limit` bytes."""
        if self.size > limit:
            raise DamagedBackup
        return b"".join(self.chunks)


def members(source: Source) -> Iterator[Member]:
    """Each member in order. Raises `NoBackup` if the first block is no header, `DamagedBackup` for what comes later."""
    trouble: type[NoBackup] = NoBackup
    while (block := source.read(BLOCK)) != bytes(BLOCK):
        try:
            info = tarfile.TarInfo.frombuf(block, "ascii", "strict")
            is_ours = info.size >= 0 and block == _header(info.name, info.size)
        except (tarfile.TarError, ValueError) as error:  # UnicodeError is a ValueError, as is a number too large
            raise trouble from error
        if not is_ours:  # a link, a folder, or not as we write it
            raise trouble
        trouble = DamagedBackup
        member = Member(info.name, info.size, _body(source, info.size))
        yield member
        for _rest in member.chunks:
            pass
    if source.read(BLOCK) != bytes(BLOCK) or source.read(1):
        raise trouble


def _header(name: str, size: int) -> bytes:
    info = tarfile.TarInfo(name)
    info.size, info.mode = min(size, MOST_OCTAL), 0o600
    header = info.tobuf(tarfile.USTAR_FORMAT, "ascii", "strict")
    return header if size <= MOST_OCTAL else _with_size(header, size)


def _with_size(header: bytes, size: int) -> bytes:
    """The header with a size of eight gigabytes or more: in binary, as GNU tar, libarchive and Python's write and read it."""
    number = b"\x80" + size.to_bytes(SIZE.stop - SIZE.start - 1)
    unsigned = header[: SIZE.start] + number + header[SIZE.stop : CHECKSUM.start] + b" " * 8 + header[CHECKSUM.stop :]
    return unsigned[: CHECKSUM.start] + b"%06o\0 " % sum(unsigned) + unsigned[CHECKSUM.stop :]


def _body(source: Source, size: int) -> Iterator[bytes]:
    left = size
    while left:
        chunk = source.read(min(left, CHUNK))
        if not chunk:
            raise DamagedBackup
        left -= len(chunk)
        yield chunk
    if source.read(-size % BLOCK) != bytes(-size % BLOCK):
        raise DamagedBackup
