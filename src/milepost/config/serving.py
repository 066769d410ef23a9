"""`milepost up`: a parent process with web server, background worker and reader of files; `milepost worker`: one more worker."""

import atexit
import os
import shlex
import shutil
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from tempfile import gettempdir

import click
from django.conf import settings
from django.core.management import call_command
from django.db import Error, connection

from milepost.config import schema, watchdog
from milepost.config.answering import THREADS
from milepost.config.console import say
from milepost.config.monitoring_server import answer_programs
from milepost.config.supervising import LOOK, Child, Signals, stop, supervise
from milepost.config.watchdog import Watchdog
from milepost.config.worker import Working
from milepost.core import metrics, postgresql, sandbox
from milepost.core.outages import is_of_the_disk, is_outage
from milepost.core.sandbox.client import AT_HOST, PROGRAM, environment
from milepost.core.systemd import Systemd

# A worker that was just forked misses its signal: the web server must end it, within our own patience.
WORKER_PATIENCE = 5  # seconds
UNTIL_LOADED = 8  # seconds that a web process begun anew has before the one that it replaces is told to go
PORT_PATIENCE = 2.0  # seconds in which one that was killed gives its port back
AGAIN = 1.0  # seconds between two tries to reach the database at the start
WORKER = [sys.executable, "-m", "milepost.config.worker"]


def serve(*, host: str, port: int, workers: int | None, with_demo: bool, reload: bool = False) -> int:
    """Prepare, start the children, and keep them until a signal asks to stop; return the exit status.

    A database that is away is waited for. A child that ends is started again, whatever ended it; only one that ends
    before the site was up for the first time stops the start, since it would do so again.
    With `reload`, they start anew whenever the source changes: for those who work on it.
    """
    postgresql.bound(
        locks=30
    )  # migrations may take long, and must not keep everybody from a table while they wait for it
    systemd, signals = Systemd(), Signals(is_in_terminal=sys.stdin is not None and sys.stdin.isatty())
    signals.listen()
    if not _becomes_free(host, port):
        say(f"Error: port {port} is in use. Choose another: PORT={port + 1} make up")
        return 1
    folder = _folder_in_memory(port)
    helpers = [_reader_of_files(folder)] if folder and sandbox.IS_POSSIBLE and not reload else []
    children: list[Child] = []
    try:
        for child in helpers:
            child.start()
        sign_ins = prepare(signals.are_to_stop, _saying(systemd), _demonstration if with_demo else str)
        if sign_ins is None:
            return 0
        connection.close()  # the children have connections of their own
        children += _that_reload(host, port) if reload else _that_serve(host, port, workers, folder)
        for child in children:
            child.start()
        if not _are_up(host, port, children, signals):
            return 0 if signals.asks_to_stop else 1
        systemd.tell("READY=1", f"STATUS=Milepost is at {settings.BASE_URL}")
        with suppress(OSError):  # nobody can be told: that is no reason to stop
            click.echo(f"\nMilepost is at {settings.BASE_URL}\n{sign_ins}\nCtrl-C stops it.")
            for warning in settings.ENVIRONMENT.warnings:
                click.echo(f"\n{warning}", err=True)
        supervise(helpers + children, signals, systemd)
    finally:
        systemd.tell("STOPPING=1")
        stop(children)
        stop(helpers)  # last: who stops in order may be reading a file
    return 0


def work(*, host: str, port: int | None) -> int:
    """Prepare, and work in this process until a signal comes; return the exit status. With a `port`, programs may ask how it is."""
    postgresql.bound(locks=30)
    systemd, signals = Systemd(), Signals(is_in_terminal=sys.stdin is not None and sys.stdin.isatty())
    signals.listen()
    working = Working(signals, systemd)
    if port is not None:
        _folder_in_memory(port)
        try:
            answer_programs(host, port, working.is_alive)
        except OSError as error:
            say(f"Error: {host}, port {port}: {error.strerror}. Choose another --port.")
            return 1
    if prepare(signals.are_to_stop, _saying(systemd)) is None:
        return 0
    connection.close()
    working.go_on()
    return 0


def prepare(should_stop: Callable[[], bool], tell: Callable[[str], None], fill: Callable[[], str] = str) -> str | None:
    """Bring database and static files up to date, once there is a database; then what `fill` does, and says.

    Of several that start at once, on whatever hosts, one does it; the others wait, and find nothing left to do. None where it
    is to stop before. Raises what `schema.refuse_unfit` does.
    """
    said = ""
    while not should_stop():
        try:
            with schema.alone() as is_alone:
                if is_alone:
                    schema.catch_up()
                    _collect_static_files()
                    return fill()
            sentence = "Another start of Milepost prepares the database; waiting for it."
        except (Error, OSError) as error:
            if not is_outage(error):
                raise
            what = "The disk can’t be written to" if is_of_the_disk(error) else "The database does not answer"
            sentence = f"{what}; waiting for it. {' '.join(str(error).split())}"
        if sentence != said:
            tell(sentence)
        said = sentence
        time.sleep(AGAIN)
    return None


