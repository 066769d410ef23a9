import os
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Thread, Timer

import pytest
from django.utils import translation

from milepost.core import sandbox
from milepost.core.refusals import Refused
from milepost.core.sandbox import Unreadable, client, confinement
from milepost.core.sandbox.places import Places
from milepost.core.tests import parsers, parsers_that_load_long
from milepost.core.tests.parsers import NoNumber

pytestmark = pytest.mark.one_database("sqlite")
BUSY = 1.0  # seconds that a machine which runs other tests may take for itself


@pytest.fixture(scope="module", autouse=True)
def _one_of_our_own():
    """What is told of a fork server is told of this process's, which has begun, and not of the one that tests share."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv(client.AT_HOST, raising=False)
        patch.setattr(sandbox, "places", Places())
        assert parsers.number(b"1") == 1
        yield


def test_a_confined_function_answers_as_it_would_anywhere():
    assert parsers.number(b"42") == 42
    assert parsers.doubled(b"\x00\xff") == b"\x00\xff\x00\xff"
    assert parsers.number(content=b"7") == 7


def test_each_file_is_read_in_a_process_of_its_own():
    (first, server), (second, same_server) = parsers.pids(b""), parsers.pids(b"")
    assert len({os.getpid(), first, second, server}) == 4
    assert server == same_server


def test_it_speaks_the_language_of_who_asks():
    with translation.override("fr"):
        assert parsers.language(b"") == "fr"


def test_it_knows_no_secret_of_the_server(settings):
    os.environ["MILEPOST_DATABASE_URL_OF_A_TEST"] = "postgresql://milepost:password@nowhere/"
    try:
        known = sandbox.ForkServer()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sandbox, "_server", known)
            told = parsers.told_by_its_environment(b"")
    finally:
        del os.environ["MILEPOST_DATABASE_URL_OF_A_TEST"]
    assert "MILEPOST_DATABASE_URL_OF_A_TEST" not in told
    assert settings.SECRET_KEY not in told.values()
    assert told["database"] == "milepost.core.sqlite"


@pytest.fixture
def data(tmp_path, monkeypatch):
    """A data folder with something to find in it, and a process that lives beside."""
    (tmp_path / "secret-key").write_text("the secret of the server")
    (tmp_path / "milepost.sqlite3").write_text("everything")
    yield tmp_path
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {
        "secret-key": "the secret of the server",
        "milepost.sqlite3": "everything",
    }


@pytest.mark.skipif(bool(confinement.missing()), reason="this kernel has no such walls")
def test_one_that_was_taken_over_finds_no_file_of_ours_changes_none_and_reaches_nobody(data):
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as beside:
        try:
            assert parsers.taken_over(str(data).encode(), str(beside.pid).encode()) == {}
            assert beside.poll() is None
        finally:
            beside.kill()


@pytest.mark.parametrize("absent", ["_version", "_can_filter"])
def test_a_kernel_without_one_of_the_walls_still_puts_up_the_other_and_says_so(monkeypatch, absent):
    monkeypatch.setattr(confinement, absent, lambda: 0)
    assert len(confinement.missing()) == 1


def test_a_refusal_of_its_own_passes_through_with_sentence_and_field():
    with pytest.raises(NoNumber) as refused:
        parsers.number(b"minus")
    assert str(refused.value) == "Numbers begin at 0."
    assert refused.value.field == "file"


@pytest.mark.parametrize("parser", [parsers.greedy, parsers.crashing, parsers.asleep], ids=lambda p: p.__name__)
def test_whatever_befalls_a_parser_is_one_refusal(parser):
    with pytest.raises(NoNumber, match="This is no number"):
        parser(b"1")
    assert parsers.number(b"1") == 1, "and the next file is read"


def test_a_fault_of_a_parser_is_the_same_refusal():
    with pytest.raises(NoNumber, match="This is no number"):
        parsers.number(b"many")


def test_one_that_takes_too_long_is_ended_and_told_by_the_place_that_it_had_come_to(caplog):
    began = time.monotonic()
    with pytest.raises(NoNumber, match="line 3 can’t be read"):
        parsers.endless(b"")
    assert time.monotonic() - began < 15  # by the clock five seconds at most, once it has begun
    assert "parsers:endless, at line 3" in caplog.text


@pytest.fixture
def _others_are_at_work_too(monkeypatch):
    """What is told of seconds of CPU holds however long those take by the clock."""
    monkeypatch.setattr(sandbox, "WALL", 50)


@pytest.mark.usefixtures("_others_are_at_work_too")
def test_all_files_of_one_request_cost_no_more_together_than_one_may():
    parsers.busy(b"0")  # its parser is loaded now
    with sandbox.as_one():
        spent = parsers.busy(b"0.9")
        with pytest.raises(NoNumber):
            parsers.busy(b"0.9")
        began = time.monotonic()
        with pytest.raises(NoNumber):
            parsers.number(b"1")
        assert time.monotonic() - began < 0.5, "nothing is begun for which no time is left"
    assert spent < sandbox.SECONDS < 2 * spent
    assert parsers.busy(b"0.9") and parsers.number(b"1") == 1, "and the next request has its own"


@pytest.mark.usefixtures("_others_are_at_work_too")
def test_a_file_that_took_little_leaves_the_rest_to_the_next():
    with sandbox.as_one():
        for number in range(20):
            assert parsers.number(b"%d" % number) == number
        with pytest.raises(NoNumber, match="begin at 0"):
            parsers.number(b"minus")
        assert parsers.busy(b"0.5")


@pytest.mark.parametrize("words", [b"-100", b"nan", b"-inf"])
def test_what_a_child_says_of_its_time_gives_the_request_no_more(words):
    with sandbox.as_one(seconds=0.5):
        assert parsers.saying_that_it_spent(words)
        with pytest.raises(NoNumber):
            parsers.busy(b"0.9")


@pytest.mark.usefixtures("_others_are_at_work_too")
def test_what_it_takes_to_load_a_parser_counts_for_who_comes_first(monkeypatch):
    monkeypatch.setattr(sandbox, "_server", client.ForkServer())
    with sandbox.as_one(), pytest.raises(Unreadable):
        parsers_that_load_long.busy(b"1.1")
    assert parsers_that_load_long.busy(b"1.1")


def test_a_parser_writes_no_file(tmp_path):
    with pytest.raises(NoNumber):
        parsers.writing(str(tmp_path / "file").encode())
    assert not (tmp_path / "file").exists() or (tmp_path / "file").read_bytes() == b""


@pytest.mark.parametrize(
    "words", [b"", b"v", b"v" + b"\xff" * 8, b"y" + (1 << 40).to_bytes(8), b"v" + (2).to_bytes(8) + b"{!"]
)
def test_one_that_was_taken_over_can_say_nothing_but_an_answer(words):
    with pytest.raises(NoNumber):
        parsers.lying(words)


def test_a_fork_server_that_was_killed_is_started_again():
    _child, server = parsers.pids(b"")
    os.kill(server, signal.SIGKILL)
    assert parsers.number(b"3") == 3
    assert parsers.pids(b"")[1] != server


@pytest.mark.parametrize("of_a_host", [True, False])
def test_a_file_whose_reader_is_killed_under_it_is_not_called_broken(of_host, monkeypatch, of_a_host):
    if of_a_host:
        of_host()
    else:
        monkeypatch.delenv(client.AT_HOST)
    monkeypatch.setattr(sandbox, "_server", client.ForkServer())
    server = parsers.pids(b"")[1]
    killing = Timer(0.5, os.kill, (server, signal.SIGKILL))
    killing.start()
    with pytest.raises(sandbox.TooManyFiles):
        parsers.waiting(b"5")
    killing.join()


def test_forty_threads_get_each_its_own_answer():
    with ThreadPoolExecutor(40) as threads:
        assert list(threads.map(parsers.number, [b"%d" % n for n in range(40)])) == list(range(40))


def test_a_queue_of_strangers_leaves_places_to_members(monkeypatch):
    places = Places()
    places.bound(3, patience=0.05)
    monkeypatch.setattr(sandbox, "places", places)
    stranger = Thread(target=parsers.waiting_of_strangers, args=(b"1.5",))
    stranger.start()
    time.sleep(0.3)
    began = time.monotonic()
    with pytest.raises(Refused) as refused:
        parsers.waiting_of_strangers(b"0")
    assert refused.value.status == 503 and refused.value.retry_after
    assert time.monotonic() - began < 0.5
    assert parsers.number(b"1") == 1
    stranger.join()
    assert parsers.waiting_of_strangers(b"0") == 1


def test_children_end_with_who_asked_even_when_it_is_killed(tmp_path):
    source = (
        "import os; from milepost.core.starting import set_up; set_up()\n"
        "from threading import Thread\n"
        "from milepost.core.tests import parsers\n"
        "print(*parsers.pids(b''), flush=True)\n"
        "parsers.waiting(b'60')\n"
    )
    program = subprocess.Popen(
        [sys.executable, "-c", source],
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    first, server = map(int, program.stdout.readline().split())
    _until(lambda: set(_children_of(server)) - {first})
    (child,) = set(_children_of(server)) - {first}
    program.kill()
    program.wait()
    _until(lambda: not _lives(server) and not _lives(child))


def _children_of(pid):
    return [int(number) for number in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _lives(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def _until(is_so):
    deadline = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture
def of_host(tmp_path, monkeypatch):
    """Start the fork server of a host; every process that has this environment asks it."""
    path, started = str(tmp_path / "files"), []
    monkeypatch.setenv(client.AT_HOST, path)
    monkeypatch.setattr(client, "HOST_PATIENCE", 20)

    def start():
        started.append(subprocess.Popen([*client.PROGRAM, path], env=client.environment()))
        return started[-1].pid

    yield start
    for process in started:
        process.kill()
        process.wait()


def test_all_processes_of_a_host_fork_from_one(of_host, monkeypatch):
    pid = of_host()
    source = "from milepost.core.starting import set_up; set_up()\nfrom milepost.core.tests import parsers\nprint(parsers.pids(b'')[1])"
    another = subprocess.run(
        [sys.executable, "-c", source], capture_output=True, env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    )
    monkeypatch.setattr(sandbox, "_server", client.ForkServer())
    assert parsers.pids(b"")[1] == int(another.stdout) == pid


def test_while_the_one_of_the_host_is_gone_a_process_forks_from_its_own(of_host, monkeypatch):
    monkeypatch.setattr(sandbox, "_server", client.ForkServer())
    pid = of_host()
    assert parsers.pids(b"")[1] == pid
    os.kill(pid, signal.SIGKILL)
    monkeypatch.setattr(client, "HOST_PATIENCE", 0.3)
    own = parsers.pids(b"")[1]
    assert own not in (pid, os.getpid())
    monkeypatch.setattr(client, "HOST_PATIENCE", 20)
    again = of_host()
    assert parsers.pids(b"")[1] == again, "and from the host's as soon as it is there again"


@pytest.mark.parametrize("words", [b"", b"os:system".ljust(256), b"nothing".ljust(256), b"\xff" * 256, b"milepost"])
def test_whoever_asks_the_one_of_the_host_for_something_else_gets_nothing_and_holds_nobody_up(of_host, words):
    pid = of_host()
    assert parsers.number(b"1") == 1
    with socket.socket(socket.AF_UNIX) as bad:
        bad.connect(os.environ[client.AT_HOST])
        bad.settimeout(20)
        bad.sendall(words)
        began = time.monotonic()
        assert parsers.pids(b"")[1] == pid
        assert time.monotonic() - began < 5
        bad.shutdown(socket.SHUT_WR)
        assert bad.makefile("rb").read() in (b"", b"h" + bytes(8)), "it was heard, and no more"


def test_sixty_four_who_connect_and_say_nothing_hold_nobody_up(of_host, monkeypatch):
    hasty = client.ForkServer()
    monkeypatch.setattr(sandbox, "_server", hasty)
    pid = of_host()
    assert parsers.pids(b"")[1] == pid
    hasty.hurry()
    silent = [socket.socket(socket.AF_UNIX) for _number in range(64)]
    try:
        for number, connection in enumerate(silent):
            connection.connect(os.environ[client.AT_HOST])
            connection.sendall(b"m" * (number % 3))
        began = time.monotonic()
        assert [parsers.pids(b"")[1] for _time in range(3)] == [pid] * 3
        assert time.monotonic() - began < 0.9 + BUSY
        for connection in silent:
            connection.settimeout(20)
            assert connection.recv(1) == b"", "each is let go of"
    finally:
        for connection in silent:
            connection.close()


def test_a_page_waits_for_a_host_s_server_that_is_stopped_no_longer_than_two_seconds(of_host, monkeypatch):
    pid, hasty = of_host(), client.ForkServer()
    monkeypatch.setattr(sandbox, "_server", hasty)
    assert parsers.pids(b"")[1] == pid
    hasty.hurry()
    monkeypatch.setattr(client, "LONG", 1.0)
    os.kill(pid, signal.SIGSTOP)
    longest, own = 0.0, None
    until = time.monotonic() + 60
    while own is None and time.monotonic() < until:
        began = time.monotonic()
        with suppress(sandbox.TooManyFiles):
            own = parsers.pids(b"")[1]
        longest = max(longest, time.monotonic() - began)
        time.sleep(0.3)
    assert own not in (None, pid)
    assert longest < 2.0 + BUSY
    os.kill(pid, signal.SIGCONT)
    _until(lambda: parsers.pids(b"")[1] == pid)


def test_a_page_waits_for_its_own_server_that_is_stopped_no_longer_than_two_seconds(monkeypatch):
    monkeypatch.setattr(sandbox, "_server", client.ForkServer())
    pid = parsers.pids(b"")[1]
    sandbox.hurry()
    assert parsers.pids(b"")[1] == pid
    os.kill(pid, signal.SIGSTOP)
    monkeypatch.setattr(client, "LONG", 0.5)
    began = time.monotonic()
    with pytest.raises(sandbox.TooManyFiles):
        parsers.number(b"1")
    assert time.monotonic() - began < 2.0 + BUSY
    _until(lambda: _answered() not in (None, pid))


def _answered():
    with suppress(sandbox.TooManyFiles):
        return parsers.pids(b"")[1]
