"""Doing the same to many files by all processors there are: reading the seals of a PDF takes up to ten milliseconds."""

import multiprocessing
import os
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice

MANY = 64  # files, from which on other processes are worth their start


def spread[T, R](function: Callable[[T], R], files: Iterable[T]) -> Iterator[R]:
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
        ahead = _in_parts(chain(few, files), max(1, MANY // 8))
        waiting = deque(pool.apply_async(_each, (function, some)) for some in islice(ahead, 8))
        while waiting:
            answers, fault = waiting.popleft().get()
            waiting.extend(pool.apply_async(_each, (function, some)) for some in islice(ahead, 1))
            yield from answers
            if fault:
                raise fault


def _in_parts[T](files: Iterator[T], size: int) -> Iterator[list[T]]:
    while part := list(islice(files, size)):
        yield part


def _each[T, R](function: Callable[[T], R], files: Sequence[T]) -> tuple[list[R], Exception | None]:
    """What the function says of these, up to the first of which it raises something, and what it raises."""
    answers: list[R] = []
    try:
        for file in files:
            answers.append(function(file))  # noqa: PERF401 - those before a fault are told, too
    except Exception as fault:
        return answers, fault
    return answers, None


def processors() -> set[int]:
    """Those that this process may use."""
    return os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set(range(os.cpu_count() or 1))
