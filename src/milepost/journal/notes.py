"""Signed notes as transparency logs and their witnesses exchange them: C2SP signed-note, tlog-checkpoint and tlog-cosignature, all 1.0.

    learn.example.org/log/0192…                          the origin: which log
    20852163                                             how many leaves its tree has
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=         the root over them

    — learn.example.org/log/0192… Az3grlgtzPICa5OS8…     the log's signature (Ed25519)
    — witness.example.org/w1 jWbPPwAAAABkGFDLEZMH…       a witness's, with the time at which it had seen no larger tree

Nothing here knows a database. What is read is a stranger's: each form is taken as the specification writes it, and in no other,
or `NotANote` says why. Signatures of keys that nobody asked for are kept as they came, and ignored.
"""

import base64
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

NOTE, COSIGNATURE = 0x01, 0x04  # signature types (signed-note): Ed25519 over the text, and over the text with a time
MOST, MOST_SIGNATURES = 128 * 1024, 64  # bytes and lines; at least 16 lines must be taken, and one of ML-DSA has 3 kB
LARGEST = 2**63 - 1  # a size or a time
DASH = "\u2014 "
_NUMBER = re.compile(r"0|[1-9][0-9]{0,18}")


class NotANote(ValueError):
    """It is not in the form that the specification asks for, or a signature that must hold does not; the message says which."""


@dataclass(frozen=True)
class VerifierKey:
    """A public key as it is exchanged (a “vkey”): whose it is, what it signs, and 32 bytes of Ed25519."""

    name: str
    type: int
    public: bytes

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `<name>+<key id in hex>+<base64 of type and key>`. Raises `NotANote`."""
        name, _plus, rest = text.strip().partition("+")
        told, _plus, encoded = rest.partition("+")
        content = unbase64(encoded)
        if not is_name(name) or len(content) != 33 or content[0] not in (NOTE, COSIGNATURE):
            raise NotANote("a key has a name, four bytes that identify it, and 32 bytes of Ed25519, with + between")
        key = cls(name, content[0], content[1:])
        if told != key.id.hex():
            raise NotANote("the four bytes that identify the key are those of another")
        return key

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{in_base64(bytes([self.type]) + self.public)}"

    @property
    def id(self) -> bytes:
        """The four bytes that stand before each of its signatures."""
        return hashlib.sha256(self.name.encode() + b"\n" + bytes([self.type]) + self.public).digest()[:4]

    def has_signed(self, text: str, signature: "Signature") -> bool:
        """Whether the signature is this key's, over this text; of a cosignature, with the time that it tells."""
        message, content = text.encode(), signature.content
        if self.type == COSIGNATURE:
            if len(content) != 72 or not 0 < signature.time <= LARGEST:
                return False
            message, content = _with_time(text, signature.time), content[8:]
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(content, message)
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True)
class Signature:
    """A line below a note: whose it says that it is, and its bytes without the key's four."""

    name: str
    key_id: bytes
    content: bytes

    @classmethod
    def parse(cls, line: str) -> Self:
        """Read a line without its end. Raises `NotANote`."""
        name, _space, encoded = line.removeprefix(DASH).partition(" ")
        content = unbase64(encoded)
        if not line.startswith(DASH) or not is_name(name) or len(content) < 5:
            raise NotANote("a line below the text is no signature")
        return cls(name, content[:4], content[4:])

    def __str__(self) -> str:
        return f"{DASH}{self.name} {in_base64(self.key_id + self.content)}\n"

    @property
    def time(self) -> int:
        """When a cosignature was made, in seconds since 1970."""
        return int.from_bytes(self.content[:8])

    def is_by(self, key: VerifierKey) -> bool:
        """Whether it says that it is this key's."""
        return (self.name, self.key_id) == (key.name, key.id)


