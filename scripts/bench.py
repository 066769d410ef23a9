"""`make bench`: the work of a peer (Moodle 4.5, measured once on 2 cores and 24 GiB), done by Milepost over HTTP.

The same sizes: 10,000 people, one course of 20 tracked activities (15 pages, 5 quizzes of 10 questions), everybody
enrolled, 60 % of the completions there. On SQLite and on PostgreSQL, one after another, the load on the same machine.
Prints a Markdown table and writes build/bench.json. `--quick` leaves out the minute of load and the million enrolments.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmark import browsing, load, signing
from programs import run
from running import SECRET, clean_environment, free_port, milepost, postgresql

ROOT = Path(__file__).parent.parent
INSIDE = [sys.executable, "-m", "benchmark.inside"]

# What Moodle took, in the unit of the row.
PEER = {
    "course page": 74,
    "course page, 8 at once": 25,
    "activity page with its completion": 56,
    "activity page with its completion, 8 at once": 34,
    "my learning": 52,
    "log in": 116,
    "quiz of 10 questions": 363,
    "completion report, CSV": 10_400,
    "participants page": 7_500,
    "import 10,000 people": 66_000,
    "enrol 10,000 people": 25_600,
    "memory under load": 604,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="without the minute of load and the large sizes")
    parser.add_argument("--backend", choices=["SQLite", "PostgreSQL"], action="append")
    chosen = parser.parse_args()
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        base = clean_environment(MILEPOST_SECRET_KEY=SECRET, DJANGO_SETTINGS_MODULE="milepost.config.settings")
        for backend in chosen.backend or ["SQLite", "PostgreSQL"]:
            here = base | {"MILEPOST_DATA": f"{folder}/{backend}"}
            if backend == "SQLite":
                rows += _measure(backend, here, quick=chosen.quick)
            else:
                with postgresql() as url:
                    rows += _measure(backend, here | {"MILEPOST_DATABASE_URL": url}, quick=chosen.quick)
                    rows += _pgbench(url)
    _report(rows)


def _measure(backend: str, environment: dict[str, str], *, quick: bool) -> list[dict[str, Any]]:
    rows = _inside(backend, environment, "prepare")
    data = Path(environment["MILEPOST_DATA"])
    port = free_port()
    with milepost(environment | {"MILEPOST_BASE_URL": f"http://localhost:{port}"}, port) as process:
        sessions = json.loads((data / "bench-sessions.json").read_text())
        rows += browsing.measure(backend, port, sessions)
        rows += signing.measure(backend, port, data / "bench-signing.json")
        rows.append(_row(backend, "memory under load", median=_memory(process.pid), unit="MB"))  # the peer's load
        if not quick:
            rows += load.measure(backend, port, data / "bench-sessions.json")
            rows.append(_row(backend, "memory after 10,000 learners", median=_memory(process.pid), unit="MB"))
    rows += _inside(backend, environment, "work" if quick else "work-and-sizes")
    return rows if quick else [*rows, *_inside(backend, environment, "dossier")]


def _inside(backend: str, environment: dict[str, str], what: str) -> list[dict[str, Any]]:
    """Measurements that need no HTTP, in a process of their own with their own settings."""
    options: dict[str, Any] = {"env": environment, "cwd": ROOT / "scripts", "stdout": subprocess.PIPE, "text": True}
    done = subprocess.run([*INSIDE, what], check=True, **options)
    return [row | {"backend": backend} for row in json.loads(done.stdout.splitlines()[-1])]


def _row(backend: str, work: str, **numbers: Any) -> dict[str, Any]:
    return {"backend": backend, "work": work, **numbers}


def _memory(pid: int) -> float:
    """The resident memory of a process and all under it, summed, in MB."""
    listed = run("ps -eo pid=,ppid=,rss=", capture_output=True, text=True, check=True).stdout
    rows = [tuple(map(int, line.split())) for line in listed.splitlines()]
    family, total = {pid}, 0
    for process, parent, rss in sorted(rows):
        if process in family or parent in family:
            family.add(process)
            total += rss
    return total / 1024


def _pgbench(url: str) -> list[dict[str, Any]]:
    """The reference limit for writes: single-row inserts, a transaction each, that this PostgreSQL takes."""
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write("INSERT INTO bench_limit VALUES (1, 'entry', now());\n")
        script.flush()
        run("psql -q", url, "-c", "CREATE TABLE bench_limit (a int, b text, c timestamptz)", check=True)
        command = "pgbench -n -c 8 -j 2 -T 10 -f"
        report = run(command, script.name, url, capture_output=True, text=True, check=True).stdout
    tps = next(float(line.split("=")[1].split()[0]) for line in report.splitlines() if line.startswith("tps"))
    return [_row("PostgreSQL", "limit: single-row inserts (pgbench)", rate=tps, unit="/s")]


def _report(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        peer = PEER.get(row["work"])
        if peer:
            value = row.get("rate") if row["unit"] == "/s" else row["median"]
            row |= {"peer": peer, "ratio": round(value / peer if row["unit"] == "/s" else peer / value, 1)}
    print(
        f"\n{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, {time.strftime('%Y-%m-%d')}\n"
    )
    print("| work | backend | median | p99 | rate | Moodle | times |\n| --- | --- | --- | --- | --- | --- | --- |")
    for row in sorted(
        rows, key=lambda row: (list(dict.fromkeys(r["work"] for r in rows)).index(row["work"]), row["backend"])
    ):
        unit = row["unit"]
        cells = [
            row["work"],
            row["backend"],
            _text(row.get("median"), "ms" if unit == "/s" else unit),
            _text(row.get("p99"), "ms"),
            _text(row.get("rate"), "/s"),
            _text(row.get("peer"), unit),
            str(row.get("ratio", "")),
        ]
        print("| " + " | ".join(cells) + " |" + (f" {row['note']}" if row.get("note") else ""))
    (ROOT / "build").mkdir(exist_ok=True)
    (ROOT / "build/bench.json").write_text(json.dumps(rows, indent=2))


def _text(value: float | None, unit: str) -> str:
    if value is None:
        return ""
    if unit == "ms":
        return f"{value / 1000:.2f} s" if value >= 1000 else f"{value:.1f} ms"
    return f"{value:,.0f}{unit if unit.startswith('/') else ' ' + unit}"


if __name__ == "__main__":
    main()
