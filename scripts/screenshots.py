"""Take the README's pictures from a fresh demonstration (`make screenshots`)."""

import subprocess
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright
from running import Server, chromium, demonstration, english_context, sign_in

PICTURES = Path(__file__).parent.parent / "docs/pictures"


def main() -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        demonstration(Path(folder)) as server,
        sync_playwright() as playwright,
    ):
        browser = chromium(playwright)
        for width in (1280, 360):
            _take(browser, server, width)


def _visitor(browser: Browser, server: Server, width: int, who: str) -> Page:
    context = english_context(browser, server, width=width, height=780 if width < 700 else 800)
    return sign_in(context.new_page(), server, who)


def _take(browser: Browser, server: Server, width: int) -> None:
    url = server.url
    jonas = _visitor(browser, server, width, "jonas.nygard")
    shoot(jonas, f"{url}/aldermoor/", f"my-learning-{width}")
    shoot(jonas, f"{url}/aldermoor/learn/fire-safety/02-recognise-a-fire/02-extinguishers/", f"video-{width}")
    jonas.goto(f"{url}/aldermoor/learn/fire-safety/05-final-check/01-final/")
    if jonas.get_by_role("button", name="Start").count():
        jonas.get_by_role("button", name="Start").click()
    jonas.wait_for_selector("form.stepping")
    while not jonas.locator(".question:visible .answer").count():
        jonas.get_by_role("button", name="Next question").click()
    jonas.locator(".question:visible .answer input").first.check()
    jonas.wait_for_timeout(600)
    jonas.screenshot(path=PICTURES / f"quiz-{width}.png")
    claire = _visitor(browser, server, width, "claire.fontaine")
    shoot(claire, f"{url}/aldermoor/courses/fire-safety/enrolments/", f"enrolments-{width}")
    shoot(claire, f"{url}/aldermoor/people/", f"people-{width}")
    shoot(claire, f"{url}/aldermoor/courses/fire-safety/numbers/", f"numbers-{width}")
    _certificate(claire, url, width)


def _certificate(claire: Page, url: str, width: int) -> None:
    """What a stranger sees of the newest certificate; and, once, the certificate itself."""
    claire.goto(f"{url}/aldermoor/courses/fire-safety/certificates/")
    claire.locator("#found a").first.click()
    address = claire.locator(".code a").get_attribute("href")
    with claire.expect_download() as download:
        claire.get_by_role("link", name="Certificate, PDF").click()
    if width > 1000:
        command = [
            "pdftoppm",
            "-singlefile",
            "-r",
            "70",
            "-png",
            str(download.value.path()),
            str(PICTURES / "certificate"),
        ]
        subprocess.run(command, check=True)
    shoot(claire, f"{url}{address}", f"verify-{width}")


def shoot(page: Page, address: str, name: str) -> None:
    page.goto(address)
    page.wait_for_timeout(700)
    page.screenshot(path=PICTURES / f"{name}.png")


if __name__ == "__main__":
    main()