@dataclass(frozen=True)
class Note:
    """A text, which ends with a line break, and the signatures below it."""

    text: str
    signatures: tuple[Signature, ...]

    @classmethod
    def parse(cls, content: bytes) -> Self:
        """Read a whole note. Raises `NotANote`."""
        if len(content) > MOST:
            raise NotANote(f"it has more than {MOST} bytes")
        try:
            whole = content.decode()
        except UnicodeDecodeError as error:
            raise NotANote("it is not UTF-8") from error
        above, blank, below = whole.rpartition("\n\n")
        if not blank or not above or not below.endswith("\n"):
            raise NotANote("it is not a text, an empty line, and signatures")
        if any(letter < " " and letter != "\n" for letter in whole):
            raise NotANote("it holds a control character")
        return cls(above + "\n", signatures_in(below))

    def __str__(self) -> str:
        return self.text + "\n" + "".join(map(str, self.signatures))

    def signature_of(self, key: VerifierKey) -> Signature | None:
        """The key's signature; None without one. Raises `NotANote` for one that says it is and does not hold (signed-note)."""
        found = [signature for signature in self.signatures if signature.is_by(key)]
        if not all(key.has_signed(self.text, signature) for signature in found):
            raise NotANote(f"a signature of {key.name} does not hold")
        return max(found, key=lambda signature: signature.content[:8], default=None)


def signatures_in(lines: str) -> tuple[Signature, ...]:
    """The signatures in these lines, of which each has its end. Raises `NotANote`."""
    *each, last = lines.split("\n")
    if last or not 0 < len(each) <= MOST_SIGNATURES:
        raise NotANote(f"it has no signature, or more than {MOST_SIGNATURES}")
    return tuple(map(Signature.parse, each))


@dataclass(frozen=True)
class Checkpoint:
    """What a log says of its tree: its own name (the origin), how many leaves, and the root over them."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the text of a note. Raises `NotANote`."""
        *lines, last = text.split("\n")
        if last or len(lines) < 3 or not all(lines):
            raise NotANote("a checkpoint has three lines or more, none of them empty")
        root = unbase64(lines[2])
        if len(root) != 32:
            raise NotANote("the third line of a checkpoint is a root of 32 bytes")
        return cls(lines[0], number_in(lines[1]), root, tuple(lines[3:]))

    def __str__(self) -> str:
        return "".join(f"{line}\n" for line in (self.origin, self.size, in_base64(self.root), *self.extensions))


def sign(private: Ed25519PrivateKey, key: VerifierKey, text: str) -> Signature:
    """The signature of a log over the text of its checkpoint."""
    return Signature(key.name, key.id, private.sign(text.encode()))


def cosign(private: Ed25519PrivateKey, key: VerifierKey, text: str, *, time: int) -> Signature:
    """The statement of a witness that at `time`, in seconds since 1970, this was the largest tree that it had seen of this log."""
    return Signature(key.name, key.id, time.to_bytes(8) + private.sign(_with_time(text, time)))


def _with_time(text: str, time: int) -> bytes:
    return f"cosignature/v1\ntime {time}\n{text}".encode()


def public_of(private: Ed25519PrivateKey) -> bytes:
    """The 32 bytes of its public half (RFC 8032)."""
    return private.public_key().public_bytes_raw()


def is_name(text: str) -> bool:
    """Whether it can be the name of a key: something, without spaces, control characters and +."""
    return bool(text) and "+" not in text and not any(letter.isspace() or letter < " " for letter in text)


def number_in(text: str) -> int:
    """A size as it is written: decimal digits, no zero before them. Raises `NotANote`."""
    if not _NUMBER.fullmatch(text) or int(text) > LARGEST:
        raise NotANote("a size is a whole number below 2^63 without zeroes before it")
    return int(text)


def hashes_in(lines: Iterable[str]) -> list[bytes]:
    """The hashes of a proof, one a line. Raises `NotANote`."""
    hashes = [unbase64(line) for line in lines]
    if any(len(each) != 32 for each in hashes):
        raise NotANote("a line of a proof is a hash of 32 bytes")
    return hashes


def in_base64(content: bytes) -> str:
    """Base 64 (RFC 4648, section 4)."""
    return base64.b64encode(content).decode()


def unbase64(text: str) -> bytes:
    """What base 64 says, written in the one way in which it is written. Raises `NotANote`."""
    try:
        content = base64.b64decode(text.encode("ascii"), validate=True)
    except ValueError as error:
        raise NotANote("it is not in base 64") from error
    if in_base64(content) != text:
        raise NotANote("it is not in base 64 as it is written")
    return content
