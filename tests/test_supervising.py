"""The parent's rules, without a server: what it waits for, how long its pauses are, what signals mean to it."""

import os
import signal
import socket
import sys
import time

import psycopg
import pytest
from django.db import OperationalError, ProgrammingError

from milepost.config import serving, supervising
from milepost.config.supervising import FIRST_PAUSE, LONGEST_PAUSE, STEADY, Child, Signals
from milepost.config.systemd import Systemd


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
    assert serving.prepare(lambda: False, said.append)
    assert said == [
        "The database does not answer; waiting for it. connection refused",
        "The database does not answer; waiting for it. it is starting up",
    ]


def test_whoever_waits_for_the_database_can_be_told_to_stop(monkeypatch, at_once):
    def catch_up():
        raise away("connection refused")

    monkeypatch.setattr(serving.schema, "catch_up", catch_up)
    answers = iter([False, False, True])
    assert not serving.prepare(lambda: next(answers), lambda _sentence: None)


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

    child = Mortal("sleeper", lambda _before: [])
    child.start()
    pauses = [pause() for _time in range(9)]
    assert pauses[:4] == [FIRST_PAUSE, 2 * FIRST_PAUSE, 4 * FIRST_PAUSE, 8 * FIRST_PAUSE]
    assert pauses[-1] == LONGEST_PAUSE
    clock[0] += STEADY
    assert pause() == FIRST_PAUSE
    assert "The sleeper ended (exit status 1)" in capsys.readouterr().err


@pytest.mark.parametrize(("is_in_terminal", "asks_to_stop"), [(True, True), (False, False)])
def test_a_hang_up_stops_in_a_terminal_and_renews_elsewhere(is_in_terminal, asks_to_stop):
    before = {number: signal.getsignal(number) for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT)}
    try:
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
