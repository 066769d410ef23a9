"""The parent's rules, without a server: what it waits for, how long its pauses are, what signals mean to it."""

import io
import os
import signal
import socket
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread

import psycopg
import pytest
from django.db import OperationalError, ProgrammingError

from milepost.config import answering, serving, supervising, watchdog
from milepost.config.answering import Answering
from milepost.config.supervising import FIRST_PAUSE, LONGEST_PAUSE, STEADY, Child, Signals
from milepost.config.watchdog import SILENCE, Watchdog
from milepost.core.systemd import Systemd


@pytest.fixture
def at_once(monkeypatch):
    monkeypatch.setattr(serving, "AGAIN", 0.0)
    monkeypatch.setattr(serving, "_collect_static_files", lambda: None)


def away(says):
    error = OperationalError(says)
    error.__cause__ = psycopg.OperationalError(says)
    return error


def test_a_database_that_is_away_at_the_start_is_waited_for_and_told_of_once(monkeypatch, at_once):
    answers = iter([away("connection refused"), away("connection refused"), away("it is starting up"), None])

    def catch_up():
        if error := next(answers):
            raise error

    monkeypatch.setattr(serving.schema, "catch_up", catch_up)
    said = []
    assert serving.prepare(lambda: False, said.append) == ""
    assert said == [
        "The database does not answer; waiting for it. connection refused",
        "The database does not answer; waiting for it. it is starting up",
    ]


def test_whoever_waits_for_the_database_can_be_told_to_stop(monkeypatch, at_once):
    def catch_up():
        raise away("connection refused")

    monkeypatch.setattr(serving.schema, "catch_up", catch_up)
    answers = iter([False, False, True])
    assert serving.prepare(lambda: next(answers), lambda _sentence: None) is None


def test_what_will_be_wrong_again_stops_the_start(monkeypatch, at_once):
    def catch_up():
        raise ProgrammingError("permission denied")

    monkeypatch.setattr(serving.schema, "catch_up", catch_up)
    with pytest.raises(ProgrammingError):
        serving.prepare(lambda: False, lambda _sentence: None)


@pytest.fixture
def clock(monkeypatch):
    """The supervisor's clock, moved by hand."""
    now = [1000.0]
    monkeypatch.setattr("milepost.config.supervising.time.monotonic", lambda: now[0])
    return now


class Dead:
    """A process that has ended, whatever is asked of it."""

    pid, returncode = 2**22 + 1, 1  # a number that no process has

    def poll(self):
        return 1


class Mortal(Child):
    """A child that ends as soon as it is started."""

    def start(self):
        self.process, self._started, self._again = Dead(), clock_now(), 0.0


def clock_now():
    return supervising.time.monotonic()


def test_pauses_grow_while_a_child_does_not_live_long_and_then_begin_anew(clock, capsys):
    def pause():
        """How long it takes until the child, which has just ended, is started again."""
        ended = clock[0]
        child.keep()
        while child._again:
            clock[0] += 0.25
            child.keep()
        return clock[0] - ended

    child = Mortal("sleeper", [])
    child.start()
    pauses = [pause() for _time in range(9)]
    assert pauses[:4] == [FIRST_PAUSE, 2 * FIRST_PAUSE, 4 * FIRST_PAUSE, 8 * FIRST_PAUSE]
    assert pauses[-1] == LONGEST_PAUSE
    clock[0] += STEADY
    assert pause() == FIRST_PAUSE
    assert "The sleeper ended (exit status 1)" in capsys.readouterr().err


def test_a_log_that_can_not_be_written_ends_nothing(monkeypatch, clock):
    child = Mortal("sleeper", lambda _before: [])
    child.start()
    with suppress(OSError), Path("/dev/full").open("w") as full:
        monkeypatch.setattr(sys, "stderr", full)
        child.keep()
        child.process = None
        clock[0] += FIRST_PAUSE
        child.keep()
    assert child.process


@pytest.mark.parametrize(("is_in_terminal", "asks_to_stop"), [(True, True), (False, False)])
def test_a_hang_up_stops_in_a_terminal_and_renews_elsewhere(is_in_terminal, asks_to_stop):
    before = {number: signal.getsignal(number) for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT)}
    try:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)  # under nohup the tests themselves ignore it
        signals = Signals(is_in_terminal=is_in_terminal)
        signals.listen()
        os.kill(os.getpid(), signal.SIGHUP)
        assert (signals.asks_to_stop, signals.asks_to_renew) == (asks_to_stop, not asks_to_stop)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@pytest.mark.skipif(sys.platform != "linux", reason="systemd's abstract addresses")
def test_a_manager_that_does_not_listen_holds_nobody_up(monkeypatch):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(f"\0milepost-{os.getpid()}")
        monkeypatch.setenv("NOTIFY_SOCKET", f"@milepost-{os.getpid()}")
        monkeypatch.setenv("WATCHDOG_USEC", "60000000")
        systemd = Systemd()
        assert "NOTIFY_SOCKET" not in os.environ
        assert systemd.beat == 30.0
        began = time.monotonic()
        for _time in range(500):
            systemd.tell("WATCHDOG=1")
        assert time.monotonic() - began < 2
        assert manager.recv(100) == b"WATCHDOG=1"


