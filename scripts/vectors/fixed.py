"""Chance, time and keys that are the same whenever the vectors are made, so that only what was changed differs.

The keys are made from a seed that stands here: whoever has this file has them, too. They prove nothing.
"""

import os
import random
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from functools import lru_cache
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

BITS = 2048
EXPONENT = 65537
PASSWORD = "only for tests"  # noqa: S105 (of a key that everybody has)


@contextmanager
def chance() -> Iterator[None]:
    """In the block nothing is left to chance: salts, uids, serial numbers and keys are those of the last time.

    Nor is the time: what happens then is recorded, of an organisation that is not for demonstration, too.
    """
    from milepost.core import clock
    from milepost.credentials import badge_keys
    from milepost.journal import keys, log_keys

    dice = random.Random("milepost vectors")
    generate = lambda: Ed25519PrivateKey.from_private_bytes(dice.randbytes(32))  # noqa: E731
    ed25519 = SimpleNamespace(generate=generate, from_private_bytes=Ed25519PrivateKey.from_private_bytes)
    with ExitStack() as stack:
        for where, name, instead in (
            (os, "urandom", dice.randbytes),
            (clock, "may_be_recorded", lambda **_of: True),
            (random, "_urandom", dice.randbytes),
            (keys, "_new_private_key", lambda: rsa_key("organisation")),
            (log_keys, "Ed25519PrivateKey", ed25519),
            (badge_keys, "Ed25519PrivateKey", ed25519),
        ):
            stack.enter_context(patch.object(where, name, instead))
        yield


@lru_cache
def rsa_key(name: str) -> rsa.RSAPrivateKey:
    """The key of this name (RFC 8017, section 3): two primes out of a seed."""
    dice = random.Random(f"milepost vectors: {name}")
    p, q = _prime(dice), _prime(dice)
    exponent = pow(EXPONENT, -1, (p - 1) * (q - 1))
    public = rsa.RSAPublicNumbers(EXPONENT, p * q)
    factors = exponent % (p - 1), exponent % (q - 1), pow(q, -1, p)
    return rsa.RSAPrivateNumbers(p, q, exponent, *factors, public).private_key()


def ed25519_key(name: str) -> Ed25519PrivateKey:
    """The key of this name."""
    return Ed25519PrivateKey.from_private_bytes(random.Random(f"milepost vectors: {name}").randbytes(32))


def certificate(
    name: str, *, at: datetime, common_name: str, extensions: tuple[x509.ExtensionType, ...] = ()
) -> x509.Certificate:
    """A certificate that the key of this name signs itself, from this day on for a hundred years."""
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, common_name)])
    builder = x509.CertificateBuilder(subject, subject, rsa_key(name).public_key(), 1 + len(name))
    builder = builder.not_valid_before(at).not_valid_after(at.replace(year=at.year + 100))
    for extension in extensions:
        builder = builder.add_extension(extension, critical=True)
    return builder.sign(rsa_key(name), hashes.SHA256())


def as_pkcs12(name: str, **more: Any) -> bytes:
    """The key and its certificate, as an operator brings them."""
    lock = BestAvailableEncryption(PASSWORD.encode())
    return pkcs12.serialize_key_and_certificates(name.encode(), rsa_key(name), certificate(name, **more), None, lock)


def _prime(dice: random.Random) -> int:
    while True:
        number = dice.getrandbits(BITS // 2) | 3 << BITS // 2 - 2 | 1
        if all(number % small for small in range(3, 2000, 2)) and number % EXPONENT != 1 and _is_prime(number, dice):
            return number


def _is_prime(number: int, dice: random.Random) -> bool:
    """Miller and Rabin’s test (FIPS 186-5, appendix B.3.1)."""
    odd, twos = number - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for _ in range(20):
        power = pow(dice.randrange(2, number - 1), odd, number)
        if power in (1, number - 1):
            continue
        for _ in range(twos - 1):
            power = power * power % number
            if power == number - 1:
                break
        else:
            return False
    return True
