"""Things that run for a while and are stopped again: a PostgreSQL, a Redis, a Milepost, somebody signed in at a browser.

What tests, benchmarks and pictures share. Each takes a free port and a temporary folder, and ends what it began.
"""

import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.request import urlopen

from playwright.sync_api import Browser, BrowserContext, Page, Playwright
from programs import program

from milepost.core.sandbox.client import AT_HOST
from milepost.core.sandbox.client import PROGRAM as PROGRAM_OF_READER

ROOT = Path(__file__).parent.parent
SECRET = "only-for-tests-" + "x" * 40


def clean_environment(**settings: str) -> dict[str, str]:
    """This process's environment with these MILEPOST_* settings and no other."""
    return {k: v for k, v in os.environ.items() if not k.startswith("MILEPOST_")} | settings


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Server:
    """A running Milepost with the demonstration in it."""

    url: str
    data: Path
    process: subprocess.Popen[bytes]

    @property
    def password(self) -> str:
        return (self.data / "demonstration-password").read_text().strip()


@contextmanager
def demonstration(data: Path) -> Iterator[Server]:
    """Milepost as a new user starts it, with its data in the folder."""
    port = free_port()
    with milepost(clean_environment(MILEPOST_DATA=str(data)), port, "--demo") as process:
        yield Server(f"http://localhost:{port}", data, process)


PROGRAM = ("-m", "milepost.cli")


@contextmanager
def milepost(
    environment: dict[str, str],
    port: int,
    *options: str,
    program: Sequence[str] = PROGRAM,
    within: Sequence[str] = (),
    log: IO[bytes] | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """The web server and its worker under one process, from its first answer to its orderly end.

    `program` is what Python is given for the command line: a test may have other bounds than people. `within` is a command that
    becomes it, `log` where it writes what it says.
    """
    command = [*within, sys.executable, *program, "up", "--port", str(port), *options]
    process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        _until_it_answers(f"http://localhost:{port}", process)
        yield process
    finally:
        process.terminate()
        process.wait(timeout=30)


def _until_it_answers(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 300  # a first start builds the demonstration, which a busy machine takes minutes for
    while True:
        try:
            urlopen(f"{url}/healthz", timeout=1)  # noqa: S310 (our own address)
            return
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"{url} does not answer.") from None
            time.sleep(0.2)


def chromium(playwright: Playwright) -> Browser:
    """Debian’s browser, without the part that draws windows, which would cost a third more; it calls nobody."""
    quiet = ["gpu", "quic", "background-networking", "component-update", "sync"]
    flags = ["--no-sandbox", "--no-first-run", *(f"--disable-{name}" for name in quiet)]
    return playwright.chromium.launch(executable_path=program("chromium-headless-shell"), args=flags)


def english_context(
    browser: Browser, server: Server, *, width: int, height: int = 800, **options: object
) -> BrowserContext:
    context = browser.new_context(viewport={"width": width, "height": height}, locale="en-GB", **options)
    context.add_cookies([{"name": "django_language", "value": "en", "url": server.url}])
    return context


def sign_in(page: Page, server: Server, who: str) -> Page:
    """Sign a person of the demonstration in, by password."""
    page.goto(f"{server.url}/accounts/login/")
    give_password(page, server, who)
    page.wait_for_url("**/aldermoor/")
    return page


def give_password(page: Page, server: Server, who: str) -> None:
    """The same on a sign-in page that is open already."""
    page.get_by_text("Sign in with a password").click()
    page.fill("[name=login]", f"{who}@aldermoor.example")
    page.fill("[name=password]", server.password)
    page.get_by_role("button", name="Sign in", exact=True).click()


@contextmanager
def postgresql(*, survives_power_cuts: bool = True) -> Iterator[str]:
    """A PostgreSQL server on a free port in a temporary folder; yields its URL. It refuses to run as root.

    Whoever measures wants a commit to cost what it costs in earnest. Tests kill processes, never the machine.
    """
    user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    folder = Path(tempfile.mkdtemp(prefix="milepost-postgresql-"))
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, user)
        port = free_port()
        initdb = [program("initdb"), "-D", folder / "data", "-U", "milepost", "--auth=trust", "-E", "UTF8", "--no-sync"]
        _run_as(user, *initdb)
        options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c shared_buffers=512MB -c max_connections=60"
        if not survives_power_cuts:
            # Nor are short queries over small tables worth compiling, or a log of what happened worth keeping for another server.
            off = ("fsync", "synchronous_commit", "full_page_writes", "jit")
            options += "".join(f" -c {name}=off" for name in off) + " -c wal_level=minimal -c max_wal_senders=0"
        _run_as(user, program("pg_ctl"), "-D", folder / "data", "-l", folder / "log", "-w", "-o", options, "start")
        try:
            _run_as(user, program("createdb"), "-h", folder, "-p", port, "-U", "milepost", "milepost")
            yield f"postgresql://milepost@127.0.0.1:{port}/milepost"
        finally:
            _run_as(user, program("pg_ctl"), "-D", folder / "data", "-m", "fast", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def reader_of_files(environment: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """The environment with one fork server for all processes in it; beginning one for each would be half of their work."""
    folder = Path(tempfile.mkdtemp(prefix="milepost-files-"))
    path = folder / "files"
    known = {**environment, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "scripts")])}
    process = subprocess.Popen([*PROGRAM_OF_READER, str(path)], env=known)
    try:
        yield {**environment, AT_HOST: str(path)}
    finally:
        process.terminate()
        process.wait(timeout=30)
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def redis() -> Iterator[str]:
    """A Redis server on a free port that keeps nothing; yields its URL."""
    port = free_port()
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--loglevel", "warning"]
    process = subprocess.Popen(
        [program("redis-server"), *options], cwd=tempfile.gettempdir(), stdout=subprocess.DEVNULL
    )
    try:
        _until_somebody_listens(port, process)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.terminate()
        process.wait(timeout=30)


def _until_somebody_listens(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"Nobody listens on port {port}.") from None
            time.sleep(0.05)


def _run_as(user: str, *command: object) -> None:
    become = [program("setpriv"), f"--reuid={user}", f"--regid={user}", "--init-groups"] if os.geteuid() == 0 else []
    subprocess.run([*become, *map(str, command)], check=True, stdout=subprocess.DEVNULL, cwd="/")
