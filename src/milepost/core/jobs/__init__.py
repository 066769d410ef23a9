"""Work in the background: queues that don't hold each other up, leases, attempts, and what is given up.

A room's `jobs.py` holds shallow functions that take keys, read the thing, and call one verb:

    @job(queue="files", title=gettext_lazy("Make an attendance sheet"))
    def make_sheet(organisation_id: int, sheet_id: int) -> None:
        sheet = Sheet.objects.filter(pk=sheet_id, pdf="").first()
        if sheet:
            sheets.make_sheet(sheet)

A verb asks for it inside the transaction that makes it necessary, so that there is both or neither:

    named("classroom.make_sheet").enqueue(organisation.pk, sheet.pk)       # milepost/classroom/jobs.py
    named("classroom.make_sheet").using(run_after=tonight).enqueue(...)    # not before
    named("classroom.make_sheet").enqueue_many((organisation.pk, sheet.pk) for sheet in sheets)

Where thousands of one sort are to be done, a job takes several at a time, so that a row, a lease and a commit serve for all:

    @job(queue="files", title=gettext_lazy("Make the file of a document"), each="document_ids")
    def make_files(organisation_id: int, document_ids: list[int]) -> None: ...

    named("documents.make_files").enqueue_each((document.organisation_id, document.pk) for document in documents)

What comes round is registered in the room's `registered.py`: a turn looks for what is due and enqueues it.

    every(30, find_sheets)      # find_sheets is a @job; it waits in its queue like any other, one turn at a time
    every(1, send, when=is_due) # the turn is taken only where this read finds something: a system at rest writes nothing

What it promises:

- A job whose first parameter is `organisation_id` belongs to that organisation: its owner sees it when it is given
  up, and its place in the queue follows from how many of the same organisation wait already.
- Of one task with the same arguments (or the same `using(key=...)`) at most one waits: enqueueing it again is a
  no-op, also while it waits for its next attempt, and also once it was given up: then a person says *Try again*.
- It is done at least once. A worker that is killed leaves a lease that runs out, and another worker does the job: so
  the verb must bear being called again.
- A failure is tried again after growing pauses (`pause`); after the last of `attempts` the job is given up, and stays
  for its owner to see. `attempts=None` never gives up. A `Refused` is an answer: it is given up at once.
  `NotNow(60)` puts it off and costs no attempt: the server that it needs rests.
- A job for many that fails is lined up for each of them by itself, unless a server or the disk was at fault: so one that
  can't be done holds up no other, and is given up alone.
- Each queue has threads of its own, and one organisation never holds all of them.
- Tests say `run_all()`, or `run_all(make_sheet)` to count the runs of one task.

It is Django's own task interface (`django.tasks`) over the table of `milepost.core.models.Job`, which says what is so
whoever brings the work to the workers: the table itself, or a message broker (`MILEPOST_QUEUE`, see
`milepost.core.jobs.broker` and docs/decisions).
"""

from milepost.core.jobs.leases import NotNow, forget, pause, retry, unfinished
from milepost.core.jobs.tasks import ATTEMPTS, QUEUES, JobTask, every, job, named, turns
from milepost.core.jobs.worker import Worker, run_all

__all__ = [
    "ATTEMPTS",
    "QUEUES",
    "JobTask",
    "NotNow",
    "Worker",
    "every",
    "forget",
    "job",
    "named",
    "pause",
    "retry",
    "run_all",
    "turns",
    "unfinished",
]
