"""People who press *Done* all the time: each press again until the server says that it is saved, and only then it counts."""

import time
from http.client import HTTPException
from itertools import count
from threading import Event, Lock, Thread

from benchmark.browsing import Person

KEYS = [f"01-module/{page:02}-page" for page in range(10)]
SPACING = 0.25  # seconds between two presses of one thread


class Learners:
    """So many at once; `acknowledged` are the pairs of person and activity that were said to be saved."""

    def __init__(self, port: int, sessions: list[str], *, at_once: int) -> None:
        self.port, self.sessions = port, sessions
        self.acknowledged: list[tuple[int, str]] = []
        self.last_begun = 0.0  # when the press began that was acknowledged last
        self.refusals: dict[str, int] = {}
        self._numbers, self._lock, self._over = count(), Lock(), Event()
        self.threads = [Thread(target=self._learn, daemon=True) for _each in range(at_once)]
        for thread in self.threads:
            thread.start()

    def stop(self) -> None:
        self._over.set()
        for thread in self.threads:
            thread.join()

    def _learn(self) -> None:
        while not self._over.is_set():
            with self._lock:
                number = next(self._numbers)
            person, key = (number // len(KEYS)) % len(self.sessions), KEYS[number % len(KEYS)]
            self._press(person, key)
            self._over.wait(SPACING)

    def _press(self, person: int, key: str) -> None:
        while True:
            began = time.monotonic()
            try:
                browser = Person(self.port, self.sessions[person])
                browser.connection.timeout = 30
                browser.get(f"/storm/learn/storm/{key}/")  # nothing is done that was not opened
                browser.post(f"/storm/learn/storm/{key}/completion/")
                if not browser.location.startswith("/storm/") or browser.location.endswith(f"/{key}/"):
                    raise RuntimeError(f"led to {browser.location}")
            except (OSError, HTTPException, RuntimeError) as error:
                kind = " ".join(str(error).split()[2:3]) if isinstance(error, RuntimeError) else type(error).__name__
                with self._lock:
                    self.refusals[kind] = self.refusals.get(kind, 0) + 1
                if self._over.wait(0.3):
                    return
                continue
            finally:
                browser.connection.close()
            with self._lock:
                self.acknowledged.append((person, key))
                self.last_begun = max(self.last_begun, began)
            return
