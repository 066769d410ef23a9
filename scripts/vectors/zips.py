"""Zip files that are written as no product writes them, byte by byte (APPNOTE 6.3.10)."""

import io
import struct
import zipfile
from collections.abc import Callable, Mapping

EPOCH = (2026, 3, 13, 8, 0, 0)


def contents(archive: bytes) -> dict[str, bytes]:
    """The files of a zip, by name."""
    with zipfile.ZipFile(io.BytesIO(archive)) as read:
        return {name: read.read(name) for name in read.namelist()}


def packed(files: Mapping[str, bytes], *, change: Callable[[zipfile.ZipInfo], object] = lambda _info: None) -> bytes:
    """The files as a zip; `change` may change how one is told of."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in files.items():
            info = zipfile.ZipInfo(name, EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            change(info)
            archive.writestr(info, content)
    return target.getvalue()


def with_comment(archive: bytes) -> bytes:
    return archive[:-2] + struct.pack("<H", 2) + b"hi"


def with_two_sizes(archive: bytes, name: str) -> bytes:
    """Local header and central directory tell of one file in two ways."""
    at = archive.index(name.encode()) - 30
    assert archive[at : at + 4] == b"PK\x03\x04"  # noqa: S101
    return archive[: at + 22] + struct.pack("<I", 1) + archive[at + 26 :]


def with_bytes_between(archive: bytes, name: str) -> bytes:
    """Before a file stands something of which the central directory tells nothing."""
    at = archive.index(name.encode()) - 30
    hidden = packed({"hidden.txt": b"Not on the list, but some programs show it."})
    hidden = hidden[: hidden.index(b"PK\x01\x02")]
    moved = bytearray(archive[:at] + hidden + archive[at:])
    end = len(moved) - 22
    count, size, start = struct.unpack_from("<HII", moved, end + 10)
    struct.pack_into("<I", moved, end + 16, start + len(hidden))
    place = start + len(hidden)
    for _entry in range(count):
        names, extra, comment = struct.unpack_from("<HHH", moved, place + 28)
        [offset] = struct.unpack_from("<I", moved, place + 42)
        if offset >= at:
            struct.pack_into("<I", moved, place + 42, offset + len(hidden))
        place += 46 + names + extra + comment
    assert place == start + len(hidden) + size  # noqa: S101
    return bytes(moved)
