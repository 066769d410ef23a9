"""The classes of attacks: each yields what it tried, and whether that worked."""

import csv
import io
import json
import re
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from openpyxl import load_workbook

from attacks.browser import HOST, Answer, Browser
from tests import harmful

type Attempts = Iterator[tuple[str, bool]]
PASSWORD = "correct horse"  # noqa: S105 - of the people of the attacked world
NAMES = ("Nygård", "Aldermoor")
SIGNED = json.dumps({"text": "Jonas Nygård"})
OVER = (400, 403, 404, 405, 409, 410, 413, 429)


@dataclass
class Target:
    """The running product, and what an attacker may know of it (`attacks.inside.prepare`)."""

    port: int
    known: dict[str, Any]
    inside: Callable[[str], dict[str, Any]]
    data: Path

    def browser(self, who: str = "", **more: Any) -> Browser:
        session = self.known["sessions"][who] if who else ""
        return Browser(self.port, (self.known["cookie"], self.known["csrf"]), session, **more)

    @property
    def routes(self) -> list[dict[str, Any]]:
        routes: list[dict[str, Any]] = self.known["routes"]
        return routes

    def followed(self, browser: Browser, answer: Answer) -> Answer:
        """The page that a form led to: it is what says that there were too many tries."""
        return browser.get(answer.location) if answer.status == 302 else answer

    def mails(self) -> str:
        """Everything that was sent, as the outbox keeps it."""
        folder = self.data / "outbox"
        return "\n".join(path.read_text(errors="replace") for path in sorted(folder.rglob("*")) if path.is_file())


def tells(answer: Answer) -> bool:
    return answer.status == 200 and any(name in answer.text for name in NAMES)


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


# --- The ten holes ---------------------------------------------------------------------------------------------


def links_of_others(target: Target) -> Attempts:
    """A link for one use at the address of another, changed, and cut off."""
    known = target.known
    tokens = {
        "d": known["signatories"][0],
        "audit": known["audit"],
        "room": known["trainer"],
        "sign": known["seat"],
        "calendar": "",
        "unsubscribe": "",
        "invitations": "",
    }
    for use in tokens:
        end = ".ics" if use == "calendar" else "/"
        others = [token for name, token in tokens.items() if name != use and token]
        own = tokens[use]
        changed = [own[:-2] + ("AA" if own[-2:] != "AA" else "BB"), own[:-4], own.partition(".")[0]] if own else []
        for token in [*others, *changed, "a" * 45]:
            answer = target.browser().get(f"/{use}/{token}{end}")
            yield f"/{use}/{token[:12]}…", answer.status not in OVER


def costly_files(target: Target) -> Attempts:
    """Hole 1: what costs its reader far more than its sender. Any end is a page in words, within ten seconds."""
    lead = target.browser("lead")

    def seconds(send: Callable[[], Answer]) -> tuple[float, int]:
        began = time.monotonic()
        status = send().status
        return time.monotonic() - began, status

    for what, content in files_of_strangers():
        span, status = seconds(
            lambda content=content: target.browser().post("/verify/", files={"file": ("a.pdf", content)})
        )  # type: ignore[misc]
        yield f"{what}: {status} after {span:.1f} s", status in (500, 502, 504) or span > 12
    for what, path, field, name, content in files_of_members():
        span, status = seconds(lambda p=path, f=field, n=name, c=content: lead.post(p, {}, files={f: (n, c)}))  # type: ignore[misc]
        yield f"{what}: {status} after {span:.1f} s", status in (500, 502, 504) or span > 12


def files_of_strangers() -> Iterator[tuple[str, bytes]]:
    yield "fields in a circle", harmful.pdf_of_fields_in_a_circle()
    yield "pages in a circle", harmful.pdf_of_pages_in_a_circle()
    yield "fields that double", harmful.pdf_of_doubling_fields()
    yield "deep brackets", harmful.pdf_of_deep_brackets()
    yield "objects that expand", harmful.pdf_of_objects_that_expand()
    yield "many revisions", harmful.pdf_of_many_revisions()
    yield "a table of millions", harmful.pdf_whose_table_says_millions()
    yield "strings like codes", harmful.codes()
    yield "a badge without end", harmful.badge_without_end()


def files_of_members() -> Iterator[tuple[str, str, str, str, bytes]]:
    people, courses = "/aldermoor/people/imports/new/", "/aldermoor/courses/new/"
    yield (
        "a workbook of 2,000 rows by 16,384",
        people,
        "file",
        "a.xlsx",
        harmful.workbook({"A1": "Email", "XFD2000": "x"}),
    )
    yield "a page of 10 by 1000 points", "/aldermoor/documents/new/", "file", "a.pdf", harmful.pdf_with_page(10, 1000)
    yield "a page of a million points", "/aldermoor/documents/new/", "file", "a.pdf", harmful.pdf_with_page(1e6, 1e6)
    yield "a zip of 60,000 files", courses, "file", "a.zip", harmful.package_of_many()
    yield "a zip of 300 MB", courses, "file", "a.zip", harmful.package_that_unpacks()
    for what, text in harmful.markdown():
        page = {"course.md": b"---\ntitle: A\nslug: a\n---\n", "01-a/module.md": b"---\ntitle: A\n---\n"}
        sent = harmful.package(page | {"01-a/01-a.page.md": ("---\ntitle: A\n---\n" + text).encode()})
        yield f"a page with {what}", courses, "file", "a.zip", sent
    yield "a picture of 30,000 by 30,000", "/aldermoor/settings/", "logo", "a.png", harmful.png(30_000, 30_000)


