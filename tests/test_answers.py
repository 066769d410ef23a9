"""What every answer has its browser do: keep nothing, frame nothing, guess nothing. Each address is walked, those of tomorrow too."""

import json
import subprocess
import sys
from http.cookies import SimpleCookie
from threading import Lock
from urllib.parse import urlsplit

import pytest
from django.conf import settings as settings_now
from django.core.cache import cache
from django.test import Client
from django.urls import resolve
from running import SECRET, clean_environment

from milepost.config import monitoring
from milepost.core import clock
from milepost.design.messages import CookieStorage
from milepost.journal.models import SigningKey
from milepost.journal.sealing import seal
from tests.test_hostile import DURING, addresses, auditor, everything  # noqa: F401 (a fixture)

# Whatever is not named here is kept by no browser and no proxy.
KEPT = {
    "brand": "public, max-age=31536000, immutable",
    "logo": "public, max-age=31536000, immutable",
    "security_txt": "public, max-age=86400",
    "issuer": "public, max-age=300",
    "issuer_key": "public, max-age=300",
    "issuer_did": "public, max-age=300",
    "issuer_key_set": "public, max-age=300",
    "status_list": "public, max-age=300",
    "achievement": "public, max-age=300",
    "log_checkpoint": "public, max-age=5",
    "log_keys": "public, max-age=300",
    "log_tile": "public, max-age=31536000, immutable",
    "verify_program": "public, max-age=300",
    "well_known": "public, max-age=300",
    "witnessed_checkpoint": "public, max-age=5",
    "media": "private, no-cache",  # asked for again each time, and sent again only when it changed
    "room_offline_worker": "no-cache",
}
PUBLISHED = {
    "issuer",
    "issuer_key",
    "issuer_did",
    "issuer_key_set",
    "status_list",
    "achievement",
    "log_checkpoint",
    "log_keys",
    "log_tile",
    "well_known",
}  # for programs of other sites
FRAMED = {"notice_preview_letter"}  # within the page that previews it
LEADS_AWAY = {"room_meeting", "session_meeting", "meeting"}  # to the server of the meeting, by a press
EVIL = ("https://evil.example/", "//evil.example/", r"/\evil.example/", "https:evil.example")

pytestmark = pytest.mark.one_database("sqlite")


@pytest.fixture
def over_https(settings, monkeypatch):
    """As in production: behind TLS, with the names that cookies have there."""
    settings.PREFIX_OF_HOST, settings.PREFIX_BELOW = "__Host-", "__Secure-"
    for name, plain in (("SESSION", "sessionid"), ("CSRF", "csrftoken"), ("LANGUAGE", "django_language")):
        setattr(settings, f"{name}_COOKIE_NAME", f"__Host-{plain}")
        setattr(settings, f"{name}_COOKIE_SECURE", True)
    monkeypatch.setattr(CookieStorage, "cookie_name", "__Host-messages")
    monkeypatch.setattr(monitoring, "_readings", monitoring._Readings(Lock(), {}))  # what others hold for true stays so
    settings.SECURE_HSTS_SECONDS, settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = 31_536_000, True
    return settings


def troubles_of(answer, name):
    """What an answer lacks, in words."""
    says = answer.headers.get
    policy = says("Content-Security-Policy", "")
    is_published = name in PUBLISHED and answer.status_code == 200
    wanted = {
        "kept": "no-store" in says("Cache-Control", "") or says("Cache-Control") == KEPT.get(name),
        "sniffed": says("X-Content-Type-Options") == "nosniff",
        "framed": "frame-ancestors 'none'" in policy or name in FRAMED,
        "no base": "base-uri 'none'" in policy or "default-src 'none'" in policy,
        "objects": "object-src 'none'" in policy or "default-src 'none'" in policy,
        "inline script": "unsafe" not in policy.partition("script-src")[2].partition(";")[0],
        "referring": says("Referrer-Policy") == "same-origin",
        "opened": says("Cross-Origin-Opener-Policy") == "same-origin",
        "taken": says("Cross-Origin-Resource-Policy") == ("cross-origin" if is_published else "same-origin"),
        "shared": says("Access-Control-Allow-Origin") == ("*" if is_published else None),
        "allowed": "camera=()" in says("Permissions-Policy", ""),
        "plain": says("Strict-Transport-Security") == "max-age=31536000; includeSubDomains",
    }
    return [trouble for trouble, is_right in wanted.items() if not is_right] + [*troubles_of_cookies(answer)]


