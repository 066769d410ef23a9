"""The journeys, as people make them: in a real browser, at a desk and on a phone."""

import re
import time

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import code_for, confirmed_long_ago, until

pytestmark = pytest.mark.browser
WIDTHS = [360, 1280]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_page_of_a_learner_is_readable_by_everybody(visitor, width, theme):
    jonas = visitor(width, color_scheme=theme)
    jonas.sign_in("jonas.nygard")
    for path in (
        "",
        "catalogue/",
        "catalogue/fire-safety/",
        "learn/fire-safety/01-why-it-matters/01-two-minutes/",
        "learn/fire-safety/01-why-it-matters/02-duties/",
        "learn/fire-safety/02-recognise-a-fire/02-extinguishers/",
        "learn/fire-safety/04-leave-safely/03-promise/",
        "learn/fire-safety/05-final-check/01-final/",
        "learn/fire-safety/completion/",
    ):
        jonas.go("/aldermoor/" + path)
    for path in (
        "/accounts/devices/",
        "/accounts/organisations/",
        "/accounts/2fa/",
        "/outbox/",
        "/aldermoor/nothing/here/at/all/",
    ):
        jonas.page.goto(jonas.server.url + path)
        jonas.complaints.clear()
        jonas.check()


@pytest.mark.parametrize("width", WIDTHS)
def test_every_page_of_a_lead_is_readable_by_everybody(visitor, width):
    claire = visitor(width)
    claire.sign_in("claire.fontaine")
    for path in (
        "courses/",
        "courses/new/",
        "courses/fire-safety/",
        "courses/fire-safety/draft/",
        "courses/fire-safety/enrolments/",
        "courses/fire-safety/enrolments/?status=done",
        "courses/welcome/enrolments/new/",
        "people/",
        "people/?q=nobody+at+all",
        "people/imports/new/",
        "settings/",
    ):
        claire.go("/aldermoor/" + path)
    page = claire.go("/aldermoor/people/?q=nygard")
    page.get_by_role("link", name="Jonas Nygård").first.click()
    expect(page.get_by_role("heading", name="Jonas Nygård")).to_be_visible()
    claire.check()


@pytest.mark.parametrize("width", WIDTHS)
def test_the_sign_in_pages_are_readable_by_everybody(visitor, width):
    somebody = visitor(width)
    somebody.go("/accounts/login/")
    somebody.go("/accounts/password/reset/")


def test_somebody_signs_in_with_a_code_from_the_outbox(visitor):
    somebody = visitor(360)
    page = somebody.go("/accounts/login/")
    page.get_by_label("Your e-mail address at work").fill("astrid.solheim@aldermoor.example")
    page.get_by_role("button", name="Send me a sign-in code").click()
    expect(page.locator("[name=code]")).to_be_visible()
    somebody.check()
    page.fill("[name=code]", code_for(somebody.server, "astrid.solheim@aldermoor.example"))
    page.locator("[name=code]").press("Enter")
    page.wait_for_url("**/aldermoor/")
    somebody.check()


