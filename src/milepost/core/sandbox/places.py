"""How many files are read at once in this process, and by whom: a queue of strangers must not hold up anybody else."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore

from milepost.core.refusals import Refused


class Places:
    """So many places, of which strangers have one.

    A process that works in the background waits for one. One that answers pages has fewer places than threads, and hardly
    waits: who waits holds a thread that somebody else’s page needs (`bound`).
    """

    def __init__(self) -> None:
        self.bound(2, patience=60)

    def bound(self, count: int, *, patience: float) -> None:
        """From now on, so many places, and so many seconds to wait for one."""
        self._patience = patience
        self._of_all, self._of_strangers = BoundedSemaphore(count), BoundedSemaphore(1)

    @contextmanager
    def taken(self, refusal: type[Refused], *, by_strangers: bool) -> Iterator[None]:
        """Hold a place. Raises the `refusal` when none becomes free in time."""
        if by_strangers:
            with self._one_of(self._of_strangers, refusal), self._one_of(self._of_all, refusal):
                yield
        else:
            with self._one_of(self._of_all, refusal):
                yield

    @contextmanager
    def _one_of(self, places: BoundedSemaphore, refusal: type[Refused]) -> Iterator[None]:
        if not places.acquire(timeout=self._patience):
            raise refusal
        try:
            yield
        finally:
            places.release()
