"""The side of who asks: it takes the fork server of its host, or starts one of its own, and again when that has ended."""

import os
import secrets
import socket
import subprocess
import sys
import time
from contextlib import suppress
from threading import Lock

from milepost.core.sandbox.channel import BEGUN, NAME_BYTES, ServerGone, receive

TRIES = 3
START = 60.0  # seconds until it has begun, on a busy machine
HOST_PATIENCE = 10.0  # seconds in which whoever keeps the host's starts another
AT_HOST = "FORK_SERVER"  # the path at which the one of the host listens, for all processes under `milepost up`


# What of the environment it needs. Nothing in it is secret: a parser that was taken over finds no key and no password there.
KNOWN = {"PATH", "HOME", "LANG", "TZ", "TMPDIR", "DJANGO_SETTINGS_MODULE", "MILEPOST_DATA", "MILEPOST_LOG"}
KNOWN_FAMILIES = ("LC_", "PYTHON")


class ForkServer:
    """Where children come from: the server of the host (`AT_HOST`), and while that can't be had, one of this process.

    The latter ends with this process, since it then reads the end of its socket. A signal of the kernel (`core.ending`) would
    come when the *thread* ends that started it, and web servers end threads.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._owner = 0

    def prepare(self) -> None:
        """Start one of this process, where the host has none and none runs."""
        if AT_HOST not in os.environ:
            with self._lock:
                self._running()

    def connect(self, name: str) -> socket.socket:
        """A connection to a new child that is to run the function `module:name`. Raises `ServerGone`."""
        if (path := os.environ.get(AT_HOST)) and (child := _of_host(path, name)):
            return child
        for _ in range(TRIES):
            ours, theirs = socket.socketpair()
            with theirs, suppress(OSError):
                with self._lock:
                    socket.send_fds(self._running(), [name.encode().ljust(NAME_BYTES)], [theirs.fileno()])
                theirs.close()
                ours.settimeout(START)
                if receive(ours, at_most=0)[0] == BEGUN:
                    return ours
            ours.close()
            self._give_up()
        raise ServerGone(f"No process could be had for {name}.")

    def _running(self) -> socket.socket:
        if self._process and self._control and self._process.poll() is None and self._owner == os.getpid():
            return self._control
        self._control, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 (our own module)
                [*PROGRAM, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                env=environment(),
            )
        self._owner = os.getpid()
        return self._control

    def _give_up(self) -> None:
        """Have the next one who asks start another."""
        with self._lock:
            if self._process and self._owner == os.getpid():
                self._process.kill()
                self._process.wait()
            self._process = None


PROGRAM = [sys.executable, "-m", "milepost.core.sandbox.fork_server"]


def environment() -> dict[str, str]:
    """What a fork server is started with."""
    known = {name: value for name, value in os.environ.items() if name in KNOWN or name.startswith(KNOWN_FAMILIES)}
    return known | {"PYTHONPATH": os.pathsep.join(sys.path), "MILEPOST_SECRET_KEY": secrets.token_hex(32)}


def _of_host(path: str, name: str) -> socket.socket | None:
    """A connection to a child of the server that listens at the path, or None: it is gone, and nobody has started another."""
    until = time.monotonic() + HOST_PATIENCE
    while (left := until - time.monotonic()) > 0:
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(left)
        with suppress(OSError):
            connection.connect(path)
            connection.sendall(name.encode().ljust(NAME_BYTES))
            if receive(connection, at_most=0)[0] == BEGUN:
                return connection
        connection.close()
        time.sleep(0.1)
    return None
