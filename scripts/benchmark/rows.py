"""What a benchmark measured: rows that `scripts/bench.py` prints."""

import time
from collections.abc import Callable
from typing import Any

Row = dict[str, Any]


def timed(work: Callable[[], object]) -> float:
    """How long it takes, in ms."""
    began = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - began)
