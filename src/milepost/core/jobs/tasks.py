"""A function as a job, and what comes round again and again."""

import hashlib
import inspect
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Self, cast

from django.db import Error
from django.tasks.base import Task
from django.utils.functional import Promise
from django.utils.module_loading import import_string

from milepost.core.canonical import canonical_json
from milepost.core.registry import Registry

# Each is held up by something of its own: "facts" by what rooms do about facts, which people wait for; "outside" by other
# people's servers (time stamps, meetings).
QUEUES = ("facts", "sealing", "mail", "files", "builds", "imports", "outside")
ATTEMPTS = 12  # with the pauses between them: about a day and a half, so that an outage over a night mends itself
KEY_LENGTH = 120
BATCH = (
    25  # things in one row of a job for each of many: one lease for all of them, and its worker can end within seconds
)
LIMIT = 900.0  # seconds that a job may take before its worker is held to hang

logger = logging.getLogger(__name__)


if TYPE_CHECKING:
    from milepost.core.jobs.backends import TableBackend

    BaseTask = Task[..., Any]
else:
    BaseTask = Task


@dataclass(frozen=True, slots=True, kw_only=True)
class JobTask(BaseTask):
    """What `job` makes of a function: Django's task, with what our layer adds to it."""

    title: str | Promise = ""
    attempts: int | None = ATTEMPTS
    limit: float = LIMIT
    key: str = ""
    each: str = ""

    def using(
        self,
        *,
        priority: int | None = None,
        queue_name: str | None = None,
        run_after: datetime | None = None,
        backend: str | None = None,
        key: str | None = None,
    ) -> Self:
        """The same job, told differently: not before `run_after`, or once for a `key` of your own."""
        changes = {
            "priority": priority,
            "queue_name": queue_name,
            "run_after": run_after,
            "backend": backend,
            "key": key,
        }
        return replace(
            self, **cast("dict[str, Any]", {name: value for name, value in changes.items() if value is not None})
        )

    def enqueue_many(self, calls: Iterable[tuple[Any, ...]]) -> int:
        """Enqueue the job once for each tuple of arguments, in few queries; return how many were not waiting yet."""
        backend = cast("TableBackend", self.get_backend())
        return backend.enqueue_many(self, [self.bound(*call) for call in calls])

    def enqueue_each(self, pairs: Iterable[tuple[int, int]]) -> None:
        """Have the job done for each (organisation, thing) for which it does not wait yet, `BATCH` of them to a row."""
        backend = cast("TableBackend", self.get_backend())
        backend.enqueue_each(self, pairs)

    def bound(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """The arguments by name. Raises `TypeError` where they don't fit the function."""
        call = _signature(self.func).bind(*args, **kwargs)
        call.apply_defaults()
        return dict(call.arguments)

    def key_of(self, arguments: dict[str, Any]) -> str:
        """What makes this call one with another: the key that was said, or else its arguments."""
        if self.key:
            return self.key
        text = canonical_json(list(arguments.values()))
        return text.decode() if len(text) <= KEY_LENGTH else hashlib.sha256(text).hexdigest()


@cache
def _signature(function: Callable[..., Any]) -> inspect.Signature:
    return inspect.signature(function)


def job(
    *, queue: str, title: str | Promise = "", attempts: int | None = ATTEMPTS, limit: float = LIMIT, each: str = ""
) -> Callable[[Callable[..., object]], JobTask]:
    """Make a function a job of this queue (one of `QUEUES`). `title` says on the owner's page what it does.

    `attempts` are made before it is given up (None: never). `limit` is in seconds: whatever takes longer is held to
    hang, and another worker tries. The function stands at the top of its module and takes what JSON can hold. `each` names
    a parameter, the second one after `organisation_id`, that is a list of things (see `JobTask.enqueue_each`).
    """

    def made(function: Callable[..., object]) -> JobTask:
        return JobTask(func=function, queue_name=queue, title=title, attempts=attempts, limit=limit, each=each)

    return made


def named(name: str) -> JobTask:
    """The job `<room>.<function>` of a room's `jobs.py`, for the verbs of that room.

    A job calls verbs, so a verb that asks for a job names it, as it names a template: imports would go in a circle.
    """
    room, _dot, function = name.partition(".")
    return cast("JobTask", import_string(f"milepost.{room}.jobs.{function}"))


@dataclass(frozen=True)
class Turn:
    """A job that comes round, and how many seconds lie between the end of one turn and the next."""

    task: JobTask
    seconds: float
    when: Callable[[], object] | None = None

    def has_work(self) -> bool:
        """Whether the turn is worth taking. A question that can't be answered is left to the turn, which fails where it is seen."""
        try:
            return self.when is None or bool(self.when())
        except Error:
            raise
        except Exception:
            logger.exception("Whether %s has work can't be told.", self.task.module_path)
            return True


turns: Registry[Turn] = Registry("turn")


def every(seconds: float, task: JobTask, *, when: Callable[[], object] | None = None) -> None:
    """Have the job done every so many seconds while any worker lives: one turn at a time, whatever their number.

    It waits in its queue like any other; a turn that fails comes again after a pause, and is never given up.
    `when` asks whether there is anything to do, and only reads: taking a turn writes its row twice, and each waits for
    the disk, so a system at rest would write all day long. It may say yes too often, never no wrongly.
    """
    turns.register(task.module_path, Turn(task, seconds, when))
