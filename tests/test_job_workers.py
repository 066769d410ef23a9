"""Workers as processes on one database: killed, told to stop, held up. No job is lost and no queue delays another."""

import os
import signal
import subprocess
import sys
import time

import pytest

JOBS = '''
"""Jobs that write down what they did, in a folder."""
import os, time
from pathlib import Path
from milepost.core.jobs import every, job
from milepost.core.jobs import leases, worker
from datetime import timedelta
leases.LEASE, worker.BEAT = timedelta(seconds=3), 1.0
SAID = Path(os.environ["SAID"])

def say(word):
    with open(SAID, "a") as file:
        file.write(f"{word} {os.getpid()} {time.monotonic()}\\n")

@job(queue="files")
def slow(organisation_id: int, seconds: float) -> None:
    say("begun")
    time.sleep(seconds)
    say("slow")

@job(queue="files")
def quick(organisation_id: int, number: int) -> None:
    say(f"quick-{number}")

@job(queue="sealing")
def elsewhere() -> None:
    say("elsewhere")

@job(queue="imports")
def turn() -> None:
    say("turn")
'''
ENQUEUE = "from milepost.core.starting import set_up; set_up(); import story; story.{call}"
WORK = "from milepost.core.starting import set_up; set_up(); import story; {more}; from milepost.config.worker import main; main()"


@pytest.fixture
def stage(own_database, tmp_path):
    return Stage(own_database, tmp_path)


class Stage:
    """A database with jobs of the test's own, and the workers on it."""

    def __init__(self, environment, folder):
        (folder / "story.py").write_text(JOBS)
        self.said = folder / "said"
        self.environment = environment | {"SAID": str(self.said), "PYTHONPATH": str(folder)}

    def enqueue(self, *calls):
        code = "from milepost.core.starting import set_up; set_up(); import story; " + "; ".join(
            f"story.{call}" for call in calls
        )
        subprocess.run([sys.executable, "-c", code], env=self.environment, check=True)

    def worker(self, more="pass", host="here"):
        """A worker on one of several hosts: each has a data folder of its own, and the database of all."""
        data = self.environment["MILEPOST_DATA"]
        elsewhere = {"MILEPOST_DATA": f"{data}/{host}", "MILEPOST_DATABASE_URL": f"sqlite:///{data}/milepost.sqlite3"}
        environment = (
            self.environment if host == "here" else elsewhere | self.environment | {"MILEPOST_DATA": f"{data}/{host}"}
        )
        return subprocess.Popen([sys.executable, "-c", WORK.format(more=more)], env=environment)

    def words(self):
        return [line.split() for line in self.said.read_text().splitlines()] if self.said.exists() else []

    def until(self, word, count=1, patience=90.0):
        deadline = time.monotonic() + patience
        while sum(line[0] == word for line in self.words()) < count:
            assert time.monotonic() < deadline, (word, self.words())
            time.sleep(0.05)
        return [line for line in self.words() if line[0] == word]

    def left(self):
        code = "from milepost.core.starting import set_up; set_up(); from milepost.core.models import Job; print(Job.objects.filter(seconds=None).count())"
        return int(
            subprocess.run([sys.executable, "-c", code], env=self.environment, check=True, capture_output=True).stdout
        )


def stop(*workers):
    for worker in workers:
        worker.terminate()
    return [worker.wait(timeout=10) for worker in workers]


@pytest.mark.one_database("sqlite")  # they wait for threads and processes, and the table is asked on both below
def test_a_slow_job_delays_neither_another_queue_nor_another_organisation(stage):
    stage.enqueue("slow.enqueue(1, 30.0)", "slow.enqueue(1, 31.0)", "quick.enqueue(2, 7)", "elsewhere.enqueue()")
    worker = stage.worker()
    stage.until("begun")
    stage.until("quick-7", patience=8)
    stage.until("elsewhere", patience=8)
    assert len(stage.until("begun")) == 1  # an organisation never holds all threads of a queue
    stop(worker)


@pytest.mark.each_day_on("postgresql")
def test_a_job_whose_worker_is_killed_is_done_on_another_host_once_its_lease_is_over(stage):
    stage.enqueue("slow.enqueue(1, 4.0)")
    first = stage.worker()
    stage.until("begun")
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    second = stage.worker(host="elsewhere")
    [done] = stage.until("slow")
    assert int(done[1]) == second.pid
    stop(second)
    assert stage.left() == 0


FOR_EVER = "story.leases.LEASE = story.timedelta(hours=1)"


@pytest.mark.one_database("postgresql")
def test_what_a_killed_worker_was_at_is_taken_over_at_once_on_its_own_host_and_a_living_one_keeps_its_own(stage):
    stage.enqueue("slow.enqueue(1, 6.0)")
    first = stage.worker(FOR_EVER)
    stage.until("begun")
    other = stage.worker(FOR_EVER)
    time.sleep(3)  # it has looked who is gone: nobody
    assert len(stage.words()) == 1
    stop(other)
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    second = stage.worker(FOR_EVER)
    [done] = stage.until("slow", patience=90)
    assert int(done[1]) == second.pid
    stop(second)
    assert stage.left() == 0


@pytest.mark.one_database("sqlite")
def test_a_worker_that_is_told_to_stop_is_gone_within_five_seconds_and_loses_nothing(stage):
    stage.enqueue("slow.enqueue(1, 20.0)", "quick.enqueue_many([(1, number) for number in range(200)])")
    first = stage.worker()
    stage.until("begun")
    began = time.monotonic()
    assert stop(first) == [0]
    assert time.monotonic() - began < 8  # five, and what a busy machine takes to end a process
    assert stage.left() == 201
    second = stage.worker()
    stage.until("begun", count=2, patience=8)  # given back at once: nobody waits for the lease
    stop(second)


@pytest.mark.one_database("sqlite")
def test_what_is_begun_and_ends_soon_may_end(stage):
    stage.enqueue("slow.enqueue(1, 2.0)")
    worker = stage.worker()
    stage.until("begun")
    stop(worker)
    assert len(stage.until("slow")) == 1
    assert stage.left() == 0


@pytest.mark.each_day_on("postgresql")
def test_two_workers_do_everything_once_and_each_turn_once(stage):
    stage.enqueue("quick.enqueue_many([(number % 3, number) for number in range(60)])")
    workers = [stage.worker("story.every(2, story.turn)") for _twice in range(2)]
    turns = stage.until("turn", count=4)
    stage.until("quick-59")
    deadline = time.monotonic() + 30
    while stage.left() and time.monotonic() < deadline:
        time.sleep(0.5)
    stop(*workers)
    said = [word for word, _pid, _time in stage.words() if word.startswith("quick")]
    assert sorted(said) == sorted(f"quick-{number}" for number in range(60))
    times = [float(line[2]) for line in turns]
    assert (
        times[3] - times[0] > 4
    )  # three pauses of 2 s, the first turn up to 2 s late; if each took it, there were one


@pytest.mark.one_database("postgresql")
def test_a_worker_has_nothing_in_memory_that_only_some_jobs_need(stage):
    code = "import sys; from milepost.core.starting import set_up; set_up(); from milepost.core.jobs import Worker; print('pyhanko.sign' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], env=stage.environment, check=True, capture_output=True, text=True
    )
    assert done.stdout.strip() == "False"
