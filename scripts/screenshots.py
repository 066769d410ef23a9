"""Take the README's pictures from a fresh demonstration (`make screenshots`)."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.request import urlopen

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).parent.parent
PICTURES = ROOT / "docs/pictures"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def main() -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        url, process = _start(folder)
        try:
            password = (Path(folder) / "demonstration-password").read_text().strip()
            browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
            for width in (1280, 360):
                _take(browser, url, password, width)
        finally:
            process.terminate()
            process.wait(timeout=30)


def _start(folder: str) -> tuple[str, subprocess.Popen[bytes]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("MILEPOST_")} | {"MILEPOST_DATA": folder}
    process = subprocess.Popen(
        [sys.executable, "-m", "milepost.cli", "up", "--demo", "--port", str(port)], env=environment
    )
    for _ in range(600):
        try:
            urlopen(f"http://localhost:{port}/healthz", timeout=1)
            break
        except OSError:
            time.sleep(0.2)
    return f"http://localhost:{port}", process


def _take(browser: Browser, url: str, password: str, width: int) -> None:
    jonas = _sign_in(browser, url, password, "jonas.nygard", width)
    shoot(jonas, f"{url}/aldermoor/", f"my-learning-{width}")
    shoot(jonas, f"{url}/aldermoor/learn/fire-safety/02-recognise-a-fire/02-extinguishers/", f"video-{width}")
    jonas.goto(f"{url}/aldermoor/learn/fire-safety/05-final-check/01-final/")
    if jonas.get_by_role("button", name="Start").count():
        jonas.get_by_role("button", name="Start").click()
    jonas.wait_for_selector("form.stepping")
    while not jonas.locator(".question:visible .answer").count():
        jonas.get_by_role("button", name="Next question").click()
    jonas.locator(".question:visible .answer").nth(1).click()
    jonas.wait_for_timeout(600)
    jonas.screenshot(path=PICTURES / f"quiz-{width}.png")
    claire = _sign_in(browser, url, password, "claire.fontaine", width)
    shoot(claire, f"{url}/aldermoor/courses/fire-safety/enrolments/", f"enrolments-{width}")
    shoot(claire, f"{url}/aldermoor/people/", f"people-{width}")


def shoot(page: Page, address: str, name: str) -> None:
    page.goto(address)
    page.wait_for_timeout(700)
    page.screenshot(path=PICTURES / f"{name}.png")


def _sign_in(browser: Browser, url: str, password: str, who: str, width: int) -> Page:
    context = browser.new_context(viewport={"width": width, "height": 780 if width < 700 else 800})
    context.add_cookies([{"name": "django_language", "value": "en", "url": url}])
    page = context.new_page()
    page.goto(f"{url}/accounts/login/")
    page.get_by_text("Sign in with a password").click()
    page.fill("[name=login]", f"{who}@aldermoor.example")
    page.fill("[name=password]", password)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url("**/aldermoor/")
    return page


if __name__ == "__main__":
    main()
