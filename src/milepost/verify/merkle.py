"""The arithmetic of the journal’s tree (RFC 9162, section 2.1)."""

import hashlib
from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise

NODE, LEAF = b"\x01", b"\x00"


def node(left: bytes, right: bytes) -> bytes:
    """The hash over the heads of two subtrees."""
    return hashlib.sha256(NODE + left + right).digest()


def root_of(leaves: Sequence[tuple[int, bytes]], size: int, proof: Sequence[bytes]) -> bytes | None:
    """The head of the tree (RFC 9162, section 2.1.1) that leaves and the heads beside them lead to; None if they don't fit."""
    indices = [index for index, _leaf in leaves]
    if any(a >= b for a, b in pairwise(indices)) or (indices and not 0 <= indices[0] <= indices[-1] < size):
        return None
    rest = iter(proof)

    def head(start: int, end: int, first: int, last: int) -> bytes:
        if first == last:
            return next(rest)
        if end - start == 1:
            return leaves[first][1]
        middle = start + (1 << ((end - start - 1).bit_length() - 1))
        between = bisect_left(indices, middle, first, last)
        left = head(start, middle, first, between)
        return node(left, head(middle, end, between, last))

    try:
        found = head(0, size, 0, len(leaves)) if size else hashlib.sha256().digest()
    except (StopIteration, RuntimeError):
        return None
    return found if next(rest, None) is None else None


def climb(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """The head that the path leads to (RFC 9162, section 2.1.3.2); None when it does not fit the tree."""
    if not 0 <= index < size:
        return None
    at, last, found = index, size - 1, leaf
    for step in path:
        if last == 0:
            return None
        if at & 1 or at == last:
            found = node(step, found)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            found = node(found, step)
        at, last = at >> 1, last >> 1
    return found if last == 0 else None


def is_consistent(first: int, first_head: bytes, second: int, second_head: bytes, path: Sequence[bytes]) -> bool:
    """Whether the path shows that the second tree begins with the first one (RFC 9162, section 2.1.4.2), which is smaller."""
    if not 0 < first < second:
        return False
    steps = list(path) if first & (first - 1) else [first_head, *path]
    at, last = first - 1, second - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    if not steps:
        return False
    old = new = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            old, new = node(step, old), node(step, new)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            new = node(new, step)
        at, last = at >> 1, last >> 1
    return last == 0 and (old, new) == (first_head, second_head)