def attached_people(target: Target) -> Attempts:
    """Holes 2 and 3: an HR file with somebody of another organisation, and with the number of an owner."""
    hr, eve = target.browser("hr"), target.browser("eve")
    before = target.inside("look")

    def take_in(text: str) -> None:
        answer = hr.post("/aldermoor/people/imports/new/", {}, files={"file": ("hr.csv", text.encode())})
        page = hr.get(answer.location).text
        seen = re.findall(r'name="seen" value="([^"]*)"', page)
        selects = re.findall(r'<select[^>]*name="(column-\d+)"(.*?)</select>', page, re.DOTALL)
        columns = {name: "".join(re.findall(r'value="([^"]*)"[^>]*\bselected', options)) for name, options in selects}
        hr.post(answer.location, columns | {"seen": "".join(seen), "apply": "1"})

    take_in("Email,First name,Last name\nnewcomer@aldermoor.example,New,N\neve@other.example,Eve,N\n")
    yield "nobody was imported: what follows says nothing", target.inside("look")["newcomers"] != 1
    yield "eve may be seen", eve.get("/aldermoor/").status == 200
    take_in("Employee number,First name,Last name,Email\n77,Claire,N,ravi2@aldermoor.example\n")
    after = target.inside("look")
    yield "eve was attached", after["attached"] != 0
    yield "the owner has another address", after["lead address"] != before["lead address"]
    hr.post(f"/aldermoor/people/{target.known['uids']['lead']}/roles/", {"role": "owner", "scope": "organisation"})
    hr.post(f"/aldermoor/people/{target.known['uids']['victim']}/roles/", {"role": "owner", "scope": "organisation"})
    yield "HR made an owner", target.inside("look")["owners"] != before["owners"]


def codes_walked_around(target: Target) -> Attempts:
    """Holes 4 and 8: a document that asks for a code, without it, and by trying codes."""
    token, other = target.known["signatories"][0], target.known["signatories"][1]
    before = target.inside("look")
    for path in ("pages/1/", "file/", "annexes/1/"):
        yield f"reading {path}", target.browser().get(f"/d/{token}/{path}").status not in OVER
    for path, sent in (
        ("", {"signature": SIGNED}),
        ("refusal/", {"reason": "No"}),
        ("delegation/", {"name": "Mallory", "email": "m@evil.example"}),
        ("delegation/", {"name": "pay at evil.example now", "email": "m@evil.example"}),
    ):
        yield f"{path or 'signing'}", target.browser().post(f"/d/{token}/{path}", sent).status not in OVER
    forged = target.browser()
    forged.cookies |= {f"document-{number:08x}": "x" for number in range(3)}
    yield "a cookie of one's own", forged.get(f"/d/{token}/file/").status == 200
    target.browser().post(f"/d/{token}/code/", {})
    stopped = 0
    for number in range(40):
        browser = target.browser()
        answer = target.followed(browser, browser.post(f"/d/{token}/code/", {"code": f"{number:06}"}))
        stopped += answer.status == 429 or "Too many" in answer.text
    yield f"more than 20 tries at one code in a day: {stopped} of 40 stopped", stopped < 15
    spoken = [
        target.browser().post("/sign/", {"code": f"{number:06}", "name": "Jonas Nygård"}).status for number in range(80)
    ]
    yield f"tries at a spoken code: {spoken.count(429)} of 80 stopped", 302 in spoken or spoken.count(429) == 0
    guess = target.browser().post("/sign/", {"code": target.known["spoken"], "name": "Mallory Nobody"})
    yield "the right spoken code, by nobody", guess.status == 302
    after = target.inside("look")
    for what in ("signed", "delegated"):
        yield f"{what}: {after[what] - before[what]}", after[what] != before[what]
    for _time in range(4):
        target.browser().post(f"/d/{other}/delegation/", {"name": "Mallory", "email": "m@evil.example"})
    yield "mail to a stranger", "m@evil.example" in target.mails()


