"""Word of jobs brought by procrastinate, a queue on PostgreSQL of its own or of Milepost (`MILEPOST_QUEUE`).

The row of a job stays what is so: the broker carries its key alone, at once (LISTEN/NOTIFY), to whichever worker is free,
the fairest first. A message that comes twice, or too late, finds its row taken and does nothing; one that is lost is sent
again by the next sweep. So attempts, pauses, keys and what is given up are the same as without it.
"""

import asyncio
import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from threading import Thread
from typing import Any

import procrastinate
import psycopg
from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from procrastinate.jobs import Status

from milepost.core import clock
from milepost.core.jobs.backends import TableBackend
from milepost.core.jobs.worker import BEAT, PATIENCE, Worker
from milepost.core.models import Job, State

MESSAGE = "milepost"
OVERDUE = timedelta(seconds=10)  # what is due for so long and waits was not brought
SILENT = 30.0  # seconds: a worker of the broker that was not heard of for so long is gone

logger = logging.getLogger(__name__)


class BrokerBackend(TableBackend):
    """Enqueueing writes the row, and sends word of it once the transaction is through."""

    supports_priority = True

    def deliver(self, rows: list[Job]) -> None:
        if rows:
            keys = Q(task=rows[0].task, key__in=[row.key for row in rows], state=State.WAITING)
            transaction.on_commit(lambda: send(list(Job.objects.filter(keys))), robust=True)


def send(rows: Sequence[Job]) -> None:
    """Send word of these rows; what the broker does not take now, a sweep brings later."""
    for row in rows:
        deferrer = _sender().configure_task(
            MESSAGE, queue=row.queue, queueing_lock=f"{row.pk}", priority=-row.rank, schedule_at=row.run_after
        )
        try:
            deferrer.defer(job=row.pk)
        except AlreadyEnqueued:
            continue
        except ConnectorException:
            logger.warning("The broker does not answer; word of %s and what follows is sent later.", row)
            return


_open: dict[str, procrastinate.App] = {}


def _sender() -> procrastinate.App:
    """An app that sends, one for each process."""
    if "app" not in _open:
        pool: dict[str, Any] = {"min_size": 1, "max_size": 2, "timeout": 5.0}
        app = procrastinate.App(connector=procrastinate.SyncPsycopgConnector(conninfo=settings.QUEUE_URL, **pool))
        app.open()
        _open["app"] = app
    return _open["app"]


def prepare() -> None:
    """Make the broker's tables, unless they are there; of two at once one makes them."""
    with psycopg.connect(settings.QUEUE_URL) as broker:
        broker.execute("SELECT pg_advisory_xact_lock(20261124)")
        there = broker.execute("SELECT to_regclass('procrastinate_jobs')").fetchone()
        if there and there[0] is None:
            broker.execute(procrastinate.schema.SchemaManager.get_schema())  # never: sql (as procrastinate brings it)


@dataclass
class BrokerWorker(Worker):
    """A worker to whom the broker brings the jobs; the leases on them are kept as ever."""

    def begin(self) -> None:
        prepare()
        self._swept = clock.now()
        self._loop = asyncio.new_event_loop()
        self._loop.set_default_executor(ThreadPoolExecutor(self.threads * len(self.queues) + 2))
        self._app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=settings.QUEUE_URL))
        self._app.task(name=MESSAGE)(self._brought)
        thread = Thread(target=self._loop.run_until_complete, args=(self._listen(),), name="broker", daemon=True)
        self._alive.append(thread)
        thread.start()

    def _start(self, queue: str) -> None:
        """No thread in place of one that hangs: the broker counts its own."""

    def look(self) -> None:
        """Send word of what is due and was not brought: turns that have work, what was reaped, messages that were lost."""
        due = self.due()
        send(list(due.exclude(seconds=None)))
        if clock.now() - self._swept > OVERDUE / 2:
            self._swept = clock.now()
            send(list(due.filter(seconds=None, enqueued_at__lte=clock.now() - OVERDUE)[:500]))

    async def _listen(self) -> None:
        options: dict[str, Any] = {
            "concurrency": self.threads,
            "install_signal_handlers": False,
            "delete_jobs": "always",
            "fetch_job_polling_interval": 1.0,
            "shutdown_graceful_timeout": PATIENCE,
        }
        async with self._app.open_async():
            waits = [self._app.run_worker_async(queues=[queue], name=queue, **options) for queue in self.queues]
            tasks = [asyncio.create_task(wait) for wait in [*waits, self._clear()]]
            while not self._stop.is_set():
                await asyncio.sleep(0.1)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _clear(self) -> None:
        """Take away the messages at which workers died: their rows are reaped, and sent anew."""
        while True:
            manager = self._app.job_manager
            for message in await manager.get_stalled_jobs(seconds_since_heartbeat=SILENT):
                await manager.finish_job(message, status=Status.FAILED, delete_job=True)
            await asyncio.sleep(BEAT)

    def _brought(self, job: int) -> None:
        """Do the job of a message, in a thread of the broker's worker."""
        try:
            row = Job.objects.filter(pk=job, state=State.WAITING).first()
            if row is None:
                return
            name = f"{row.queue}-{job}"
            held = self._take(row.queue, name, only=[job], share=False)
            if held:
                self._do(held, name)
            # Its next turn, or its next attempt. A turn that has nothing to do is sent again once it has.
            later = Job.objects.filter(pk=job, state=State.WAITING, run_after__gt=clock.now())
            send(list(later))
        finally:
            connection.close()
