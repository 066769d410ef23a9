"""A running Milepost with people who learn in it while something goes wrong, and what is there afterwards.

with Site(environment, folder) as site:
    with site.people() as people:            # they press *Done* until they are told that it is saved
        …
    site.is_whole(people)                    # all that was acknowledged is there, once, and nothing waits
"""

import http.client
import json
import re
import statistics
import subprocess
import sys
import time
import uuid
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlencode

from running import free_port, milepost
from storms.learners import KEYS, Learners

ROOT = Path(__file__).parent.parent
FIRST = f"/storm/learn/storm/{KEYS[0]}/"
CSRF = "c" * 32
# Below the traffic of a page: what only a fault of our own, or a wrong answer to one of others, would show.
UNTOLD = re.compile(r"Traceback|Internal Server Error|Something broke on our side", re.IGNORECASE)


class Site:
    """`milepost up` with the people of `storms.inside` in it. `within` stands before each command, as `Disk.within` does."""

    def __init__(self, environment, folder, *, people=60, within=(), seen=None, log=None):
        self.port, self.folder, self.within = free_port(), folder, list(within)
        self.seen, self.log, self.count = seen or folder, log, people
        self.environment = environment | {
            "MILEPOST_DATA": str(folder),
            "MILEPOST_BASE_URL": f"http://localhost:{self.port}",
            "PYTHONPATH": f"{ROOT}/src:{ROOT}/scripts",
        }

    def __enter__(self):
        with ExitStack() as stack:
            command = [*self.within, sys.executable, "-m", "storms.inside"]
            pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
            self._inside = stack.enter_context(subprocess.Popen(command, env=self.environment, cwd=ROOT, **pipes))
            stack.callback(self._inside.stdin.close)
            self._ask_inside("prepare", self.count)
            self.sessions = json.loads((self.seen / "bench-sessions.json").read_text())
            running = milepost(self.environment, self.port, "--workers", "1", within=self.within, log=self.log)
            self.process = stack.enter_context(running)
            self._to_end = stack.pop_all()
        return self

    def __exit__(self, *error):
        self._to_end.__exit__(*error)

    def _ask_inside(self, what, argument):
        """What `storms.inside` says."""
        self._inside.stdin.write(f"{what} {argument}\n")
        self._inside.stdin.flush()
        report = {}
        while (line := self._inside.stdout.readline().strip()) != "{}":
            assert line or self._inside.poll() is None, f"{what} failed"
            report = json.loads(line) if line.startswith("{") else report
        return report

    @contextmanager
    def people(self, at_once=3):
        learners = Learners(self.port, self.sessions, at_once=at_once)
        try:
            yield learners
        finally:
            learners.stop()

    def is_whole(self, people, *, waits_for_stamps=True):
        """What was acknowledged is there, once; its certificates and messages, too; nothing waits or was given up."""
        (self.seen / "acknowledged.json").write_text(json.dumps(people.acknowledged))
        report = self._ask_inside("count" if waits_for_stamps else "look", self.folder / "acknowledged.json")
        assert report["acknowledged"] > 0
        once = {"lost": 0, "facts doubled": 0, "jobs given up": 0, "left waiting": 0, "journal": "verifies"}
        if not waits_for_stamps:
            once.pop("left waiting")
        assert report | once == report, report
        assert report["completions"] == report["certificates"] == report["messages"], report
        return report

    # --- One request -------------------------------------------------------------------------------------------

    def ask(self, path, person=0, *, data=None, file=None, language="en", patience=30):
        """The answer to one request by the person of this number: its status, its text, and where it leads."""
        headers = {
            "Cookie": f"csrftoken={CSRF}; sessionid={self.sessions[person] if person is not None else ''}",
            "Accept": "text/html",
        }
        headers |= {"Accept-Language": language, "X-CSRFToken": CSRF}
        body = None
        if file is not None:
            body, headers["Content-Type"] = _multipart(data or {}, *file)
        elif data is not None:
            body, headers["Content-Type"] = urlencode(data), "application/x-www-form-urlencoded"
        connection = http.client.HTTPConnection("localhost", self.port, timeout=patience)
        try:
            connection.request("GET" if body is None else "POST", path, body, headers)
            response = connection.getresponse()
            return Answer(response.status, response.read().decode("utf-8", "replace"), response.headers)
        finally:
            connection.close()

    def complete(self, person):
        """The person does the whole course, and is told each time that it is saved."""
        for key in KEYS:
            self.ask(f"/storm/learn/storm/{key}/", person)
            answer = self.ask(f"/storm/learn/storm/{key}/completion/", person, data={})
            assert answer.status == 302, answer
        return SimpleNamespace(acknowledged=[(person, key) for key in KEYS])

    def seconds_of(self, path, times=7):
        """How long the page takes, in the median."""
        spans = []
        for _time in range(times):
            began = time.monotonic()
            assert self.ask(path).status == 200
            spans.append(time.monotonic() - began)
        return statistics.median(spans)

    def probes(self):
        return json.loads(self.ask("/readyz").text)["probes"]

    def until(self, condition, patience=120.0):
        deadline = time.monotonic() + patience
        while True:
            with suppress(OSError, http.client.HTTPException):
                if result := condition():
                    return result
            assert time.monotonic() < deadline
            time.sleep(0.1)


class Answer:
    def __init__(self, status, text, headers):
        self.status, self.text, self.headers = status, text, headers
        assert not UNTOLD.search(text), text[:2000]

    def __repr__(self):
        return f"{self.status} {self.headers.get('Location', '')} {re.sub(r'<[^>]*>|\\s+', ' ', self.text)[:300]}"


def _multipart(fields, name, file_name, content):
    boundary = uuid.uuid4().hex
    parts = [f'--{boundary}\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n' for n, v in fields.items()]
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="{file_name}"\r\n'
    head += "Content-Type: application/octet-stream\r\n\r\n"
    body = "".join(parts).encode() + head.encode() + content + f"\r\n--{boundary}--\r\n".encode()
    return body, f"multipart/form-data; boundary={boundary}"
