"""A real server, started as a new user starts it, and a real browser with axe on every page."""

import email
import email.policy
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from running import Server, chromium, clean_environment, demonstration, english_context, sign_in

AXE = (Path(__file__).parent / "axe.min.js").read_text()
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


@pytest.fixture(scope="session")
def server(tmp_path_factory) -> Iterator[Server]:
    with demonstration(tmp_path_factory.mktemp("milepost")) as running:
        yield running


def mail_to(server: Server, address: str, words: str, *, seconds: float = 40) -> str:
    """The newest mail to the address whose text or subject holds the words, as soon as it is there."""
    deadline = time.monotonic() + seconds
    while True:
        for path in sorted((server.data / "outbox").glob("*.eml"), reverse=True):
            told = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            text = f"{told['Subject']}\n{told.get_body(('plain',)).get_content()}"
            if address in str(told["To"]) and words in text:
                return text
        assert time.monotonic() < deadline, f"no mail to {address} with “{words}”"
        time.sleep(0.5)


OLD = """
from milepost.core.starting import set_up; set_up()
from django.contrib.sessions.models import Session
from milepost.people.confirming import AT
from milepost.people.sessions import SessionStore
for key in Session.objects.values_list("session_key", flat=True):
    session = SessionStore(key)
    session[AT] = 0
    session.save()
"""


def confirmed_long_ago(server: Server) -> None:
    """From now on it is long ago that anybody said who they are."""
    environment = clean_environment(MILEPOST_DATA=str(server.data), DJANGO_SETTINGS_MODULE="milepost.config.settings")
    subprocess.run([sys.executable, "-c", OLD], env=environment, check=True)


def path_in(text: str, start: str) -> str:
    """The first address in a mail that begins with this path, without its host."""
    return re.search(rf"https?://[^/\s]+({re.escape(start)}\S*)", text)[1]


def code_for(server: Server, email: str) -> str:
    """The newest sign-in code in the outbox."""
    mails = [path.read_text() for path in sorted((server.data / "outbox").glob("*.eml"))]
    mine = [text for text in mails if email in text]
    return re.search(r"\n\n([A-Z0-9-]{6,9})\n", mine[-1])[1]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        yield chromium(playwright)


def until(page: Page, expression: str, *, seconds: float = 20) -> None:
    """Wait until the expression is true in the page; a strict CSP forbids Playwright's own way of waiting for that."""
    deadline = time.monotonic() + seconds
    while not page.evaluate(expression):
        assert time.monotonic() < deadline, expression
        page.wait_for_timeout(100)


class Visitor:
    """Somebody at a browser. Every page they open is checked by axe, and may not complain in its console."""

    def __init__(self, context: BrowserContext, server: Server) -> None:
        self.context, self.server = context, server
        self.page: Page = context.new_page()
        self.complaints: list[str] = []
        self.page.on(
            "console",
            lambda message: message.type == "error" and self.complaints.append(f"{self.page.url}: {message.text}"),
        )
        self.page.on("pageerror", lambda error: self.complaints.append(f"{self.page.url}: {error}"))

    def go(self, path: str) -> Page:
        self.page.goto(self.server.url + path)
        self.check()
        return self.page

    def sign_in(self, who: str) -> Page:
        return sign_in(self.page, self.server, who)

    def check(self) -> None:
        """axe finds nothing, nothing scrolls sideways, and the console is silent."""
        size = self.page.viewport_size
        until(self.page, "!document.activeViewTransition")  # a new size would break one off, with an error
        # The whole page at once: a bar that sticks to the edge would seem to cover what one scrolls to.
        self.page.set_viewport_size(
            size | {"height": min(20000, self.page.evaluate("document.documentElement.scrollHeight"))}
        )
        self.page.evaluate(AXE)
        found = self.page.evaluate("tags => axe.run({runOnly: {type: 'tag', values: tags}})", WCAG)
        # axe leaves empty style attributes behind, which the policy would not let htmx copy.
        self.page.evaluate("document.querySelectorAll('[style=\"\"]').forEach(one => one.removeAttribute('style'))")
        self.page.set_viewport_size(size)
        told = [f"{v['id']}: {v['help']} {[n['html'][:120] for n in v['nodes'][:3]]}" for v in found["violations"]]
        assert told == [], f"{self.page.url}: {told}"
        width = self.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert width[0] <= width[1], f"{self.page.url} scrolls sideways"
        assert self.complaints == []


@pytest.fixture
def visitor(browser, server) -> Iterator[Callable[..., Visitor]]:
    contexts = []

    def make(width: int = 1280, **options) -> Visitor:
        context = english_context(browser, server, width=width, **options)
        context.set_default_timeout(10_000)
        contexts.append(context)
        return Visitor(context, server)

    yield make
    for context in contexts:
        context.close()


expect.set_options(timeout=10_000)
