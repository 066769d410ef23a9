"""Django's task interface on the table of jobs: enqueueing writes a row, in the caller's transaction."""

from collections.abc import Iterable
from typing import Any

from django.tasks.backends.base import BaseTaskBackend
from django.tasks.base import TaskResult, TaskResultStatus

from milepost.core import clock
from milepost.core.jobs import leases
from milepost.core.jobs.tasks import QUEUES, JobTask
from milepost.core.models import Job


class TableBackend(BaseTaskBackend):
    """The embedded backend: workers look into the table themselves."""

    task_class = JobTask
    supports_defer = True

    def __init__(self, alias: str, params: dict[str, Any]) -> None:
        super().__init__(alias, params | {"QUEUES": QUEUES})

    def enqueue(self, task: Any, args: Any, kwargs: Any) -> Any:
        """Have the job wait, unless the same waits already. A row that goes once it is done has no result to look up."""
        arguments = task.bound(*args, **kwargs)
        self.deliver(leases.line_up(task, [arguments]))
        return TaskResult(
            task=task,
            id=task.key_of(arguments),
            status=TaskResultStatus.READY,
            enqueued_at=clock.now(),
            started_at=None,
            finished_at=None,
            last_attempted_at=None,
            args=[],
            kwargs=arguments,
            backend=self.alias,
            errors=[],
            worker_ids=[],
        )

    def enqueue_many(self, task: JobTask, calls: list[dict[str, Any]]) -> int:
        """Have a job wait for each call; return how many did not wait yet."""
        rows = leases.line_up(task, calls)
        self.deliver(rows)
        return len(rows)

    def enqueue_each(self, task: JobTask, pairs: Iterable[tuple[int, int]]) -> None:
        """Have the job wait for each (organisation, thing) for which it does not wait yet."""
        self.enqueue_many(task, leases.batches(task, pairs))

    def deliver(self, rows: list[Job]) -> None:
        """Bring word of rows to the workers: here they look for themselves."""