def troubles_of_cookies(answer):
    for name, cookie in answer.cookies.items():
        if not name.startswith(("__Host-", "__Secure-")):
            yield f"cookie {name}"
        if name.startswith("__Host-") and (cookie["path"] != "/" or cookie["domain"]):
            yield f"place of {name}"
        if not cookie["secure"] or cookie["samesite"] != "Lax":
            yield f"flags of {name}"
        if not cookie["httponly"] and name != settings_now.CSRF_COOKIE_NAME and cookie["max-age"] != 0:
            yield f"script of {name}"


def name_of(path):
    return resolve(urlsplit(path).path).view_name


def answers(world, visit):
    """Each address by each who may come, read and sent to, with the name of its view."""
    lead, stranger, outside = visit(world.lead), Client(), auditor()
    for client in (lead, stranger, outside):
        client.raise_request_exception = False
    for number, (path, _view) in enumerate(addresses(world)):
        cache.clear()
        for client in (lead, outside, stranger):
            evil = {"next": EVIL[number % len(EVIL)], "url": EVIL[0], "back": EVIL[0]}
            yield name_of(path), client.get(path, evil, secure=True)
            yield name_of(path), client.post(path, evil, secure=True)


def test_nothing_is_kept_framed_or_sniffed_and_nobody_led_elsewhere_unless_the_view_says_so_here(
    everything,  # noqa: F811
    visit,
    over_https,
):
    troubles, kept, away = {}, set(), set()
    with clock.at(DURING):
        for name, answer in answers(everything, visit):
            if lacks := troubles_of(answer, name):
                troubles[name, answer.status_code] = lacks
            if "no-store" not in answer.headers["Cache-Control"]:
                kept.add(name)
            if urlsplit(answer.headers.get("Location", "")).netloc and name not in LEADS_AWAY:
                away.add((name, answer.headers["Location"]))
    assert (troubles, away) == ({}, set())
    assert kept <= set(KEPT)


def test_what_may_be_kept_says_for_how_long_and_a_film_is_sent_again_only_when_it_changed(
    everything,  # noqa: F811
    visit,
    over_https,
):
    organisation, learner = everything.organisation, visit(everything.learner)
    caption = organisation.courses.get(slug="films").published.files["media/a.vtt"][0]
    issuer = f"/issuers/{organisation.uid}/"
    fingerprint = SigningKey.objects.filter(organisation_id=organisation.pk).earliest("pk").fingerprint
    over_https.SECURITY_CONTACTS = ["mailto:security@example.org"]
    seal(organisation.pk)
    places = {
        "security_txt": "/.well-known/security.txt",
        "brand": f"/brand/aldermoor/{organisation.brand_fingerprint}.css",
        "issuer": issuer,
        "issuer_key": f"{issuer}keys/{fingerprint}/",
        "issuer_did": f"{issuer}did.json",
        "issuer_key_set": f"{issuer}jwks.json",
        "status_list": f"{issuer}status/1/",
        "achievement": f"{issuer}achievements/{everything.course.uid}/1/",
        "log_checkpoint": f"/log/{organisation.uid}/checkpoint",
        "log_keys": f"/log/{organisation.uid}/keys.json",
        "log_tile": f"/log/{organisation.uid}/tile/0/000.p/1",
        "verify_program": "/log/verify.pyz",
        "well_known": "/.well-known/milepost.json",
        "media": f"/aldermoor/media/{caption}/a.vtt",
    }
    for name, path in places.items():
        answer = learner.get(path, secure=True)
        assert (name_of(path), answer.status_code, troubles_of(answer, name)) == (name, 200, [])
        assert answer.headers["Cache-Control"] == KEPT[name]
    known = {"If-None-Match": answer.headers["ETag"]}
    assert learner.get(path, headers=known, secure=True).status_code == 304
    assert learner.get(path, headers={"Range": "bytes=0-5"}, secure=True).status_code == 206
    assert Client().get(path, headers=known, secure=True).status_code == 302  # nothing is told to who may not have it


