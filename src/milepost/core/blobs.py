"""Content-addressed files: stored once under their own SHA-256, never changed, one folder an organisation.

The bytes live in Django's default storage, so a folder and an S3-compatible store are the same to callers.
"""

import hashlib
import tempfile
from collections.abc import Iterable, Iterator
from typing import IO
from uuid import UUID

from django.core.files.base import ContentFile, File
from django.core.files.storage import default_storage

CHUNK = 1 << 20


def path_of(organisation: UUID, digest: str) -> str:
    """Where the blob lies in the storage: two levels of folders keep directories small."""
    return f"blobs/{organisation}/{digest[:2]}/{digest[2:]}"


def store(organisation: UUID, data: bytes) -> str:
    """Keep `data` and return its SHA-256; data that is already there is not written again."""
    digest = hashlib.sha256(data).hexdigest()
    path = path_of(organisation, digest)
    if not default_storage.exists(path):
        default_storage.save(path, ContentFile(data))
    return digest


def store_stream(organisation: UUID, chunks: Iterable[bytes]) -> str:
    """Keep a stream of any size with one chunk in memory at a time; return its SHA-256."""
    hasher = hashlib.sha256()
    with tempfile.TemporaryFile() as spool:
        for chunk in chunks:
            hasher.update(chunk)
            spool.write(chunk)
        spool.seek(0)
        path = path_of(organisation, hasher.hexdigest())
        if not default_storage.exists(path):
            default_storage.save(path, File(spool))
    return hasher.hexdigest()


def chunks_of(file: IO[bytes]) -> Iterator[bytes]:
    """The rest of an open file, a megabyte at a time."""
    while chunk := file.read(CHUNK):
        yield chunk


def open_blob(organisation: UUID, digest: str) -> IO[bytes]:
    """The blob as an open binary file. Raises `FileNotFoundError` if there is none."""
    return default_storage.open(path_of(organisation, digest), "rb")


def read(organisation: UUID, digest: str) -> bytes:
    """The whole blob."""
    with open_blob(organisation, digest) as file:
        return file.read()


def is_there(organisation: UUID, digest: str) -> bool:
    """Whether there is a blob of this digest."""
    return bool(default_storage.exists(path_of(organisation, digest)))


def remove(organisation: UUID, digest: str) -> None:
    """Take the blob away, for good. Whoever calls knows that nothing refers to it any more."""
    default_storage.delete(path_of(organisation, digest))


def size_of(organisation: UUID, digest: str) -> int:
    """The blob's length in bytes."""
    return int(default_storage.size(path_of(organisation, digest)))
