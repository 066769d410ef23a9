"""Processes of a started Milepost that live and do not answer: the parent notices, and puts others in their place."""

import os
import signal
import time
from contextlib import suppress
from urllib.request import urlopen

import pytest
from running import free_port, milepost

from milepost.config import watchdog
from tests.test_machine import Machine, children

pytestmark = [
    pytest.mark.one_database("sqlite"),  # they are stopped, whatever they would ask a database
    pytest.mark.skipif(not watchdog.IS_POSSIBLE, reason="only Linux says who sent a word"),
]
IMPATIENT = "from milepost.config import watchdog; watchdog.SILENCE = 4.0; from milepost.cli import main; main()"


@pytest.fixture
def machine(own_database):
    port = free_port()
    environment = own_database | {"MILEPOST_BASE_URL": f"http://localhost:{port}"}
    with milepost(environment, port, "--workers", "2", program=("-c", IMPATIENT)) as process:
        yield Machine(process, port, None, None, None)


def test_web_process_worker_and_reader_of_files_that_hang_are_ended_and_others_take_their_place(machine):
    server, worker, reader = map(machine.child, ("granian", "milepost.config.worker", "fork_server"))
    web = machine.until(lambda: len(children(server)) == 2 and children(server), patience=240)
    time.sleep(4.0)  # they have been heard
    for pid in (web[0], worker, reader):
        os.kill(pid, signal.SIGSTOP)
    machine.until(lambda: machine.child("milepost.config.worker") != worker, patience=240)
    machine.until(lambda: machine.child("fork_server") not in (None, reader), patience=240)
    machine.until(lambda: len(set(children(server)) - {web[0]}) == 2, patience=240)
    assert machine.child("granian") == server
    machine.until(lambda: all(answers(machine) for _connection in range(20)), patience=240)


def answers(machine):
    """Whether a connection of its own is answered soon: each process has its share of them."""
    with suppress(OSError):
        return urlopen(f"http://localhost:{machine.port}/healthz", timeout=2).status == 200
    return False
