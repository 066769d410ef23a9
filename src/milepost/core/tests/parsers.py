"""Parsers as bad as any, to be confined in tests."""

import ctypes
import os
import signal
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from milepost.core import sandbox
from milepost.core.sandbox import Unreadable, confined


class NoNumber(Unreadable):
    """What a test's parser refuses."""

    sentence = "This is no number."

    @classmethod
    def at(cls, place):
        return cls(f"{place} can’t be read.") if place else cls()


@confined(NoNumber)
def number(content: bytes) -> int:
    if content == b"minus":
        raise NoNumber("Numbers begin at 0.", field="file")
    return int(content)


@confined(NoNumber)
def doubled(content: bytes) -> bytes:
    return content * 2


@confined(NoNumber)
def pids(content: bytes) -> list[int]:
    return [os.getpid(), os.getppid()]


@confined(NoNumber, seconds=1)
def endless(content: bytes) -> None:
    sandbox.at("line 3")
    while True:
        pass


@confined(NoNumber, seconds=1)
def asleep(content: bytes) -> None:
    signal.setitimer(signal.ITIMER_REAL, 0.2)  # as if the time by the clock was nearly over
    time.sleep(60)


@confined(NoNumber)
def greedy(content: bytes) -> int:
    return len(bytearray(1 << 30))


@confined(NoNumber)
def crashing(content: bytes) -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


@confined(NoNumber)
def writing(content: bytes) -> None:
    Path(content.decode()).write_bytes(b"x")


@confined(NoNumber)
def lying(content: bytes) -> None:
    """Write what no answer looks like, as a parser that was taken over might."""
    sandbox._parent.sendall(content)
    os._exit(0)


@confined(NoNumber)
def waiting(content: bytes) -> int:
    time.sleep(float(content))
    return 1


@confined(NoNumber, by_strangers=True)
def waiting_of_strangers(content: bytes) -> int:
    time.sleep(float(content))
    return 1


@confined(NoNumber)
def language(content: bytes) -> str:
    from django.utils.translation import get_language

    return get_language()


@confined(NoNumber)
def told_by_its_environment(content: bytes) -> dict[str, str]:
    from django.conf import settings

    return dict(os.environ) | {"secret": settings.SECRET_KEY, "database": settings.DATABASES["default"]["ENGINE"]}


@confined(NoNumber)
def busy(content: bytes) -> float:
    """Be at work for so many seconds of CPU."""
    while (spent := time.process_time()) < float(content):
        pass
    return spent


@confined(NoNumber)
def saying_that_it_spent(content: bytes) -> bool:
    """Say something of its time and answer, as a parser that was taken over might."""
    sandbox.channel.send(sandbox._parent, sandbox.channel.SPENT, content)
    sandbox.channel.send(sandbox._parent, sandbox.channel.VALUE, b"true")
    os._exit(0)


@confined(NoNumber)
def taken_over(folder: bytes, other: bytes) -> dict[str, str]:
    """Try what whoever took a parser over would: each deed that nothing hindered, with what came of it."""
    place, pid, libc, done = Path(folder.decode()), int(other), ctypes.CDLL(None), {}
    deeds: dict[str, Callable[[], object]] = {
        "reads the secret": (place / "secret-key").read_text,
        "reads the database": (place / "milepost.sqlite3").read_bytes,
        "lists the folder": lambda: list(place.iterdir()),
        "reads the variables of another process": Path(f"/proc/{pid}/environ").read_bytes,
        "reads what the host keeps": Path("/etc/passwd").read_text,
        "reads what an earlier descriptor led to": lambda: Path("/proc/self/environ").read_bytes(),
        "empties a file": lambda: (place / "secret-key").open("w").close(),
        "removes a file": (place / "milepost.sqlite3").unlink,
        "renames a file": lambda: (place / "secret-key").rename(place / "gone"),
        "makes a folder": (place / "new").mkdir,
        "makes a link": lambda: (place / "link").symlink_to("/"),
        "opens a file to everybody": lambda: (place / "secret-key").chmod(0o666),
        "changes when a file was": lambda: os.utime(place / "secret-key", (1, 1)),
        "calls by TCP": lambda: socket.create_connection(("127.0.0.1", 9), 1),
        "opens a UDP socket": lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
        "opens a socket of this host": lambda: socket.socket(socket.AF_UNIX),
        "starts a program": lambda: os.execv("/bin/true", ["true"]),  # noqa: S606
        "ends another process": lambda: os.kill(pid, signal.SIGTERM),
        "looks into another process": lambda: _or_raise(libc.ptrace(16, pid, 0, 0)),
        "opens a ring of calls": lambda: _or_raise(libc.syscall(425, 1, bytes(120))),
    }
    for name, deed in deeds.items():
        with suppress(OSError):
            done[name] = str(deed())[:80]
    return done


def _or_raise(result: int) -> int:
    if result < 0:
        raise OSError
    return result
