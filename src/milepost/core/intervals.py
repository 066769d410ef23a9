"""Sets of half-open ranges of seconds, kept sorted and disjoint: what of a recording was really seen."""

from collections.abc import Iterable

Interval = tuple[float, float]


def union(intervals: Iterable[Interval], *, tolerance: float = 0.0) -> list[Interval]:
    """Merge intervals that overlap, touch, or lie no more than `tolerance` seconds apart.

    Empty and reversed intervals vanish. The result is sorted and disjoint; it is the same in whatever order
    the intervals come, and merging it again changes nothing.
    """
    merged: list[Interval] = []
    for start, end in sorted((start, end) for start, end in intervals if end > start):
        if merged and start <= merged[-1][1] + tolerance:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


def clip(intervals: Iterable[Interval], *, end: float) -> list[Interval]:
    """The parts of `intervals` that lie between 0 and `end`."""
    return [(max(start, 0.0), min(stop, end)) for start, stop in intervals if min(stop, end) > max(start, 0.0)]


def measure(intervals: Iterable[Interval]) -> float:
    """Total length in seconds, every second counted once."""
    return sum(end - start for start, end in union(intervals))
