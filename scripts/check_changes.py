"""What was changed since main, checked in under a minute: `make check`, between two cups of tea.

Lint and form of the changed files, the floors, all types (mypy remembers what did not change), and the tests of the
changed rooms on SQLite, which go beside the rest. A change in a room is not held against the rooms above it here: `make test` does that.
"""

import sys
import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import chain
from pathlib import Path

from programs import run
from run_checks import BIN, ROOT, environment_in, report, step
from running import reader_of_files

MAIN = ("origin/main", "main")
ROOMS = Path("src/milepost")
type Commands = dict[str, list[object]]


def main() -> int:
    changed = [path for path in changed_files() if (ROOT / path).exists()]
    if not changed:
        print("Nothing was changed since main.")
        return 0
    python = [path for path in changed if path.suffix == ".py"]
    templates = [path for path in changed if path.suffix == ".html"]
    lint: Commands = {}
    if python:
        lint["ruff"] = [BIN / "ruff", "check", *python]
        lint["ruff format"] = [BIN / "ruff", "format", "--check", "--quiet", *python]
        lint["never"] = [BIN / "python", "scripts/never.py"]
        lint["import contract"] = [BIN / "lint-imports", "--no-logo"]
        lint["mypy"] = [BIN / "mypy"]
    if templates:
        lint["djlint"] = [BIN / "djlint", *templates, "--lint", "--quiet"]
    tests: Commands = {}
    if places := places_of_tests(changed):
        pytest = [BIN / "python", "-m", "pytest", "-m", "not browser", "-n", "2"]
        tests[f"tests of {', '.join(map(str, places))}"] = [*pytest, *places]
    with (
        tempfile.TemporaryDirectory(prefix="milepost-check-") as folder,
        reader_of_files(environment_in(folder)) as environment,
        ThreadPoolExecutor() as pool,
    ):
        return report([*chain.from_iterable(pool.map(partial(failures, environment), (lint, tests)))])


def failures(environment: Mapping[str, str], commands: Commands) -> list[str]:
    """Which of the commands do not hold, of which each waits for the one before."""
    return [name for name, command in commands.items() if not step(name, command, environment, shown_at_once=False)]


def changed_files() -> list[Path]:
    """What differs from where this branch left main, files that git does not know yet among it."""
    main = next((name for name in MAIN if _git(f"rev-parse --verify --quiet {name}", check=False)), "HEAD")
    base = _git(f"merge-base HEAD {main}")[0]
    names = {*_git(f"diff --name-only {base}"), *_git("ls-files --others --exclude-standard")}
    return sorted(map(Path, names))


def places_of_tests(changed: list[Path]) -> list[Path]:
    """Where the tests of the changed files lie: beside the code, in the nearest folder that has any."""
    places = {place for path in changed if (place := _place_of(path)) is not None}
    return sorted(place for place in places if not places & set(place.parents))


def _place_of(path: Path) -> Path | None:
    if path.parts[0] == "tests":
        return path if path.name.startswith("test_") and "browser" not in path.parts else None
    if not path.is_relative_to(ROOMS):
        return None
    return next((room for room in path.parents if room != ROOMS and (ROOT / room / "tests").is_dir()), None)


def _git(command: str, *, check: bool = True) -> list[str]:
    done = run(f"git {command}", cwd=ROOT, capture_output=True, text=True, check=check)
    return str(done.stdout).split("\n")[:-1]


if __name__ == "__main__":
    sys.exit(main())
