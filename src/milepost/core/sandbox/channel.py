"""What parent and child say to each other: a letter, a length, and so many bytes. Nothing in it is run by who reads it."""

import socket
import struct

HEARD, BEGUN = b"h", b"b"  # what forks children has read whose it is to be; the child is there
REQUEST, PLACE, SPENT, VALUE, BYTES, REFUSED, FAILED = b"q", b"p", b"s", b"v", b"y", b"r", b"f"
ON_THE_WAY = (PLACE, SPENT)  # said before the answer
NAME_BYTES = 256  # in which the name of a function is sent, before anything else
_HEAD = struct.Struct(">cQ")
_PART = 1 << 20


class ServerGone(RuntimeError):
    """No child could be had: what forks them does not start, or ends at once. Its own output says why."""


class ServerSilent(RuntimeError):
    """What forks children does not say in time that it has heard: it is stopped, or is only being started."""


def send(connection: socket.socket, kind: bytes, payload: bytes) -> None:
    """Say something. Raises `OSError` when nobody hears it."""
    connection.sendall(_HEAD.pack(kind, len(payload)))
    connection.sendall(payload)


def receive(connection: socket.socket, *, at_most: int) -> tuple[bytes, bytes]:
    """What is said next. Raises `OSError`: `EOFError`'s sibling `ConnectionError` when the other side has ended."""
    kind, length = _HEAD.unpack(exactly(connection, _HEAD.size))
    if length > at_most:
        raise ConnectionError(f"{length} bytes are more than {at_most}")
    return kind, exactly(connection, length)


def exactly(connection: socket.socket, length: int) -> bytes:
    """So many bytes. Raises `OSError` as `receive` does."""
    parts, left = [], length
    while left:
        part = connection.recv(min(left, _PART))
        if not part:
            raise ConnectionResetError("the other side has ended")
        parts.append(part)
        left -= len(part)
    return b"".join(parts)
