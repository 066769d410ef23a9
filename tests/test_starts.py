"""Several Milepost that start at once on one database: what is done once is done by one of them, and the others wait for it."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.request import urlopen

import psycopg
import pytest
from running import free_port

from milepost.config import schema, serving
from tests.sites import Site


@pytest.fixture
def earlier_database(own_database):
    """The environment of processes with a database as an earlier version left it: migrations of `core` wait."""
    static = Path(own_database["MILEPOST_DATA"]) / "static"
    static.mkdir()
    (static / ".collected").touch()  # it takes long, and is not what is waited for here
    back = [sys.executable, "-m", "django", "migrate", "core", "0002_tries"]
    subprocess.run(back, env=own_database, check=True, capture_output=True)
    return own_database


def opened(environment):
    url = environment.get("MILEPOST_DATABASE_URL")
    return psycopg.connect(url) if url else sqlite3.connect(Path(environment["MILEPOST_DATA"]) / "milepost.sqlite3")


@contextmanager
def busy(environment):
    """Somebody else writes into the database in this block: whoever reads it goes on, whoever migrates waits."""
    database = opened(environment)
    with closing(database):
        if isinstance(database, sqlite3.Connection):
            database.execute("BEGIN IMMEDIATE")
        else:
            database.execute("LOCK TABLE django_migrations IN EXCLUSIVE MODE")
        yield
        database.rollback()


def start(environment, port, log):
    command = [sys.executable, "-m", "milepost.cli", "up", "--port", str(port), "--workers", "1"]
    return subprocess.Popen(command, env=environment, stderr=log.open("wb"), stdout=subprocess.DEVNULL)


def answers(port):
    try:
        return urlopen(f"http://localhost:{port}/healthz", timeout=1).status == 200
    except OSError:
        return False


@pytest.mark.each_day_on("postgresql")
def test_of_two_that_start_at_once_one_migrates_the_database_and_both_serve(earlier_database, tmp_path):
    ports, logs = [free_port(), free_port()], [tmp_path / "one", tmp_path / "two"]
    deadline = time.monotonic() + 240

    def until(is_so):
        while not is_so():
            said = [log.read_text() for log in logs]
            assert [process.poll() for process in processes] == [None, None], said
            assert time.monotonic() < deadline, said
            time.sleep(0.1)

    processes = [start(earlier_database, port, log) for port, log in zip(ports, logs, strict=True)]
    try:
        with busy(earlier_database):
            until(lambda: all("the database" in log.read_text() for log in logs))  # both have seen that it is behind
        until(lambda: all(map(answers, ports)))
    finally:
        ends = stop(processes)
    assert ends == [0, 0]
    said = [log.read_text() for log in logs]
    assert sorted("Preparing the database …" in one for one in said) == [False, True], said


def stop(processes):
    for process in processes:
        process.terminate()
    return [process.wait(60) for process in processes]


@pytest.mark.django_db
def test_while_one_prepares_another_says_that_it_waits_and_can_be_told_to_stop(monkeypatch):
    monkeypatch.setattr(serving, "AGAIN", 0.0)
    answers, said = iter([False, False, True]), []
    with schema.alone() as is_alone:
        assert is_alone
        assert serving.prepare(lambda: next(answers), said.append) is None
    assert said == ["Another start of Milepost prepares the database; waiting for it."]


@pytest.mark.django_db
def test_whoever_was_waited_for_and_failed_holds_nobody_up():
    with pytest.raises(ZeroDivisionError), schema.alone():
        raise ZeroDivisionError
    with schema.in_turn(), schema.alone() as is_alone:
        assert not is_alone


@pytest.mark.each_day_on("postgresql")
def test_a_site_has_one_reader_of_files_which_is_kept_and_ends_with_it(own_database, tmp_path):
    log = tmp_path / "log"
    with log.open("wb") as kept, Site(own_database, Path(own_database["MILEPOST_DATA"]), people=1, log=kept) as site:
        (reader,) = readers_of(site.process.pid)
        assert is_read(site)
        assert readers_of(site.process.pid) == [reader], "no process has one of its own"
        os.kill(reader, signal.SIGKILL)
        site.until(lambda: is_read(site))
        (reader,) = set(readers_of(site.process.pid)) - {reader}
    assert site.process.returncode == 0
    assert not Path(f"/proc/{reader}").exists()
    assert "The reader of files ended (SIGKILL); it is started again." in log.read_text()


def is_read(site):
    """Whether a file is read; who comes while there is no reader is asked to come again."""
    answer = site.ask("/verify/", person=None, data={}, file=("file", "certificate.pdf", b"%PDF-1.7 of nobody"))
    assert answer.status in (200, 422) or answer.headers["Retry-After"], answer
    return answer.status != 503


def readers_of(process):
    """The fork servers among the process's children, theirs and so on; not what they fork, which may be gone at any moment."""
    try:
        if b"milepost.core.sandbox.fork_server" in command_of(process):
            return [process]
        children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    except FileNotFoundError:
        return []
    return [reader for child in children for reader in readers_of(int(child))]


def command_of(process):
    return Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")
