"""Work that is done again and again in the background, for as long as the worker runs.

Rooms register what they need when they start. A round that fails is logged and tried again at its next turn; two
workers at once are expected, so what is registered must bear them.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event

from django.db import close_old_connections

logger = logging.getLogger(__name__)


@dataclass
class Job:
    """A function and how many seconds lie between two turns."""

    run: Callable[[], object]
    seconds: float
    due: float = 0.0


jobs: dict[str, Job] = {}


def every(seconds: float, run: Callable[[], object]) -> None:
    """Run the function every so many seconds while the worker lives."""
    jobs[f"{run.__module__}.{run.__qualname__}"] = Job(run, seconds)


def run_until(stop: Event) -> None:
    """Take turns until `stop` is set."""
    while not stop.is_set():
        for name, job in jobs.items():
            if job.due <= time.monotonic() and not stop.is_set():
                _turn(name, job)
        stop.wait(1)


def _turn(name: str, job: Job) -> None:
    close_old_connections()
    try:
        job.run()
    except Exception:
        logger.exception("%s failed; it is tried again in %s s.", name, job.seconds)
    job.due = time.monotonic() + job.seconds
