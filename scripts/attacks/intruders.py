"""What an intruder tries anywhere: the data of others, forged requests, sessions, addresses, accounts."""

import csv
import io
import re
import statistics
import time

from openpyxl import load_workbook

from attacks.browser import HOST, Answer, Browser
from attacks.target import PASSWORD, Attempts, Target, tells

# --- Across organisations and roles ------------------------------------------------------------------------


def across_organisations(target: Target) -> Attempts:
    """The owner of another organisation, at every address of this one, and with this one's identifiers under their own."""
    eve = target.browser("eve")
    for route in target.routes:
        for method in (eve.get, eve.post):
            yield f"{method.__name__} {route['path']}", method(route["path"]).status != 404
            answer = method(route["swapped"])
            yield f"{method.__name__} {route['swapped']}", tells(answer) and "Aldermoor" in answer.text


def across_roles(target: Target) -> Attempts:
    """A learner, at every address that needs a role; and without signing in, at every address."""
    learner, nobody = target.browser("learner"), target.browser()
    for route in target.routes:
        for name in ("get", "post"):
            if route["needs"]:
                answer = getattr(learner, name)(route["path"])
                yield f"{name} {route['path']} as a learner", answer.status not in (403, 404, 405)
            answer = getattr(nobody, name)(route["path"])
            is_asked = answer.status == 302 and answer.location.startswith("/accounts/login/")
            yield f"{name} {route['path']} as nobody", not is_asked


# --- Browsers of others -------------------------------------------------------------------------------------


def forged_requests(target: Target) -> Attempts:
    """Forms that another site sends from the browser of somebody who is signed in."""
    lead = target.browser("lead")
    ways: list[tuple[str, dict[str, str]]] = [
        ("no token", {"X-CSRFToken": ""}),
        ("another token", {"X-CSRFToken": "d" * 32}),
        ("another origin", {"Origin": "https://evil.example"}),
        ("no origin", {"Origin": "null", "Referer": "https://evil.example/"}),
    ]
    for route in target.routes:
        for what, headers in ways:
            answer = lead.post(route["path"], {"name": "x"}, **headers)
            yield f"{what}: {route['path']}", answer.status not in (403, 404)
    for what, headers in ways:
        answer = target.browser().post(
            "/accounts/login/", {"login": target.known["emails"]["learner"], "password": PASSWORD}, **headers
        )
        yield f"{what}: signing in", answer.status != 403


RAW = re.compile(r"<script>alert|<img src=x|href=\"(?:javascript|data):", re.IGNORECASE)

SAFE = re.compile(r"(script-src 'self'|default-src 'none'|sandbox)\s*(;|$)")


