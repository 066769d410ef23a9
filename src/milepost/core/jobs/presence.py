"""Which workers of this host live: each holds a lock on a file of its own, which the kernel lets go with the process.

So the next worker of the host knows at once who is gone, however many went together and whoever ended them. The number of a process
says less: another may have it by now, and in another container it is another process. Other hosts wait for leases to run out.
"""

import fcntl
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO


class Presence:
    """A worker of this name in the folder where those of its host are present; no other host may write there."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder, self._name = folder, name
        self._file: IO[bytes] | None = None

    def begin(self) -> None:
        """Be present from now on. Where nothing can be written nobody is, and leases run out by themselves."""
        with suppress(OSError):
            self._folder.mkdir(mode=0o700, exist_ok=True)
            coming = self._folder / f".{self._name}"
            self._file = coming.open("wb")
            fcntl.lockf(self._file, fcntl.LOCK_EX)  # children do not inherit it
            coming.rename(self._folder / self._name)  # nobody sees it before it is locked

    def end(self) -> None:
        """Leave in order: nothing is left to take over."""
        with suppress(OSError):
            (self._folder / self._name).unlink(missing_ok=True)

    def gone(self) -> Iterator[str]:
        """The names of those that ended otherwise. Each is forgotten when the caller comes back for the next, and so is done with it."""
        for path in self._folder.glob("[!.]*"):
            if path.name == self._name:
                continue  # to close it once more would let go of our own lock
            with suppress(OSError), path.open("r+b") as file:
                fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                yield path.name
                path.unlink(missing_ok=True)
