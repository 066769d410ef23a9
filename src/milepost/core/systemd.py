"""What is told to systemd, or to the parent (see `watchdog`): sd_notify(3), one datagram for each message, and nothing elsewhere."""

import os
import socket
import time
from contextlib import suppress


class Systemd:
    """The service manager that started this process, or the parent that keeps it, or nobody."""

    def __init__(self) -> None:
        # Taken out of the environment: children have nothing to tell.
        self._address = os.environ.pop("NOTIFY_SOCKET", "")
        microseconds = os.environ.pop("WATCHDOG_USEC", "")
        is_for_us = os.environ.pop("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        self.beat = int(microseconds) / 2_000_000 if microseconds.isdigit() and is_for_us else 0.0
        """Seconds between two signs of life: half of what it waits for (`WatchdogSec`), or 0 where it asks for none."""
        self._next = 0.0

    def live(self) -> None:
        """Tell that this process lives, if it is time to: for loops that come round more often."""
        if self.beat and time.monotonic() >= self._next:
            self._next = time.monotonic() + self.beat
            self.tell("WATCHDOG=1")

    def tell(self, *assignments: str) -> None:
        """Send assignments like `READY=1`. A manager that does not listen is no reason to stop, or to wait."""
        if not self._address:
            return
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
            channel.setblocking(False)
            channel.sendto("\n".join(assignments).encode(), address)
