"""Coming in and going out, as people meet it: a session that ended, a computer that others use, who it is once more."""

import pytest
from playwright.sync_api import expect
from running import give_password, sign_in

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("width", [360, 1280])
def test_what_was_typed_when_the_session_had_ended_is_there_again_after_signing_in(visitor, width):
    ellen = visitor(width)
    ellen.sign_in("ellen.aldermoor")
    page = ellen.go("/aldermoor/settings/")
    address = f"Quai {width}, Bordeaux"
    before = page.locator("[name=postal_address]").input_value()
    page.fill("[name=postal_address]", address)
    ellen.context.clear_cookies(name="sessionid")
    page.locator("[name=postal_address]").press("Enter")
    page.wait_for_url("**/accounts/login/**")
    give_password(page, ellen.server, "ellen.aldermoor")
    page.wait_for_url("**/aldermoor/settings/")
    expect(page.locator("[name=postal_address]")).to_have_value(address)
    expect(page.get_by_text("What you typed is here again")).to_be_visible()
    ellen.check()
    page.locator("[name=postal_address]").press("Enter")
    expect(page.get_by_text("Saved.")).to_be_visible()
    page.goto(ellen.server.url + "/aldermoor/settings/")
    expect(page.locator("[name=postal_address]")).to_have_value(address)
    expect(page.get_by_text("What you typed is here again")).to_have_count(0)
    page.fill("[name=postal_address]", before)
    page.locator("[name=postal_address]").press("Enter")
    expect(page.get_by_text("Saved.")).to_be_visible()


def test_what_was_typed_is_shown_to_nobody_else_who_signs_in(visitor):
    shared = visitor()
    shared.sign_in("ellen.aldermoor")
    page = shared.go("/aldermoor/settings/")
    page.fill("[name=postal_address]", "Nobody else’s affair")
    shared.context.clear_cookies(name="sessionid")
    page.locator("[name=postal_address]").press("Enter")
    page.wait_for_url("**/accounts/login/**")
    give_password(page, shared.server, "claire.fontaine")
    page.wait_for_url("**/aldermoor/settings/")
    expect(page.locator("[name=postal_address]")).not_to_have_value("Nobody else’s affair")
    assert "affair" not in page.evaluate("JSON.stringify(sessionStorage)")
    page.get_by_text("Menu of Claire Fontaine").locator("xpath=..").click()
    page.get_by_role("button", name="Sign out").click()
    sign_in(page, shared.server, "ellen.aldermoor")
    page.goto(shared.server.url + "/aldermoor/settings/")
    expect(page.locator("[name=postal_address]")).not_to_have_value("Nobody else’s affair")


KEEP = """async () => {
  const address = performance.getEntriesByType("resource").map(({ name }) => name).find((name) => name.includes("/keep-and-send"));
  const { send } = await import(address);
  send({ url: "/aldermoor/nowhere/", name: "answer", body: "{}", type: "application/json" });
}"""
KEPT = "JSON.stringify([...Object.entries(localStorage), ...Object.entries(sessionStorage)])"


@pytest.mark.parametrize("width", [360, 1280])
def test_a_computer_that_others_use_is_left_with_nothing_on_it_and_a_word_about_what_is_unsent(visitor, width):
    shared = visitor(width)
    page = shared.go("/accounts/login/")
    page.get_by_role("button", name="This is not my computer").click()
    expect(page.get_by_text("A computer that others use:")).to_be_visible()
    shared.check()
    give_password(page, shared.server, "jonas.nygard")
    page.wait_for_url("**/aldermoor/")
    [session] = [one for one in shared.context.cookies() if one["name"].endswith("sessionid")]
    assert session["expires"] == -1  # goes with the window

    shared.context.route("**/nowhere/", lambda route: route.abort())
    page.evaluate(KEEP)
    assert "waiting|" in page.evaluate(KEPT) and "waiting|" not in page.evaluate("JSON.stringify(localStorage)")

    asked = []
    page.once("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))
    menu = page.get_by_text("Menu of Jonas Nygård").locator("xpath=..")
    menu.click()
    page.get_by_role("button", name="Sign out").click()
    assert "have not been sent yet" in asked[0]
    expect(menu).to_be_visible()  # still here, and so is the answer
    assert "waiting|" in page.evaluate(KEPT)

    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/accounts/login/**")
    assert "waiting|" not in page.evaluate(KEPT) and "shared" not in page.evaluate(KEPT)
    expect(page.get_by_role("button", name="This is not my computer")).to_be_visible()
    page.go_back()
    page.wait_for_url("**/accounts/login/**")  # the page before is not there any more
