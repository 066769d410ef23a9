"""What goes wrong: each is called with the machine and its database, and returns once the cause is over."""

import os
import random
import signal
import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress

import psycopg

from storms.machine import Milepost, PostgreSQL

AWAY = 3.0  # seconds
FROZEN = 8.0  # seconds

Fault = Callable[[Milepost, PostgreSQL], None]


def web_process(milepost: Milepost, _database: PostgreSQL) -> None:
    if processes := milepost.web_processes():
        os.kill(random.choice(processes), signal.SIGKILL)


def web_server(milepost: Milepost, _database: PostgreSQL) -> None:
    _kill(milepost.child("granian"))


def background_worker(milepost: Milepost, _database: PostgreSQL) -> None:
    _kill(milepost.child("milepost.config.worker"))


def parent(milepost: Milepost, _database: PostgreSQL) -> None:
    milepost.kill()


def told_to_stop(milepost: Milepost, _database: PostgreSQL) -> None:
    process = milepost.process
    milepost.kill(signal.SIGTERM)
    while process.poll() is None:
        time.sleep(0.05)


def told_to_begin_anew(milepost: Milepost, _database: PostgreSQL) -> None:
    milepost.kill(signal.SIGHUP)


def postmaster(_milepost: Milepost, database: PostgreSQL) -> None:
    database.kill()
    _until_it_answers(database)


def immediate_stop(_milepost: Milepost, database: PostgreSQL) -> None:
    database.may_run.clear()
    database.kill(signal.SIGQUIT)
    time.sleep(AWAY)
    database.may_run.set()
    _until_it_answers(database)


def backend(_milepost: Milepost, database: PostgreSQL) -> None:
    if backends := database.backends():
        _kill(random.choice(backends))
    _until_it_answers(database)


def backends_ended(_milepost: Milepost, database: PostgreSQL) -> None:
    for pid in database.backends():
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)


def frozen(_milepost: Milepost, database: PostgreSQL) -> None:
    processes = [*database.backends(), database.process.pid]
    _signal(processes, signal.SIGSTOP)
    time.sleep(FROZEN)
    _signal(processes, signal.SIGCONT)


class Locked:
    """SQLite: another program holds the lock on the whole database."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __call__(self, _milepost: Milepost, _database: PostgreSQL) -> None:
        other = sqlite3.connect(self.path, timeout=30, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        time.sleep(AWAY)
        other.execute("ROLLBACK")
        other.close()


OF_PROCESSES: dict[str, Fault] = {
    "web process killed": web_process,
    "web server killed": web_server,
    "background worker killed": background_worker,
    "parent killed": parent,
    "parent told to stop": told_to_stop,
    "parent told to begin anew": told_to_begin_anew,
}
OF_POSTGRESQL: dict[str, Fault] = {
    "postmaster killed": postmaster,
    "immediate stop, 3 s away": immediate_stop,
    "backend killed": backend,
    "backends ended": backends_ended,
    "frozen for 8 s": frozen,
}


def _kill(pid: int) -> None:
    if pid:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _signal(processes: list[int], number: int) -> None:
    for pid in processes:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def _until_it_answers(database: PostgreSQL) -> None:
    while not database.answers():
        time.sleep(0.1)


Unreached = (psycopg.Error, sqlite3.Error)
