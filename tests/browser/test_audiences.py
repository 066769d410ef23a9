"""A rule is built in a real browser, by keyboard and on a phone, and whom it means is counted as it is built."""

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("width", [360, 1280])
def test_a_rule_is_built_counted_and_kept(visitor, width):
    claire = visitor(width)
    claire.sign_in("claire.fontaine")
    page = claire.go("/aldermoor/audiences/")
    page.get_by_role("link", name="New audience").click()
    page.get_by_label("Name", exact=True).fill(f"Managers {width}")
    everybody = page.locator("#preview .figure").inner_text()
    page.get_by_label("A further condition").select_option("leads")
    page.get_by_role("button", name="Add", exact=True).press("Enter")
    expect(page.locator("[name=r-0-condition]")).to_have_value("leads")
    assert page.locator("#preview .figure").inner_text() != everybody
    leading = page.locator("#preview .figure").inner_text()
    page.get_by_label("This must").select_option("no")
    expect(page.locator("#preview .figure")).not_to_have_text(leading)
    claire.check()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("h1")).to_contain_text(f"Managers {width}")
    claire.check()