def scripts_in_pages(target: Target) -> Attempts:
    """Names, titles and courses that hold scripts, on every page that shows them; and what the headers leave a script to do."""
    lead, learner = target.browser("lead"), target.browser("learner")
    slug, film, read = target.known["film"]
    paths = [route["path"] for route in target.routes] + [
        f"/aldermoor/people/?q={name}"
        for name in ("hostile", "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>')
    ]
    paths += [f"/aldermoor/documents/{target.known['document']}/", f"/aldermoor/sessions/{target.known['session']}/"]
    for path in paths:
        answer = lead.get(path)
        is_page = answer.headers.get("Content-Type", "").startswith("text/html")
        yield path, is_page and RAW.search(answer.text) is not None
        if is_page and answer.status == 200:
            policy = answer.headers.get("Content-Security-Policy", "")
            yield f"policy of {path}", not SAFE.search(policy)
    for path in (
        f"/aldermoor/catalogue/{slug}/",
        f"/aldermoor/learn/{slug}/{read}/",
        f"/aldermoor/learn/{slug}/{film}/",
    ):
        yield path, RAW.search(learner.get(path).text) is not None
    for code in ("<script>alert(1)</script>", '"><img src=x onerror=alert(1)>'):
        yield f"/verify/ {code}", RAW.search(target.browser().post("/verify/", {"code": code}).text) is not None


def formulas_in_exports(target: Target) -> Attempts:
    lead = target.browser("lead")
    for report in ("people", "progress", "questions", "sessions"):
        text = lead.get(f"/aldermoor/courses/ladders/numbers/{report}.csv")
        if text.status == 200:
            yield f"{report}.csv names nobody: what follows says nothing", report == "people" and "cmd" not in text.text
            for row in csv.reader(io.StringIO(text.text.removeprefix("\ufeff"))):
                for cell in row:
                    yield (
                        f"{report}.csv: {cell[:40]}",
                        cell.lstrip()[:1] in ("=", "+", "@", "\t") or cell.startswith("-c"),
                    )
        book = lead.get(f"/aldermoor/courses/ladders/numbers/{report}.xlsx")
        if book.status == 200:
            for row in load_workbook(io.BytesIO(book.content)).active.iter_rows():
                for cell in row:
                    yield f"{report}.xlsx: {str(cell.value)[:40]}", cell.data_type == "f"


# --- Sessions, addresses, accounts -----------------------------------------------------------------------------


def sign_in(target: Target, email: str, password: str = PASSWORD, **cookies: str) -> tuple[Browser, Answer]:
    browser = target.browser(cookies=dict(cookies))
    return browser, browser.post("/accounts/login/", {"login": email, "password": password, "form": "password"})


def stolen_sessions(target: Target) -> Attempts:
    """A session that the attacker chose, changed or kept from before."""
    cookie, email = target.known["cookie"], target.known["victims"][11]
    browser, answer = sign_in(target, email, **{cookie: "attackersession00000000000000000"})
    yield "signing in works", answer.status != 302  # or what follows would say nothing
    yield "a session that was chosen before is kept", browser.cookies.get(cookie, "").startswith("attacker")
    fixed = Browser(target.port, (cookie, target.known["csrf"]), "attackersession00000000000000000")
    yield "the chosen session is signed in", fixed.get("/aldermoor/").status == 200
    said = " ".join(answer.headers.get_all("Set-Cookie") or []).lower()
    yield (
        "the cookie can be read by scripts or over http",
        not ("httponly" in said and "secure" in said and "samesite=lax" in said),
    )
    kept = browser.cookies[cookie]
    yield "the new session is signed in nowhere", browser.get("/aldermoor/").status != 200
    for at in (0, 15, 31):
        turned = kept[:at] + ("a" if kept[at] != "a" else "b") + kept[at + 1 :]
        other = Browser(target.port, (cookie, target.known["csrf"]), turned)
        yield f"a session with another character {at}", other.get("/aldermoor/").status == 200
    browser.post("/accounts/logout/")
    after = Browser(target.port, (cookie, target.known["csrf"]), kept)
    yield "a session that was signed out", after.get("/aldermoor/").status == 200


ELSEWHERE = [
    "https://evil.example/",
    "//evil.example/",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "https:evil.example",
    "javascript:alert(1)",
    "/%09/evil.example",
    "https://milepost.example@evil.example/",
    "https://milepost.example.evil.example/",
]


def open_redirects(target: Target) -> Attempts:
    def leaves(answer: Answer) -> bool:
        place = answer.location.replace("\\", "/")
        return (
            bool(place)
            and not (place.startswith("/") and not place.startswith("//"))
            and not place.startswith((f"https://{HOST}/", "?"))
        )

    learner = target.browser("learner")
    for number, place in enumerate(ELSEWHERE):
        victim = target.known["victims"][number % 10]
        for path, sent in (
            ("/language/", {"language": "en", "next": place}),
            ("/accounts/login/", {"login": victim, "password": PASSWORD, "form": "password", "next": place}),
            ("/accounts/logout/", {"next": place}),
        ):
            yield f"{path} to {place}", leaves(target.browser().post(path, sent))
        yield f"signed in, to {place}", leaves(learner.get(f"/accounts/login/?next={place}"))


def forged_hosts(target: Target) -> Attempts:
    """The name of another site, in a header; what comes back and what is mailed must not hold it."""
    for headers in (
        {"Host": "evil.example"},
        {"X-Forwarded-Host": "evil.example"},
        {"Host": HOST, "Forwarded": "host=evil.example"},
        {"Host": f"{HOST}:80@evil.example"},
    ):
        for path in ("/accounts/login/", "/verify/", "/aldermoor/"):
            answer = target.browser().get(path, **headers)
            yield f"{path} {headers}", "evil.example" in answer.text + answer.location
        for path in ("/accounts/password/reset/", "/accounts/login/code/"):
            target.browser().post(path, {"email": target.known["victims"][9]}, **headers)
            yield f"mail of {path} {headers}", "evil.example" in target.mails()


def accounts_by_guess(target: Target) -> Attempts:
    """Whether an address is somebody's: by words, by status, by time."""
    shapes: list[Answer] = []

    def plain(answer: Answer, address: str) -> tuple[int, str]:
        text = re.sub(r'value="\w{40,}"|nonce="[^"]*"', "", answer.text.replace(address, "ADDRESS"))
        return answer.status, re.sub(r"\s+", " ", text) + answer.location

    known, unknown = target.known["victims"][:6], [f"nobody{number}@aldermoor.example" for number in range(6)]
    for path, field in (
        ("/accounts/password/reset/", "email"),
        ("/accounts/login/code/", "email"),
        ("/accounts/signup/", "email"),
    ):
        seen = [plain(target.browser().post(path, {field: address}), address) for address in (known[0], unknown[0])]
        yield f"words of {path}", seen[0] != seen[1]
    wrong = [plain(sign_in(target, address, "wrong wrong wrong")[1], address) for address in (known[1], unknown[1])]
    yield "words of a wrong password", wrong[0] != wrong[1]
    del shapes
    for path in ("/accounts/login/", "/accounts/password/reset/", "/accounts/login/code/"):
        times: dict[str, list[float]] = {"known": [], "unknown": []}
        for first, second in zip(known * 2, unknown * 2, strict=True):
            for whose, address in (("known", first), ("unknown", second)):
                sent = (
                    {"login": address, "password": "wrong wrong wrong", "form": "password"}
                    if path == "/accounts/login/"
                    else {"email": address}
                )
                began = time.perf_counter()
                target.browser().post(path, sent)
                times[whose].append(time.perf_counter() - began)
        fast, slow = sorted(statistics.median(spans) for spans in times.values())
        yield f"time of {path}: {fast * 1000:.0f} and {slow * 1000:.0f} ms", slow > 1.5 * fast + 0.03
