"""`python scripts/attack.py`: the product under attack, in the settings of a product in earnest, on both databases.

    .venv/bin/python scripts/attack.py                        # some minutes
    .venv/bin/python scripts/attack.py --backend SQLite --without-costs

Starts a Milepost of its own (DEBUG off, https behind a proxy), does to it what an intruder would, and prints a Markdown table: how
often each class of attack was tried, how often it worked. Then what the most expensive requests cost in CPU and memory, read from
/proc, how long other people wait meanwhile, and what acts on ten thousand people cost. Exit status 1 if anything worked or cost more than `attacks.costs` allows.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT)]

from attacks import costs
from attacks.browser import HOST
from attacks.cheats import CHEATS
from attacks.classes import CLASSES
from attacks.target import Target
from running import SECRET, clean_environment, free_port, milepost, postgresql


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--backend", choices=["SQLite", "PostgreSQL"], action="append")
    parser.add_argument("--only", action="append", help="classes whose name holds this")
    parser.add_argument("--without-costs", action="store_true")
    parser.add_argument("--seconds", type=float, default=20, help="how long eight attack at once")
    chosen = parser.parse_args()
    held = [attack(backend, chosen) for backend in chosen.backend or ["SQLite", "PostgreSQL"]]
    sys.exit(0 if all(held) else 1)


def attack(backend: str, chosen: argparse.Namespace) -> bool:
    """Everything against one product over this database; whether it held."""
    with product(backend) as (target, process):
        print(f"\n## {backend}\n\n| class | tried | worked |\n| --- | --- | --- |", flush=True)
        worked: list[str] = []
        for name, attempts in (CLASSES | CHEATS).items():
            if chosen.only and not any(part in name for part in chosen.only):
                continue
            found = list(attempts(target))
            worked += [f"{name}: {what}" for what, has_worked in found if has_worked]
            print(f"| {name} | {len(found)} | {sum(has_worked for _what, has_worked in found)} |", flush=True)
        print("".join(f"\n- {what}" for what in worked))
        is_within = True if chosen.without_costs else costs.report(target, process.pid, seconds=chosen.seconds)
        return not worked and is_within


@contextmanager
def product(backend: str) -> Iterator[tuple[Target, subprocess.Popen[bytes]]]:
    """A Milepost in earnest with the world of `attacks.inside`."""
    with tempfile.TemporaryDirectory(prefix="milepost-attack-") as name, _database(backend) as database:
        port = free_port()
        environment = clean_environment(
            MILEPOST_SECRET_KEY=SECRET,
            MILEPOST_DATA=name,
            MILEPOST_BASE_URL=f"https://{HOST}",
            MILEPOST_TRUSTED_PROXIES="1",
            PYTHONPATH=f"{ROOT}/src:{ROOT}/scripts:{ROOT}",
            **({"MILEPOST_DATABASE_URL": database} if database else {}),
        )

        def inside(what: str) -> dict[str, Any]:
            command = [sys.executable, "-m", "attacks.inside", what]
            said = subprocess.run(
                command, env=environment, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True
            ).stdout
            answer: dict[str, Any] = json.loads(said.strip().splitlines()[-1])
            return answer

        known = inside("prepare")
        log = Path(name) / "attack.log"
        with (
            log.open("wb") as written,
            milepost(environment, port, "--workers", str(os.cpu_count() or 2), log=written) as process,
        ):
            yield Target(port, known, inside, Path(name)), process


@contextmanager
def _database(backend: str) -> Iterator[str | None]:
    with postgresql() if backend == "PostgreSQL" else nullcontext() as url:
        yield url


if __name__ == "__main__":
    main()
