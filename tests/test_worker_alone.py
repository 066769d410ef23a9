"""`milepost worker`: one more worker, on whatever host, and what Prometheus and balancers learn of it."""

import subprocess
import sys
import time
from contextlib import suppress
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from running import free_port

from milepost.config import worker
from milepost.config.monitoring_server import answer_programs
from milepost.config.supervising import Signals
from milepost.core.systemd import Systemd

ENQUEUE = (
    "from milepost.core.starting import set_up; set_up(); from milepost.notices.jobs import forget; forget.enqueue()"
)


def asked(port, path):
    try:
        with urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as answer:
        return answer.code, answer.read().decode()


@pytest.mark.one_database("sqlite")
def test_a_worker_by_itself_is_scraped_and_stops_in_order(own_database):
    pytest.importorskip("prometheus_client")
    subprocess.run([sys.executable, "-c", ENQUEUE], env=own_database, check=True)
    port = free_port()
    command = [sys.executable, "-m", "milepost.cli", "worker", "--port", str(port)]
    process = subprocess.Popen(command, env=own_database)
    try:
        deadline, numbers = time.monotonic() + 240, ""
        while 'milepost_jobs_done_total{outcome="done",queue="mail"}' not in numbers:
            assert process.poll() is None
            assert time.monotonic() < deadline, numbers
            with suppress(OSError):
                _status, numbers = asked(port, "/metrics")
            time.sleep(0.2)
        assert 'milepost_probe_ok{probe="database"} 1.0' in numbers
        assert asked(port, "/healthz") == (200, "ok")
        assert asked(port, "/readyz?for=serving")[0] == 200
        assert asked(port, "/accounts/login/")[0] == 404
        taken = subprocess.run(command, env=own_database, capture_output=True, text=True)
        assert (taken.returncode, "Choose another --port" in taken.stderr) == (1, True)
    finally:
        process.terminate()
    assert process.wait(30) == 0


def test_a_worker_that_no_longer_comes_round_says_so(monkeypatch):
    working = worker.Working(Signals(is_in_terminal=False), Systemd())
    port = answer_programs("127.0.0.1", 0, working.is_alive)
    assert asked(port, "/healthz") == (200, "ok")
    monkeypatch.setattr(worker, "SILENCE", 0.0)
    assert asked(port, "/healthz") == (503, "hangs")
