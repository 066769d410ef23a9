"""Where ClamAV is, no file is taken that it did not call clean: its own daemon is asked, and servers that misbehave stand in for it."""

import io
import shutil
import socket
import subprocess
import tempfile
import time
import zipfile
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from threading import Thread

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from programs import program

from milepost.classroom.models import LiveSession
from milepost.config import environment
from milepost.config.variables import Misconfigured
from milepost.core import clamd
from milepost.core.probes import probes, read
from tests.test_strangers import address, patterns, populated

# What every scanner takes for a virus and is none (eicar.org); in two parts, so that no scanner takes this file for one.
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
LIMIT = 1 << 20  # bytes that this daemon takes

pytestmark = pytest.mark.one_database("sqlite")


@pytest.fixture(scope="module")
def daemon():
    """A clamd that knows one signature, in a folder short enough for the name of a socket."""
    folder = Path(tempfile.mkdtemp(prefix="clamd-"))
    (folder / "own.ndb").write_text(f"Eicar-Test-Signature:0:*:{EICAR.hex()}\n")
    (folder / "clamd.conf").write_text(
        f"Foreground yes\nLocalSocket {folder}/socket\nDatabaseDirectory {folder}\nTemporaryDirectory {folder}\n"
        f"StreamMaxLength {LIMIT}\nMaxThreads 2\n"
    )
    with start(folder):
        yield folder
    shutil.rmtree(folder)


@contextmanager
def start(folder):
    command = [program("clamd"), "-c", str(folder / "clamd.conf")]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 20
        while not (folder / "socket").exists():
            assert process.poll() is None and time.monotonic() < until
            time.sleep(0.02)
        yield process
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture
def scanned(daemon, settings):
    settings.CLAMD = str(daemon / "socket")
    return settings


def file(content, name="leave.pdf"):
    return SimpleUploadedFile(name, content)


def zipped(content):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("course.md", content)
    return packed.getvalue()


@pytest.mark.parametrize("content", [EICAR, b"%PDF-1.7 " + EICAR, zipped(EICAR)], ids=["plain", "within", "packed"])
def test_what_the_scanner_knows_is_refused_with_its_name_and_a_clean_file_is_not(scanned, content):
    with pytest.raises(
        clamd.Infected, match=r"“leave\.pdf” was not taken: the virus scanner found “Eicar-Test-Signature"
    ):
        clamd.scan(file(content), name="leave.pdf")
    for clean in (b"", b"%PDF-1.7", zipped(b"# Fire"), b"x" * (LIMIT - 1)):
        clamd.scan(file(clean), name="leave.pdf")


def test_a_file_that_is_too_large_for_the_scanner_is_refused_with_what_to_do(scanned):
    with pytest.raises(clamd.TooLargeToScan, match="larger than what the virus scanner looks through"):
        clamd.scan(file(b"x" * 5 * LIMIT), name="film.mp4")


def test_an_infected_file_is_taken_at_no_address_whoever_sends_it(world, visit, scanned):
    """Addresses of tomorrow are walked, too: what is left is answered before there is a view for it, or asks to sign in."""
    client, taken = visit(populated(world).lead), {}
    client.raise_request_exception = False
    for route in sorted(set(patterns())):
        cache.clear()
        answer = client.post(address(route, world), {"file": file(EICAR), "document": file(b"clean")})
        if answer.status_code != 422 or "the virus scanner found" not in answer.text:
            taken[route] = answer.status_code
    assert set(taken) == {"healthz", "metrics", "readyz"}


def upload(world, visit, content):
    session = LiveSession.objects.get()
    return visit(world.lead).post(f"/aldermoor/sessions/{session.uid}/documents/", {"file": file(content, "plan.txt")})


def test_a_clean_file_arrives_whole_and_of_another_nothing_is_kept(world, visit, scanned, settings):
    session = populated(world) and LiveSession.objects.get()
    before = session.documents.count()
    blobs_before = set(Path(settings.ENVIRONMENT.files["OPTIONS"]["location"]).rglob("*"))
    assert upload(world, visit, b"infected " + EICAR).status_code == 422
    assert set(Path(settings.ENVIRONMENT.files["OPTIONS"]["location"]).rglob("*")) == blobs_before
    assert session.documents.count() == before
    assert upload(world, visit, b"Bring shoes.").status_code == 302
    assert session.documents.latest("pk").size == len(b"Bring shoes.")


# --- A scanner that is away, or misbehaves --------------------------------------------------------------------


@contextmanager
def misbehaving(behave):
    with closing(socket.create_server(("127.0.0.1", 0))) as server:

        def serve():
            while True:
                try:
                    connection, _address = server.accept()
                except OSError:
                    return
                with connection:
                    behave(connection)

        Thread(target=serve, daemon=True).start()
        yield server.getsockname()


def says_nothing(connection):
    time.sleep(2)


