"""Numbers for whoever watches over the installation, as Prometheus takes them at `/metrics`.

    SENT = Counter("mails", "Mails by how they ended.", "outcome")          # at the top of a module
    SENT.add("refused")                                                     # where it happens, in any process

    gauges.register("sessions", Gauge("sessions", "Open sessions.", (), read))   # registered.py: asked when they are fetched

Counters and durations of all processes under one `milepost up` are added up, those of processes that were killed included.
Without prometheus-client (`pip install 'milepost[metrics]'`), or without a parent that collects, nothing is counted.
Labels are few: names of views, queues and states, never anything of an organisation or a person.
"""

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from threading import Lock
from typing import Any

from milepost.core.registry import Registry

FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # where processes write what they count, as prometheus-client calls it
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)  # seconds
PREFIX = "milepost_"
_making = Lock()


@cache
def are_counted() -> bool:
    """Whether this process counts."""
    return FOLDER in os.environ and is_installed()


def is_installed() -> bool:
    """Whether prometheus-client is there."""
    return find_spec("prometheus_client") is not None


class _Metric(ABC):
    """What processes count: made when it is first needed, once, whichever thread comes first."""

    def __init__(self, name: str, help: str, *labels: str) -> None:
        self.name, self.help, self.labels = PREFIX + name, help, labels
        self._made: Any = None

    def _of(self, labels: tuple[str, ...]) -> Any:
        with _making:
            if self._made is None:
                self._made = self._make()
        return self._made.labels(*labels)

    @abstractmethod
    def _make(self) -> Any:
        """The counter of the library."""


class Counter(_Metric):
    """What only grows."""

    def add(self, *labels: str) -> None:
        """One more."""
        if are_counted():
            with suppress(OSError):  # there is no memory left to count in: that must break nothing
                self._of(labels).inc()

    def _make(self) -> Any:
        from prometheus_client import Counter as Kept

        return Kept(self.name, self.help, self.labels)


class Durations(_Metric):
    """How long things take, in seconds."""

    def add(self, *labels: str, seconds: float) -> None:
        """One more that took so long."""
        if are_counted():
            with suppress(OSError):
                self._of(labels).observe(seconds)

    def _make(self) -> Any:
        from prometheus_client import Histogram

        return Histogram(self.name, self.help, self.labels, buckets=BUCKETS)


@dataclass(frozen=True)
class Gauge:
    """What is so now. `read` gives a value for each tuple of labels; it is one small query or two."""

    name: str
    help: str
    labels: tuple[str, ...]
    read: Callable[[], Iterable[tuple[tuple[str, ...], float]]]


gauges: Registry[Gauge] = Registry("gauge")