# --- Those that live and do not answer --------------------------------------------------------------------

LIVING = """
import time
from milepost.core.systemd import Systemd
parent = Systemd()
while True:
    parent.live()
    time.sleep(0.05)
"""
SERVER = f"""
import os, subprocess, sys
processes = [subprocess.Popen([sys.executable, "-c", {LIVING!r}]) for _each in range(2)]
while True:
    ended, _status = os.wait()
    if "puts another in its place" in sys.argv:
        processes.append(subprocess.Popen([sys.executable, "-c", {LIVING!r}]))
"""
linux = pytest.mark.skipif(not watchdog.IS_POSSIBLE, reason="only Linux says who sent a word")


@contextmanager
def kept(folder, code, *words, processes=1):
    """A child of a parent that looks after it, and a way to go on doing so until something is so."""
    child = Child("sleeper", [sys.executable, "-c", code, *words], watchdog=Watchdog(folder / "w"), processes=processes)

    def keep_until(is_so, patience=60.0):
        deadline = time.monotonic() + patience
        while not is_so():
            assert time.monotonic() < deadline
            child.keep()
            time.sleep(0.05)

    child.start()
    try:
        keep_until(lambda: len(child.watchdog._heard) == processes)
        yield child, keep_until
    finally:
        child._bury()
        child.process.wait()


@linux
def test_a_child_that_lives_and_does_not_answer_is_ended_and_another_started(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(watchdog, "SILENCE", 2.0)
    with kept(tmp_path, LIVING) as (child, keep_until):
        first, began = child.process.pid, time.monotonic()
        keep_until(lambda: time.monotonic() > began + 3.0)
        assert child.process.pid == first  # it answers
        os.kill(first, signal.SIGSTOP)
        keep_until(lambda: child.process.pid != first and child.watchdog._heard)
    assert f"A process of the sleeper ({first}) does not answer any more; it is ended." in capsys.readouterr().err


@linux
def test_of_several_processes_only_the_one_that_hangs_is_ended(tmp_path, monkeypatch):
    monkeypatch.setattr(watchdog, "SILENCE", 2.0)
    with kept(tmp_path, SERVER, "puts another in its place", processes=2) as (child, keep_until):
        leader, (one, other) = child.process.pid, sorted(child.watchdog._heard)
        os.kill(one, signal.SIGSTOP)
        keep_until(lambda: len(set(child.watchdog._heard) - {one}) == 2)
        assert other in child.watchdog._heard
        assert child.process.pid == leader


@linux
def test_where_nobody_takes_the_place_of_what_hung_the_whole_child_is_started_again(tmp_path, monkeypatch):
    monkeypatch.setattr(watchdog, "SILENCE", 1.0)
    monkeypatch.setattr(supervising, "COMING", 2.0)
    with kept(tmp_path, SERVER, processes=2) as (child, keep_until):
        leader = child.process.pid
        os.kill(min(child.watchdog._heard), signal.SIGSTOP)
        keep_until(lambda: child.process.pid != leader)


@linux
def test_nobody_falls_silent_while_the_parent_itself_was_stopped(tmp_path, monkeypatch):
    now = [1000.0]
    monkeypatch.setattr("milepost.config.watchdog.time.monotonic", lambda: now[0])
    ear, ours = Watchdog(tmp_path / "w"), os.getsid(0)
    for name, value in ear.environment.items():
        monkeypatch.setenv(name, value)
    Systemd().live()
    assert ear.silent(ours) == []
    now[0] += 3600
    assert ear.silent(ours) == []
    for _look in range(round(SILENCE)):
        now[0] += 1.0
        silent = ear.silent(ours)
    assert silent == [os.getpid()]
    assert ear.silent(ours) == []  # told of once


@linux
def test_whoever_is_of_another_session_is_not_heard(tmp_path, monkeypatch):
    ear = Watchdog(tmp_path / "w")
    for name, value in ear.environment.items():
        monkeypatch.setenv(name, value)
    Systemd().live()
    assert ear.silent(session=1) == []
    assert ear.lacks(1) >= 0.0
    assert not ear._heard


def test_a_web_process_gets_on_while_a_thread_is_free_or_a_part_of_an_upload_comes(monkeypatch):
    monkeypatch.setattr(answering, "STUCK", 0.5)
    begun, may_read, may_end = Event(), Event(), Event()

    def page(environ, _start_response):
        begun.set()
        may_read.wait(20)
        environ["wsgi.input"].read(1)
        may_end.wait(20)
        return []

    process = Answering(page, threads=2)
    requests = [Thread(target=process, args=({"wsgi.input": io.BytesIO(b"x")}, None)) for _each in range(2)]
    requests[0].start()
    begun.wait(20)
    time.sleep(0.6)
    assert process.gets_on()  # the other thread is free
    requests[1].start()
    until(lambda: not process.gets_on())
    may_read.set()
    until(process.gets_on)
    until(lambda: not process.gets_on())
    may_end.set()
    for request in requests:
        request.join()
    assert process.gets_on()


def until(is_so):
    deadline = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)
