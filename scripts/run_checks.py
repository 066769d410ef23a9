"""Every check there is: lint, types, import contract, then all tests on SQLite and on a real PostgreSQL.

`make test` calls this. It starts a PostgreSQL of its own in a temporary folder, on a free port, and stops it again.
Two lanes go side by side, as whoever kills a process or reads a page waits half of the time: lint and the browser; the tests on
SQLite, then those on PostgreSQL. With three lanes five processes shared two cores, and each test cost a third more. Each step
shows what it said once it is over.
"""

import argparse
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import chain
from pathlib import Path

from running import SECRET, clean_environment, postgresql, reader_of_files

ROOT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent
type Environment = Mapping[str, str]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=STEPS)
    only = parser.parse_args().only
    began = time.monotonic()
    shutil.rmtree(ROOT / "build/test-databases", ignore_errors=True)  # nothing of another state of the models
    lanes = [[only]] if only else LANES
    with ThreadPoolExecutor(len(lanes)) as pool:
        failed = [*chain.from_iterable(pool.map(partial(go_along, shown_at_once=bool(only)), lanes))]
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"\n{time.monotonic() - began:.0f} s, in which processors worked {used.ru_utime + used.ru_stime:.0f} s.")
    return report(failed)


def go_along(lane: Sequence[str], *, shown_at_once: bool) -> list[str]:
    """Take the steps of a lane one after the other, each with data of its own; what did not hold."""
    failed: list[str] = []
    for name in lane:
        with (
            tempfile.TemporaryDirectory(prefix="milepost-checks-") as folder,
            reader_of_files(environment_in(folder)) as environment,
        ):
            failed += STEPS[name](environment, partial(step, shown_at_once=shown_at_once))
    return failed


def environment_in(folder: str) -> dict[str, str]:
    """What checks run in, with their data in the folder. Hundreds of processes start there: they keep what they compiled."""
    names = {
        "MILEPOST_DATA": folder,
        "MILEPOST_SECRET_KEY": SECRET,
        "DJANGO_SETTINGS_MODULE": "milepost.config.settings",
    }
    environment = clean_environment(**names)
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    return environment


def lint(environment: Environment, check: Callable[..., bool]) -> list[str]:
    return [name for name, command in LINTERS.items() if not check(name, command, environment)]


def audit(environment: Environment, check: Callable[..., bool]) -> list[str]:
    return [] if check("audit of dependencies", AUDIT, environment) else ["audit"]


def on_sqlite(environment: Environment, check: Callable[..., bool]) -> list[str]:
    return [] if check("tests on SQLite", _pytest("not browser", "-n", "2", "--share"), environment) else ["SQLite"]


def on_postgresql(environment: Environment, check: Callable[..., bool]) -> list[str]:
    """Without the tests that have no database: those run on SQLite."""
    command = _pytest("not browser", "-n", "2", "--share")
    with postgresql(survives_power_cuts=False) as url:
        holds = check("tests on PostgreSQL", command, {**environment, "MILEPOST_DATABASE_URL": url})
    return [] if holds else ["PostgreSQL"]


def in_browser(environment: Environment, check: Callable[..., bool]) -> list[str]:
    """In one process: a second would build a second demonstration, which takes longer than it gains."""
    return [] if check("tests in the browser", _pytest("browser", "tests/browser"), environment) else ["browser"]


STEPS = {"lint": lint, "audit": audit, "sqlite": on_sqlite, "postgresql": on_postgresql, "browser": in_browser}
LANES = [["lint", "audit", "browser"], ["sqlite", "postgresql"]]
LINTERS = {
    "ruff": [BIN / "ruff", "check", "src", "scripts", "tests", "conftest.py"],
    "ruff format": [BIN / "ruff", "format", "--check", "--quiet", "src", "scripts", "tests", "conftest.py"],
    "never": [BIN / "python", "scripts/never.py"],
    "djlint": [BIN / "djlint", "src", "--lint", "--quiet"],
    "import contract": [BIN / "lint-imports", "--no-logo"],
    "mypy": [BIN / "mypy"],
}
AUDIT = [BIN / "python", "scripts/audit.py"]


def _pytest(marks: str, *options: str) -> list[str | Path]:
    plain = ["-p", "no:cacheprovider", "--durations", "12"]  # whoever is slow is named
    spread = ["--dist", "worksteal"] if "-n" in options else []
    return [BIN / "python", "-m", "pytest", "-m", marks, *plain, *options, *spread]


def step(name: str, command: Sequence[object], environment: Environment, *, shown_at_once: bool = True) -> bool:
    """Run one check; whether it held. What it says is shown as it comes, or all together at its end."""
    title = f"\n--- {name} " + "-" * (90 - len(name))
    print(f"{title}\n" if shown_at_once else f"... {name}\n", end="", flush=True)  # one write: lanes take turns
    began = time.monotonic()
    kept = None if shown_at_once else subprocess.PIPE
    done = subprocess.run(
        list(map(str, command)), cwd=ROOT, env=environment, text=True, stdout=kept, stderr=kept and subprocess.STDOUT
    )
    said = "" if shown_at_once else f"{title}\n{done.stdout}"
    passed = done.returncode == 0
    print(f"{said}--- {name}: {'passed' if passed else 'FAILED'} in {time.monotonic() - began:.1f} s", flush=True)
    return passed


def report(failed: list[str]) -> int:
    """Say what did not hold; return the exit status."""
    print("\nFailed: " + ", ".join(failed) if failed else "\nEverything holds.", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
