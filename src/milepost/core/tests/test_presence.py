"""Who of a host's workers is gone, and what becomes of what they were at."""

import os
import signal
from contextlib import contextmanager

import pytest

from milepost.core.jobs import Worker, job, leases, run_all
from milepost.core.jobs.presence import Presence
from milepost.core.models import Fault, Job

done: list[int] = []


@job(queue="files")
def make(number: int) -> None:
    done.append(number)


@contextmanager
def process(folder, name):
    """Another process that is present under the name until it is killed; yields its number."""
    read, write = os.pipe()
    child = os.fork()
    if not child:
        present = Presence(folder, name)  # as long as it is held
        present.begin()
        os.write(write, b".")
        signal.pause()
        os._exit(0)
    try:
        assert os.read(read, 1) == b"."
        yield child
    finally:
        kill(child)
        os.close(read)
        os.close(write)


def kill(child):
    try:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    except (ProcessLookupError, ChildProcessError):
        return


def test_who_was_killed_is_named_until_somebody_is_done_with_it_and_who_lives_is_not(tmp_path):
    looking = Presence(tmp_path, "looking")
    looking.begin()
    with process(tmp_path, "one") as one, process(tmp_path, "two"):
        assert list(looking.gone()) == []
        kill(one)
        with pytest.raises(ConnectionError):
            for name in looking.gone():
                raise ConnectionError(name)  # the database is away: it is told again
        assert list(looking.gone()) == ["one"]
        assert list(looking.gone()) == []


def test_who_leaves_in_order_is_not_gone(tmp_path):
    first, second = Presence(tmp_path, "first"), Presence(tmp_path, "second")
    first.begin()
    first.end()
    assert list(second.gone()) == []


def test_a_folder_that_can_not_be_written_stops_nobody(tmp_path):
    (tmp_path / "file").touch()
    nobody = Presence(tmp_path / "file", "nobody")
    nobody.begin()
    assert list(nobody.gone()) == []
    nobody.end()


def test_what_a_killed_worker_of_this_host_was_at_is_done_at_once_and_a_living_one_keeps_its_own(db, tmp_path):
    done.clear()
    make.enqueue_many([(1,), (2,)])
    with process(tmp_path, "here:7:dead") as dead, process(tmp_path, "here:7:alive"):
        lost = leases.take("files", worker="here:7:dead:files-1")
        kept = leases.take("files", worker="here:7:alive:files-1")
        kill(dead)
        worker = Worker(queues=["files"])
        worker._presence = Presence(tmp_path, worker.name)
        worker._keep()
    assert Job.objects.get(pk=lost.pk).fault == Fault.LOST
    assert Job.objects.get(pk=kept.pk).worker == "here:7:alive:files-1"
    assert run_all(make) == 1
    assert done == [lost.arguments["number"]]
