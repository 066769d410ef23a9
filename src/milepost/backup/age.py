"""Encryption with a passphrase in the age format (C2SP, age-encryption.org/v1), so that `age --decrypt` opens it, too.

The passphrase is stretched with scrypt (RFC 7914); the content goes out in chunks of 64 KiB, each sealed with
ChaCha20-Poly1305 (RFC 8439) under its number, the last one marked: what was cut off, altered or put in another order is
noticed before anything of the chunk is used.
"""

import secrets
from base64 import b64decode, b64encode

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from milepost.backup.archive import DamagedBackup, NoBackup, Sink, Source

VERSION = b"age-encryption.org/v1\n"
CHUNK = 64 * 1024
TAG = 16
WORK = 17  # log2 of scrypt's cost: 128 MB and half a second
MOST_WORK = 20  # what others wrote may cost 1 GB, and no more
LONGEST_LINE = 100


class WrongPassphrase(NoBackup):
    """The passphrase does not open the file."""

    sentence = "This passphrase does not open the backup. Nothing was changed."


class Encrypting:
    """Takes plain bytes and writes them encrypted; `close` seals the last chunk."""

    def __init__(self, sink: Sink, passphrase: str) -> None:
        self._sink, self._held, self._number = sink, b"", 0
        file_key, salt, nonce = secrets.token_bytes(16), secrets.token_bytes(16), secrets.token_bytes(16)
        wrapped = ChaCha20Poly1305(_stretched(passphrase, salt, WORK)).encrypt(bytes(12), file_key, None)
        header = VERSION + b"-> scrypt %b %d\n%b\n---" % (_text(salt), WORK, _text(wrapped))
        sink.write(header + b" " + _text(_mac(file_key, header).finalize()) + b"\n" + nonce)
        self._cipher = _payload_cipher(file_key, nonce)

    def write(self, data: bytes) -> None:
        self._held += data
        whole = range(0, len(self._held) - 1, CHUNK)[: (len(self._held) - 1) // CHUNK] if self._held else range(0)
        for at in whole:  # a full chunk goes once more follows: only then it is known not to be the last
            self._seal(self._held[at : at + CHUNK], is_last=False)
        self._held = self._held[len(whole) * CHUNK :]

    def close(self) -> None:
        """Write what is held as the last chunk."""
        self._seal(self._held, is_last=True)

    def _seal(self, chunk: bytes, *, is_last: bool) -> None:
        self._sink.write(self._cipher.encrypt(_nonce(self._number, is_last=is_last), chunk, None))
        self._number += 1


class Decrypting:
    """Reads encrypted bytes as plain ones. Raises `WrongPassphrase`, `NoBackup`, and `DamagedBackup` while it is read."""

    def __init__(self, source: Source, passphrase: str) -> None:
        self._source, self._plain, self._number = source, b"", 0
        file_key = _file_key(source, passphrase)
        self._cipher = _payload_cipher(file_key, source.read(16))
        self._next = source.read(CHUNK + TAG)
        if not self._next:  # even nothing has a last chunk
            raise DamagedBackup

    def read(self, size: int) -> bytes:
        while len(self._plain) < size and self._next:
            sealed, self._next = self._next, self._source.read(CHUNK + TAG)
            nonce = _nonce(self._number, is_last=not self._next)
            try:
                self._plain += self._cipher.decrypt(nonce, sealed, None)
            except InvalidTag as error:
                raise DamagedBackup from error
            self._number += 1
        plain, self._plain = self._plain[:size], self._plain[size:]
        return plain


def _file_key(source: Source, passphrase: str) -> bytes:
    """What the header wraps for this passphrase, once its MAC was checked."""
    lines = [_line(source) for _number in range(4)]
    try:
        arrow, kind, salt, work = lines[1].split(b" ")
        dashes, mac = lines[3].split(b" ")
        if (lines[0] + b"\n", arrow, kind, dashes) != (VERSION, b"->", b"scrypt", b"---") or int(work) > MOST_WORK:
            raise NoBackup
        key = _stretched(passphrase, _bytes(salt), int(work))
        file_key = ChaCha20Poly1305(key).decrypt(bytes(12), _bytes(lines[2]), None)
        _mac(file_key, b"\n".join([*lines[:3], b"---"])).verify(_bytes(mac))
    except InvalidTag as error:
        raise WrongPassphrase from error
    except InvalidSignature as error:
        raise DamagedBackup from error
    except ValueError as error:
        raise NoBackup from error
    return file_key


def _line(source: Source) -> bytes:
    line = b""
    while (byte := source.read(1)) not in (b"\n", b"") and len(line) < LONGEST_LINE:
        line += byte
    return line


def _stretched(passphrase: str, salt: bytes, work: int) -> bytes:
    return Scrypt(b"age-encryption.org/v1/scrypt" + salt, length=32, n=1 << work, r=8, p=1).derive(passphrase.encode())


def _mac(file_key: bytes, header: bytes) -> HMAC:
    mac = HMAC(HKDF(hashes.SHA256(), 32, salt=None, info=b"header").derive(file_key), hashes.SHA256())
    mac.update(header)
    return mac


def _payload_cipher(file_key: bytes, nonce: bytes) -> ChaCha20Poly1305:
    return ChaCha20Poly1305(HKDF(hashes.SHA256(), 32, salt=nonce, info=b"payload").derive(file_key))


def _nonce(number: int, *, is_last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([is_last])


def _text(data: bytes) -> bytes:
    return b64encode(data).rstrip(b"=")


def _bytes(text: bytes) -> bytes:
    """What the text stands for, of which one spelling alone is taken: bits that stand for nothing are zero (RFC 4648, 3.5)."""
    data = b64decode(text + b"=" * (-len(text) % 4), validate=True)
    if _text(data) != text:
        raise ValueError
    return data