def test_a_passkey_is_added_signs_in_and_says_later_who_it_is(visitor):
    ravi = visitor()
    page = ravi.sign_in("ravi.menon")
    devtools = ravi.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    devtools.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )
    page.goto(ravi.server.url + "/accounts/2fa/webauthn/add/")
    if page.locator("[name=password]").count():
        page.fill("[name=password]", ravi.server.password)
        page.locator("[name=password]").press("Enter")
    page.wait_for_url("**/webauthn/add/**")
    page.fill("[name=name]", "My laptop")
    page.locator("[name=passwordless]").check()
    page.locator("#mfa_webauthn_add").click()
    page.wait_for_url(re.compile("/accounts/2fa/(?!webauthn/add)"))
    page.goto(ravi.server.url + "/aldermoor/")
    page.get_by_text("Menu of Ravi Menon").locator("xpath=..").click()
    page.get_by_role("button", name="Sign out").click()
    page.goto(ravi.server.url + "/accounts/login/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url("**/aldermoor/")

    confirmed_long_ago(ravi.server)
    ravi.go("/accounts/devices/")
    page.get_by_role("button", name="Sign out everywhere, here too").click()
    expect(page.get_by_role("heading", name="Is it you?")).to_be_visible()
    ravi.check()
    signed = []
    devtools.on("WebAuthn.credentialAsserted", lambda event: signed.append(event))
    page.get_by_role("button", name="Confirm with a passkey").click()
    page.wait_for_url("**/accounts/login/**")  # what was asked for is done
    assert len(signed) == 1
    page.goto(ravi.server.url + "/accounts/devices/")
    page.wait_for_url("**/accounts/login/**")


@pytest.mark.parametrize("width", WIDTHS)
def test_a_learner_joins_reads_watches_answers_confirms_and_finishes(visitor, server, width):
    who = {360: "marie.delcourt", 1280: "enzo.ferraris"}[width]
    learner = visitor(width)
    page = learner.page
    email = f"{who}@aldermoor.example"
    page.goto(server.url + "/accounts/login/")
    page.get_by_label("Your e-mail address at work").fill(email)
    page.get_by_role("button", name="Send me a sign-in code").click()
    page.fill("[name=code]", code_for(server, email))
    page.locator("[name=code]").press("Enter")
    page.wait_for_url("**/aldermoor/")
    page.get_by_role("link", name="Catalogue").first.click() if width > 800 else page.locator(".tabbar").get_by_text(
        "Catalogue"
    ).click()
    page.get_by_role("link", name="Welcome to the company").click()
    page.get_by_role("button", name="Join and begin").click()

    expect(page.get_by_role("heading", name="A word of welcome")).to_be_visible()
    page.evaluate(
        "document.querySelector('video').muted = true; document.querySelector('video').playbackRate = 2; document.querySelector('video').play()"
    )
    expect(page.locator("[data-meter].complete")).to_be_visible(timeout=40_000)
    learner.check()
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_role("heading", name="What we care about")).to_be_visible()
    page.get_by_role("button", name="Done, next").click()
    page.get_by_role("button", name="Done, next").click()

    expect(page.get_by_role("heading", name="Whom do you ask?")).to_be_visible()
    page.get_by_role("button", name="Start").click()
    expect(page.locator(".counter")).to_have_text("Question 1 of 3")
    for _ in range(3):
        _answer(page)
        learner.check()
        forth = page.get_by_role("button", name="Next question")
        if forth.is_visible():
            forth.click()
    expect(page.locator(".saved")).to_have_text("Saved")
    page.get_by_role("button", name="Finish and see my result").click()
    expect(page.get_by_role("heading", name="Passed with 100 %.")).to_be_visible()
    learner.check()
    page.get_by_role("button", name="Next").click()
    page.get_by_role("button", name="Done, next").click()
    page.get_by_role("button", name="Done, next").click()

    page.get_by_role("button", name="Start").click()
    for _ in range(3):
        _answer(page)
        forth = page.get_by_role("button", name="Next question")
        if forth.is_visible():
            forth.click()
    expect(page.locator(".saved")).to_have_text("Saved")  # an answer on its way would come after the end
    page.get_by_role("button", name="Finish and see my result").click()
    expect(page.get_by_role("heading", name="Passed with 100 %.")).to_be_visible()
    page.get_by_role("button", name="Next").click()
    page.get_by_role("button", name="Done, next").click()
    page.get_by_label("I have read the house rules").check()
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_role("heading", name=re.compile(r"Done, \w+\."))).to_be_visible()
    learner.check()


def _answer(page):
    """Answer the question on screen as somebody who took the course."""
    question = page.locator(".question:visible")
    title = question.locator("legend").inner_text()
    if "Match the question" in title:
        for left, right in (
            ("computer", "IT support"),
            ("ill today", "My manager"),
            ("coffee", "My buddy"),
            ("bank account", "HR"),
        ):
            row = question.locator(".match", has_text=left)
            row.locator("select").select_option(label=right)
    elif "in order" in title:
        for place, words in enumerate(("I saw", "It made me", "Next time")):
            while not question.locator(".sortable li").nth(place).inner_text().startswith(words):
                question.locator(".sortable li", has_text=words).get_by_role("button", name="Up").click()
    else:
        right = {
            "ill on Tuesday": "Before your working day",
            "same question twice": "True",
            "good feedback": "The report came",
            "nine in the evening": "When you are at work",
        }
        words = next(answer for key, answer in right.items() if key in title)
        question.locator(".answer", has_text=words).click()


def test_the_player_is_turned_by_keyboard(visitor):
    jonas = visitor()
    jonas.sign_in("jonas.nygard")
    page = jonas.go("/aldermoor/learn/fire-safety/01-why-it-matters/02-duties/")
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("heading", name="Two minutes that count")).to_be_visible()


