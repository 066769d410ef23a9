"""Parsers as bad as any, to be confined in tests."""

import os
import signal
import time
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
