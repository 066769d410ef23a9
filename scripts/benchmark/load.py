"""Many learners at once, with Locust on the same machine: each a page a minute and a beat every 30 seconds.

10,000 are the goal (167 pages and 333 beats a second); fewer show where the machine still keeps up.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

SIZES = (2_500, 10_000)
RAMP, STEADY = 30, 60  # seconds


def measure(backend: str, port: int, sessions: Path) -> list[dict[str, Any]]:
    """Two rows for each number of learners: pages and beats."""
    return [row for learners in SIZES for row in _measure(backend, port, sessions, learners)]


def _measure(backend: str, port: int, sessions: Path, learners: int) -> list[dict[str, Any]]:
    output = "--headless --only-summary --json --reset-stats --exit-code-on-error 0"
    crowd = f"--host http://localhost:{port} -u {learners} -r {learners / RAMP} -t {RAMP + STEADY}"
    script = str(Path(__file__).parent / "learners.py")
    command = [sys.executable, "-m", "locust", "-f", script, *output.split(), *crowd.split()]
    environment = {"BENCH_SESSIONS": str(sessions), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    return [_row(backend, learners, stats) for stats in json.loads(done.stdout[done.stdout.index("[") :])]


def _row(backend: str, learners: int, stats: dict[str, Any]) -> dict[str, Any]:
    asked, failed = stats["num_requests"], stats["num_failures"]
    took = max(stats["last_request_timestamp"] - stats["start_time"], 1)
    times = sorted((float(time), count) for time, count in stats["response_times"].items())
    return {
        "backend": backend,
        "work": f"{learners:,} learners at once: {stats['name']}",
        "median": _quantile(times, 0.5),
        "p99": _quantile(times, 0.99),
        "rate": asked / took,
        "unit": "ms",
        "errors": failed,
        "note": f"{failed} of {asked} failed",
    }


def _quantile(times: list[tuple[float, int]], share: float) -> float:
    wanted, seen = share * sum(count for _time, count in times), 0
    for time, count in times:
        seen += count
        if seen >= wanted:
            return time
    return 0.0
