"""The running product under attack, and what an attacker may know of it."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from attacks.browser import Answer, Browser

type Attempts = Iterator[tuple[str, bool]]
PASSWORD = "correct horse"  # noqa: S105 - of the people of the attacked world
NAMES = ("Nygård", "Aldermoor")
SIGNED = json.dumps({"text": "Jonas Nygård"})
OVER = (400, 403, 404, 405, 409, 410, 413, 429)


@dataclass
class Target:
    """The running product, and what an attacker may know of it (`attacks.inside.prepare`)."""

    port: int
    known: dict[str, Any]
    inside: Callable[[str], dict[str, Any]]
    data: Path

    def browser(self, who: str = "", **more: Any) -> Browser:
        session = self.known["sessions"][who] if who else ""
        return Browser(self.port, (self.known["cookie"], self.known["csrf"]), session, **more)

    @property
    def routes(self) -> list[dict[str, Any]]:
        routes: list[dict[str, Any]] = self.known["routes"]
        return routes

    def followed(self, browser: Browser, answer: Answer) -> Answer:
        """The page that a form led to: it is what says that there were too many tries."""
        return browser.get(answer.location) if answer.status == 302 else answer

    def mails(self) -> str:
        """Everything that was sent, as the outbox keeps it."""
        folder = self.data / "outbox"
        return "\n".join(path.read_text(errors="replace") for path in sorted(folder.rglob("*")) if path.is_file())


def tells(answer: Answer) -> bool:
    return answer.status == 200 and any(name in answer.text for name in NAMES)
