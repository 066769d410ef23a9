"""The life of a job's row: lined up, taken for a while, done, failed, given up, tried again.

Every step is one conditional statement on the row, the same on SQLite and PostgreSQL: whoever comes second changes
nothing. A worker's steps name its lease (the worker and the attempt), so one that comes back too late changes nothing.
"""

import errno
import logging
import random
import smtplib  # never: network (what its errors are called)
import socket
import time
from collections.abc import Collection, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import batched
from typing import Any

from django.db import transaction
from django.db.models import Max, Min, Q
from django.utils.module_loading import import_string

from milepost.core import clock
from milepost.core.jobs.tasks import ATTEMPTS, BATCH, LIMIT, JobTask, turns
from milepost.core.models import Fault, Job, JobQuerySet, State
from milepost.core.outages import is_of_the_disk, is_outage
from milepost.core.refusals import Refused

LEASE = timedelta(seconds=60)  # a worker that was not heard of for so long is gone
FIRST_PAUSE, GROWTH, LONGEST_PAUSE = 10.0, 4.0, 6 * 3600.0  # seconds, times, seconds
LONGEST_OF_PATIENT = 600.0  # seconds, of what is never given up
LONGEST_WHILE_FULL = 30.0  # seconds: once there is room everything is to go on
KEPT = timedelta(days=90)  # what was given up and left alone is forgotten then
SKEW = timedelta(seconds=60)  # how far the clocks of two hosts may be from each other without a word
CANDIDATES = 20  # rows among which a job is looked for: idle turns stand in front, and others may be taken meanwhile
TURN = -1  # the rank of what comes round: it only looks for work, so it goes first

logger = logging.getLogger(__name__)


def pause(attempts: int) -> float:
    """Seconds until the next attempt after so many that failed: 10, 40, 160 ... and never more than six hours."""
    return float(min(FIRST_PAUSE * GROWTH ** min(attempts - 1, 20), LONGEST_PAUSE))


# --- Into the queue ---------------------------------------------------------------------------------------


def line_up(task: JobTask, calls: Iterable[dict[str, Any]]) -> list[Job]:
    """Rows for these calls that wait from now on; those that wait already, or were given up, are left out."""
    now = clock.now()
    # What a story tells of the future is done now, unless the verb said when.
    at_once = min(now, datetime.now(UTC))
    by_key = {task.key_of(arguments): arguments for arguments in calls}
    there = Job.objects.filter(~Q(state=State.RUNNING), task=task.module_path)
    known = {key for part in _parts(list(by_key)) for key in there.filter(key__in=part).values_list("key", flat=True)}
    ranks = _Ranks(task.queue_name, now)
    rows = [
        Job(
            task=task.module_path,
            queue=task.queue_name,
            arguments=arguments,
            key=key,
            enqueued_at=now,
            organisation_id=arguments.get("organisation_id"),
            run_after=task.run_after or at_once,
            rank=ranks.next_of(arguments.get("organisation_id")),
        )
        for key, arguments in by_key.items()
        if key not in known
    ]
    # Somebody may enqueue the same in this moment: the constraint lets one of the two in.
    return Job.objects.bulk_create(rows, batch_size=500, ignore_conflicts=True)


def batches(task: JobTask, pairs: Iterable[tuple[int, int]]) -> list[dict[str, Any]]:
    """Calls for these (organisation, thing), without the things of rows that wait already, or were given up."""
    things: dict[int, dict[int, None]] = {}  # each once, in their order
    for organisation_id, thing in pairs:
        things.setdefault(organisation_id, {})[thing] = None
    there = Job.objects.filter(~Q(state=State.RUNNING), task=task.module_path, organisation_id__in=things)
    for row in there.only("organisation_id", "arguments"):
        for thing in row.arguments.get(task.each, ()):
            things[row.organisation_id or 0].pop(thing, None)
    return [
        task.bound(organisation_id, list(part))
        for organisation_id, left in things.items()
        for part in batched(left, BATCH, strict=False)
    ]