def test_a_lead_filters_enrols_and_sees_them_in_the_course(visitor):
    claire = visitor()
    claire.sign_in("claire.fontaine")
    page = claire.go("/aldermoor/courses/welcome/enrolments/new/")
    page.get_by_label("Site").select_option(label="Oslo")
    expect(page.locator("#chosen")).to_contain_text(re.compile(r"Enrol \d\d people"))
    page.get_by_label("Seniority").select_option("Executive")
    expect(page).to_have_url(re.compile("seniority=Executive"))
    expect(page.locator("#chosen .figure")).not_to_contain_text(re.compile(r"\b[1-9]\d"))
    claire.check()
    count = int(page.locator("#chosen .figure").inner_text().split()[0])
    page.get_by_role("button", name=re.compile(r"Enrol \d+")).click()
    expect(page.get_by_text(re.compile(rf"{count} (person was|people were) enrolled"))).to_be_visible()
    claire.check()
    _undoes(claire, count)


def _undoes(claire, count):
    """One tap in the message, the page that says what became of it, and the list of all such changes."""
    page = claire.page
    page.get_by_role("button", name="Undo", exact=True).click()
    expect(page.get_by_text(re.compile(rf"Undone for {count} of {count} (person|people)\."))).to_be_visible()
    claire.check()
    page.set_viewport_size({"width": 360, "height": 800})
    claire.check()
    page.get_by_role("link", name="Changes to many people").click()
    expect(page.get_by_text(re.compile(f"Undone: {count} of {count}", re.IGNORECASE)).first).to_be_visible()
    claire.check()


def test_many_are_enrolled_on_a_phone_and_undone_after_a_question(visitor):
    claire = visitor(360)
    claire.sign_in("claire.fontaine")
    page = claire.go("/aldermoor/courses/welcome/enrolments/new/")
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.message), dialog.accept()))
    expect(page.get_by_text("Nobody is chosen yet.")).to_be_visible()
    expect(page.get_by_label("Site")).to_be_visible()
    page.get_by_role("button", name="Choose everybody").press("Enter")
    expect(page.locator("#chosen .figure")).to_be_focused()  # what it was pressed for, and not what follows the page
    expect(page.get_by_label("Site")).to_be_hidden()  # what was found stands at the top of the screen
    claire.check()
    page.keyboard.press("Tab")
    expect(page.get_by_label("Due date")).to_be_focused()
    page.get_by_role("button", name=re.compile(r"Enrol \d+ people")).press("Enter")
    expect(page.get_by_text(re.compile(r"\d+ people were enrolled\."))).to_be_visible()
    claire.check()
    page.get_by_role("button", name="Undo", exact=True).click()
    expect(page.get_by_text(re.compile(r"Undone for \d+ of \d+ people\."))).to_be_visible()
    assert re.fullmatch(r"Enrol \d+ people\?", asked[0])
    assert re.fullmatch(r"\d+ people were enrolled\. Undo this\?", asked[1])
    claire.check()


def test_a_lead_searches_people_as_they_type(visitor):
    claire = visitor()
    claire.sign_in("claire.fontaine")
    page = claire.go("/aldermoor/people/")
    page.get_by_label("Search").press_sequentially("nygard jonas")
    expect(page.locator("#found tbody tr")).to_have_count(1)
    expect(page.locator("#found")).to_contain_text("Jonas Nygård")
    claire.check()


def test_an_hr_file_with_a_mistake_is_mended_by_choosing_the_column(visitor, tmp_path):
    ellen = visitor(360)
    ellen.sign_in("ellen.aldermoor")
    page = ellen.go("/aldermoor/people/imports/new/")
    (tmp_path / "hr.csv").write_text(
        "Code;Prénom;Nom;Mail\nB1;Nour;Saïd;nour.said@aldermoor.example\n", encoding="cp1252"
    )
    page.get_by_label("HR file").set_input_files(tmp_path / "hr.csv")
    page.get_by_role("button", name="Show what would happen").click()
    expect(page.get_by_role("heading", name="1 new, 0 changed, 0 gone.")).to_be_visible()
    ellen.check()
    page.get_by_label("Code").select_option("employee_number")
    expect(page.get_by_role("heading", name="1 new, 0 changed, 0 gone.")).to_be_visible()
    page.get_by_role("button", name="Import 1 person", exact=True).click()
    expect(page.get_by_text("Done: 1 new")).to_be_visible()


def test_french_is_chosen_and_kept(visitor):
    jonas = visitor()
    page = jonas.sign_in("jonas.nygard")
    page.get_by_text("Menu of Jonas Nygård").locator("xpath=..").click()
    page.get_by_role("button", name="Français").click()
    expect(page.get_by_role("link", name="Mes formations").first).to_be_visible()
    assert page.locator("html").get_attribute("lang") == "fr"
    jonas.check()


