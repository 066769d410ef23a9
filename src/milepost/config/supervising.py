"""The parent's work: children that end, or hang, are started again, all end with it, and a signal stops them in order."""

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from types import FrameType

from milepost.config.console import say
from milepost.config.watchdog import Watchdog
from milepost.core.ending import end_with
from milepost.core.systemd import Systemd

LOOK = 0.2  # seconds between two looks at the children
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0  # seconds before a child is started again: doubled each time …
STEADY = 60.0  # … until it has lived for so many
PATIENCE = 20.0  # seconds that the children have to stop
COMING = 120.0  # seconds in which a child has as many processes that answer as it should


@dataclass
class Child:
    """A process that is to live as long as we do.

    One that `renews_itself` takes SIGHUP as what it is to us: it replaces its own processes one by one, so nobody waits. With a
    `watchdog`, so many `processes` of its session say that they answer; it puts another in the place of one of them that ends.
    """

    name: str
    command: Sequence[str]
    renews_itself: bool = False
    watchdog: Watchdog | None = None
    processes: int = 1
    environment: Mapping[str, str] | None = None  # that of the parent, where none is said
    process: subprocess.Popen[bytes] | None = None
    _started: float = 0.0
    _pause: float = 0.0
    _again: float = 0.0

    def start(self) -> None:
        """Start it, in a session of its own: Ctrl-C reaches the parent alone, which then stops its children in order."""
        heard = {}
        if self.watchdog:
            self.watchdog.begin()
            heard = self.watchdog.environment
        self.process = subprocess.Popen(  # noqa: S603 (commands of ours)
            self.command,
            start_new_session=True,
            preexec_fn=partial(end_with, os.getpid()),
            env={**(self.environment or os.environ), **heard},
        )
        self._started, self._again = time.monotonic(), 0.0

    @property
    def has_ended(self) -> bool:
        return self.process is None or self.process.poll() is not None

    def keep(self) -> None:
        """End what hangs of it, and start it again where it ended, after a pause that grows while it does not live long."""
        if not self.has_ended:
            self._end_what_hangs()
            return
        now = time.monotonic()
        if not self._again:
            self._pause = FIRST_PAUSE if now - self._started >= STEADY or not self._pause else 2 * self._pause
            self._again = now + min(self._pause, LONGEST_PAUSE)
            self._bury()
            say(f"The {self.name} ended ({self._how()}); it is started again.")
        if now >= self._again:
            self.start()

    def _end_what_hangs(self) -> None:
        if self.watchdog is None or self.process is None:
            return
        for pid in self.watchdog.silent(self.process.pid):
            say(f"A process of the {self.name} ({pid}) does not answer any more; it is ended.")
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if self.watchdog.lacks(self.processes) > COMING:
            say(f"The {self.name} lacks processes that answer; it is ended.")
            self._bury()

    def _how(self) -> str:
        status = self.process.returncode if self.process else 0
        return signal.Signals(-status).name if status < 0 else f"exit status {status}"

    def _bury(self) -> None:
        """End what it started and left: it led a session of its own."""
        if self.process:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)


@dataclass
class Signals:
    """Signals that came in: SIGTERM and SIGINT ask to stop, SIGHUP to begin anew.

    A SIGHUP to a process of a terminal says that the terminal was closed: there it stops, too, and under nohup it is ignored.
    """

    is_in_terminal: bool
    asks_to_stop: bool = False
    asks_to_renew: bool = False

    def listen(self) -> None:
        """From now on, note what comes."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._note)
        if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
            signal.signal(signal.SIGHUP, self._note)

    def are_to_stop(self) -> bool:
        """Whether a signal asked to stop."""
        return self.asks_to_stop

    def ask_to_renew(self) -> None:
        """Ask to begin anew, as SIGHUP does."""
        self.asks_to_renew = True

    def _note(self, number: int, _frame: FrameType | None) -> None:
        if number == signal.SIGHUP and not self.is_in_terminal:
            self.asks_to_renew = True
        else:
            self.asks_to_stop = True


def supervise(children: Sequence[Child], signals: Signals, systemd: Systemd) -> None:
    """Keep the children until a signal asks to stop, and let the service manager know that somebody does."""
    while not signals.asks_to_stop:
        systemd.live()
        if signals.asks_to_renew:
            signals.asks_to_renew = False
            systemd.tell("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")
            renew(children)
            systemd.tell("READY=1")
        for child in children:
            child.keep()
        time.sleep(LOOK)


def renew(children: Sequence[Child]) -> None:
    """Have other processes in the place of all children, as far as these can be asked."""
    for child in children:
        if child.process and child.renews_itself and not child.has_ended:
            child.process.send_signal(signal.SIGHUP)
    for child in children:
        if not child.renews_itself:
            stop([child])
            child.start()


def stop(children: Sequence[Child]) -> None:
    """Ask all of them to end, wait for it, and kill what has not ended then."""
    alive = [child.process for child in children if child.process and not child.has_ended]
    for process in alive:
        process.terminate()
    deadline = time.monotonic() + PATIENCE
    for process in alive:
        try:
            process.wait(timeout=max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)  # with its own children: each leads a session
            process.wait()
