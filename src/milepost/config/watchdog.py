"""The parent's ear: each process that answers says so every few seconds, in systemd's own words (sd_notify(3)).

What a service manager is to the parent (see `systemd`), the parent is to its children: an address at which they tell that they
live. A process that is stopped, or goes round in a circle, tells nothing: it is there, so nobody starts it again, and the kernel
goes on giving it its share of the connections.
"""

import os
import socket
import struct
import sys
import time
from contextlib import suppress
from pathlib import Path

SILENCE = 30.0  # seconds without a word after which a process is held to hang
IS_POSSIBLE = sys.platform == "linux"  # the kernel says who sent a word (unix(7), SCM_CREDENTIALS)
_CREDENTIALS = struct.Struct("3i")  # process, user, group


class Watchdog:
    """Hears the processes of one session, at an address in a folder that nobody else may enter.

    Its seconds are those in which it listened: while this process itself was stopped, nobody fell silent.
    """

    def __init__(self, address: Path) -> None:
        self._address = address
        address.unlink(missing_ok=True)
        self._channel = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._channel.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self._channel.bind(str(address))
        self._channel.setblocking(False)
        self._now, self._looked = 0.0, time.monotonic()
        self.begin()

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs to know to be heard: three words in a `SILENCE`, so that one may be lost."""
        return {"NOTIFY_SOCKET": str(self._address), "WATCHDOG_USEC": str(round(2_000_000 * SILENCE / 3))}

    def begin(self) -> None:
        """Forget whom it heard: others are started now."""
        self._heard: dict[int, float] = {}
        self._enough = self._now

    def silent(self, session: int) -> list[int]:
        """The processes of this session that were heard, and not for `SILENCE`. Each is told of once; what has ended is forgotten."""
        self._listen()
        self._heard = {pid: when for pid, when in self._heard.items() if _session_of(pid) == session}
        silent = [pid for pid, when in self._heard.items() if self._now - when > SILENCE]
        for pid in silent:
            del self._heard[pid]
        return silent

    def lacks(self, count: int) -> float:
        """Seconds for which fewer than so many processes have been heard."""
        if len(self._heard) >= count:
            self._enough = self._now
        return self._now - self._enough

    def _listen(self) -> None:
        looked, self._looked = self._looked, time.monotonic()
        self._now += min(self._looked - looked, 1.0)
        with suppress(BlockingIOError):
            while True:
                _words, extras, _flags, _sender = self._channel.recvmsg(256, socket.CMSG_SPACE(_CREDENTIALS.size))
                for level, kind, data in extras:
                    if (level, kind) == (socket.SOL_SOCKET, socket.SCM_CREDENTIALS):
                        process, _user, _group = _CREDENTIALS.unpack(data)
                        self._heard[process] = self._now


def _session_of(process: int) -> int | None:
    with suppress(ProcessLookupError):
        return os.getsid(process)
    return None
