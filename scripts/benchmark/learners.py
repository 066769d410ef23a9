"""What one of the 10,000 learners does, as Locust wants it told."""

import json
import os
import random
from itertools import count
from pathlib import Path

from locust import FastHttpUser, constant_pacing, task

SESSIONS = json.loads(Path(os.environ["BENCH_SESSIONS"]).read_text())
CSRF = "c" * 32
VIDEO = "/bench/learn/fire-safety/02-recognise-a-fire/02-extinguishers/"
PAGES = [
    "/bench/",
    "/bench/catalogue/twenty/",
    *(f"/bench/learn/twenty/{n:02}-module/{m:02}-page/" for n in range(5) for m in range(3)),
]
_numbers = count()


class Learner(FastHttpUser):
    """A beat every 30 seconds, and before every second one a page."""

    wait_time = constant_pacing(30)

    def on_start(self) -> None:
        session = SESSIONS[next(_numbers) % len(SESSIONS)]
        self.headers = {
            "Cookie": f"sessionid={session}; csrftoken={CSRF}; django_language=en",
            "X-CSRFToken": CSRF,
            "Content-Type": "application/json",
            "Accept-Encoding": "identity",
        }
        self.turn = random.randrange(2)
        self.watched = 0

    @task
    def learn(self) -> None:
        self.turn += 1
        if self.turn % 2:
            self.client.get(random.choice(PAGES), headers=self.headers, name="pages")
        start, self.watched = self.watched, min(self.watched + 8, 50)
        beat = json.dumps({"position": self.watched, "ranges": [[start, self.watched]]})
        self.client.post(VIDEO + "beat/", beat, headers=self.headers, name="beats")
