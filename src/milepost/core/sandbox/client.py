"""The side of who asks: it takes the fork server of its host, or starts one of its own, and again when that has ended."""

import os
import secrets
import socket
import subprocess
import sys
import time
from contextlib import suppress
from threading import Lock

from milepost.core.sandbox.channel import BEGUN, HEARD, NAME_BYTES, ServerGone, ServerSilent, receive

TRIES = 3
START = 60.0  # seconds until it has begun, on a busy machine
HOST_PATIENCE = 10.0  # seconds in which whoever keeps the host's starts another
IN_A_HURRY = 0.9  # seconds in which one that answers pages wants to be heard, by the host's and by its own …
LOADING = 10.0  # … and to have a child, after its parser was loaded where that was the first
LONG = 5.0  # seconds of silence after which another than the host's is asked, and one's own is ended
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
        self._is_in_a_hurry = False
        self._host, self._own, self._begins_until = Silence(), Silence(), 0.0

    def prepare(self) -> None:
        """Start one of this process, where the host has none and none runs."""
        if AT_HOST not in os.environ:
            with self._lock:
                self._running()

    def hurry(self) -> None:
        """From now on raise `ServerSilent` rather than wait: the pages that this process answers are waited for."""
        self._is_in_a_hurry = True

    def has_ended(self) -> bool:
        """Whether what children are forked from has just been ended, and they with it: then it was not the file."""
        if path := os.environ.get(AT_HOST):
            with socket.socket(socket.AF_UNIX) as probe:
                probe.settimeout(IN_A_HURRY)
                try:
                    probe.connect(path)
                except (ConnectionRefusedError, FileNotFoundError):
                    return True
                except OSError:
                    return False
        return self._process is not None and self._process.poll() is not None

    def connect(self, name: str) -> socket.socket:
        """A connection to a new child that is to run the function `module:name`. Raises `ServerGone`, or in a hurry `ServerSilent`."""
        path = os.environ.get(AT_HOST)
        if path and not (self._is_in_a_hurry and self._host.is_to_rest()):
            if child := _of_host(path, name, IN_A_HURRY if self._is_in_a_hurry else HOST_PATIENCE, self._loading):
                self._host.end()
                return child
            self._host.note()
        if self._is_in_a_hurry:
            return self._hastily(name, is_alone=not path)
        for _ in range(TRIES):
            if child := self._of_own(name, START):
                return child
            self._give_up()
        raise ServerGone(f"No process could be had for {name}.")

    def _hastily(self, name: str, *, is_alone: bool) -> socket.socket:
        """From the one of this process, once the host's has been silent for long. One that is itself silent for long is started anew."""
        if is_alone or self._host.lasts():
            if child := self._of_own(name, IN_A_HURRY):
                self._own.end()
                self._begins_until = 0.0
                return child
            self._own.note()
            if self._own.lasts() and time.monotonic() > self._begins_until:
                self._own.end()
                self._give_up()
                with self._lock:
                    self._running()
        raise ServerSilent(name)

    @property
    def _loading(self) -> float:
        return LOADING if self._is_in_a_hurry else START

    def _of_own(self, name: str, patience: float) -> socket.socket | None:
        ours, theirs = socket.socketpair()
        with theirs, suppress(OSError):
            with self._lock:
                control = self._running()
                control.settimeout(patience)
                socket.send_fds(control, [name.encode().ljust(NAME_BYTES)], [theirs.fileno()])
            theirs.close()
            if _has_begun(ours, patience, self._loading):
                return ours
        ours.close()
        return None

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
        self._owner, self._begins_until = os.getpid(), time.monotonic() + START
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


class Silence:
    """For how long somebody has not said that they heard; while it lasts, they are asked now and then only."""

    def __init__(self) -> None:
        self._since, self._asked = 0.0, 0.0

    def note(self) -> None:
        """They said nothing."""
        self._asked = time.monotonic()
        self._since = self._since or self._asked

    def end(self) -> None:
        """They said something."""
        self._since = 0.0

    def lasts(self) -> bool:
        """Whether it has been so for `LONG`."""
        return bool(self._since) and time.monotonic() - self._since >= LONG

    def is_to_rest(self) -> bool:
        """Whether asking once more would only cost time: it lasts, and they were asked lately."""
        return self.lasts() and time.monotonic() - self._asked < LONG


def _of_host(path: str, name: str, patience: float, loading: float) -> socket.socket | None:
    """A connection to a child of the server that listens at the path, or None: it is gone or stopped, and nobody has started another."""
    until = time.monotonic() + patience
    while (left := until - time.monotonic()) > 0:
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(left)
        with suppress(OSError):
            connection.connect(path)
            connection.sendall(name.encode().ljust(NAME_BYTES))
            if _has_begun(connection, left, loading):
                return connection
        connection.close()
        time.sleep(0.1)
    return None


def _has_begun(connection: socket.socket, patience: float, loading: float) -> bool:
    """Whether it was heard in time, and a child is there in time, for which its parser may have been loaded. Raises `OSError` for late."""
    connection.settimeout(patience)
    if receive(connection, at_most=0)[0] != HEARD:
        return False
    connection.settimeout(loading)
    return receive(connection, at_most=0)[0] == BEGUN
