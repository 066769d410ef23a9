"""Every check there is: lint, types, import contract, then all tests on SQLite and on a real PostgreSQL.

`make test` calls this. It starts a PostgreSQL of its own in a temporary folder, on a free port, and stops it again.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from running import SECRET, clean_environment, postgresql

ROOT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=["lint", "sqlite", "postgresql", "browser"])
    only = parser.parse_args().only
    with tempfile.TemporaryDirectory(prefix="milepost-checks-") as folder:
        environment = clean_environment(
            MILEPOST_DATA=folder, MILEPOST_SECRET_KEY=SECRET, DJANGO_SETTINGS_MODULE="milepost.config.settings"
        )
        failed = []
        if only in (None, "lint"):
            failed += [name for name, command in LINTERS.items() if not step(name, command, environment)]
        if only in (None, "sqlite"):
            failed += [] if step("tests on SQLite", _pytest("not browser"), environment) else ["SQLite"]
        if only in (None, "postgresql"):
            with postgresql() as url:
                changed = environment | {"MILEPOST_DATABASE_URL": url}
                failed += [] if step("tests on PostgreSQL", _pytest("not browser"), changed) else ["PostgreSQL"]
        if only in (None, "browser"):
            failed += [] if step("tests in the browser", _pytest("browser"), environment) else ["browser"]
    return report(failed)


LINTERS = {
    "ruff": [BIN / "ruff", "check", "src", "scripts", "tests", "conftest.py"],
    "ruff format": [BIN / "ruff", "format", "--check", "--quiet", "src", "scripts", "tests", "conftest.py"],
    "djlint": [BIN / "djlint", "src", "--lint", "--quiet"],
    "import contract": [BIN / "lint-imports", "--no-logo"],
    "mypy": [BIN / "mypy"],
}


def _pytest(marks: str) -> list[str | Path]:
    # In the browser each worker has a server and a demonstration of its own, so that a file's journeys stay with one of
    # them. Of the others some hundred wait for processes that they killed: a third worker on two cores fills that time.
    parallel = ["-n", "2", "--dist", "loadfile"] if marks == "browser" else ["-n", "3", "--dist", "worksteal"]
    plain = ["-p", "no:cacheprovider", "--create-db", "--durations", "12"]  # whoever is slow is named
    return [BIN / "python", "-m", "pytest", "-m", marks, *plain, *parallel]


def step(name: str, command: Sequence[object], environment: dict[str, str]) -> bool:
    """Run one check, shown as it goes; whether it held."""
    print(f"\n--- {name} " + "-" * (90 - len(name)), flush=True)
    began = time.monotonic()
    passed = subprocess.run(list(map(str, command)), cwd=ROOT, env=environment).returncode == 0
    print(f"--- {name}: {'passed' if passed else 'FAILED'} in {time.monotonic() - began:.1f} s", flush=True)
    return passed


def report(failed: list[str]) -> int:
    """Say what did not hold; return the exit status."""
    print("\nFailed: " + ", ".join(failed) if failed else "\nEverything holds.", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
