"""Without a network: what somebody answered or watched is kept, and sent when there is one again, under their own name."""

import re
import time

import pytest
from playwright.sync_api import expect
from running import give_password, sign_in

from tests.browser.conftest import until

pytestmark = pytest.mark.browser

WAITING = "Object.keys(localStorage).filter(key => key.startsWith('waiting|')).length"


def test_a_quiz_survives_a_lost_connection_and_a_closed_window(visitor):
    jonas = visitor(360)
    page = jonas.sign_in("jonas.nygard")
    address = _start(jonas, "02-recognise-a-fire/03-which/")
    jonas.context.set_offline(True)
    _give_something(page)
    expect(page.locator(".saved")).to_have_text(re.compile("No connection"))
    expect(page.locator(".offline")).to_be_visible()
    jonas.context.set_offline(False)
    expect(page.locator(".saved")).to_have_text("Saved", timeout=45_000)
    given = _state(page)
    page.close()
    again = jonas.context.new_page()
    again.goto(address)
    assert _state(again) == given
    again.on("dialog", lambda dialog: dialog.accept())
    again.get_by_role("button", name=re.compile("Question 5")).click()
    jonas.context.set_offline(True)
    for _pressed in range(2):
        again.get_by_role("button", name="Finish and see my result").press("Enter")
    expect(again.locator(".saved")).to_have_text(re.compile("finished as soon as there is one"))
    jonas.context.set_offline(False)
    expect(again.get_by_role("button", name="Finish and see my result")).to_have_count(0, timeout=45_000)


def test_answers_given_offline_are_sent_when_the_window_was_closed_meanwhile(visitor):
    jonas = visitor(1280)
    page = jonas.sign_in("jonas.nygard")
    address = _start(jonas, "03-raise-the-alarm/02-call/")
    jonas.context.set_offline(True)
    _give_something(page)
    given = _state(page)
    page.close()
    jonas.context.set_offline(False)
    again = jonas.context.new_page()
    again.goto(jonas.server.url + "/aldermoor/")  # any page sends what waits
    until(again, f"{WAITING} === 0")
    again.goto(address)
    assert _state(again) == given


def test_on_a_shared_computer_nobodys_answers_are_sent_under_another_name(visitor):
    shared = visitor()
    page = shared.sign_in("claire.fontaine")
    _join_welcome(shared)
    address = _start(shared, "02-first-week/02-whom-to-ask/", course="welcome")
    shared.context.set_offline(True)
    _give_something(page)
    given = _state(page)
    until(page, f"{WAITING} === 1")

    # Claire’s window stays open, and somebody else signs in beside it.
    shared.context.route("**/answers/", lambda route: route.abort())  # and does not reach the server yet
    shared.context.set_offline(False)
    other = shared.context.new_page()
    _sign_out(other, shared)
    shared.context.unroute("**/answers/")
    sign_in(other, shared.server, "ellen.aldermoor")  # Ravi has a passkey by now, and a password is not enough for him
    with page.expect_response("**/answers/") as answered:
        page.evaluate("window.dispatchEvent(new Event('online'))")
    assert answered.value.status == 403
    expect(page.locator(".saved")).to_have_text(re.compile("Sign in again"))
    page.close()
    other.reload()
    other.wait_for_timeout(1500)
    assert other.evaluate(WAITING) == 1

    _sign_out(other, shared)
    sign_in(other, shared.server, "claire.fontaine")
    until(other, f"{WAITING} === 0")
    other.goto(address)
    assert _state(other) == given


def test_answers_given_after_the_session_ended_are_kept_until_sign_in_and_only_then_saved(visitor):
    """It said “Saved” and nothing was; Finish led to a page that could not be opened."""
    ellen = visitor(360)
    page = ellen.sign_in("ellen.aldermoor")
    _join_welcome(ellen)
    address = _start(ellen, "03-working-together/03-try/", course="welcome")
    ellen.context.clear_cookies(name="sessionid")
    _give_something(page)
    given = _state(page)
    expect(page.locator(".saved")).to_have_text(re.compile("Sign in again"))
    page.locator(".dots button").last.click()
    page.on("dialog", lambda dialog: dialog.accept())  # not everything is answered
    page.locator("[data-finish]").click()
    page.wait_for_url("**/accounts/login/**")
    with page.expect_response("**/answers/") as sent:
        give_password(page, ellen.server, "ellen.aldermoor")
    assert sent.value.ok
    expect(page.locator(".question[data-answered=yes]")).to_have_count(1)  # the page came anew with what was kept
    page.close()
    again = ellen.context.new_page()
    again.goto(address)
    assert _state(again) == given


