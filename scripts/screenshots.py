"""Take the README's pictures from a fresh demonstration (`make screenshots`)."""

import re
import tempfile
import time
import zipfile
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path
from zoneinfo import ZoneInfo

from playwright.sync_api import Browser, Page, sync_playwright
from programs import run
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
    shoot(claire, f"{url}/aldermoor/actions/", f"actions-{width}")
    claire.get_by_role("link", name="Data protection, with a workshop").click()
    claire.wait_for_timeout(700)
    claire.screenshot(path=PICTURES / f"action-{width}.png")
    if width > 1000:
        _dossier(claire, url)
        _session(browser, server, claire)


def _dossier(claire: Page, url: str) -> None:
    """The cover of a dossier, and the sheet in it."""
    claire.goto(f"{url}/aldermoor/actions/")
    claire.get_by_role("link", name="Fire safety, with an evacuation drill").click()
    claire.get_by_role("button", name="Build the dossier").click()
    link = claire.locator("#dossiers a")
    link.wait_for(timeout=40_000)
    with claire.expect_download() as download:
        link.click()
    with zipfile.ZipFile(download.value.path()) as archive:
        sheet = next(name for name in archive.namelist() if name.startswith("pieces/sheets/"))
        for name, picture in (("cover.pdf", "dossier"), (sheet, "sheet")):
            _first_page(archive.read(name), picture)


def _session(browser: Browser, server: Server, claire: Page) -> None:
    """A half-day that goes on now: what the trainer projects, and the phone of somebody who signs."""
    now = datetime.now(ZoneInfo("Europe/Paris"))
    claire.goto(f"{server.url}/aldermoor/sessions/new/")
    claire.get_by_label("Title", exact=True).fill("First aid in the office")
    end = min(now + timedelta(hours=3), now.replace(hour=23, minute=59))
    for name, value in (("day", f"{now:%Y-%m-%d}"), ("start", f"{now:%H:%M}"), ("end", f"{end:%H:%M}")):
        claire.locator(f"[name={name}]").first.fill(value)
    claire.locator("[name=day]").nth(1).fill("")
    claire.get_by_label("Place").fill("Room 12")
    claire.get_by_role("button", name="Schedule it").click()
    claire.get_by_label("E-mail").fill("tess@outside.example")
    claire.get_by_label("Name, of somebody from outside").fill("Tess Outside")
    claire.get_by_role("button", name="Let them hold it").click()
    session = claire.url
    for name in ("astrid.solheim", "ravi.menon", "jonas.nygard", "zoe.benali", "luc.marchetti"):
        claire.goto(f"{session}participants/?q={name}")
        if claire.get_by_role("button", name="Add 1 person").count():
            claire.get_by_role("button", name="Add 1 person").click()
    tess = english_context(browser, server, width=1280, height=800).new_page()
    tess.goto(server.url + _mailed(server, "tess@outside.example", "/room/"))
    tess.get_by_role("link", name="Open the list").click()
    phone = english_context(browser, server, width=360, height=780).new_page()
    phone.goto(server.url + _mailed(server, "ravi.menon@aldermoor.example", "/sign/"))
    phone.screenshot(path=PICTURES / "sign-360.png")
    phone.get_by_role("button", name="Type instead").click()
    phone.get_by_label("Type your name").fill("Ravi Menon")
    phone.get_by_role("button", name="Sign as Ravi Menon").click()
    tess.wait_for_timeout(6_000)
    tess.screenshot(path=PICTURES / "live-1280.png")


def _mailed(server: Server, address: str, start: str) -> str:
    """The path in the newest mail to the address that has one beginning like this, once it is there."""
    for _try in range(80):
        for path in sorted((server.data / "outbox").glob("*.eml"), reverse=True):
            message = message_from_bytes(path.read_bytes(), policy=policy.default)
            body = message.get_body(("plain",))
            link = re.search(rf"https?://[^/\s]+({re.escape(start)}\S*)", body.get_content() if body else "")
            if address in str(message["To"]) and link:
                return link[1]
        time.sleep(0.5)
    raise RuntimeError(f"no mail to {address} with {start}")


def _certificate(claire: Page, url: str, width: int) -> None:
    """What a stranger sees of the newest certificate; and, once, the certificate itself."""
    claire.goto(f"{url}/aldermoor/courses/fire-safety/certificates/")
    claire.locator("#found a").first.click()
    address = claire.locator(".code a").get_attribute("href")
    with claire.expect_download() as download:
        claire.get_by_role("link", name="Certificate, PDF").click()
    if width > 1000:
        _first_page(download.value.path().read_bytes(), "certificate")
    shoot(claire, f"{url}{address}", f"verify-{width}")


def _first_page(pdf: bytes, picture: str) -> None:
    run("pdftoppm -singlefile -r 70 -png -", PICTURES / picture, input=pdf, check=True)


def shoot(page: Page, address: str, name: str) -> None:
    page.goto(address)
    page.wait_for_timeout(700)
    page.screenshot(path=PICTURES / f"{name}.png")


if __name__ == "__main__":
    main()
