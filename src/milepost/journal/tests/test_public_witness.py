"""The same with a witness that others wrote and published (aics-witness), as its operator would run it, in a process of its own."""

import socket
import subprocess
import sys
import time

import pytest
import requests

from milepost.journal import cosigning, log_keys
from milepost.journal.cosigning import NotCosigned, cosign_newest
from milepost.journal.models import Cosignature
from milepost.journal.sealing import seal
from milepost.journal.tests.test_cosigning import write_anew
from milepost.journal.tests.test_sealing import write

pytestmark = pytest.mark.django_db


@pytest.fixture
def kill_and_begin_anew(tmp_path, settings):
    with socket.create_server(("127.0.0.1", 0)) as free:
        place = f"127.0.0.1:{free.getsockname()[1]}"
    said = ["--config", str(tmp_path / "witness.json")]
    write(3)
    key = log_keys.verifier_key(log_keys.current_log_key(7))
    vkey = _told(*said, "init", "--name", "witness.example/public", "--listen", place).strip()
    _told(*said, "add-log", "--origin", key.name, "--vkey", str(key))
    settings.WITNESSES = [(vkey, f"http://{place}")]
    running = [_serving(place, said)]

    def killed_and_begun_anew():
        _end(running.pop())
        running.append(_serving(place, said))

    yield killed_and_begun_anew
    _end(running.pop())


def _end(process):
    process.kill()
    process.wait()


def _told(_config, path, command, *options):
    words = [sys.executable, "-m", "aics_witness", command, "--config", path, *options]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout


def _serving(place, said):
    words = [sys.executable, "-m", "aics_witness", "serve", *said]
    running = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _try in range(100):
        try:
            requests.get(f"http://{place}/healthz", timeout=1)
        except requests.ConnectionError:
            time.sleep(0.1)
        else:
            return running
    raise AssertionError("the witness did not start")


def test_a_public_witness_cosigns_goes_on_after_a_kill_and_refuses_another_history(kill_and_begin_anew):
    [witness] = cosigning.witnesses()
    for grown in (0, 1, 600, 7):
        write(grown)
        seal(7)
        made = cosign_newest(7, witness)
        assert made.checkpoint.seal.size == seal(7).size
        if grown == 1:
            kill_and_begin_anew()
    assert Cosignature.objects.count() == 4
    write_anew()
    with pytest.raises(NotCosigned, match="this journal does not hold what it saw before"):
        cosign_newest(7, witness)
