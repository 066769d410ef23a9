"""Canonical bytes and their fingerprints: the same value has the same hash everywhere, for ever."""

import hashlib
from typing import Any

import rfc8785


def canonical_json(value: Any) -> bytes:
    """`value` as canonical JSON (RFC 8785, JSON Canonicalization Scheme), UTF-8.

    Raises `ValueError` for what has no canonical form: NaN, infinities, integers beyond 2**53, other types.
    """
    return rfc8785.dumps(value)


def fingerprint(data: bytes) -> str:
    """The SHA-256 of `data`, 64 lower-case hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def fingerprint_of(value: Any) -> str:
    """The fingerprint of a value's canonical JSON."""
    return fingerprint(canonical_json(value))
