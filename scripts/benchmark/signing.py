"""1,000 people sign the same half-day within a minute, each on their own phone, by personal link."""

import json
import random
import threading
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from benchmark.browsing import Person

PEOPLE, SECONDS, PHONES = 1_000, 50, 64
SIGNATURE = json.dumps(
    {"width": 320, "height": 160, "strokes": [[x for n in range(60) for x in (20 + 4 * n, 60 + n * 7 % 60)]]}
)


def measure(backend: str, port: int, file: Path) -> list[dict[str, Any]]:
    """Everybody comes at a moment of their own within 50 seconds: opens the link, sees the page, signs."""
    links = json.loads(file.read_text())
    chance = random.Random(20261123)
    coming = sorted((chance.uniform(0, SECONDS), urlsplit(link).path) for link in links)
    waiting, lock = iter(coming), threading.Lock()
    requests: list[float] = []
    failed: list[str] = []
    began = time.perf_counter()

    def phone() -> None:
        while True:
            with lock:
                moment, path = next(waiting, (0.0, ""))
            if not path:
                return
            time.sleep(max(0.0, began + moment - time.perf_counter()))
            person = Person(port, None)
            try:
                _timed(requests, person.get, path)
                page = person.location
                _timed(requests, person.get, page)
                done = _timed(requests, person.post, page, {"signature": SIGNATURE})
                if b"done-mark" not in done:
                    failed.append(path)
            except (RuntimeError, OSError) as error:
                failed.append(str(error))

    phones = [threading.Thread(target=phone) for _ in range(PHONES)]
    for phone_thread in phones:
        phone_thread.start()
    for phone_thread in phones:
        phone_thread.join()
    took = time.perf_counter() - began
    requests.sort()
    return [
        {
            "backend": backend,
            "work": "1,000 people sign one half-day",
            "median": requests[len(requests) // 2],
            "p99": requests[int(len(requests) * 0.99)],
            "rate": len(links) / took,
            "unit": "ms",
            "errors": len(failed),
            "note": f"{len(failed)} of {len(links)} failed, {took:.0f} s; median and p99 of a request",
        }
    ]


def _timed(times: list[float], ask: Any, *arguments: Any) -> bytes:
    began = time.perf_counter()
    answer: bytes = ask(*arguments)
    times.append(1000 * (time.perf_counter() - began))
    return answer