def _parts(keys: list[str], size: int = 500) -> list[list[str]]:
    return [keys[first : first + size] for first in range(0, len(keys), size)]


class _Ranks:
    """Places in a queue, by start-time fair queueing (Goyal, Vin, Cheng, 1996): each organisation has a line of its own.

    An organisation's next job stands one behind its last, and never before the one that is served now: so a thousand
    jobs of one delay nobody else's first, and nobody who waits is overtaken for ever.
    """

    def __init__(self, queue: str, now: datetime) -> None:
        self.waiting = Job.objects.filter(queue=queue, rank__gte=0, run_after__lte=now).exclude(state=State.DEAD)
        self.lines: dict[int | None, int] = {}

    def next_of(self, organisation_id: int | None) -> int:
        if organisation_id not in self.lines:
            served = self.waiting.filter(state=State.WAITING).aggregate(rank=Min("rank"))["rank"]
            last = self.waiting.filter(organisation_id=organisation_id).aggregate(rank=Max("rank"))["rank"]
            self.lines[organisation_id] = max(0 if served is None else served, 0 if last is None else last + 1)
        else:
            self.lines[organisation_id] += 1
        return self.lines[organisation_id]


def ensure_turns() -> None:
    """Have a row for everything that comes round, and none for what no longer does."""
    there = dict(Job.objects.exclude(seconds=None).values_list("task", "seconds"))
    Job.objects.filter(task__in=there.keys() - set(turns.names())).delete()
    now = clock.now()
    for name, turn in turns.items():
        if name not in there:
            row = Job(task=name, queue=turn.task.queue_name, key="turn", seconds=turn.seconds, rank=TURN)
            row.enqueued_at = row.run_after = now
            Job.objects.bulk_create([row], ignore_conflicts=True)
        elif there[name] != turn.seconds:
            Job.objects.filter(task=name).exclude(seconds=None).update(seconds=turn.seconds)


# --- Taken, and heard of ----------------------------------------------------------------------------------


class IdleTurns:
    """The turns that found nothing to do: each is asked no more often than it comes round."""

    def __init__(self) -> None:
        self._until: dict[str, float] = {}  # by the monotonic clock

    def names(self) -> list[str]:
        """The tasks of those that need not be looked at now."""
        now = time.monotonic()
        return [task for task, until in list(self._until.items()) if now < until]

    def holds(self, job: Job) -> bool:
        """Whether it is a turn that has nothing to do, and did not lately."""
        if job.seconds is None or job.task not in turns:
            return False
        now = time.monotonic()
        if now < self._until.get(job.task, 0.0):
            return True
        if turns.get(job.task).has_work():
            return False
        self._until[job.task] = now + job.seconds
        return True


def take(
    queue: str,
    *,
    worker: str,
    avoiding: Collection[int | None] = (),
    only: Collection[int] = (),
    idle: IdleTurns | None = None,
) -> Job | None:
    """Lease the job whose turn it is; None when there is none, or only some of organisations to avoid."""
    idle = idle or IdleTurns()
    due = Job.objects.due().filter(queue=queue).exclude(task__in=idle.names())
    if only:
        due = due.filter(pk__in=only)
    numbers = [number for number in avoiding if number is not None]
    if numbers:
        due = due.filter(Q(organisation_id=None) | ~Q(organisation_id__in=numbers))
    if None in avoiding:
        due = due.exclude(organisation_id=None)
    now = clock.now()
    for job in _candidates(due):
        if idle.holds(job):
            continue
        lease: dict[str, Any] = {
            "state": State.RUNNING,
            "attempts": job.attempts + 1,
            "worker": worker,
            "started_at": now,
            "leased_until": now + LEASE,
        }
        if Job.objects.filter(pk=job.pk, state=State.WAITING, attempts=job.attempts).update(**lease):
            for name, value in lease.items():
                setattr(job, name, value)
            return job
    return None


def _candidates(due: JobQuerySet) -> Iterator[Job]:
    """Rows in the order of their turn: the first, which is free as a rule, and the others only when it was not."""
    first = list(due[:1])
    yield from first
    if first:
        yield from due[1:CANDIDATES]


