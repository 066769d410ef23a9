"""Content-addressed files: kept once under their own SHA-256, never changed, one folder an organisation.

    digest = blobs.store(organisation.uid, content)          # on the disk when this returns, or nothing is accepted
    blobs.read(organisation.uid, digest)                     # exactly these bytes, or `Missing`, or `Damaged`
    for chunk in blobs.chunks(organisation.uid, digest): ... # the same for files of any size

A model names a file with a field that says so, and that is all there is to do: cleaning, checks and erasure read from
the models what is still referred to (`milepost.core.blobs.references`).

    pdf = BlobField(blank=True)                              # a digest
    annexes = BlobsJSONField(default=list)                   # digests somewhere within JSON

The bytes lie in Django's default storage: `folder.Folder`, or `s3.Bucket` where `MILEPOST_FILES` says so. Storing again
what is there writes it again: that heals a damaged file, and renews the day for which `milepost files check` keeps what
nothing refers to yet.
"""

import hashlib
import tempfile
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.files.base import ContentFile, File
from django.core.files.storage import default_storage
from django.utils.translation import gettext_lazy

from milepost.core.refusals import Refused

CHUNK = 1 << 20


class Unreadable(Refused, OSError):
    """A file can't be had as it was stored."""


class Missing(Unreadable, FileNotFoundError):
    """There is no such file."""

    sentence = gettext_lazy("This file is not there any more. Tell whoever runs this Milepost: they can put it back.")
    status = 404


class Damaged(Unreadable):
    """The file does not have the bytes any more that it was stored with."""

    sentence = gettext_lazy(
        "This file was damaged on the server’s disk. Tell whoever runs this Milepost: they can put it back."
    )
    status = 503


def path_of(organisation: UUID, digest: str) -> str:
    """Where the blob lies in the storage: two levels of folders keep directories small."""
    return f"blobs/{organisation}/{digest[:2]}/{digest[2:]}"


def store(organisation: UUID, data: bytes) -> str:
    """Keep `data` and return its SHA-256. Raises `OSError` when it can't be kept, and then nothing of it is."""
    digest = hashlib.sha256(data).hexdigest()
    default_storage.save(path_of(organisation, digest), ContentFile(data))
    return digest


def store_stream(organisation: UUID, chunks: Iterable[bytes]) -> str:
    """Keep a stream of any size with one chunk in memory at a time; otherwise like `store`."""
    hasher = hashlib.sha256()
    with tempfile.TemporaryFile() as spool:
        for chunk in chunks:
            hasher.update(chunk)
            spool.write(chunk)
        spool.seek(0)
        default_storage.save(path_of(organisation, hasher.hexdigest()), File(spool))
    return hasher.hexdigest()


def read(organisation: UUID, digest: str) -> bytes:
    """The whole blob. Raises `Missing`, `Damaged`."""
    return b"".join(chunks(organisation, digest))


def chunks(organisation: UUID, digest: str, first: int = 0, length: int | None = None) -> Iterator[bytes]:
    """The blob a chunk at a time, or `length` bytes of it from byte `first` on. Raises `Missing`, `Damaged`.

    Of a whole file the last chunk comes only after the digest was checked: nobody ever has a damaged file in full. A part
    can't be checked by itself.
    """
    path = path_of(organisation, digest)
    is_whole = first == 0 and (length is None or length >= size_of(organisation, digest))
    try:
        if is_whole:
            yield from _checked(_storage().stream(path), digest)
        else:
            yield from _storage().stream(path, first, length)
    except FileNotFoundError as error:
        raise Missing from error


def _checked(source: Iterator[bytes], digest: str) -> Iterator[bytes]:
    hasher, held = hashlib.sha256(), b""
    for chunk in source:
        hasher.update(chunk)
        if held:
            yield held
        held = chunk
    if hasher.hexdigest() != digest:
        raise Damaged
    yield held


def chunks_of(file: Any) -> Iterator[bytes]:
    """The rest of an open binary file, a megabyte at a time."""
    while chunk := file.read(CHUNK):
        yield chunk


def is_there(organisation: UUID, digest: str) -> bool:
    """Whether there is a blob of this digest."""
    return bool(default_storage.exists(path_of(organisation, digest)))


def size_of(organisation: UUID, digest: str) -> int:
    """The blob's length in bytes. Raises `Missing`."""
    try:
        return int(default_storage.size(path_of(organisation, digest)))
    except FileNotFoundError as error:
        raise Missing from error


def remove(organisation: UUID, digest: str, *, stored_before: datetime) -> bool:
    """Take the blob away, for good, unless it was stored again since; whether it is gone.

    Whoever calls has seen that nothing refers to it; `removing.remove_unused` does that.
    """
    return bool(_storage().remove(path_of(organisation, digest), stored_before=stored_before))


def _storage() -> Any:
    return default_storage  # a `Folder` or a `Bucket`: both have `stream` besides what every storage has
