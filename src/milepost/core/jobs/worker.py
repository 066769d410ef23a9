"""Who does the jobs: threads for each queue under one that keeps the leases, and `run_all` for tests.

    Worker().run(should_stop)        # until `should_stop()`; returns whether all that was begun could end

Nothing is lost when it is told to stop: what can't end within `PATIENCE` is given back and waits for the next worker.
"""

import itertools
import logging
import os
import secrets
import socket
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Any

from django.conf import settings
from django.db import Error, close_old_connections, connection

from milepost.core import clock, logs, postgresql, traces
from milepost.core.jobs import leases
from milepost.core.jobs.presence import Presence
from milepost.core.jobs.tasks import QUEUES, JobTask
from milepost.core.metrics import Counter as Counted
from milepost.core.metrics import Durations
from milepost.core.models import Job, JobQuerySet, State
from milepost.core.refusals import Refused

THREADS = 2  # for each queue: one organisation holds at most one of them
POLL = 0.5  # seconds between two looks
BEAT = 15.0  # seconds between two signs of life: four in a lease
CLEARING = 3600.0  # seconds between two looks for what was given up long ago
KEEPING = 10  # seconds for a statement of the thread that keeps the leases: whoever waits longer can't keep them
PRESENT = "workers"  # in the data folder, which is this host's own
PATIENCE = 3.5  # seconds that running jobs have to end after a signal

done = Counted("jobs_done", "Jobs by queue and outcome; what comes round counts each time.", "queue", "outcome")
durations = Durations("job_seconds", "How long jobs take that go well, by queue.", "queue")
logger = logging.getLogger(__name__)


def perform(job: Job) -> bool:
    """Do a job that was taken, and put its row in order; whether it went well.

    What is no `Exception` stands for the end of the process: the row stays leased, as it does after a kill.
    """
    fields: dict[str, Any] = {"job": job.pk, "task": job.task, "queue": job.queue, "organisation": job.organisation_id}
    with logs.about(**fields), traces.span(job.task, queue=job.queue):
        began = time.monotonic()
        try:
            leases.task_of(job).call(**job.arguments)
        except Exception as error:
            leases.fail(job, error)
            done.add(job.queue, _outcome(error))
            return False
        leases.finish(job)
        done.add(job.queue, "done")
        durations.add(job.queue, seconds=time.monotonic() - began)
        return True


def _outcome(error: Exception) -> str:
    if isinstance(error, leases.NotNow):
        return "put off"
    return "refused" if isinstance(error, Refused) else "failed"


@dataclass
class Held:
    """A job that a thread of this process is at."""

    job: Job
    until: float  # by the monotonic clock: what takes longer hangs
    is_given_up: bool = False


