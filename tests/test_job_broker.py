"""The same promises with an existing distributed queue: procrastinate on a PostgreSQL that the test starts."""

import os
import signal

import psycopg
import pytest
from running import postgresql

from tests.test_job_workers import Stage, stop

pytestmark = pytest.mark.one_database("postgresql")  # the queue is the broker's, and not the database's


@pytest.fixture(scope="module")
def broker():
    with postgresql(survives_power_cuts=False) as url:
        yield url


@pytest.fixture
def stage(own_database, tmp_path, broker):
    with psycopg.connect(broker, autocommit=True) as admin:
        admin.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    return Stage(own_database | {"MILEPOST_QUEUE": broker}, tmp_path)


def messages(broker):
    with psycopg.connect(broker) as connection:
        return connection.execute("SELECT count(*) FROM procrastinate_jobs WHERE status <> 'todo'").fetchone()[0]


def test_the_broker_brings_jobs_at_once_and_they_leave_nothing_behind(stage, broker):
    worker = stage.worker()
    stage.enqueue("elsewhere.enqueue()", "quick.enqueue_many([(1, number) for number in range(20)])")
    stage.until("elsewhere", patience=20)
    stage.until("quick-19", patience=20)
    assert stop(worker) == [0]
    assert (stage.left(), messages(broker)) == (0, 0)


def test_a_slow_job_delays_no_other_queue(stage):
    stage.enqueue("slow.enqueue(1, 30.0)", "elsewhere.enqueue()")
    worker = stage.worker()
    stage.until("begun", patience=30)
    stage.until("elsewhere", patience=30)
    stop(worker)


def test_a_job_whose_worker_is_killed_is_brought_to_another(stage, broker):
    first = stage.worker()
    stage.enqueue("slow.enqueue(1, 4.0)")
    stage.until("begun", patience=30)
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    second = stage.worker()
    [done] = stage.until("slow", patience=60)
    assert int(done[1]) == second.pid
    stop(second)
    assert stage.left() == 0


def test_word_that_was_lost_is_sent_again_and_turns_come_round(stage, broker):
    stage.enqueue("elsewhere.enqueue()")  # before anybody made the broker's tables
    worker = stage.worker("story.every(2, story.turn)")
    stage.until("elsewhere", patience=40)
    stage.until("turn", count=3, patience=40)
    stop(worker)
