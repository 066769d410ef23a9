"""Files in any S3-compatible store, for `MILEPOST_FILES=s3://…`. Needs `pip install 'milepost[s3]'`."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from django.core.files.base import File
from storages.backends.s3 import S3Storage

CHUNK = 1 << 20


class Bucket(S3Storage):  # type: ignore[misc]  # django-storages has no types
    """A bucket. An object is there whole or not at all, and its parts are read without the rest."""

    def remove(self, name: str, *, stored_before: datetime) -> bool:
        """Take the object away unless it was stored since; whether it is gone. Between the two lies one request."""
        try:
            with _as_of_a_disk(name):
                if self.get_modified_time(name) >= stored_before:
                    return False
                self.delete(name)
        except FileNotFoundError:
            return True
        return True

    def exists(self, name: str) -> bool:
        with _as_of_a_disk(name):
            return bool(super().exists(name))

    def size(self, name: str) -> int:
        with _as_of_a_disk(name):
            return int(super().size(name))

    def _save(self, name: str, content: "File[Any]") -> str:
        with _as_of_a_disk(name):
            return str(super()._save(name, content))

    def stream(self, name: str, first: int = 0, length: int | None = None) -> Iterator[bytes]:
        """The object's bytes from `first` on, `length` of them or all. Raises `FileNotFoundError`."""
        if length == 0:
            return
        last = "" if length is None else str(first + length - 1)
        wanted: dict[str, Any] = {"Range": f"bytes={first}-{last}"} if first or last else {}
        with _as_of_a_disk(name):
            body = self.bucket.Object(self._normalize_name(name)).get(**wanted)["Body"]
            with body:  # which gives what lies under it
                yield from body.iter_chunks(CHUNK)


@contextmanager
def _as_of_a_disk(name: str) -> Iterator[None]:
    """Whatever the store says, or that it says nothing, as the error that a disk would give."""
    try:
        yield
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
            raise FileNotFoundError(name) from error
        raise OSError(str(error)) from error
    except BotoCoreError as error:
        raise OSError(str(error)) from error
