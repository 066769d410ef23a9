"""The page for while the database is away, as somebody with a French phone sees it."""

import subprocess
import sys
from urllib.parse import urlsplit

import psycopg
import pytest
from playwright.sync_api import expect
from running import SECRET, Server, clean_environment, free_port, milepost, postgresql

from tests.browser.conftest import Visitor
from tests.servers import Between

pytestmark = pytest.mark.browser
PREPARE = """
from milepost.core.starting import set_up; set_up()
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from milepost.people.organisations import create_organisation
from milepost.people.session_cookies import cookie_of
from milepost.people.sessions import SessionStore
from tests.worlds import make_member
organisation = create_organisation(slug="aldermoor", name="Aldermoor")
organisation.second_factor_roles = []  # nobody is led to another page first
organisation.save()
user = make_member(organisation, "claire", roles=["owner"]).user
session = SessionStore()
backend = "milepost.people.sessions.AccountBackend"
session.update({SESSION_KEY: str(user.pk), BACKEND_SESSION_KEY: backend, HASH_SESSION_KEY: user.get_session_auth_hash()})
session.save()
print(cookie_of(session.session_key))
"""


@pytest.fixture(scope="module")
def away(tmp_path_factory):
    """A site whose database can be taken away: the site, what stands between the two, the database, somebody's session."""
    folder, port = tmp_path_factory.mktemp("away"), free_port()
    environment = clean_environment(
        MILEPOST_DATA=str(folder),
        MILEPOST_SECRET_KEY=SECRET,
        MILEPOST_BASE_URL=f"http://localhost:{port}",
        DJANGO_SETTINGS_MODULE="milepost.config.settings",
        PYTHONPATH=".",
    )
    with postgresql(survives_power_cuts=False) as url:
        between = Between(urlsplit(url).hostname, urlsplit(url).port)
        environment["MILEPOST_DATABASE_URL"] = url
        subprocess.run([sys.executable, "-m", "milepost.cli", "migrate"], env=environment, check=True, stdout=-3)
        made = subprocess.run([sys.executable, "-c", PREPARE], env=environment, check=True, stdout=-1, text=True)
        through = url.replace(f":{urlsplit(url).port}/", f":{between.port}/") + "?connect_timeout=2"
        with milepost(environment | {"MILEPOST_DATABASE_URL": through}, port, "--workers", "1") as process:
            yield Server(f"http://localhost:{port}", folder, process), between, url, made.stdout.strip()


def names(url):
    """The organisation's name, and how often a setting of it was changed."""
    with psycopg.connect(url) as own:
        [name] = own.execute("SELECT name FROM people_organisation").fetchone()
        [changes] = own.execute("SELECT count(*) FROM journal_entry WHERE fact = 'organisation.updated'").fetchone()
    return name, changes


def test_it_says_in_french_what_happens_and_goes_on_by_itself_with_what_was_asked_for_or_sent(away, browser):
    server, between, url, session = away
    context = browser.new_context(viewport={"width": 360, "height": 740}, locale="fr-FR")
    for name, value in (("sessionid", session), ("django_language", "fr")):
        context.add_cookies([{"name": name, "value": value, "url": server.url}])
    claire = Visitor(context, server)
    page = claire.page
    with between.refusing():
        page.goto(f"{server.url}/aldermoor/settings/")
        expect(page.get_by_role("heading", name="Un instant, s’il vous plaît")).to_be_visible()
        expect(page.get_by_text("Cette page s’affichera d’elle-même")).to_be_visible()
        page.screenshot(path=server.data / "asked.png")
        claire.complaints.clear()  # the browser says in its console that it was answered with 503
        claire.check()
    expect(page.locator("#identity")).to_be_visible(timeout=60_000)
    claire.complaints.clear()

    before = names(url)
    page.locator("#identity [name$=name]").first.fill("Aldermoor & fils")
    with between.refusing():
        page.locator("#identity").get_by_role("button").last.click()
        expect(page.get_by_text("n’est pas encore enregistré")).to_be_visible()
        page.screenshot(path=server.data / "sent.png")
        claire.complaints.clear()
        claire.check()
        page.get_by_role("button").first.click()  # whoever can't wait loses nothing by it
        expect(page.get_by_text("n’est pas encore enregistré")).to_be_visible()
        assert names(url) == before
    page.wait_for_url("**/settings/#identity", timeout=60_000)
    expect(page.get_by_text("Enregistré.", exact=True)).to_be_visible()
    expect(page.locator("#identity [name$=name]").first).to_have_value("Aldermoor & fils")
    assert names(url) == ("Aldermoor & fils", before[1] + 1)
    context.close()
