"""Sparse Merkle trees of sixteen branches, and running hashes: what an index is made of that proves what is *not* there.

Nothing here knows a database. A tree maps keys (32 bytes, spread evenly, as hashes are) to values. Its head is 32 zero
bytes where it has no key, the hash of its leaf where it has one, and else the hash of the heads of the sixteen subtrees by
the next half-byte of the key. So where a key would stand follows from the key alone, and the way there shows its value, or
that it has none. Hashes are SHA-256. The bytes before what is hashed keep leaves, nodes and chains of both tiers apart, and
apart from those of the tree of facts (see `merkle`).
"""

import base64
import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

ERASED = "#"  # how what is left of an erased uid begins: no uid does
EMPTY = bytes(32)
BRANCHES = 16
KEY = 32

Leaf = tuple[bytes, bytes]  # a key and its value


@dataclass(frozen=True)
class Tier:
    """The bytes by which the hashes of one tier of trees are told from all others."""

    leaf: bytes
    node: bytes


ABOUT = Tier(b"\x10", b"\x11")  # what facts are about, each with the head of its tree of `WHOSE`
WHOSE = Tier(b"\x20", b"\x21")  # whose facts they are: how many, and the running hash over their leaves
CHAIN = b"\x30"


def without_uid(text: str) -> str:
    """A uid that was erased: the key under which it stands, which says who it was to nobody who does not know the uid already."""
    if not text or text.startswith(ERASED):
        return text
    return ERASED + base64.urlsafe_b64encode(key_of(text)).decode().rstrip("=")


def key_of(text: str) -> bytes:
    """The key under which a uid stands; of what is left of one that was erased (`without_uid`) the same."""
    if text.startswith(ERASED):
        return base64.urlsafe_b64decode(text[1:] + "=")
    return hashlib.sha256(text.encode()).digest()


def leaf_hash(tier: Tier, key: bytes, value: bytes) -> bytes:
    """The hash of a key with its value."""
    return hashlib.sha256(tier.leaf + key + value).digest()


def node_hash(tier: Tier, children: Sequence[bytes]) -> bytes:
    """The hash of a node over the heads of its sixteen children."""
    return hashlib.sha256(tier.node + b"".join(children)).digest()


def branch(key: bytes, depth: int) -> int:
    """Which way the key goes from a node of this depth: its half-byte there."""
    return key[depth >> 1] & 15 if depth & 1 else key[depth >> 1] >> 4


def branches(leaves: Iterable[Leaf], depth: int) -> list[list[Leaf]]:
    """The leaves below a node of this depth, by the way that they go."""
    parts: list[list[Leaf]] = [[] for _branch in range(BRANCHES)]
    for leaf in leaves:
        parts[branch(leaf[0], depth)].append(leaf)
    return parts


def head(tier: Tier, leaves: Collection[Leaf], depth: int = 0) -> bytes:
    """The head of the tree of these keys, or of its subtree at a depth above which all of them go the same way."""
    if len(leaves) > 1:
        return node_hash(tier, [head(tier, part, depth + 1) if part else EMPTY for part in branches(leaves, depth)])
    for key, value in leaves:
        return leaf_hash(tier, key, value)
    return EMPTY


NOTHING = bytes(8 + 32)  # the value of whoever has no fact


def extended(value: bytes, leaves: Iterable[bytes]) -> bytes:
    """The value of a key of `WHOSE` after further facts: how many there are (8 bytes), and the running hash over all."""
    count, chain = int.from_bytes(value[:8]), value[8:]
    for leaf in leaves:
        count, chain = count + 1, hashlib.sha256(CHAIN + chain + leaf).digest()
    return count.to_bytes(8) + chain


# --- Proofs -----------------------------------------------------------------------------------------------

type Subtree = Node | Sequence[Leaf]  # its children, or, where there are few, its leaves


@dataclass(frozen=True)
class Node:
    """A node of a tree: the heads of its children, and how to get one."""

    heads: Sequence[bytes]
    child: Callable[[int], "Subtree"]


def leaves_of(subtree: Subtree, wanted: Collection[bytes] | None, depth: int = 0) -> Iterator[Leaf]:
    """The leaves of a subtree, or those of the wanted keys that there are."""
    if not isinstance(subtree, Node):
        yield from (leaf for leaf in subtree if wanted is None or leaf[0] in wanted)
    elif wanted is None:
        for way, child in enumerate(subtree.heads):
            if child != EMPTY:
                yield from leaves_of(subtree.child(way), None, depth + 1)
    else:
        for way, keys in enumerate(_by_branch(wanted, depth)):
            if keys:
                yield from leaves_of(subtree.child(way), keys, depth + 1)


def multiproof(tier: Tier, wanted: Collection[bytes], subtree: Subtree, depth: int = 0) -> list[str]:
    """What it takes, beside the values of the wanted keys, to come to the head: and that those without a value have none.

    A word for each subtree on the way, from left to right: `node` before its sixteen, a leaf as key and value, or nothing
    where there is none; for a subtree in which no wanted key would stand, its head. All in hexadecimal digits.
    """
    if isinstance(subtree, Node):
        parts, heads = None, subtree.heads
    elif len(subtree) > 1:
        parts = branches(subtree, depth)
        heads = [head(tier, part, depth + 1) for part in parts]
    else:
        return [(key + value).hex() for key, value in subtree] or [""]
    proof = ["node"]
    for way, keys in enumerate(_by_branch(wanted, depth)):
        if not keys:
            proof.append("" if heads[way] == EMPTY else heads[way].hex())
        else:
            child = parts[way] if parts is not None else subtree.child(way)  # type: ignore[union-attr]  # or it is a node
            proof += multiproof(tier, keys, child, depth + 1)
    return proof


def _by_branch(keys: Iterable[bytes], depth: int) -> list[set[bytes]]:
    parts: list[set[bytes]] = [set() for _branch in range(BRANCHES)]
    for key in keys:
        parts[branch(key, depth)].add(key)
    return parts