def _collect_static_files() -> None:
    stamp = Path(settings.STATIC_ROOT) / ".collected"
    newest = max((path.stat().st_mtime for path in _static_sources()), default=0.0)
    if not stamp.exists() or stamp.stat().st_mtime < newest:
        say("Preparing static files …")
        call_command("collectstatic", interactive=False, verbosity=0)
        stamp.touch()


def _folder_in_memory(port: int) -> Path | None:
    """Where the children write what they count, and are heard: on a full disk they could not, and would die of it.

    One that was killed leaves its folder; the next on this port takes its place.
    """
    memory = Path("/dev/shm") if Path("/dev/shm").is_dir() else Path(gettempdir())  # noqa: S108 (a folder of our own in it)
    folder = memory / f"milepost-{os.getuid()}-{port}"
    shutil.rmtree(folder, ignore_errors=True)
    try:
        folder.mkdir(mode=0o700)
    except OSError as error:  # it is somebody else's
        say(f"Nothing is counted for /metrics, and a process that hangs is not noticed: {error}")
        return None
    os.environ.update({metrics.FOLDER: str(folder)})
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _reader_of_files(folder: Path) -> Child:
    """What reads somebody's file does so in forks of this one process, whichever process asks: each its own would take 50 MB."""
    where = str(folder / "files")
    os.environ.update({AT_HOST: where})
    watchdog = _watchdog(folder, "reader")
    return Child("reader of files", [*PROGRAM, where], environment=environment(), watchdog=watchdog)


def _watchdog(folder: Path | None, name: str) -> Watchdog | None:
    return Watchdog(folder / name) if folder and watchdog.IS_POSSIBLE else None


def _static_sources() -> list[Path]:
    from django.contrib.staticfiles.finders import get_finders

    return [Path(storage.path(name)) for finder in get_finders() for name, storage in finder.list([])]


def _demonstration() -> str:
    from milepost.demonstration.building import build, is_built, sign_ins

    if not is_built():
        build(progress=lambda label, length: click.progressbar(length=length, label=f"{label:<28}", file=sys.stderr))
    return sign_ins()


def _that_serve(host: str, port: int, workers: int | None, folder: Path | None) -> list[Child]:
    count = workers or max(1, min(os.cpu_count() or 1, 8))
    web, background = _watchdog(folder, "web"), _watchdog(folder, "worker")
    return [
        Child("web server", _web(host, port, count), renews_itself=True, watchdog=web, processes=count),
        Child("background worker", WORKER, watchdog=background),
    ]


def _that_reload(host: str, port: int) -> list[Child]:
    return [
        Child("web server", _web_that_reloads(host, port)),
        Child("background worker", _worker_that_reloads()),
    ]


def _web(host: str, port: int, count: int) -> list[str]:
    place = ["--host", host, "--port", str(port), "--workers", str(count)]
    queue = ["--blocking-threads", str(THREADS), "--backlog", "4096", "--backpressure", "16384"]
    ending = ["--respawn-failed-workers", "--respawn-interval", str(UNTIL_LOADED)]
    ending += ["--workers-kill-timeout", str(WORKER_PATIENCE)]
    options = ["--interface", "wsgi", "--log-level", "warning", *place, *queue, *ending]
    return [sys.executable, "-m", "granian", *options, "milepost.config.wsgi:application"]


def _web_that_reloads(host: str, port: int) -> list[str]:
    """Django's own server: slower, with errors on the page, and it takes each change of Python or of a template at once."""
    return [sys.executable, "-m", "django", "runserver", f"{host}:{port}", "--settings", "milepost.config.settings"]


def _worker_that_reloads() -> list[str]:
    source = str(Path(__file__).parent.parent)
    watching = [sys.executable, "-m", "watchfiles", "--filter", "python", "--sigint-timeout", "5"]
    return [*watching, shlex.join(WORKER), source]


def _saying(systemd: Systemd) -> Callable[[str], None]:
    def tell(sentence: str) -> None:
        say(sentence)
        systemd.tell(f"STATUS={sentence}")

    return tell


def _are_up(host: str, port: int, children: list[Child], signals: Signals) -> bool:
    while not signals.asks_to_stop:
        if ended := [child for child in children if child.has_ended]:
            say(f"Error: the {ended[0].name} ended at the start; the lines above say why.")
            return False
        if _is_taken(host, port):
            return True
        time.sleep(LOOK / 4)
    return False


def _becomes_free(host: str, port: int) -> bool:
    deadline = time.monotonic() + PORT_PATIENCE
    while _is_taken(host, port):
        if time.monotonic() > deadline:
            return False
        time.sleep(LOOK)
    return True


def _is_taken(host: str, port: int) -> bool:
    try:
        socket.create_connection(("localhost" if host in ("0.0.0.0", "::") else host, port), timeout=1).close()  # noqa: S104  # never: network (this one)
    except OSError:
        return False
    return True
