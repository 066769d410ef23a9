"""One parent process with the web server and the background worker under it."""

import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import click
from django.conf import settings
from django.core.management import call_command

from milepost.config import schema

PATIENCE = 20.0  # seconds that the children have to stop
# A worker that was just forked misses its signal: the web server must end it, within our own patience.
WORKER_PATIENCE = 5  # seconds
WORKER = [sys.executable, "-m", "milepost.config.worker"]


def serve(*, host: str, port: int, workers: int | None, with_demo: bool, reload: bool = False) -> int:
    """Prepare, start both children, and stay until one ends or a signal comes; return the exit status.

    With `reload`, both start anew whenever the source changes: for those who work on it.
    """
    if _is_taken(host, port):
        click.echo(f"Error: port {port} is in use. Choose another: PORT={port + 1} make up", err=True)
        return 1
    prepare()
    sign_ins = _demonstration() if with_demo else ""
    commands = (
        [_web_that_reloads(host, port), _worker_that_reloads()] if reload else [_web(host, port, workers), WORKER]
    )
    children = [_start(command) for command in commands]
    stop = _on_signals()
    if _wait_until_up(host, port, children):
        click.echo(f"\nMilepost is at {settings.BASE_URL}\n{sign_ins}\nCtrl-C stops it.")
    status = 0
    while not stop():
        ended = [child for child in children if child.poll() is not None]
        if ended:
            click.echo("Error: a process ended unexpectedly; stopping the others.", err=True)
            status = 1
            break
        time.sleep(0.2)
    _stop(children)
    return status


def prepare() -> None:
    """Bring database and static files up to date; quick when they are."""
    schema.catch_up()
    stamp = Path(settings.STATIC_ROOT) / ".collected"
    newest = max((path.stat().st_mtime for path in _static_sources()), default=0.0)
    if not stamp.exists() or stamp.stat().st_mtime < newest:
        click.echo("Preparing static files …", err=True)
        call_command("collectstatic", interactive=False, verbosity=0)
        stamp.touch()


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


def _worker_that_reloads() -> list[str]:
    source = str(Path(__file__).parent.parent)
    return [
        sys.executable,
        "-m",
        "watchfiles",
        "--filter",
        "python",
        "--sigint-timeout",
        "5",
        shlex.join(WORKER),
        source,
    ]


def _start(command: list[str]) -> subprocess.Popen[bytes]:
    # A session of its own: Ctrl-C reaches the parent alone, which then stops its children in order.
    return subprocess.Popen(command, start_new_session=True)


def _on_signals() -> Callable[[], bool]:
    stopped: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        stopped.append(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, note)
    return lambda: bool(stopped)


def _wait_until_up(host: str, port: int, children: list[subprocess.Popen[bytes]]) -> bool:
    for _try in range(200):
        if any(child.poll() is not None for child in children):
            return False
        if _is_taken(host, port):
            return True
        time.sleep(0.05)
    return False


def _is_taken(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1" if host == "0.0.0.0" else host, port)) == 0  # noqa: S104 - a comparison


def _stop(children: list[subprocess.Popen[bytes]]) -> None:
    for child in children:
        if child.poll() is None:
            child.terminate()
    deadline = time.monotonic() + PATIENCE
    for child in children:
        try:
            child.wait(timeout=max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)  # with its own children: each leads a session