@dataclass
class Worker:
    """A process's share of the work. `queues` are those that it looks after; its name is no other worker's, on any host."""

    queues: Sequence[str] = QUEUES
    threads: int = THREADS
    name: str = field(default_factory=lambda: f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}")

    def __post_init__(self) -> None:
        self._lock = Lock()
        self._stop = Event()
        self._wake = {queue: Event() for queue in self.queues}
        self._held: dict[str, Held] = {}
        self._alive: list[Thread] = []
        self._numbers = itertools.count(1)
        self._next_clearing = 0.0
        self._idle = leases.IdleTurns()
        self._presence = Presence(Path(settings.ENVIRONMENT.data) / PRESENT, self.name)

    def run(self, should_stop: Callable[[], bool]) -> bool:
        """Work until told to stop; whether everything that was begun could end."""
        self._presence.begin()
        self.begin()
        with postgresql.bounded(statements=KEEPING, locks=KEEPING / 2):
            connection.close()  # one that was made before is held to other bounds
            self._keep_until(should_stop)
            return self._end()

    def _keep_until(self, should_stop: Callable[[], bool]) -> None:
        next_beat = 0.0
        while not should_stop():
            try:
                if next_beat <= time.monotonic():
                    next_beat = time.monotonic() + BEAT
                    close_old_connections()
                    leases.ensure_turns()
                    self._keep()
                self.look()
            except Error:
                logger.exception("The database does not answer; the worker asks again.")
                connection.close()
            time.sleep(POLL)

    def begin(self) -> None:
        """Start the threads that work."""
        for queue in self.queues:
            for _each in range(self.threads):
                self._start(queue)

    def _start(self, queue: str) -> None:
        name = f"{queue}-{next(self._numbers)}"
        thread = Thread(target=self._work, args=(queue, name), name=name, daemon=True)
        self._alive.append(thread)
        thread.start()

    # --- The thread that keeps ----------------------------------------------------------------------------

    def look(self) -> None:
        """Wake the threads of the queues in which something is due."""
        for queue in self.due().order_by().values_list("queue", flat=True).distinct():
            self._wake[queue].set()

    def due(self) -> JobQuerySet:
        """What could be done now in its queues: all that is due but for turns that have nothing to do."""
        due = Job.objects.due().filter(queue__in=self.queues)
        for turn in due.exclude(seconds=None).exclude(task__in=self._idle.names()):
            self._idle.holds(turn)
        return due.exclude(task__in=self._idle.names())

    def _keep(self) -> None:
        """Hold the leases of what goes on, take back those of the lost, and replace threads that hang."""
        with self._lock:
            held = list(self._held.values())
        now = time.monotonic()
        leases.beat(lease.job for lease in held if now < lease.until)
        for lease in held:
            if now >= lease.until and not lease.is_given_up:
                logger.error("%s takes longer than its limit: another thread goes on.", lease.job)
                lease.is_given_up = True
                self._start(lease.job.queue)
        for name in self._presence.gone():
            leases.take_over(name)
        leases.forgive_clock()
        leases.reap()
        if now >= self._next_clearing:
            self._next_clearing = now + CLEARING
            leases.forget()

    def _end(self) -> bool:
        """Let what goes on end for a while, then give it back."""
        self._stop.set()
        for wake in self._wake.values():
            wake.set()
        deadline = time.monotonic() + PATIENCE
        for thread in self._alive:
            thread.join(max(0.0, deadline - time.monotonic()))
        with self._lock:
            left = [lease.job for lease in self._held.values()]
        for job in left:
            leases.release(job)
            logger.warning("%s was interrupted; the next worker does it.", job)
        self._presence.end()
        return not any(thread.is_alive() for thread in self._alive)

    # --- The threads that work ----------------------------------------------------------------------------

    def _work(self, queue: str, name: str) -> None:
        wake = self._wake[queue]
        while not self._stop.is_set():
            wake.clear()
            try:
                while held := self._take(queue, name):
                    self._do(held, name)
                    if held.is_given_up:  # another thread has this one's place
                        return
            except Error:
                logger.exception("The database did not answer the queue %s; it is asked again.", queue)
            finally:
                connection.close()  # an idle thread holds neither a connection nor its memory
            wake.wait()

    def _take(self, queue: str, name: str, *, only: Sequence[int] = (), share: bool = True) -> Held | None:
        with self._lock:  # of this process's threads one at a time, so that they see what the others hold
            if self._stop.is_set():
                return None
            busy_for = Counter(lease.job.organisation_id for lease in self._held.values() if lease.job.queue == queue)
            is_shared = share and self.threads > 1
            crowded = {number for number, count in busy_for.items() if is_shared and count >= self.threads - 1}
            job = leases.take(queue, worker=f"{self.name}:{name}", avoiding=crowded, only=only, idle=self._idle)
            if job is None:
                return None
            held = self._held[name] = Held(job, time.monotonic() + leases.limit_of(job))
            return held

    def _do(self, held: Held, name: str) -> None:
        try:
            perform(held.job)
        except Error:
            raise
        except BaseException:  # a thread outlives whatever a job throws
            logger.exception("%s ended its thread; it is tried again once its lease is over.", held.job)
        finally:
            with self._lock:
                self._held.pop(name, None)


def run_all(*tasks: JobTask, queues: Sequence[str] = QUEUES) -> int:
    """Do everything that waits in these queues, here and now, with a turn of all that comes round; for tests.

    Returns how many jobs went well: of these tasks, or of all. One that fails waits for its next attempt, as it would
    in a worker.
    """
    wanted = {task.module_path for task in tasks}
    leases.reap()
    leases.ensure_turns()
    Job.objects.filter(state=State.WAITING).exclude(seconds=None).update(run_after=clock.now())
    count, idle, is_last_look = 0, leases.IdleTurns(), True
    while True:
        job = next(filter(None, (leases.take(queue, worker="here", idle=idle) for queue in queues)), None)
        if job is not None:
            went_well = perform(job)
            count += went_well and (not wanted or job.task in wanted)
            is_last_look = False
        elif is_last_look:
            return count
        else:  # what was done may have made work for turns that had none
            idle, is_last_look = leases.IdleTurns(), True
