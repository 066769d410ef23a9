"""A Milepost with its database, and the service managers that a host has: what is killed whole they start again, as systemd would."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread

import psycopg
from programs import program

START_AGAIN = 1.0  # seconds, as RestartSec in docs/milepost.service


class Kept:
    """A service that its manager starts again whenever it ends."""

    def __init__(self, command: list[str], *, log: Path, **options: object) -> None:
        self.command, self.log, self.options = command, log, options
        self.is_over, self.may_run = Event(), Event()
        self.may_run.set()
        self.process = self._start()
        self.thread = Thread(target=self._keep, daemon=True)
        self.thread.start()

    def _start(self) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            return subprocess.Popen(self.command, stdout=log, stderr=log, **self.options)

    def _keep(self) -> None:
        while not self.is_over.wait(0.1):
            if self.process.poll() is not None:
                self.may_run.wait()
                if not self.is_over.wait(START_AGAIN):
                    self.process = self._start()

    def stop(self) -> None:
        self.is_over.set()
        self.may_run.set()
        self.thread.join()
        self.process.terminate()
        self.process.wait(timeout=40)

    def kill(self, number: int = signal.SIGKILL) -> None:
        os.kill(self.process.pid, number)


class PostgreSQL(Kept):
    """A server of its own in a folder, under its own manager. `within` becomes each of its programs."""

    def __init__(self, folder: Path, port: int, *, within: Sequence[str] = ()) -> None:
        self.folder, self.port = folder, port
        become = ["--reuid=postgres", "--regid=postgres", "--init-groups"] if os.geteuid() == 0 else []
        self.become = [*within, *([program("setpriv"), *become] if become else [])]
        if become:
            shutil.chown(folder, "postgres")
        made = [
            *self.become,
            program("initdb"),
            "-D",
            str(folder / "data"),
            "-U",
            "milepost",
            "--auth=trust",
            "-E",
            "UTF8",
        ]
        subprocess.run(made, check=True, stdout=subprocess.DEVNULL, cwd="/")
        options = ["-p", str(port), "-k", str(folder), "-c", "listen_addresses=127.0.0.1", "-c", "max_connections=80"]
        command = [*self.become, program("postgres"), "-D", str(folder / "data"), *options]
        super().__init__(command, log=folder / "log", cwd="/")
        while not self.answers():
            time.sleep(0.2)
        with psycopg.connect(self.address("postgres"), autocommit=True) as admin:
            admin.execute("CREATE DATABASE milepost")

    def address(self, name: str = "milepost") -> str:
        return f"postgresql://milepost@127.0.0.1:{self.port}/{name}"

    def answers(self) -> bool:
        with suppress(psycopg.Error), psycopg.connect(self.address("postgres"), connect_timeout=1):
            return True
        return False

    def stop(self) -> None:
        self.is_over.set()
        self.thread.join()
        self.process.send_signal(signal.SIGINT)  # a fast shutdown
        self.process.wait(timeout=60)

    def backends(self) -> list[int]:
        """The processes that serve Milepost."""
        query = "SELECT pid FROM pg_stat_activity WHERE datname = 'milepost' AND backend_type = 'client backend'"
        with psycopg.connect(self.address("postgres")) as admin:
            return [pid for (pid,) in admin.execute(query)]


class Milepost(Kept):
    """`milepost up` as a service."""

    def __init__(self, environment: dict[str, str], port: int, folder: Path) -> None:
        self.port = port
        command = [sys.executable, "-m", "milepost.cli", "up", "--port", str(port), "--workers", "2"]
        super().__init__(command, log=folder / "milepost.log", env=environment)

    def child(self, name: str) -> int:
        """The process of a child by a word of its command; 0 while there is none."""
        return next((pid for pid in children(self.process.pid) if name in command_of(pid)), 0)

    def web_processes(self) -> list[int]:
        server = self.child("granian")
        return children(server) if server else []


def children(parent: int) -> list[int]:
    with suppress(OSError):
        return [int(pid) for pid in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]
    return []


def command_of(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    return ""
