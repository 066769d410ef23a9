"""From a session that people sign on their phones to a dossier that holds offline, in a real browser."""

import re
import subprocess
import sys
import zipfile
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import mail_to, path_in, until

pytestmark = pytest.mark.browser
PARIS = ZoneInfo("Europe/Paris")


def draw(page: Page) -> None:
    """A signature with the mouse, which is a finger to the page."""
    canvas = page.locator("canvas")
    canvas.scroll_into_view_if_needed()
    box, before = canvas.bounding_box(), None
    while box != before:  # pages scroll smoothly
        page.wait_for_timeout(150)
        box, before = canvas.bounding_box(), box
    page.mouse.move(box["x"] + 30, box["y"] + 80)
    page.mouse.down()
    for step in range(30):
        page.mouse.move(box["x"] + 30 + 6 * step, box["y"] + 80 + (25 if step % 4 < 2 else -25))
    page.mouse.up()


def once_sealed(page: Page) -> None:
    """Look at a fact until the worker has sealed it, which takes a quarter of a minute."""
    for _try in range(40):
        if page.get_by_text("computed just now").is_visible():
            return
        page.wait_for_timeout(1000)
        page.reload()
    expect(page.get_by_text("computed just now")).to_be_visible()


def around_now() -> tuple[str, str, str]:
    """Day, start and end of a half-day that is going on, within one day of the organisation's zone."""
    now = datetime.now(PARIS)
    start = max(now - timedelta(minutes=30), now.replace(hour=0, minute=0))
    end = min(now + timedelta(minutes=60), now.replace(hour=23, minute=59))
    return f"{now:%Y-%m-%d}", f"{start:%H:%M}", f"{end:%H:%M}"


