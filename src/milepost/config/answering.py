"""What a web process says of itself while it answers: a word every few seconds, for the parent (see `watchdog`).

A thread says it, so a process that is stopped, or whose interpreter is held, says nothing. Nor does one in which no thread
is left for anybody, since each has been at one request for `STUCK` seconds in which no byte of an upload came either.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from threading import Thread, get_ident
from typing import Any

from milepost.core.systemd import Systemd

THREADS = 4  # of a web process: so many requests it answers at once
STUCK = 120.0  # seconds: longer than all that a page may wait for

type Environ = dict[str, Any]
type Application = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]


class Answering:
    """The application, and since when each thread has been at what it is at."""

    def __init__(self, application: Application, *, threads: int = THREADS) -> None:
        self._application, self._threads = application, threads
        self._since: dict[int, float] = {}

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        environ["wsgi.input"] = _Coming(environ["wsgi.input"], self._move)
        self._move()
        try:
            return self._application(environ, start_response)
        finally:
            del self._since[get_ident()]

    def gets_on(self) -> bool:
        """Whether a thread is free, or has got on with something lately."""
        since = list(self._since.values())
        return len(since) < self._threads or time.monotonic() - max(since) < STUCK

    def tell(self, systemd: Systemd) -> None:
        """Say from now on that this process lives, while it gets on."""
        if systemd.beat:
            Thread(target=self._tell, args=(systemd,), name="answering", daemon=True).start()

    def _tell(self, systemd: Systemd) -> None:
        while True:
            if self.gets_on():
                systemd.live()
            time.sleep(systemd.beat)

    def _move(self) -> None:
        self._since[get_ident()] = time.monotonic()


class _Coming:
    """What a request brings, and word of each part that came (PEP 3333, input and error streams)."""

    def __init__(self, stream: Any, came: Callable[[], None]) -> None:
        self._stream, self._came = stream, came

    def read(self, *size: int) -> bytes:
        return self._after(self._stream.read(*size))

    def readline(self, *size: int) -> bytes:
        return self._after(self._stream.readline(*size))

    def readlines(self, *hint: int) -> list[bytes]:
        return list(self._stream.readlines(*hint))

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._stream)

    def _after(self, part: bytes) -> bytes:
        self._came()
        return part
