"""Merkle trees as RFC 9162 defines them: roots, inclusion proofs and consistency proofs, made and checked.

Nothing here knows a database: whoever makes a proof says how to get a node. `Nodes(level, index)` gives the hash
of the complete subtree over the leaves from `index * 2**level` up to, not including, `(index + 1) * 2**level`.
Hashes are SHA-256, 32 bytes.
"""

import hashlib
from bisect import bisect_left
from collections.abc import Callable, Sequence
from itertools import pairwise

NODE_PREFIX = b"\x01"
EMPTY_ROOT = hashlib.sha256().digest()

Nodes = Callable[[int, int], bytes]


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of a node over its two children (section 2.1.1)."""
    return hashlib.sha256(NODE_PREFIX + left + right).digest()


def root(size: int, nodes: Nodes) -> bytes:
    """The head of the tree over the first `size` leaves (section 2.1.1)."""
    return _range(0, size, nodes) if size else EMPTY_ROOT


def inclusion_proof(index: int, size: int, nodes: Nodes) -> list[bytes]:
    """The audit path for leaf `index` in the tree of the first `size` leaves (section 2.1.3.1), leaf side first.

    Raises `IndexError` when there is no such leaf in that tree.
    """
    if not 0 <= index < size:
        raise IndexError(f"no leaf {index} in a tree of {size}")
    path, start, end = [], 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(_range(middle, end, nodes))
            end = middle
        else:
            path.append(_range(start, middle, nodes))
            start = middle
    return path[::-1]


def multiproof(indices: Sequence[int], size: int, nodes: Nodes) -> list[bytes]:
    """What it takes, beside the leaves at `indices` (sorted), to come to the head of the tree of `size` leaves.

    The heads of the largest subtrees that hold none of them, from left to right: O(k log(n/k)) hashes for k leaves of n.
    `root_from_multiproof` reads it. Not in RFC 9162, whose audit paths it shares between many leaves.
    """
    proof: list[bytes] = []

    def walk(start: int, end: int, first: int, last: int) -> None:
        if first == last:
            proof.append(_range(start, end, nodes))
        elif end - start > 1:
            middle = start + _split(end - start)
            between = bisect_left(indices, middle, first, last)
            walk(start, middle, first, between)
            walk(middle, end, between, last)

    if size:
        walk(0, size, 0, len(indices))
    return proof


def root_from_multiproof(leaves: Sequence[tuple[int, bytes]], size: int, proof: Sequence[bytes]) -> bytes | None:
    """The head that leaves (sorted by index) and proof lead to; None when they do not fit the tree."""
    indices = [index for index, _leaf in leaves]
    if any(a >= b for a, b in pairwise(indices)) or (indices and not 0 <= indices[0] <= indices[-1] < size):
        return None
    rest = iter(proof)

    def head(start: int, end: int, first: int, last: int) -> bytes:
        if first == last:
            return next(rest)
        if end - start == 1:
            return leaves[first][1]
        middle = start + _split(end - start)
        between = bisect_left(indices, middle, first, last)
        left = head(start, middle, first, between)
        return node_hash(left, head(middle, end, between, last))

    try:
        root = head(0, size, 0, len(leaves)) if size else EMPTY_ROOT
    except StopIteration:
        return None
    return root if next(rest, None) is None else None


def consistency_proof(first: int, second: int, nodes: Nodes) -> list[bytes]:
    """The proof that the tree of `second` leaves only adds to that of `first` (section 2.1.4.1).

    Raises `IndexError` unless 0 < first <= second.
    """
    if not 0 < first <= second:
        raise IndexError(f"no proof from {first} to {second} leaves")
    path, start, end, is_whole = [], 0, second, True
    while end > first:
        middle = start + _split(end - start)
        if first <= middle:
            path.append(_range(middle, end, nodes))
            end = middle
        else:
            path.append(_range(start, middle, nodes))
            start, is_whole = middle, False
    if not is_whole:
        path.append(_range(start, end, nodes))
    return path[::-1]


def root_from_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """The head that the audit path leads to (section 2.1.3.2); None when the path does not fit the tree."""
    if not 0 <= index < size:
        return None
    at, last, node = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            return None
        if at & 1 or at == last:
            node = node_hash(sibling, node)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            node = node_hash(node, sibling)
        at, last = at >> 1, last >> 1
    return node if last == 0 else None


def is_included(leaf: bytes, index: int, size: int, path: Sequence[bytes], head: bytes) -> bool:
    """Whether the audit path shows that `leaf` is number `index` of the tree with this size and head."""
    return root_from_inclusion(leaf, index, size, path) == head


def is_consistent(first: int, first_head: bytes, second: int, second_head: bytes, path: Sequence[bytes]) -> bool:
    """Whether the path shows that the second tree holds the first one unchanged (section 2.1.4.2)."""
    if not 0 < first <= second:
        return False
    if first == second:
        return not path and first_head == second_head
    steps = list(path) if first & (first - 1) else [first_head, *path]
    if not steps:
        return False
    at, last = first - 1, second - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    old = new = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            old, new = node_hash(step, old), node_hash(step, new)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            new = node_hash(new, step)
        at, last = at >> 1, last >> 1
    return last == 0 and old == first_head and new == second_head


class Frontier:
    """The tree's growing edge: takes leaves one after another and knows the head at any moment, in O(log n) memory."""

    def __init__(self) -> None:
        self.size = 0
        self._subtrees: list[bytes] = []  # complete subtrees, the largest first: one for each bit of `size`

    @classmethod
    def at(cls, size: int, nodes: Nodes) -> "Frontier":
        """The edge of a tree that is kept, at this size."""
        edge, start = cls(), 0
        for level in reversed(range(size.bit_length())):
            if size >> level & 1:
                edge._subtrees.append(nodes(level, start >> level))
                start += 1 << level
        edge.size = size
        return edge

    def append(self, leaf: bytes) -> None:
        """Add the next leaf."""
        joined, below = leaf, self.size
        while below & 1:
            joined, below = node_hash(self._subtrees.pop(), joined), below >> 1
        self._subtrees.append(joined)
        self.size += 1

    @property
    def root(self) -> bytes:
        """The head over all leaves so far."""
        if not self._subtrees:
            return EMPTY_ROOT
        *larger, head = self._subtrees
        for subtree in reversed(larger):
            head = node_hash(subtree, head)
        return head


def _range(start: int, end: int, nodes: Nodes) -> bytes:
    """The head over the leaves from `start` to `end`, where `start` is a place at which RFC 9162 would split."""
    count = end - start
    if count & (count - 1) == 0:
        return nodes(count.bit_length() - 1, start // count)
    middle = start + _split(count)
    return node_hash(_range(start, middle, nodes), _range(middle, end, nodes))


def _split(count: int) -> int:
    """The largest power of two smaller than `count` (k in section 2.1.1)."""
    return 1 << ((count - 1).bit_length() - 1)
