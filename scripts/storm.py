"""`make storm`: kills under load. Nothing may be lost or doubled, and nobody may have to help.

    .venv/bin/python scripts/storm.py --kills 500              # on both databases, one after the other: hours

Processes of Milepost and of its database are killed, frozen and stopped at random while people press *Done*. After each
it is timed until a press that began later was saved (the site), and until a fact that was recorded later is in the tree
(the background). At the end everything that was said to be saved is counted. Prints Markdown; exit status 1 if anything
was lost or doubled, or did not come back by itself within `PATIENCE`.
"""

import argparse
import json
import os
import random
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from running import SECRET, clean_environment, free_port
from storms.faults import OF_POSTGRESQL, OF_PROCESSES, Fault, Locked, Unreached
from storms.learners import Learners
from storms.machine import Milepost, PostgreSQL

ROOT = Path(__file__).parent.parent
PATIENCE = 120.0  # seconds


@dataclass
class Times:
    """Seconds until the site and the background were back, once for each time that the fault happened."""

    site: list[float] = field(default_factory=list)
    background: list[float] = field(default_factory=list)
    by_hand: int = 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=40, help="faults on each database")
    parser.add_argument("--minutes", type=float, default=24 * 60, help="end earlier, after so long on each database")
    parser.add_argument("--backend", choices=["SQLite", "PostgreSQL"], action="append")
    parser.add_argument("--at-once", type=int, default=4, help="people who press at the same time")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--keep-log", type=Path, help="copy the log of Milepost into this folder")
    chosen = parser.parse_args()
    print(f"seed {chosen.seed}", flush=True)
    random.seed(chosen.seed)
    went_well = [storm(backend, chosen) for backend in chosen.backend or ["SQLite", "PostgreSQL"]]
    sys.exit(0 if all(went_well) else 1)


def storm(backend: str, chosen: argparse.Namespace) -> bool:
    """One storm over one database; whether all is well after it."""
    with tempfile.TemporaryDirectory(prefix="milepost-storm-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        port, data = free_port(), folder / "data"
        environment = clean_environment(MILEPOST_SECRET_KEY=SECRET, MILEPOST_DATA=str(data), MILEPOST_LOG="json")
        environment |= {"MILEPOST_BASE_URL": f"http://localhost:{port}", "PYTHONPATH": f"{ROOT}/src:{ROOT}/scripts"}
        database = None
        if backend == "PostgreSQL":
            (folder / "postgresql").mkdir()
            database = PostgreSQL(folder / "postgresql", free_port())
            environment["MILEPOST_DATABASE_URL"] = database.address()
        try:
            return _storm(backend, environment, port, folder, database, chosen)
        finally:
            if database:
                database.stop()


def _storm(
    backend: str,
    environment: dict[str, str],
    port: int,
    folder: Path,
    database: PostgreSQL | None,
    chosen: argparse.Namespace,
) -> bool:
    inside(environment, "prepare", max(100, 8 * chosen.kills))
    sqlite = str(folder / "data/milepost.sqlite3")
    ask = Asking(database.address() if database else sqlite)
    faults = OF_PROCESSES | (OF_POSTGRESQL if database else {"locked for 3 s": Locked(sqlite)})
    milepost = Milepost(environment, port, folder)
    sessions = json.loads((folder / "data/bench-sessions.json").read_text())
    learners = Learners(port, sessions, at_once=chosen.at_once)
    times: dict[str, Times] = defaultdict(Times)
    try:
        back(learners, ask, time.monotonic(), Times())
        names = [
            name
            for _round in range(chosen.kills // len(faults) + 1)
            for name in random.sample(list(faults), len(faults))
        ]
        ends_at = time.monotonic() + chosen.minutes * 60
        for number, name in enumerate(names[: chosen.kills], 1):
            if time.monotonic() > ends_at:
                break
            time.sleep(random.uniform(0.5, 2.5))
            strike(faults[name], milepost, database, learners, ask, times[name])
            print(
                f"{backend} {number}: {name}: {times[name].site[-1]:.1f} s, {times[name].background[-1]:.1f} s",
                flush=True,
            )
        learners.stop()
        (folder / "acknowledged.json").write_text(json.dumps(learners.acknowledged))
        report = inside(environment, "count", folder / "acknowledged.json")
    finally:
        learners.stop()
        milepost.stop()
        if chosen.keep_log:
            shutil.copy(folder / "milepost.log", chosen.keep_log / f"milepost-{backend}.log")
    return tell(backend, times, report, learners)


def strike(
    fault: Fault, milepost: Milepost, database: PostgreSQL | None, learners: Learners, ask: "Asking", times: Times
) -> None:
    """Have it happen, and time how long it takes until all is back once its cause is over."""
    fault(milepost, database)
    back(learners, ask, time.monotonic(), times)


def back(learners: Learners, ask: "Asking", since: float, times: Times) -> None:
    while learners.last_begun < since and time.monotonic() - since < PATIENCE:
        time.sleep(0.02)
    times.site.append(time.monotonic() - since)
    newest = ask.number("SELECT coalesce(max(id), 0) FROM journal_entry")
    while (
        ask.number(f"SELECT count(*) FROM journal_unsealed WHERE entry_id <= {newest}")
        and time.monotonic() - since < PATIENCE
    ):
        time.sleep(0.1)
    times.background.append(time.monotonic() - since)
    times.by_hand += times.background[-1] >= PATIENCE


class Asking:
    """The database, past Milepost."""

    def __init__(self, address: str) -> None:
        self.address = address

    def number(self, query: str) -> int:
        while True:
            with suppress(*Unreached):
                if self.address.startswith("postgresql"):
                    with psycopg.connect(self.address, connect_timeout=2) as own:
                        return own.execute(query).fetchone()[0]
                own = sqlite3.connect(f"file:{self.address}?mode=ro", uri=True, timeout=20)
                try:
                    return own.execute(query).fetchone()[0]
                finally:
                    own.close()
            time.sleep(0.2)


def inside(environment: dict[str, str], what: str, argument: object) -> dict[str, object]:
    command = [sys.executable, "-m", "storms.inside", what, str(argument)]
    done = subprocess.run(command, env=environment, cwd=ROOT / "scripts", check=True, stdout=subprocess.PIPE, text=True)
    lines = done.stdout.splitlines()
    return json.loads(lines[-1]) if lines and lines[-1].startswith("{") else {}


def tell(backend: str, times: dict[str, Times], report: dict[str, object], learners: Learners) -> bool:
    print(f"\n{backend}, {os.cpu_count()} cores. Seconds after the cause is over, median (longest).\n")
    print("| fault | times | site back after | background back after | by hand |\n| --- | --- | --- | --- | --- |")
    for name, each in sorted(times.items()):
        spans = [f"{statistics.median(row):.1f} ({max(row):.1f})" for row in (each.site, each.background)]
        print(f"| {name} | {len(each.site)} | {spans[0]} | {spans[1]} | {each.by_hand} |")
    print("\n" + ", ".join(f"{name}: {value}" for name, value in report.items()))
    print(
        "answers that were no acknowledgement: "
        + (", ".join(f"{n} x {kind}" for kind, n in learners.refusals.items()) or "none")
    )
    is_whole = not report["lost"] and not report["facts doubled"] and report["journal"] == "verifies"
    is_whole = is_whole and report["completions"] == report["certificates"] == report["messages"]
    return bool(is_whole and not report["left waiting"] and not any(each.by_hand for each in times.values()))


if __name__ == "__main__":
    main()
