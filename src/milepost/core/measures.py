"""How the lowest floor is: its probes and gauges of the database, the disk, the clock and the jobs."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import connection, transaction
from django.db.models import Count, Min

from milepost.core import clock
from milepost.core.metrics import Gauge
from milepost.core.models import Job, JobQuerySet, State, Tries
from milepost.core.probes import Probe

MEBIBYTE = 1024 * 1024


def write_and_forget() -> float:
    """Seconds that a write takes; it is rolled back, so a system at rest keeps nothing of it."""
    began = monotonic()
    with transaction.atomic():
        Tries.objects.create(key=f"probe-{began}", count=0, ends_at=0)
        transaction.set_rollback(True)
    return monotonic() - began


def free_space() -> float:
    """Bytes that can still be written where there is least room: none where a disk can only be read."""
    return float(min(_writable(folder) for folder in _folders()))


def _folders() -> list[Path]:
    """The data folder, and where files and an SQLite database lie, which may be other disks."""
    files = getattr(default_storage, "base_location", None)  # a bucket has none; the folder is made with its first file
    database = Path(str(settings.DATABASES["default"]["NAME"]))
    return [
        Path(settings.ENVIRONMENT.data),
        *([Path(files)] if files and Path(files).is_dir() else []),
        *([database.parent] if connection.vendor == "sqlite" and database.is_file() else []),
    ]


def _writable(folder: Path) -> int:
    there = os.statvfs(folder)
    return 0 if there.f_flag & os.ST_RDONLY else there.f_bavail * there.f_frsize


def oldest_due_job() -> float | None:
    """Seconds for which the job has been due that waits longest; what comes round again and again is none."""
    since = _waiting().aggregate(since=Min("run_after"))["since"]
    return (clock.now() - since).total_seconds() if since else None


def clock_against_database() -> float | None:
    """Seconds between this machine's clock and that of the database's machine."""
    if connection.vendor != "postgresql":
        return None
    before = datetime.now(UTC)
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        there: datetime = cursor.fetchone()[0]
    after = datetime.now(UTC)
    return max((before - there).total_seconds(), (there - after).total_seconds(), 0.0)


def _waiting() -> JobQuerySet:
    return Job.objects.filter(state=State.WAITING, seconds=None, run_after__lte=clock.now()).order_by()


def _jobs() -> Iterator[tuple[tuple[str, ...], float]]:
    rows = Job.objects.filter(seconds=None).order_by().values_list("queue", "state")
    for queue, state, count in rows.annotate(count=Count("pk")):
        yield (queue, state), count


def _waits() -> Iterator[tuple[tuple[str, ...], float]]:
    for queue, since in _waiting().values_list("queue").annotate(since=Min("run_after")):
        yield (queue,), (clock.now() - since).total_seconds()


def _database_size() -> Iterator[tuple[tuple[str, ...], float]]:
    on_sqlite = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
    with connection.cursor() as cursor:
        cursor.execute(on_sqlite if connection.vendor == "sqlite" else "SELECT pg_database_size(current_database())")
        [size] = cursor.fetchone()
    yield (), size


PROBES = {
    "database": Probe(write_and_forget, bound=5.0, is_vital=True),
    "disk": Probe(free_space, bound=256.0 * MEBIBYTE, unit="bytes", is_floor=True),
    "jobs": Probe(oldest_due_job, bound=600.0),
    "clock": Probe(clock_against_database, bound=5.0),
}
GAUGES = {
    "jobs": Gauge("jobs", "Jobs by queue and state.", ("queue", "state"), _jobs),
    "waits": Gauge("job_oldest_wait_seconds", "How long the oldest due job of a queue waits.", ("queue",), _waits),
    "database": Gauge("database_size_bytes", "What the database takes on its disk.", (), _database_size),
}