def speaks_slowly(connection):
    for _second in range(40):
        try:
            connection.sendall(b"s")
        except OSError:
            return
        time.sleep(0.05)


def hangs_up(connection):
    connection.recv(10)


def speaks_of_something_else(connection):
    connection.sendall(b"UNKNOWN COMMAND\0")
    connection.recv(1 << 20)


@pytest.mark.parametrize("behave", [says_nothing, speaks_slowly, hangs_up, speaks_of_something_else])
def test_a_scanner_that_hangs_ends_or_talks_nonsense_keeps_nobody_and_calls_nothing_clean(
    settings, monkeypatch, behave
):
    monkeypatch.setattr(clamd, "PATIENCE", 0.4)
    with misbehaving(behave) as settings.CLAMD:
        began = time.monotonic()
        with pytest.raises(clamd.NotScanned, match="can’t be looked through for viruses at the moment"):
            clamd.scan(file(b"clean"), name="leave.pdf")
        assert time.monotonic() - began < 1.5


def test_a_scanner_that_hangs_keeps_no_more_threads_than_two(settings, monkeypatch):
    monkeypatch.setattr(clamd, "PATIENCE", 20.0)
    with misbehaving(lambda connection: connection.recv(1 << 20) and time.sleep(4)) as settings.CLAMD:
        for _held in range(2):
            Thread(target=suppressing(clamd.scan), args=(file(b"clean"),), kwargs={"name": "a"}, daemon=True).start()
        time.sleep(0.5)
        began = time.monotonic()
        with pytest.raises(clamd.NotScanned):
            clamd.scan(file(b"clean"), name="leave.pdf")
        assert time.monotonic() - began < 2.0


def suppressing(function):
    def quiet(*args, **kwargs):
        with suppress(clamd.NotScanned):
            function(*args, **kwargs)

    return quiet


def test_while_the_scanner_is_away_no_file_is_taken_people_read_so_and_the_operator_is_told(
    world, visit, settings, monkeypatch, tmp_path
):
    monkeypatch.setattr(clamd, "CONNECTING", 0.3)
    settings.CLAMD = str(tmp_path / "nobody")
    populated(world)
    answer = upload(world, visit, b"clean")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "60")
    assert "Nothing was kept; try again in a few minutes." in answer.text
    assert not read(probes.get("scanner")).is_well
    assert visit(world.lead).get("/aldermoor/").status_code == 200


def test_a_scanner_that_starts_anew_is_waited_for_a_moment(settings, daemon):
    settings.CLAMD = ("127.0.0.1", _free_port())
    later = Thread(target=lambda: (time.sleep(0.5), _relay_once(settings.CLAMD, daemon / "socket")))
    later.start()
    clamd.scan(file(b"clean"), name="leave.pdf")
    later.join()


def _free_port():
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        return server.getsockname()[1]


def _relay_once(at, to):
    """Have the daemon answer one scan of a small file there."""
    with closing(socket.create_server(at)) as server, closing(socket.socket(socket.AF_UNIX)) as inside:
        connection, _address = server.accept()
        with connection:
            inside.connect(str(to))
            asked = b""
            while not asked.endswith(bytes(4)):
                asked += connection.recv(1 << 16)
            inside.sendall(asked)
            connection.sendall(inside.recv(1 << 16))


def test_the_probe_says_how_old_the_signatures_are(scanned, monkeypatch):
    assert read(probes.get("scanner")).is_well  # nobody renews those of this daemon
    monkeypatch.setattr(clamd, "_answer", lambda *_a, **_k: "ClamAV 1.4.6/27450/Sat Nov 21 09:00:00 2020")
    reading = read(probes.get("scanner"))
    assert not reading.is_well
    assert reading.value > 2_000


def test_without_a_scanner_nobody_is_asked_and_nothing_is_measured(settings, monkeypatch):
    settings.CLAMD = ""
    monkeypatch.setattr(clamd, "_answer", None)
    clamd.scan(file(EICAR), name="leave.pdf")
    assert read(probes.get("scanner")).value is None


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("/run/clamav/clamd.ctl", "/run/clamav/clamd.ctl"),
        ("scan.example.org:3310", ("scan.example.org", 3310)),
        ("", ""),
    ],
)
def test_where_it_listens_is_a_path_or_a_host_with_its_port(tmp_path, text, means):
    assert environment.read({"MILEPOST_DATA": str(tmp_path), "MILEPOST_CLAMD": text}).clamd == means


@pytest.mark.parametrize("text", ["clamd.ctl", "scan.example.org", "host:port", "host:3310/x"])
def test_what_is_no_place_of_a_scanner_stops_the_start_in_words(tmp_path, text):
    with pytest.raises(Misconfigured, match=r"MILEPOST_CLAMD: use the path of its socket"):
        environment.read({"MILEPOST_DATA": str(tmp_path), "MILEPOST_CLAMD": text})