def letters_that_stop_evidence(target: Target) -> Attempts:
    """Hole 5: letters of the world, and those that nobody can see."""
    token, lead = target.known["signatories"][2], target.browser("lead")
    target.browser().get(f"/d/{token}/")
    for text in ("a\u0000b", "a\u001bb", "\u202e\u202e"):
        answer = target.browser().post(f"/d/{token}/", {"signature": json.dumps({"text": text})})
        yield f"a name of {text!r}: {answer.status}", answer.status not in (200, 400)
    answer = target.browser().post(f"/d/{token}/", {"signature": json.dumps({"text": "王小明 😀"})})
    yield f"王小明 😀 can’t sign: {answer.status}", answer.status != 302
    for path in ("", "pages/1/", "file/"):
        yield f"the document {path}", lead.get(f"/aldermoor/documents/{target.known['document']}/{path}").status != 200
    yield "the signatory’s file", target.browser().get(f"/d/{token}/file/").status != 200


def files_by_their_hash(target: Target) -> Attempts:
    """Hole 6: any file of the organisation by its SHA-256."""
    for who in ("learner", "hr", "eve", "lead", ""):
        for digest in target.known["secrets"]:
            for name in ("a.pdf", "a.txt", "a.png"):
                answer = target.browser(who).get(f"/aldermoor/media/{digest}/{name}")
                yield f"{name} as {who or 'nobody'}", answer.status not in (302, 404)


def one_phone_for_two(target: Target) -> Attempts:
    """Hole 7: one phone signs for an absent colleague, the cookie thrown away between; the trainer must be told."""
    phone = "192.0.2.77"
    statuses = []
    for token in (target.known["seat"], target.known["other_seat"]):
        browser = target.browser(address=phone)
        browser.get(f"/sign/{token}/", **{"User-Agent": "Phone 1"})
        page = browser.get(f"/s/{target.known['slot']}/", **{"User-Agent": "Phone 1"})
        fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', page.text))
        answer = browser.post(
            f"/s/{target.known['slot']}/", fields | {"signature": SIGNED}, **{"User-Agent": "Phone 1"}
        )
        statuses.append(answer.status)
    doubted = target.inside("look")["doubted"]
    yield f"two signatures of one phone, {doubted} in doubt ({statuses})", statuses != [200, 200] or doubted < 2
    listed = target.browser().get(f"/room/{target.known['trainer']}/{target.known['slot']}/list/")
    yield "the trainer is not told", "doubt" not in listed.text.lower()


def learning_that_is_claimed(target: Target) -> Attempts:
    """Hole 9: a film by one request, a page that was not opened."""
    learner = target.browser("victim")
    slug, film, read = target.known["film"]
    beat = json.dumps({"position": 600, "ranges": [[0, 600]]}).encode()
    headers = {
        "Content-Type": "application/json",
        "X-CSRFToken": "c" * 32,
        "Referer": f"https://{HOST}/",
        "Origin": f"https://{HOST}",
    }
    for path, body in ((f"{film}/beat/", beat), (f"{film}/completion/", b"{}"), (f"{read}/completion/", b"{}")):
        learner.ask("POST", f"/aldermoor/learn/{slug}/{path}", body, headers)
    done = target.inside("look")["films done"]
    yield f"{done} steps of a course that nobody opened are done", done != 0
    learner.get(f"/aldermoor/learn/{slug}/{film}/")
    for _time in range(3):
        learner.ask("POST", f"/aldermoor/learn/{slug}/{film}/beat/", beat, headers)
    done = target.inside("look")["films done"]
    yield "ten minutes of a film in one second", done != 0


def forms_that_say_nothing(target: Target) -> Attempts:
    """Hole 10: a form that acts on people, without a selection."""
    lead, before = target.browser("lead"), target.inside("look")
    for route in target.routes:
        if "participants" in route["path"] or "enrolments/new" in route["path"] or "invitations" in route["path"]:
            lead.post(route["path"], {})
    after = target.inside("look")
    yield "everybody has a seat", after["seats of others"] != before["seats of others"]
    nobody = target.browser()
    nobody.post("/accounts/login/code/", {"email": target.known["emails"]["eve"], "next": "/aldermoor/"})
    mails = target.mails().rpartition("eve@other.example")[2]
    yield "the sign-in mail names another organisation", "Aldermoor" in mails


CLASSES: dict[str, Callable[[Target], Attempts]] = {
    "across organisations": across_organisations,
    "across roles": across_roles,
    "forged requests (CSRF)": forged_requests,
    "scripts in pages (XSS)": scripts_in_pages,
    "formulas in exports": formulas_in_exports,
    "sessions fixed, changed, kept": stolen_sessions,
    "open redirects": open_redirects,
    "forged hosts": forged_hosts,
    "accounts by words and time": accounts_by_guess,
    "links of another kind, changed": links_of_others,
    "1 costly files": costly_files,
    "2, 3 people attached, roles moved": attached_people,
    "4, 8 codes walked around, guessed": codes_walked_around,
    "5 letters that stop evidence": letters_that_stop_evidence,
    "6 files by their hash": files_by_their_hash,
    "7 one phone for two": one_phone_for_two,
    "9 learning that is claimed": learning_that_is_claimed,
    "10 forms that say nothing": forms_that_say_nothing,
}