@pytest.mark.parametrize("path", ["/", "/accounts/login/", "/healthz", "/aldermoor/", "/none/such/"])
def test_a_method_that_no_view_takes_is_refused_before_anything_looks_at_it(over_https, path):
    for method in ("TRACE", "CONNECT", "DELETE", "PUT", "PATCH", "OPTIONS", "TRACK"):
        answer = Client().generic(method, path, secure=True)
        assert (answer.status_code, answer.headers["Allow"], answer.content) == (405, "GET, HEAD, POST", b"")
        assert troubles_of(answer, "") == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "status", "more"),
    [
        ("/healthz", 200, {}),
        ("/readyz", None, {}),
        ("/metrics", None, {}),
        ("/none/such/page", 404, {}),
        ("/static/none.css", 404, {}),
        ("/", 400, {"HTTP_HOST": "evil.example"}),
        ("/", 400, {"HTTP_HOST": "evil.example:80, testserver"}),
        ("/", 302, {}),
    ],
)
def test_words_to_programs_errors_and_redirects_are_protected_as_pages_are(over_https, path, status, more):
    answer = Client().get(path, secure=True, **more)
    assert status in (None, answer.status_code)
    assert troubles_of(answer, "") == []


@pytest.mark.django_db
def test_a_fault_is_answered_with_the_same_protection(over_https, monkeypatch):
    def fail(*_args, **_more):
        raise RuntimeError("a fault")

    monkeypatch.setattr("milepost.people.views.everybody.render", fail)
    monkeypatch.setattr("milepost.credentials.views.visitor.render", fail)
    answer = Client(raise_request_exception=False).get("/verify/", secure=True)
    assert (answer.status_code, troubles_of(answer, "")) == (500, [])


def test_a_style_sheet_is_kept_and_shared_with_no_other_site(over_https, settings, tmp_path):
    (tmp_path / "a.css").write_text("a {}")
    settings.STATIC_ROOT = tmp_path
    answer = Client().get("/static/a.css", secure=True)
    assert answer.headers["Cache-Control"] == "max-age=3600, public"
    assert troubles_of(answer, "") == ["kept"]


def test_over_plain_http_nothing_says_that_there_is_tls(db):
    answer = Client().get("/accounts/login/")
    assert "Strict-Transport-Security" not in answer.headers
    assert "csrftoken" in answer.cookies
    assert not answer.cookies["csrftoken"]["secure"]


ASK = """
import json; from milepost.core.starting import set_up; set_up()
from django.test import Client
answer = Client().post("/language/", {"language": "fr"}, headers={"Host": "learn.example.org", "X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.7"})
from django.conf import settings
COOKIES = [("SESSION", "SECURE"), ("SESSION", "HTTPONLY"), ("SESSION", "SAMESITE"), ("CSRF", "SECURE"), ("CSRF", "SAMESITE")]
names = settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME
flags = ["DEBUG", *(f"{name}_COOKIE_{flag}" for name, flag in COOKIES)]
flags = {name: getattr(settings, name) for name in flags}
print(json.dumps([answer.status_code, dict(answer.headers), answer.cookies.output(header=""), names, flags]))
"""


def test_behind_a_proxy_with_tls_cookies_belong_to_this_host_and_browsers_come_back_over_https(tmp_path):
    variables = {
        "MILEPOST_BASE_URL": "https://learn.example.org",
        "MILEPOST_TRUSTED_PROXIES": "1",
        "MILEPOST_HSTS": "preload",
        "MILEPOST_SECRET_KEY": SECRET,
        "MILEPOST_DATA": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "milepost.config.settings",
    }
    asked = [sys.executable, "-c", ASK]
    done = subprocess.run(asked, env=clean_environment(**variables), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    status, headers, cookies, names, flags = json.loads(done.stdout)
    cookie = SimpleCookie(cookies)["__Host-django_language"]
    assert (status, names) == (302, ["__Host-sessionid", "__Host-csrftoken"])
    assert headers["Strict-Transport-Security"] == "max-age=63072000; includeSubDomains; preload"
    assert (cookie["path"], cookie["domain"], cookie["secure"], cookie["samesite"]) == ("/", "", True, "Lax")
    assert cookie["httponly"]
    assert flags == {
        "DEBUG": False,
        "SESSION_COOKIE_SECURE": True,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "CSRF_COOKIE_SECURE": True,
        "CSRF_COOKIE_SAMESITE": "Lax",
    }