def test_three_phones_sign_in_three_ways_and_the_trainer_closes_the_list(visitor):
    claire = visitor(1280)
    claire.sign_in("claire.fontaine")
    page = claire.go("/aldermoor/sessions/new/")
    page.get_by_label("Title", exact=True).fill("First aid in the office")
    day, start, end = around_now()
    page.locator("[name=day]").first.fill(day)
    page.locator("[name=start]").first.fill(start)
    page.locator("[name=end]").first.fill(end)
    page.locator("[name=day]").nth(1).fill("")
    page.get_by_label("Place").fill("Room 12")
    page.get_by_role("button", name="Schedule it").click()
    expect(page.get_by_role("heading", name="First aid in the office")).to_be_visible()
    claire.check()
    page.get_by_label("E-mail").fill("tess@outside.example")
    page.get_by_label("Name, of somebody from outside").fill("Tess Outside")
    page.get_by_role("button", name="Let them hold it").click()
    session = page.url
    for name in ("astrid.solheim", "ravi.menon", "jonas.nygard"):
        page.goto(f"{session}participants/?q={name}")
        page.get_by_role("button", name="Add 1 person").click()
        expect(page.get_by_text("1 person was added.")).to_be_visible()

    tess = visitor(1280)
    room = path_in(mail_to(claire.server, "tess@outside.example", "you hold “First aid in the office”"), "/room/")
    tess.go(room)
    tess.page.get_by_role("link", name="Open the list").click()
    expect(tess.page.get_by_role("heading", name="0 of 3 have signed.")).to_be_visible()
    tess.check()

    by_link = visitor(360)
    link = path_in(mail_to(claire.server, "ravi.menon@aldermoor.example", "Sign now: First aid"), "/sign/")
    by_link.go(link)
    by_link.page.get_by_role("button", name="Sign as Ravi Menon").click()
    expect(by_link.page.get_by_text("Sign in the box first, or type your name.")).to_be_visible()
    expect(by_link.page.get_by_role("button", name="Type instead")).to_be_focused()
    draw(by_link.page)
    by_link.page.get_by_role("button", name="Sign as Ravi Menon").click()
    expect(by_link.page.get_by_role("heading", name="Signed. Thank you.")).to_be_visible()
    by_link.check()

    note = tess.page.locator("summary", has_text="Jonas Nygård")
    note.focus()
    # Ravi lends his phone, after he had thrown away all its cookies.
    by_code = by_link
    by_code.context.clear_cookies()
    by_code.go("/sign/")
    by_code.page.get_by_label("Six digits").fill(tess.page.locator(".spoken").inner_text())
    by_code.page.get_by_label("Your name").fill("astrid solheim")
    by_code.page.get_by_role("button", name="Go on").click()
    by_code.check()
    by_code.page.get_by_role("link", name="Astrid Solheim").click()
    by_code.page.get_by_role("button", name="Type instead").click()
    by_code.page.get_by_label("Type your name").fill("Astrid Solheim")
    by_code.page.get_by_role("button", name="Sign as Astrid Solheim").click()
    expect(by_code.page.get_by_role("heading", name="Signed. Thank you.")).to_be_visible()

    # The list of the trainer follows by itself.
    expect(tess.page.get_by_role("heading", name="2 of 3 have signed.")).to_be_visible(timeout=10_000)
    expect(note).to_be_focused()
    expect(tess.page.get_by_text("Signed on the same phone or computer as Ravi Menon.")).to_be_visible()
    tess.check()
    tess.page.get_by_role("button", name=re.compile("All 2 were there")).click()
    expect(tess.page.get_by_text(re.compile("Was there, says Tess Outside"))).to_have_count(2)
    # By keyboard: whoever takes a decision back, or decides, is at the same row again, and sees it.
    ravi = tess.page.get_by_role("group", name="Ravi Menon")
    for act, left in (("take back", 1), ("Was there", 0)):
        with tess.page.expect_navigation():
            ravi.get_by_role("button", name=re.compile(f"{act}\\s*, Ravi")).press("Enter")
        expect(ravi).to_be_focused()
        expect(ravi).to_be_in_viewport()
        expect(tess.page.get_by_text(re.compile("signature is in doubt"))).to_have_count(left)

    handed = visitor(360)
    room = tess.page.url.partition("?")[0].removeprefix(handed.server.url)
    handed.go(f"{room}device/")
    until(handed.page, "caches.match(location.href, {ignoreVary: true}).then(Boolean)")
    handed.page.wait_for_load_state("networkidle")
    handed.context.set_offline(True)
    handed.page.reload()
    handed.page.get_by_role("button", name="Jonas Nygård").press("Enter")
    expect(handed.page.get_by_role("heading", name="Jonas Nygård")).to_be_focused()
    draw(handed.page)
    handed.page.get_by_role("button", name="Sign", exact=True).click()
    expect(handed.page.get_by_text("kept here", exact=True)).to_be_visible()
    expect(handed.page.get_by_role("heading", name="Who signs next?")).to_be_focused()
    handed.complaints.clear()
    handed.context.set_offline(False)
    expect(handed.page.locator("[data-who]:disabled").filter(has_text="signed")).to_have_count(3, timeout=15_000)
    handed.complaints.clear()
    handed.check()

    expect(tess.page.get_by_role("heading", name="Everybody has signed or is noted.")).to_be_visible(timeout=10_000)
    tess.page.get_by_role("link", name="Sign and close").click()
    tess.check()
    draw(tess.page)
    tess.page.get_by_role("button", name="Sign and close as Tess Outside").click()
    expect(tess.page.get_by_text("closed", exact=True)).to_be_visible()

    page.goto(session)
    sheet = page.get_by_role("link", name="Sealed sheet, PDF")
    expect(sheet).to_be_visible(timeout=30_000)
    claire.check()
    with page.expect_download() as download:
        sheet.click()
    assert verify(download.value.path()).startswith("holds: Seal 1")