def _leased(job: Job) -> JobQuerySet:
    """The row, while the lease on it holds."""
    return Job.objects.filter(pk=job.pk, state=State.RUNNING, worker=job.worker, attempts=job.attempts)


def beat(jobs: Iterable[Job]) -> None:
    """Hold these leases for another while."""
    for job in jobs:
        _leased(job).update(leased_until=clock.now() + LEASE)


def release(job: Job) -> bool:
    """Give the job back as if it had not been begun: its worker is told to stop."""
    with transaction.atomic():
        return _put_back(job, attempts=job.attempts - 1, run_after=clock.now())


def take_over(worker: str) -> int:
    """Let the leases of a worker that is known to have ended run out now: nobody waits for them. Return how many."""
    held = Job.objects.filter(state=State.RUNNING, worker__startswith=f"{worker}:")
    return held.update(leased_until=clock.now() - LEASE)


def forgive_clock() -> int:
    """Free what was written while the clock was ahead, now that it went back; return how many rows.

    What was to wait for seconds from then would wait until that day comes. Leases end with their beats: one that is held is
    held again, one that is not has run out a minute from now.
    """
    now = clock.now()
    soon = now + SKEW
    ahead = Job.objects.filter(state=State.RUNNING, leased_until__gt=soon + LEASE)
    count = ahead.update(leased_until=now + LEASE)
    was_taken, was_lined_up = Q(started_at__gt=soon), Q(started_at=None, enqueued_at__gt=soon)
    waits = Job.objects.filter(was_taken | was_lined_up, state=State.WAITING, run_after__gt=soon)
    count += waits.update(run_after=now, started_at=None, enqueued_at=now)
    if count:
        logger.warning("The clock went back: %s jobs that were put off by the time before are due now.", count)
    return count


def reap() -> list[Job]:
    """Take back the jobs whose workers were not heard of; such an attempt counts, since the job may have killed it."""
    lost = list(Job.objects.filter(state=State.RUNNING, leased_until__lt=clock.now())[:100])
    for job in lost:
        logger.warning("%s was lost with its worker %s.", job, job.worker)
        _failed(job, Fault.LOST, "")
    return lost


# --- Done or failed ---------------------------------------------------------------------------------------


class NotNow(Exception):
    """Raised in a job: through no fault of its own it can't be done for so many seconds; this costs no attempt."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"not for {seconds:.0f} seconds")
        self.seconds = seconds


def finish(job: Job) -> None:
    """The job is done: its row goes. What comes round waits for its next turn."""
    with transaction.atomic():
        if job.seconds is None:
            _leased(job).delete()
        else:
            after = clock.now() + timedelta(seconds=job.seconds)
            _put_back(job, attempts=0, run_after=after, fault=Fault.NONE, reason="", failed_at=None)


def fail(job: Job, error: BaseException) -> None:
    """The attempt failed: the job waits for the next one, or is given up after the last."""
    if isinstance(error, NotNow):
        _put_off(job, error.seconds)
    elif isinstance(error, Refused):
        logger.warning("%s is refused: %s", job, error)
        _failed(job, Fault.REFUSED, str(error))
    else:
        logger.error("%s failed (attempt %s).", job, job.attempts, exc_info=error)
        _failed(job, fault_of(error), f"{type(error).__name__}: {error}")


def _put_off(job: Job, seconds: float) -> None:
    with transaction.atomic():
        _put_back(job, attempts=job.attempts - 1, run_after=clock.now() + timedelta(seconds=seconds))


def fault_of(error: BaseException) -> Fault:
    """What to tell of an exception to somebody who can't read a log."""
    if isinstance(error, FileNotFoundError):
        return Fault.GONE
    if is_of_the_disk(error) or (isinstance(error, OSError) and error.errno == errno.EACCES):
        return Fault.FULL
    if is_outage(error):
        return Fault.UNREACHABLE
    unreachable = (ConnectionError, TimeoutError, socket.gaierror, smtplib.SMTPException)
    is_of_the_network = type(error).__module__.partition(".")[0] in {"requests", "urllib", "urllib3", "http"}
    return Fault.UNREACHABLE if isinstance(error, unreachable) or is_of_the_network else Fault.OTHER


