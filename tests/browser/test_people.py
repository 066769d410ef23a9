"""The journey of HR: an absence, two records of one person, where people work, the HR file by itself; at a desk and on a phone."""

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("width", [360, 1280])
def test_hr_looks_after_people(visitor, width):
    ellen = visitor(width)
    ellen.sign_in("ellen.aldermoor")
    ellen.go("/aldermoor/people/places/")
    page = ellen.go("/aldermoor/people/imports/by-itself/")
    expect(page.get_by_role("heading", name="Have the HR file come by itself.")).to_be_visible()
    page = ellen.go("/aldermoor/people/?q=jonas+nygard")
    page.get_by_role("link", name="Jonas Nygård").first.click()
    page.get_by_text("Note an absence").click()
    page.get_by_label("First day away").last.fill(f"2026-0{1 if width == 360 else 3}-05")
    page.get_by_label("Last day away").last.fill(f"2026-0{1 if width == 360 else 3}-25")
    page.get_by_role("button", name="Note it").click()
    expect(page.get_by_text("It is noted that Jonas Nygård is away.")).to_be_visible()
    ellen.check()
    page.get_by_role("link", name="Has a second record").click()
    ellen.check()
    page.get_by_label("Name, number or address").fill("a")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name="Compare").last.click()
    expect(page.get_by_role("button", name="They are the same person: link both")).to_be_visible()
    ellen.check()
