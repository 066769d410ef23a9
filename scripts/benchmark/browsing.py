"""Pages over HTTP, by signed-in people: one at a time, and eight at once."""

import re
import statistics
import threading
import time
from collections.abc import Callable
from http.client import HTTPConnection, HTTPResponse
from typing import Any
from urllib.parse import urlencode

CSRF = "c" * 32
PASSWORD = "correct horse battery"  # noqa: S105 - of people who live for a minute
TURNS = 150


class Person:
    """A signed-in person with a connection of their own."""

    def __init__(self, port: int, session: str | None) -> None:
        self.connection = HTTPConnection("localhost", port)
        self.cookies = {"csrftoken": CSRF, "django_language": "en"} | ({"sessionid": session} if session else {})

    def get(self, path: str) -> bytes:
        return self._ask("GET", path)

    def post(self, path: str, data: dict[str, str] | list[tuple[str, str]] | None = None) -> bytes:
        headers = {"X-CSRFToken": CSRF, "Content-Type": "application/x-www-form-urlencoded"}
        return self._ask("POST", path, urlencode(data or {}), headers)

    def _ask(self, method: str, path: str, body: str | None = None, headers: dict[str, str] | None = None) -> bytes:
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        self.connection.request(method, path, body, {"Cookie": cookies, "Accept": "text/html", **(headers or {})})
        response: HTTPResponse = self.connection.getresponse()
        content = response.read()
        for header in response.headers.get_all("Set-Cookie") or []:
            name, _equals, rest = header.partition("=")
            self.cookies[name] = rest.partition(";")[0]
        if response.status >= 400:
            raise RuntimeError(f"{method} {path}: {response.status} {content[:300]!r}")
        self.location = response.headers.get("Location", "")
        return content


def measure(backend: str, port: int, sessions: list[str]) -> list[dict[str, Any]]:
    """All rows, each over fresh people so that nobody does anything twice."""
    fresh = iter(sessions[100:])

    def people(count: int) -> list[Person]:
        return [Person(port, next(fresh)) for _ in range(count)]

    lead = Person(port, sessions[0])
    works: list[tuple[str, Callable[[Person], object]]] = [
        ("limit: an empty page", lambda person: person.get("/healthz")),
        ("my learning", lambda person: person.get("/bench/")),
        ("course page", lambda person: person.get("/bench/catalogue/twenty/")),
        ("activity page with its completion", _activity),
        ("quiz of 10 questions", _quiz),
    ]
    rows = []
    for name, work in works:
        rows.append(_alone(backend, name, work, people(TURNS if "quiz" not in name else 40)))
        if name in ("limit: an empty page", "course page", "activity page with its completion"):
            rows.append(_together(backend, f"{name}, 8 at once", work, people(8 * 60)))
    rows.append(
        _alone(
            backend,
            "log in",
            lambda person: _log_in(person, port),
            [Person(port, None) for _ in range(12)],
            first=9_000,
        )
    )
    for name, path in (
        ("completion report, CSV", "/bench/courses/twenty/numbers/people.csv"),
        ("participants page", "/bench/courses/twenty/enrolments/"),
        ("numbers of a course", "/bench/courses/twenty/numbers/"),
    ):
        rows.append(_alone(backend, name, lambda person, path=path: person.get(path), [lead] * 7))
    return rows


def _activity(person: Person) -> None:
    page = "/bench/learn/twenty/01-module/01-page/"
    person.get(page)
    person.post(page + "completion/")


def _quiz(person: Person) -> None:
    """Open, start, answer ten questions one by one as the page does, finish, look at the result."""
    page = "/bench/learn/twenty/02-module/09-quiz/"
    person.get(page)
    person.post(page + "attempt/")
    form = person.get(page).decode()
    answers = [("question", name) for name in re.findall(r'name="question" value="([^"]+)"', form)]
    answers += [
        (name, found[1]) for _key, name in answers if (found := re.search(rf'name="{name}" value="([^"]+)"', form))
    ]
    if len(answers) != 20:
        raise RuntimeError(f"{len(answers) / 2} questions found")
    person.post(page + "answers/", answers)
    person.post(page + "submission/", answers)
    person.get(page)


_number = iter(range(9_000, 10_000))


def _log_in(person: Person, port: int) -> None:
    person.post("/accounts/login/", {"login": f"p{next(_number)}@bench.example", "password": PASSWORD})
    if not person.location:
        raise RuntimeError("signing in led nowhere")
    person.get("/bench/")


def _alone(
    backend: str, name: str, work: Callable[[Person], object], people: list[Person], *, first: int = 0
) -> dict[str, Any]:
    times = []
    for turn, person in enumerate(people):
        began = time.perf_counter()
        work(person)
        if turn >= 2:  # the first two open connections and fill caches
            times.append(1000 * (time.perf_counter() - began))
    times.sort()
    return {
        "backend": backend,
        "work": name,
        "median": statistics.median(times),
        "p99": times[int(len(times) * 0.99)],
        "unit": "ms",
    }


def _together(backend: str, name: str, work: Callable[[Person], object], people: list[Person]) -> dict[str, Any]:
    waiting, times, lock = iter(people), [], threading.Lock()

    def go() -> None:
        while True:
            with lock:
                person = next(waiting, None)
            if person is None:
                return
            began = time.perf_counter()
            work(person)
            times.append(1000 * (time.perf_counter() - began))

    began = time.perf_counter()
    threads = [threading.Thread(target=go) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - began
    times.sort()
    return {
        "backend": backend,
        "work": name,
        "median": statistics.median(times),
        "p99": times[int(len(times) * 0.99)],
        "rate": len(times) / took,
        "unit": "/s",
    }
