"""The outbox while its worker is killed at each of its steps: counted at a real mail server."""

import collections
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from milepost.notices.tests.servers import inbox

ROOT = Path(__file__).parent.parent
SERVE = "from milepost.core.starting import set_up; set_up(); from tests.outbox_steps import main; main()"


class Outbox:
    """A process for `tests.outbox_steps`, whose mails go to a real server."""

    def __init__(self, environment, letters):
        self.letters = letters
        self.process = subprocess.Popen(
            [sys.executable, "-c", SERVE],
            env=environment | {"MILEPOST_MAIL_URL": f"smtp://127.0.0.1:{letters.port}"},
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, *words):
        """How a child ended that did this, and what it said."""
        self.process.stdin.write(" ".join(words) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        self.process.communicate(timeout=60)


@pytest.fixture
def outbox(own_database):
    with inbox() as letters, Outbox(own_database, letters) as started:
        assert started.ask("prepare") == [0, None]
        yield started


@pytest.mark.each_day_on("postgresql")
def test_whenever_the_worker_is_killed_nobody_misses_a_message_and_only_smtp_s_own_gap_doubles_one(outbox):
    for step in ("taken", "written", "envelope", "marked", "accepted", "settled"):
        outbox.letters.messages.clear()
        assert outbox.ask("say", step) == [0, None]
        assert outbox.ask("die", step) == [-9, None], step
        status, marked = outbox.ask("send_the_rest", step)
        assert status == 0, step
        counts = collections.Counter(outbox.letters.addresses)
        twice = [message["Message-ID"] for message in outbox.letters.messages if counts[message["To"]] > 1]
        assert len(counts) == 12, step
        assert len(marked) == (1 if step in {"marked", "accepted"} else 0), step
        assert len(twice) == (2 if step == "accepted" else 0), step
        assert len(set(twice)) == len(twice) // 2  # the same Message-ID, by which a mail program knows it
        assert all(marked[0] in one for one in twice)


@pytest.mark.one_database("postgresql")  # who is second there waits for a row, on SQLite for the whole database
def test_workers_side_by_side_send_each_message_once(outbox, own_database):
    for key in range(4):
        assert outbox.ask("say", str(key)) == [0, None]
    with (
        Outbox(own_database, outbox.letters) as second,
        Outbox(own_database, outbox.letters) as third,
        ThreadPoolExecutor() as pool,
    ):
        assert list(pool.map(lambda one: one.ask("send"), (outbox, second, third))) == [[0, None]] * 3
    assert collections.Counter(outbox.letters.addresses) == {f"n{n}@aldermoor.example": 4 for n in range(12)}
    assert len({message["Message-ID"] for message in outbox.letters.messages}) == 48
