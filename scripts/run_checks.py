"""Every check there is: lint, types, import contract, then all tests on SQLite and on a real PostgreSQL.

`make test` calls this. It starts a PostgreSQL of its own in a temporary folder, on a free port, and stops it again.
"""

import argparse
import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent
SECRET = "only-for-tests-" + "x" * 40


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=["lint", "sqlite", "postgresql", "browser"])
    only = parser.parse_args().only
    with tempfile.TemporaryDirectory(prefix="milepost-checks-") as folder:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("MILEPOST_")}
        environment |= {
            "MILEPOST_DATA": folder,
            "MILEPOST_SECRET_KEY": SECRET,
            "DJANGO_SETTINGS_MODULE": "milepost.config.settings",
        }
        failed = []
        if only in (None, "lint"):
            failed += [name for name, command in LINTERS.items() if not _step(name, command, environment)]
        if only in (None, "sqlite"):
            failed += [] if _step("tests on SQLite", _pytest("not browser"), environment) else ["SQLite"]
        if only in (None, "postgresql"):
            with postgresql() as url:
                changed = environment | {"MILEPOST_DATABASE_URL": url}
                failed += [] if _step("tests on PostgreSQL", _pytest("not browser"), changed) else ["PostgreSQL"]
        if only in (None, "browser"):
            failed += [] if _step("tests in the browser", _pytest("browser", workers=1), environment) else ["browser"]
    print("\nFailed: " + ", ".join(failed) if failed else "\nEverything holds.", flush=True)
    return 1 if failed else 0


LINTERS = {
    "ruff": [BIN / "ruff", "check", "src", "scripts", "tests", "conftest.py"],
    "ruff format": [BIN / "ruff", "format", "--check", "--quiet", "src", "scripts", "tests", "conftest.py"],
    "djlint": [BIN / "djlint", "src", "--lint", "--quiet"],
    "import contract": [BIN / "lint-imports", "--no-logo"],
    "mypy": [BIN / "mypy"],
}


def _pytest(marks: str, *, workers: int = 2) -> list[str | Path]:
    parallel = ["-n", str(workers)] if workers > 1 else []
    return [BIN / "python", "-m", "pytest", "-m", marks, "-p", "no:cacheprovider", "--create-db", *parallel]


def _step(name: str, command: list[str | Path], environment: dict[str, str]) -> bool:
    print(f"\n--- {name} " + "-" * (90 - len(name)), flush=True)
    began = time.monotonic()
    passed = subprocess.run(command, cwd=ROOT, env=environment).returncode == 0
    print(f"--- {name}: {'passed' if passed else 'FAILED'} in {time.monotonic() - began:.1f} s", flush=True)
    return passed


@contextmanager
def postgresql() -> Iterator[str]:
    """A PostgreSQL server on a free port in a temporary folder; yields its URL. It refuses to run as root."""
    binaries = _postgresql_binaries()
    user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    folder = Path(tempfile.mkdtemp(prefix="milepost-postgresql-"))
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, user)
        port = _free_port()
        _run_as(
            user,
            binaries / "initdb",
            "-D",
            folder / "data",
            "-U",
            "milepost",
            "--auth=trust",
            "-E",
            "UTF8",
            "--no-sync",
        )
        options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c shared_buffers=512MB -c max_connections=60"
        _run_as(user, binaries / "pg_ctl", "-D", folder / "data", "-l", folder / "log", "-w", "-o", options, "start")
        try:
            _run_as(user, binaries / "createdb", "-h", folder, "-p", port, "-U", "milepost", "milepost")
            yield f"postgresql://milepost@127.0.0.1:{port}/milepost"
        finally:
            _run_as(user, binaries / "pg_ctl", "-D", folder / "data", "-m", "fast", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _postgresql_binaries() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("initdb")
    if not found and not on_path:
        raise SystemExit("PostgreSQL's initdb was not found. Install PostgreSQL (Debian: postgresql).")
    return found[-1].parent if found else Path(str(on_path)).resolve().parent


def _run_as(user: str, *command: object) -> None:
    become = ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups"] if os.geteuid() == 0 else []
    subprocess.run([*become, *map(str, command)], check=True, stdout=subprocess.DEVNULL, cwd="/")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    sys.exit(main())
