"""Doing the same to many files by all processors there are: reading the seal of a PDF takes some ten milliseconds."""

import multiprocessing
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice

MANY = 64  # files, from which on other processes are worth their start


def spread[R](function: Callable[[bytes], R], files: Iterable[bytes]) -> Iterator[R]:
    """What the function says of each file, in their order; it raises what the function raises.

    Done here where the files are few, there is one processor, or the system starts a process anew instead of copying this one.
    A file is read when its turn is near: some dozens are in memory.
    """
    files = iter(files)
    few = list(islice(files, MANY))
    if len(few) < MANY or len(processors()) < 2 or sys.platform != "linux":
        yield from map(function, chain(few, files))
        return
    with multiprocessing.get_context("fork").Pool(len(processors())) as pool:
        ahead = iter(chain(few, files))
        waiting = [pool.apply_async(function, (one,)) for one in islice(ahead, MANY)]
        while waiting:
            first = waiting.pop(0)
            result = first.get()
            waiting.extend(pool.apply_async(function, (one,)) for one in islice(ahead, 1))
            yield result


def processors() -> set[int]:
    """Those that this process may use."""
    return os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set(range(os.cpu_count() or 1))