def verify(path) -> str:
    """What is said of a file whose key is the one that it says itself: an inspector would take that from elsewhere."""
    command = [sys.executable, "-m", "milepost.verify", str(path)]
    said = subprocess.run(command, capture_output=True, text=True).stdout
    key = re.search(r"the one that the organisation publishes: ([0-9a-f]{64})", said)
    assert key, said
    done = subprocess.run([*command, "--key", key[1]], capture_output=True, text=True)
    assert done.returncode == 4, done.stdout
    assert "This is a demonstration" in done.stdout
    return done.stdout


@pytest.mark.parametrize("width", [360, 1280])
def test_every_page_of_sessions_documents_and_evidence_is_readable_by_everybody(visitor, width):
    claire = visitor(width)
    claire.sign_in("claire.fontaine")
    for path in (
        "sessions/",
        "settings/",
        "documents/",
        "documents/new/",
        "documents/bulk/?q=berg",
        "documents/wordings/agreement/en/",
        "actions/",
        "actions/new/",
        "actions/retention/",
        "journal/?q=fire",
        "audits/",
        "audits/new/",
        "my-data/",
    ):
        claire.go("/aldermoor/" + path)
    page = claire.go("/aldermoor/journal/")
    page.locator(".timeline a").last.click()
    once_sealed(page)
    claire.check()
    page = claire.go("/aldermoor/people/?q=jonas")
    page.get_by_role("link", name="Jonas Nygård").click()
    page.get_by_role("link", name="Erase").click()
    expect(page.get_by_role("heading", name=re.compile("^Erase Jonas Nygård|can’t be erased yet"))).to_be_visible()
    claire.check()
    page = claire.go("/aldermoor/actions/")
    page.get_by_role("link", name="Data protection, with a workshop").click()
    expect(page.get_by_text("1 half-day is not closed.")).to_be_visible()
    claire.check()
    people = page.url + "people/"
    page.goto(people)
    claire.check()
    page.locator("table a").first.click()
    expect(page.get_by_role("heading", name="Dossier of one person")).to_be_visible()
    claire.check()
    page = claire.go("/aldermoor/documents/")
    page.get_by_role("link", name="Fire safety, with an evacuation drill").first.click()
    claire.check()


def test_two_outside_parties_sign_an_agreement(visitor):
    claire = visitor(1280)
    claire.sign_in("claire.fontaine")
    page = claire.go("/aldermoor/documents/new/")
    page.get_by_label("Title of the training").fill("Ladders, hands on")
    page.get_by_label("The other party", exact=True).fill("Norrviken AB")
    page.get_by_role("button", name="Make it").click()
    for number, (name, address) in enumerate(
        (("Maud Lind", "maud@one.example"), ("Łucja Öberg", "lucja@two.example")), start=1
    ):
        page.locator(f"#name-{number}").fill(name)
        page.locator(f"#email-{number}").fill(address)
    page.get_by_label("Ask for a one-time code").check()
    page.get_by_role("button", name="Ask for the signatures").click()
    expect(page.get_by_text("Asked. Each gets a mail")).to_be_visible()
    for width, address, name in ((360, "maud@one.example", "Maud Lind"), (1280, "lucja@two.example", "Łucja Öberg")):
        who = visitor(width)
        who.go(path_in(mail_to(claire.server, address, "asks you to sign “Ladders, hands on”"), "/d/"))
        who.page.get_by_role("button", name="Send me the code").click()
        code = mail_to(claire.server, address, "this is your code").split()[2]
        who.page.get_by_label("Six digits").fill(code)
        who.page.get_by_role("button", name="Go on").click()
        draw(who.page)
        who.page.get_by_role("button", name=f"Sign as {name}").click()
        expect(who.page.get_by_role("heading", name="You have signed “Ladders, hands on”.")).to_be_visible()
        who.check()
    page.reload()
    expect(page.get_by_role("heading", name="“Ladders, hands on” is signed by all.")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="The file, PDF").click()
    assert verify(download.value.path()).count("holds: Seal") == 2