def test_an_answer_that_the_server_will_not_take_is_not_said_to_be_saved(visitor):
    ellen = visitor()
    page = ellen.sign_in("ellen.aldermoor")
    _join_welcome(ellen)
    _start(ellen, "02-first-week/02-whom-to-ask/", course="welcome")
    ellen.context.route(
        "**/answers/", lambda route: route.fulfill(status=404, body="{}", content_type="application/json")
    )
    _give_something(page)
    expect(page.locator(".saved")).to_have_text("Not saved. Load the page again.")
    assert page.evaluate(WAITING) == 0


def test_an_answer_that_is_no_number_says_so_where_it_stands_and_is_not_said_to_be_saved(visitor):
    jonas = visitor(360)
    page = jonas.sign_in("jonas.nygard")
    _start(jonas, "05-final-check/01-final/")
    field = page.locator("input[inputmode=decimal]")
    while not field.is_visible():
        page.get_by_role("button", name="Next question").click()
    field.fill("zzz")
    expect(page.locator(".question:visible [data-complaint]")).to_contain_text("“zzz” is not a number.")
    expect(page.locator(".saved")).to_have_text("")
    expect(field).to_have_attribute("aria-invalid", "true")
    jonas.check()
    field.fill("112")
    expect(page.locator(".saved")).to_have_text("Saved")
    expect(page.locator(".dots [aria-current]")).to_have_class(re.compile("answered"))


def _sign_out(page, visitor):
    page.goto(visitor.server.url + "/aldermoor/")
    page.locator("summary.avatar").click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url(lambda url: "/aldermoor/" not in url)


def _give_something(page):
    question = page.locator(".question:visible")
    if question.locator(".answer").count():
        question.locator(".answer").first.click()
    elif question.locator("select").count():
        question.locator("select").first.select_option(index=1)
    elif question.locator("[data-up]").count():
        question.locator("[data-up]").last.click()
    else:
        question.locator("input[type=text]").first.fill("112")  # fits a number, and a text
        question.locator("input[type=text]").first.blur()


def _join_welcome(visitor):
    """Be in the open course; another journey of the same person may have joined it before."""
    visitor.page.goto(visitor.server.url + "/aldermoor/catalogue/welcome/")
    join = visitor.page.get_by_role("button", name="Join and begin")
    if join.count():
        join.click()
        visitor.page.wait_for_url("**/learn/**")


def _start(jonas, activity, course="fire-safety"):
    """Begin the quiz, and wait until its script is at work: before that, nothing could be kept without a network."""
    address = f"{jonas.server.url}/aldermoor/learn/{course}/{activity}"
    jonas.page.goto(address)
    jonas.page.get_by_role("button", name="Start").click()
    jonas.page.wait_for_selector("form.stepping")
    return address


def _state(page):
    page.wait_for_selector("form.stepping")
    return page.evaluate(
        "[...document.querySelectorAll('.question')].map(q => [q.id, [...q.querySelectorAll('input,select')]"
        ".filter(c => !['radio','checkbox'].includes(c.type) || c.checked).map(c => [c.name, c.value])]).sort()"
    )


def test_watching_survives_a_lost_connection(visitor):
    ellen = visitor()
    page = ellen.sign_in("ellen.aldermoor")
    _join_welcome(ellen)
    page.goto(ellen.server.url + "/aldermoor/learn/welcome/01-who-we-are/01-hello/")
    expect(page.locator("video")).to_be_visible()
    until(page, "document.querySelector('video').readyState >= 4", seconds=20)
    ellen.context.set_offline(True)
    page.evaluate("document.querySelector('video').muted = true; document.querySelector('video').play()")
    time.sleep(4)
    page.evaluate("document.querySelector('video').pause()")
    until(page, f"{WAITING} === 1")
    ellen.context.set_offline(False)
    until(page, "Number(document.querySelector('[data-percent]').textContent) >= 8", seconds=45)
    page.reload()
    assert float(page.locator("[data-video]").get_attribute("data-position")) >= 3