def _failed(job: Job, fault: Fault, reason: str) -> None:
    if fault not in (Fault.UNREACHABLE, Fault.FULL) and _is_done_one_by_one(job):
        return
    now = clock.now()
    outcome: dict[str, Any] = {"fault": fault, "reason": reason[:500], "failed_at": now}
    limit = None if fault == Fault.FULL else _attempts_of(job)  # a disk is waited for, however long it takes
    is_over = limit is not None and (job.attempts >= limit or fault == Fault.REFUSED)
    with transaction.atomic():
        if is_over:
            _put_back(job, state=State.DEAD, attempts=job.attempts, run_after=now, **outcome)
            return
        # Who is lost for the first time has hardly been killed by this job: nobody need wait.
        wait = 0.0 if fault == Fault.LOST and job.attempts == 1 else pause(job.attempts)
        if limit is None:
            wait = min(wait, LONGEST_WHILE_FULL if fault == Fault.FULL else LONGEST_OF_PATIENT)
        wait = max(wait * random.uniform(0.9, 1.1), job.seconds or 0)  # noqa: S311 (so that not all come at once)
        _put_back(job, attempts=job.attempts, run_after=now + timedelta(seconds=wait), **outcome)


def _is_done_one_by_one(job: Job) -> bool:
    """Line up by itself each thing of a job that failed for many: the one that can't be done holds up no other."""
    try:
        task = task_of(job)
    except NoSuchJob:
        return False
    things = job.arguments.get(task.each, ())
    if len(things) < 2:
        return False
    with transaction.atomic():
        if _leased(job).delete()[0]:
            line_up(task, [task.bound(job.organisation_id, [thing]) for thing in things])
    return True


def _attempts_of(job: Job) -> int | None:
    if job.seconds is not None:
        return None
    try:
        return task_of(job).attempts
    except NoSuchJob:
        return ATTEMPTS


def limit_of(job: Job) -> float:
    """Seconds that the job may take."""
    try:
        return task_of(job).limit
    except NoSuchJob:
        return LIMIT


def _put_back(job: Job, *, state: State = State.WAITING, **values: Any) -> bool:
    """Let the row wait, or be dead. If the same was enqueued while it ran, that row goes on for both."""
    twin = Job.objects.filter(~Q(state=State.RUNNING), task=job.task, key=job.key).exclude(pk=job.pk).first()
    values |= {"state": state, "leased_until": None, "worker": ""}
    if twin is None:
        return bool(_leased(job).update(**values))
    deleted, _rows = _leased(job).delete()
    if deleted and job.seconds is None:
        Job.objects.filter(pk=twin.pk, state=State.WAITING).update(**values)
    return bool(deleted)


class NoSuchJob(LookupError):
    """A row names a function that this version does not have."""


def task_of(job: Job) -> JobTask:
    """The function that the row names. Raises `NoSuchJob`."""
    try:
        task = import_string(job.task)
    except ImportError as error:
        raise NoSuchJob(f"This version has no job {job.task}.") from error
    if not isinstance(task, JobTask):
        raise NoSuchJob(f"{job.task} is no job.")
    return task


def unfinished(task: JobTask) -> list[dict[str, Any]]:
    """The arguments of every call of the job that waits, is being done, or was given up."""
    return list(Job.objects.filter(task=task.module_path).values_list("arguments", flat=True))


# --- Given up ---------------------------------------------------------------------------------------------


def retry(jobs: JobQuerySet) -> int:
    """Try those again that were given up or wait for a later attempt, now and from their first attempt; say how many."""
    now = clock.now()
    again = jobs.exclude(state=State.RUNNING)
    return again.update(state=State.WAITING, attempts=0, run_after=now, leased_until=None)


def forget() -> int:
    """Forget what was given up long ago and nobody tried again; return how many."""
    return Job.objects.filter(state=State.DEAD, failed_at__lt=clock.now() - KEPT).delete()[0]
