"""One started Milepost, whose processes are killed and whose database goes away: it recovers without a hand."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import psycopg
import pytest
from django.db import connection
from running import free_port, milepost

from milepost.people.session_cookies import cookie_of
from tests.conftest import postgresql_database
from tests.servers import Between


@pytest.fixture(scope="module")
def machine(prepared_environment, tmp_path_factory):
    if connection.vendor != "postgresql":
        pytest.skip("its database is taken away, which only a server's can be")
    folder, port = tmp_path_factory.mktemp("machine"), free_port()
    template = prepared_environment["MILEPOST_DATABASE_URL"].rpartition("/")[2]
    with Manager(folder) as (address, said), postgresql_database(template=template) as url:
        server = urlsplit(url)
        between = Between(server.hostname, server.port)
        environment = prepared_environment | {"MILEPOST_DATA": str(folder), "NOTIFY_SOCKET": address}
        environment |= {
            "WATCHDOG_USEC": "1000000",
            "MILEPOST_DATABASE_PATIENCE": "1",
            "MILEPOST_BASE_URL": f"http://localhost:{port}",
        }
        environment["MILEPOST_DATABASE_URL"] = (
            url.replace(f":{server.port}/", f":{between.port}/") + "?connect_timeout=2"
        )
        with heard(signal.SIGHUP), milepost(environment, port, "--workers", "1") as process:
            yield Machine(process, port, said, between, url)


@contextmanager
def heard(number):
    """Processes started within hear the signal, though under nohup they would inherit that it is ignored."""
    before = signal.signal(number, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(number, before)


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
    def __init__(self, process, port, said, database, url):
        self.process, self.port, self.said, self.database, self.url = process, port, said, database, url

    def child(self, name):
        """The process number of the child whose command has the name, once there is one: until it has become that, it is none."""
        return self.until(lambda: next((pid for pid in children(self.process.pid) if name in command(pid)), None))

    def ask(self, path="/healthz", data=None, **headers):
        try:
            asked = Request(f"http://localhost:{self.port}{path}", data=data, headers=headers)
            with urlopen(asked, timeout=10) as answer:  # noqa: S310 (our own address)
                return answer.status, answer.headers, answer.read().decode()
        except HTTPError as answer:
            return answer.code, answer.headers, answer.read().decode()

    def page(self, **headers):
        """A page for anybody that looks into the database: whose session is this?"""
        return self.ask("/", Cookie=f"sessionid={cookie_of('a' * 32)}", **headers)

    def enqueue(self):
        job = "INSERT INTO core_job (task, queue, arguments, key, rank, state, attempts, enqueued_at, run_after, worker, fault, reason)"
        with psycopg.connect(self.url, autocommit=True) as own:
            own.execute(
                f"{job} VALUES ('milepost.notices.jobs.forget', 'mail', '{{}}', 'mine', 0, 'waiting', 0, now(), now(), '', '', '')"
            )

    def jobs(self):
        with psycopg.connect(self.url) as own:
            return own.execute("SELECT count(*) FROM core_job WHERE key = 'mine'").fetchone()[0]

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
    assert machine.until(lambda: machine.child(name) != before)
    assert machine.until(lambda: machine.ask()[0] == 200)
    assert machine.process.poll() is None


def test_a_web_process_that_dies_is_started_again(machine):
    server = machine.child("granian")
    [before] = machine.until(lambda: children(server))
    os.kill(before, signal.SIGKILL)
    assert machine.until(lambda: before not in children(server) and machine.ask()[0] == 200)


def test_what_was_counted_by_a_process_that_died_still_counts(machine):
    pytest.importorskip("prometheus_client")
    ours = 'requests_total{method="GET",status="200",view="account_login"}'
    counted = lambda: [float(line.split()[-1]) for line in machine.ask("/metrics")[2].splitlines() if ours in line]  # noqa: E731
    machine.ask("/accounts/login/")
    before = counted()
    [one] = children(machine.child("granian"))
    os.kill(one, signal.SIGKILL)
    machine.until(lambda: machine.ask("/accounts/login/")[0] == 200)
    assert counted()[0] > before[0] >= 1


def test_told_to_begin_anew_it_has_other_processes_and_goes_on_answering(machine):
    server, worker = machine.child("granian"), machine.child("milepost.config.worker")
    before = children(server)
    machine.process.send_signal(signal.SIGHUP)
    answers = [
        machine.until(lambda: machine.child("milepost.config.worker") != worker and machine.ask()[0], patience=180)
    ]
    while set(before) & set(children(server)):
        answers.append(machine.ask()[0])
        time.sleep(0.1)
    assert set(answers) == {200}
    assert machine.child("granian") == server


def test_while_the_database_is_away_people_are_told_to_wait_in_their_language(machine):
    assert machine.until(lambda: machine.page()[0] == 200)  # on a busy machine those begun anew need a moment
    with machine.database.refusing():
        status, headers, page = machine.page(**{"Accept-Language": "fr"})
        assert (status, headers["Retry-After"], headers["Cache-Control"]) == (503, "5", "no-store")
        assert "Un instant, s’il vous plaît" in page
        assert machine.ask()[0] == 200
        status, _headers, said = machine.page(Accept="application/json")
        assert (status, json.loads(said)["code"]) == (503, "waiting")
        status, headers, part = machine.page(**{"HX-Request": "true"})
        assert (status, headers["HX-Retarget"]) == (503, "#main")
        assert "<html" not in part
    assert machine.until(lambda: machine.page()[0] == 200, patience=5)


def test_the_worker_goes_on_by_itself_once_the_database_is_back(machine):
    worker = machine.child("milepost.config.worker")
    with machine.database.refusing():
        machine.enqueue()
        time.sleep(1.5)
    machine.until(lambda: machine.jobs() == 0)
    assert machine.child("milepost.config.worker") == worker


def test_a_database_that_hangs_holds_nobody_for_ever(machine):
    with machine.database.frozen():
        began = time.monotonic()
        assert machine.page()[0] == 503
        assert time.monotonic() - began < 9
    assert machine.until(lambda: machine.page()[0] == 200)


ORPHANS = """
import os, sys, time
from milepost.config.supervising import Child
child = Child("sleeper", [sys.executable, "-c", "import time; time.sleep(60)"])
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
