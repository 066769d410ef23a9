"""What processes of a host remember together and can do without: whether another server rests, what its clock said.

It lies in files. A disk that is full, or can only be read, keeps none of it: then nothing is remembered, and nobody fails.
"""

import fcntl
import logging
from pathlib import Path
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.filebased import FileBasedCache

logger = logging.getLogger(__name__)


class FileCache(FileBasedCache):
    """Django's cache in files; what can’t be written is not kept, what can’t be read is not there."""

    def set(self, key: Any, value: Any, timeout: float | None = DEFAULT_TIMEOUT, version: int | None = None) -> None:
        try:
            super().set(key, value, timeout, version)
        except OSError as error:
            logger.warning("Not remembered: %s", error)

    def add(self, key: Any, value: Any, timeout: float | None = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        """As Django's, and of several processes that add at once one does: allauth counts who signs in under such a lock."""
        try:
            folder = Path(self._dir)  # type: ignore[attr-defined]
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with (folder / "adding.lock").open("a") as held:
                fcntl.flock(held, fcntl.LOCK_EX)
                return bool(super().add(key, value, timeout, version))
        except OSError as error:
            logger.warning("Not remembered: %s", error)
            return True

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        try:
            return super().get(key, default, version)
        except OSError:  # it was over, and could not be taken away
            return default

    def delete(self, key: Any, version: int | None = None) -> bool:
        try:
            return super().delete(key, version)
        except OSError as error:
            logger.warning("Not forgotten: %s", error)
            return False
