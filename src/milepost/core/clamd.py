"""What ClamAV's daemon says of a file, in its own protocol (clamd(8), INSTREAM), within bounds.

    scan(file, name="leave.pdf")        # nothing: it may be taken; raises `Infected`, `NotScanned`, `TooLargeToScan`

The daemon is the operator's (`MILEPOST_CLAMD`); without one nothing is asked. A file that it did not say is clean is never taken: away,
starting anew, hanging and too slow are one refusal, said within seconds. Packed files are unpacked by the daemon.
"""

import re
import socket
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.core.files.base import File
from django.utils.translation import gettext_lazy

from milepost.core import clock
from milepost.core.leash import Leash
from milepost.core.refusals import Refused
from milepost.core.sandbox.places import Places

CONNECTING = 3.0  # seconds in which a daemon that starts anew is tried again
PATIENCE = 30.0  # seconds for a small file, and one more for each
BYTES_PER_SECOND = 20 << 20
MOST = 100.0  # seconds, less than after which a thread that gets no further is taken for stuck
CHUNK = 1 << 18
_MOST_SAID = 4096  # bytes of an answer

AT_ONCE, WAITING = 2, 1.0  # files of one process, and seconds for a place: what is left of its threads is for pages
places = Places()
places.bound(AT_ONCE, patience=WAITING)  # only what answers requests scans


class Infected(Refused):
    """The scanner knows what is in the file."""

    sentence = gettext_lazy(
        "“%(name)s” was not taken: the virus scanner found “%(found)s” in it. Ask whoever made the file for a clean one."
    )
    status = 422


class TooLargeToScan(Refused):
    """The scanner takes no file of this size, or none that unpacks to so much."""

    sentence = gettext_lazy(
        "“%(name)s” was not taken: it is larger than what the virus scanner looks through. Send a smaller file, or ask whoever runs"
        " this Milepost to let the scanner take larger ones."
    )
    status = 413


class NotScanned(Refused):
    """The scanner can't be asked."""

    sentence = gettext_lazy(
        "Files can’t be looked through for viruses at the moment, so none was taken. Nothing was kept; try again in a few minutes."
    )
    status = 503
    retry_after = 60


def scan(file: File[Any], *, name: str) -> None:
    """Have the file looked through. Raises `Infected`, `TooLargeToScan`, or `NotScanned` when nobody could say what it is."""
    if not settings.CLAMD:
        return
    seconds = min(PATIENCE + (file.size or 0) / BYTES_PER_SECOND, MOST)
    with places.taken(NotScanned, by_strangers=False):
        try:
            said = _answer(b"zINSTREAM\0", _framed(file.chunks(CHUNK)), seconds=seconds)
        except OSError as error:
            raise NotScanned from error
    if said == "stream: OK":
        return
    if "size limit exceeded" in said or "Limits.Exceeded" in said:
        raise TooLargeToScan(TooLargeToScan.sentence % {"name": name})
    if found := re.fullmatch(r"stream: (.+) FOUND", said):
        raise Infected(Infected.sentence % {"name": name, "found": found[1]})
    raise NotScanned


def age_of_signatures() -> float | None:
    """Days since what the scanner knows was made; None where no scanner is set, or its signatures are nobody's but the operator's.

    Raises `OSError` where it does not answer.
    """
    if not settings.CLAMD:
        return None
    version = _answer(b"zVERSION\0", (), seconds=CONNECTING)  # ClamAV 1.4.6/27450/Sat Nov 28 09:00:00 2026
    if not version.startswith("ClamAV"):
        raise ConnectionError(f"It answers {version[:80]!r}.")
    _program, *made = version.split("/")
    if len(made) < 2:
        return None
    made_at = datetime.strptime(made[1], "%a %b %d %H:%M:%S %Y").replace(tzinfo=UTC)
    return (clock.now() - made_at).total_seconds() / 86_400


def _answer(command: bytes, parts: Iterable[bytes], *, seconds: float) -> str:
    leash = Leash("The virus scanner")
    with leash.within(seconds), _connection() as connection:
        connection.settimeout(seconds)
        leash.hold(connection)
        try:
            try:
                connection.sendall(command)
                for part in parts:
                    connection.sendall(part)
            except (BrokenPipeError, ConnectionResetError):
                pass  # it has had enough, and says why
            said = b""
            while not said.endswith(b"\0") and len(said) < _MOST_SAID and (more := connection.recv(_MOST_SAID)):
                said += more
        finally:
            leash.let_go()
    if not said.endswith(b"\0"):
        raise ConnectionError("The virus scanner ended without an answer.")
    return said.rstrip(b"\0").decode(errors="replace").strip()


def _framed(chunks: Iterable[bytes]) -> Iterator[bytes]:
    for chunk in chunks:
        if chunk:
            yield len(chunk).to_bytes(4) + chunk
    yield bytes(4)


@contextmanager
def _connection() -> Iterator[socket.socket]:
    """A daemon that is started anew listens again after a moment, which is waited for. Raises `OSError`."""
    until = time.monotonic() + CONNECTING
    place: str | tuple[str, int] = settings.CLAMD
    while True:
        connection = socket.socket(socket.AF_UNIX if isinstance(place, str) else _family(place))
        try:
            connection.settimeout(max(until - time.monotonic(), 0.1))
            connection.connect(place)
            break
        except OSError:
            connection.close()
            if time.monotonic() + 0.2 > until:
                raise
            time.sleep(0.2)
    with connection:
        yield connection


def _family(place: tuple[str, int]) -> socket.AddressFamily:
    return socket.getaddrinfo(*place, type=socket.SOCK_STREAM)[0][0]