def test_the_page_stays_usable_without_javascript(visitor):
    jonas = visitor(360, java_script_enabled=False)
    page = jonas.sign_in("jonas.nygard")
    page.goto(jonas.server.url + "/aldermoor/learn/fire-safety/01-why-it-matters/01-two-minutes/")
    expect(page.get_by_role("heading", name="Two minutes that count")).to_be_visible()
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_role("heading", name="Who does what")).to_be_visible()


def test_a_second_start_is_work_for_less_than_five_seconds_and_ctrl_c_stops_it(server):
    import os
    import resource
    import signal
    import socket
    import subprocess
    import sys
    from urllib.request import urlopen

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("MILEPOST_")} | {
        "MILEPOST_DATA": str(server.data)
    }
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "milepost.cli", "up", "--demo", "--port", str(port)],
        env=environment,
        stdout=subprocess.DEVNULL,
    )
    while True:
        try:
            assert urlopen(f"http://localhost:{port}/healthz", timeout=1).status == 200
            break
        except OSError:
            assert time.monotonic() - began < 60
            time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) == 0
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    # Five seconds of two processors, its end among them: how long it waited for its turn says only how busy they are.
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 5 * 2
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_a_certificate_is_earned_downloaded_and_checked_by_a_stranger(visitor, tmp_path):
    lead = visitor(360)
    page = lead.sign_in("claire.fontaine")
    lead.go("/aldermoor/courses/fire-safety/certificates/")
    page.locator("#found a").first.click()
    expect(page.get_by_text("To share")).to_be_visible()
    lead.check()
    with page.expect_download() as download:
        page.get_by_role("link", name="Certificate, PDF").click()
    file = tmp_path / "certificate.pdf"
    download.value.save_as(file)
    altered = tmp_path / "altered.pdf"
    content = file.read_bytes()
    altered.write_bytes(content[:5_000] + bytes([content[5_000] ^ 1]) + content[5_001:])
    for path, words in ((file, "It is genuine."), (altered, "The file was altered.")):
        for width in WIDTHS:
            stranger = visitor(width)
            page = stranger.go("/verify/")
            page.set_input_files("#file", path)
            expect(page.get_by_role("heading", name=words)).to_be_visible()
            stranger.check()


def test_on_paper_stands_what_was_found_and_nothing_to_press_and_it_is_light(visitor):
    lead = visitor(1280, color_scheme="dark")
    page = lead.sign_in("claire.fontaine")
    page.emulate_media(media="print", color_scheme="dark")
    for path, stays in (
        ("people/?q=berg", "table.figures tbody tr"),
        ("courses/welcome/certificates/", "#found tbody tr"),
        ("courses/welcome/", ".row-item"),
    ):
        page.goto(f"{lead.server.url}/aldermoor/{path}")
        expect(page.locator(stays).first).to_be_visible()
        assert page.locator("main .btn:visible, .page-tabs:visible, #filter-site:visible").count() == 0, path
        assert page.evaluate("getComputedStyle(document.body).color") == "rgb(28, 36, 33)", path
    page.goto(f"{lead.server.url}/aldermoor/people/?q=berg")
    expect(page.get_by_label("Search")).to_be_visible()  # what narrowed it
    page.goto(f"{lead.server.url}/aldermoor/courses/welcome/certificates/")
    page.goto(lead.server.url + page.locator("#found a").first.get_attribute("href"))
    expect(page.locator(".code a")).to_be_visible()
    expect(page.get_by_role("heading", name="Correct or revoke")).to_be_hidden()


def test_a_certificate_is_revoked_and_says_so(visitor):
    lead = visitor(1280)
    page = lead.sign_in("claire.fontaine")
    lead.go("/aldermoor/courses/welcome/certificates/")
    page.locator("#found a").first.click()
    address = page.locator(".code a").get_attribute("href")
    page.get_by_label("Reason for revoking").fill("Issued to the wrong person")
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Revoke").click()
    expect(page.get_by_text("Issued to the wrong person")).to_be_visible()
    stranger = visitor(360)
    page = stranger.go(address)
    expect(page.get_by_role("heading", name="It was revoked.")).to_be_visible()


@pytest.mark.parametrize("width", WIDTHS)
def test_the_lead_reads_the_numbers_of_a_course(visitor, width):
    claire = visitor(width)
    page = claire.sign_in("claire.fontaine")
    claire.go("/aldermoor/courses/fire-safety/numbers/")
    until(page, "document.querySelectorAll('.chart canvas').length >= 5")
    claire.check()
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    assert download.value.suggested_filename == "fire-safety-people.csv"
    page.get_by_role("link", name="Final check").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("is the hardest")
    claire.check()
