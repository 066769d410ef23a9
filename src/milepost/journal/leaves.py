"""From a statement to its leaf in the tree: canonical text, salt, hash.

leaf = SHA-256(0x00 || salt || canonical JSON), which is RFC 9162 (section 2.1.1) hashing of the leaf data
`salt || statement`. The salt (16 random bytes an entry) lets a statement be erased later while its leaf stays:
without the salt nobody can find the erased content by guessing.
"""

import hashlib
import secrets

SALT_BYTES = 16
LEAF_PREFIX = b"\x00"


def new_salt() -> bytes:
    """A fresh salt of 16 random bytes."""
    return secrets.token_bytes(SALT_BYTES)


def leaf_hash(*, salt: bytes, statement: bytes) -> bytes:
    """The 32 bytes that stand for the statement in the Merkle tree."""
    return hashlib.sha256(LEAF_PREFIX + salt + statement).digest()