def test_a_page_that_can_t_be_drawn_while_too_many_are_comes_a_little_later(visitor):
    claire, refused = visitor(1280), []
    claire.sign_in("claire.fontaine")
    page = claire.go("/aldermoor/documents/new/")
    page.get_by_label("Title of the training").fill("Ladders, at last")
    page.get_by_label("The other party", exact=True).fill("Norrviken AB")

    def busy_at_first(route):
        if len(refused) < 2:
            refused.append(route.request.url)
            route.fulfill(status=503, body="")
        else:
            route.fallback()

    page.route(re.compile(r"/documents/[^/]+/pages/\d+/"), busy_at_first)
    page.get_by_role("button", name="Make it").click()
    until(page, "document.querySelector('.paper img')?.naturalWidth > 0")
    assert len(refused) == 2


@pytest.mark.parametrize("width", [360, 1280])
def test_an_auditor_from_outside_reads_by_a_link_and_a_code(visitor, width):
    claire, address = visitor(1280), f"ines{width}@funds.example"
    claire.sign_in("claire.fontaine")
    page = claire.go("/aldermoor/audits/new/")
    page.get_by_label("Name", exact=True).fill("Ines Marchand")
    page.get_by_label("E-mail", exact=True).fill(address)
    page.get_by_label("A-2026-001 Fire safety").check()
    page.get_by_role("button", name="Invite").click()
    expect(page.get_by_role("heading", name="Ines Marchand may read until")).to_be_visible()
    ines = visitor(width)
    ines.go(path_in(mail_to(claire.server, address, "opens its training evidence for you"), "/audit/"))
    ines.page.get_by_role("button", name="Send me the code").click()
    ines.page.get_by_label("Six digits").fill(mail_to(claire.server, address, "this is your code").split()[2])
    ines.check()
    ines.page.get_by_role("button", name="Go on").click()
    expect(ines.page.get_by_role("heading", name="1 training action to look at.")).to_be_visible()
    ines.check()
    ines.page.get_by_role("link", name="Fire safety, with an evacuation drill").click()
    expect(ines.page.get_by_text("Closed and signed.")).to_be_visible()
    ines.check()
    with ines.page.expect_download() as download:
        ines.page.get_by_role("link", name="Attendance sheet").click()
    assert verify(download.value.path()).startswith("holds: Seal 1")
    ines.page.locator(".timeline a").last.click()
    once_sealed(ines.page)
    ines.check()
    with ines.page.expect_download() as download:
        ines.page.get_by_role("link", name="The proof as a file").click()
    assert "facts that were sealed on" in verify(download.value.path())
    page.reload()
    expect(page.get_by_text("Opened “A-2026-001 Fire safety")).to_be_visible()
    claire.check()


def test_a_dossier_is_built_verified_offline_altered_and_refused(visitor, tmp_path):
    claire = visitor(1280)
    claire.sign_in("claire.fontaine")
    page = claire.go("/aldermoor/actions/")
    page.get_by_role("link", name="Fire safety, with an evacuation drill").click()
    expect(page.get_by_role("heading", name="is ready for an audit")).to_be_visible()
    page.get_by_role("button", name="Build the dossier").click()
    link = page.locator("#dossiers a")
    expect(link).to_be_visible(timeout=40_000)
    claire.check()
    with page.expect_download() as download:
        link.click()
    whole = tmp_path / "dossier.zip"
    download.value.save_as(whole)
    assert "holds: No fact about the action" in verify(whole)
    altered = tmp_path / "altered.zip"
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(altered, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            target.writestr(
                name,
                content.replace(b"10.", b"11.", 1)
                if name == "records/attendance.json"
                else content + b" " * (name == "records/attendance.csv"),
            )
    done = subprocess.run([sys.executable, "-m", "milepost.verify", str(altered)], capture_output=True, text=True)
    assert done.returncode == 1
    assert "DOES NOT HOLD: records/attendance." in done.stdout
