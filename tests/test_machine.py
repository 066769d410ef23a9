"""One started Milepost, whose processes are killed and whose database goes away: it recovers without a hand."""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from django.db import connection
from running import free_port, milepost

pytestmark = pytest.mark.skipif(
    connection.vendor != "postgresql", reason="its database is taken away, which only a server's can be"
)


@pytest.fixture(scope="module")
def machine(prepared_environment, tmp_path_factory):
    folder, port = tmp_path_factory.mktemp("machine"), free_port()
    with Manager(folder) as (address, said):
        environment = prepared_environment | {"MILEPOST_DATA": str(folder), "NOTIFY_SOCKET": address}
        environment |= {"WATCHDOG_USEC": "1000000", "MILEPOST_BASE_URL": f"http://localhost:{port}"}
        with milepost(environment, port, "--workers", "1") as process:
            yield Machine(process, port, said)


class Manager:
    """What systemd is to a service: a socket on which it hears of it."""

    def __init__(self, folder):
        self.address = str(folder / "notify")

    def __enter__(self):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.address)
        self.socket.settimeout(5)
        return self.address, lambda: self.socket.recv(4096).decode().splitlines()

    def __exit__(self, *_error):
        self.socket.close()


class Machine:
    def __init__(self, process, port, said):
        self.process, self.port, self.said = process, port, said

    def child(self, name):
        """The process number of the child whose command has the name."""
        return next((pid for pid in children(self.process.pid) if name in command(pid)), 0)

    def ask(self, path="/healthz", **headers):
        try:
            with urlopen(Request(f"http://localhost:{self.port}{path}", headers=headers), timeout=10) as answer:
                return answer.status, answer.headers, answer.read().decode()
        except HTTPError as answer:
            return answer.code, answer.headers, answer.read().decode()

    def until(self, condition, patience=20.0):
        deadline = time.monotonic() + patience
        while True:
            with suppress(OSError):
                if result := condition():
                    return result
            assert time.monotonic() < deadline
            time.sleep(0.05)


def children(parent):
    return [int(pid) for pid in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]


def command(pid):
    return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()


def is_alive(pid):
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def test_the_service_manager_hears_that_it_is_ready_and_that_it_lives(machine):
    heard = machine.said()
    assert heard[0] == "READY=1"
    assert machine.said() == ["WATCHDOG=1"]


@pytest.mark.parametrize("name", ["milepost.config.worker", "granian"])
def test_a_child_that_dies_is_started_again_and_the_site_stays(machine, name):
    before = machine.child(name)
    os.kill(before, signal.SIGKILL)
    assert machine.until(lambda: machine.child(name) not in (0, before) and machine.child(name))
    assert machine.until(lambda: machine.ask()[0] == 200)
    assert machine.process.poll() is None


def test_a_web_process_that_dies_is_started_again(machine):
    server = machine.child("granian")
    [before] = machine.until(lambda: children(server))
    os.kill(before, signal.SIGKILL)
    assert machine.until(lambda: before not in children(server) and machine.ask()[0] == 200)


def test_told_to_begin_anew_it_has_other_children(machine):
    before = {machine.child("granian"), machine.child("milepost.config.worker")}
    machine.process.send_signal(signal.SIGHUP)
    machine.until(lambda: before.isdisjoint(children(machine.process.pid)) and machine.child("granian"))
    assert machine.until(lambda: machine.ask()[0] == 200)


ORPHANS = """
import os, sys, time
from milepost.config.supervising import Child
child = Child("sleeper", lambda before: [sys.executable, "-c", "import time; time.sleep(60)"])
child.start()
print(child.process.pid, flush=True)
time.sleep(60)
"""


def test_children_end_with_a_parent_that_is_killed():
    parent = subprocess.Popen([sys.executable, "-c", ORPHANS], stdout=subprocess.PIPE, text=True)
    child = int(parent.stdout.readline())
    assert is_alive(child)
    parent.kill()
    parent.wait()
    deadline = time.monotonic() + 5
    while is_alive(child) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not is_alive(child)
