"""A day in a form is the one that was saved, in whatever language its reader has."""

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(("language", "save", "width"), [("fr", "Enregistrer", 360), ("en", "Save", 1280)])
def test_whoever_saves_a_form_keeps_the_day_that_it_shows(visitor, server, language, save, width):
    claire = visitor(width)
    page = claire.sign_in("claire.fontaine")
    claire.context.add_cookies([{"name": "django_language", "value": language, "url": server.url}])
    change = page.get_by_role("main").get_by_role("link", name={"fr": "modifier", "en": "change"}[language]).first
    page.goto(f"{server.url}/aldermoor/courses/fire-safety/enrolments/")
    change.click()
    day = page.locator("input[name=due]")
    day.fill("2031-12-24")
    page.get_by_role("button", name=save, exact=True).click()
    for _ in range(2):
        page.goto(f"{server.url}/aldermoor/courses/fire-safety/enrolments/")
        change.click()
        claire.check()
        expect(day).to_have_value("2031-12-24")
        page.get_by_role("button", name=save, exact=True).click()
        expect(page).to_have_url(re.compile("/enrolments/$"))
