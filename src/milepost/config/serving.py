"""`milepost up`: one parent process with the web server and the background worker under it."""

import atexit
import os
import shlex
import shutil
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import gettempdir

import click
from django.conf import settings
from django.core.management import call_command
from django.db import Error

from milepost.config import schema
from milepost.config.supervising import LOOK, Child, Signals, stop, supervise
from milepost.config.systemd import Systemd
from milepost.core import metrics, postgresql
from milepost.core.outages import is_outage

# A worker that was just forked misses its signal: the web server must end it, within our own patience.
WORKER_PATIENCE = 5  # seconds
PORT_PATIENCE = 2.0  # seconds in which one that was killed gives its port back
AGAIN = 1.0  # seconds between two tries to reach the database at the start
WORKER = [sys.executable, "-m", "milepost.config.worker"]


def serve(*, host: str, port: int, workers: int | None, with_demo: bool, reload: bool = False) -> int:
    """Prepare, start both children, and keep them until a signal asks to stop; return the exit status.

    A database that is away is waited for. A child that ends is started again, whatever ended it; only one that ends
    before the site was up for the first time stops the start, since it would do so again.
    With `reload`, both start anew whenever the source changes: for those who work on it.
    """
    postgresql.bound(
        locks=30
    )  # migrations may take long, and must not keep everybody from a table while they wait for it
    systemd, signals = Systemd(), Signals(is_in_terminal=sys.stdin is not None and sys.stdin.isatty())
    signals.listen()
    if not _becomes_free(host, port):
        click.echo(f"Error: port {port} is in use. Choose another: PORT={port + 1} make up", err=True)
        return 1
    if not prepare(signals.are_to_stop, _saying(systemd)):
        return 0
    _collect_metrics(port)
    sign_ins = _demonstration() if with_demo else ""
    web = (lambda _before: _web_that_reloads(host, port)) if reload else (lambda _before: _web(host, port, workers))
    children = [
        Child("web server", web, renews_itself=not reload),
        Child("background worker", _worker_that_reloads if reload else _worker),
    ]
    for child in children:
        child.start()
    try:
        if not _are_up(host, port, children, signals):
            return 0 if signals.asks_to_stop else 1
        systemd.tell("READY=1", f"STATUS=Milepost is at {settings.BASE_URL}")
        click.echo(f"\nMilepost is at {settings.BASE_URL}\n{sign_ins}\nCtrl-C stops it.")
        supervise(children, signals, systemd)
    finally:
        systemd.tell("STOPPING=1")
        stop(children)
    return 0


def prepare(should_stop: Callable[[], bool], say: Callable[[str], None]) -> bool:
    """Bring database and static files up to date, once there is a database; False where it is to stop before.

    Raises what `schema.refuse_unfit` does.
    """
    said = ""
    while not should_stop():
        try:
            schema.catch_up()
        except Error as error:
            if not is_outage(error):
                raise
            sentence = f"The database does not answer; waiting for it. {' '.join(str(error).split())}"
            if sentence != said:
                say(sentence)
            said = sentence
            time.sleep(AGAIN)
        else:
            _collect_static_files()
            return True
    return False


def _collect_static_files() -> None:
    stamp = Path(settings.STATIC_ROOT) / ".collected"
    newest = max((path.stat().st_mtime for path in _static_sources()), default=0.0)
    if not stamp.exists() or stamp.stat().st_mtime < newest:
        click.echo("Preparing static files …", err=True)
        call_command("collectstatic", interactive=False, verbosity=0)
        stamp.touch()


def _collect_metrics(port: int) -> None:
    """Have the children write what they count into a folder in memory: on a full disk they could not, and would die of it.

    One that was killed leaves its folder; the next on this port takes its place.
    """
    memory = Path("/dev/shm") if Path("/dev/shm").is_dir() else Path(gettempdir())  # noqa: S108 (a folder of our own in it)
    folder = memory / f"milepost-{os.getuid()}-{port}"
    shutil.rmtree(folder, ignore_errors=True)
    try:
        folder.mkdir(mode=0o700)
    except OSError as error:  # it is somebody else's
        click.echo(f"Nothing is counted for /metrics: {error}", err=True)
        return
    os.environ.update({metrics.FOLDER: str(folder)})
    atexit.register(shutil.rmtree, folder, ignore_errors=True)


def _static_sources() -> list[Path]:
    from django.contrib.staticfiles.finders import get_finders

    return [Path(storage.path(name)) for finder in get_finders() for name, storage in finder.list([])]


def _demonstration() -> str:
    from milepost.demonstration.building import build, is_built, sign_ins

    if not is_built():
        build(progress=lambda label, length: click.progressbar(length=length, label=f"{label:<28}", file=sys.stderr))
    return sign_ins()


def _web(host: str, port: int, workers: int | None) -> list[str]:
    count = workers or max(1, min(os.cpu_count() or 1, 8))
    place = ["--host", host, "--port", str(port), "--workers", str(count)]
    queue = ["--blocking-threads", "4", "--backlog", "4096", "--backpressure", "16384"]
    ending = ["--respawn-failed-workers", "--workers-kill-timeout", str(WORKER_PATIENCE)]
    options = ["--interface", "wsgi", "--log-level", "warning", *place, *queue, *ending]
    return [sys.executable, "-m", "granian", *options, "milepost.config.wsgi:application"]


def _web_that_reloads(host: str, port: int) -> list[str]:
    """Django's own server: slower, with errors on the page, and it takes each change of Python or of a template at once."""
    return [sys.executable, "-m", "django", "runserver", f"{host}:{port}", "--settings", "milepost.config.settings"]


def _worker(before: int | None) -> list[str]:
    """The worker; it takes over what the one of this process number, which has ended, was at."""
    return [*WORKER, *([f"--after={before}"] if before else [])]


def _worker_that_reloads(_before: int | None) -> list[str]:
    source = str(Path(__file__).parent.parent)
    watching = [sys.executable, "-m", "watchfiles", "--filter", "python", "--sigint-timeout", "5"]
    return [*watching, shlex.join(WORKER), source]


def _saying(systemd: Systemd) -> Callable[[str], None]:
    def say(sentence: str) -> None:
        click.echo(sentence, err=True)
        systemd.tell(f"STATUS={sentence}")

    return say


def _are_up(host: str, port: int, children: list[Child], signals: Signals) -> bool:
    while not signals.asks_to_stop:
        if ended := [child for child in children if child.has_ended]:
            click.echo(f"Error: the {ended[0].name} ended at the start; the lines above say why.", err=True)
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
        socket.create_connection(("localhost" if host in ("0.0.0.0", "::") else host, port), timeout=1).close()  # noqa: S104
    except OSError:
        return False
    return True
