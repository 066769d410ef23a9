"""What the most expensive requests cost, read from /proc, and how long other people wait while eight attack at once."""

import os
import statistics
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from threading import Event, Thread
from typing import Any

from attacks.browser import Answer, Browser
from attacks.holes import files_of_members, files_of_strangers
from attacks.target import Target

SECONDS = 2.0  # of CPU for one request
MEGABYTES = 300
WAIT = 0.5  # seconds, of other people's pages, 95 of 100
TICKS = os.sysconf("SC_CLK_TCK")


def report(target: Target, pid: int, *, seconds: float) -> bool:
    """Print what was measured; whether all is within the bounds."""
    print("\n| request | CPU s | MB more |\n| --- | --- | --- |")
    rows = [(what, *_cost(pid, send)) for what, send in _requests(target)]
    for what, cpu, memory in sorted(rows, key=lambda row: -row[1]):
        print(f"| {what} | {cpu:.2f} | {memory:.0f} |")
    waits, sent = _wait_beside(target, seconds)
    p95 = statistics.quantiles(waits, n=20)[-1]
    load = os.getloadavg()[0]
    print(
        f"\n{sent} attacks by eight at once in {seconds:.0f} s: others' pages {statistics.median(waits) * 1000:.0f} ms in the median, "
        f"{p95 * 1000:.0f} ms p95, {max(waits) * 1000:.0f} ms at most, of {len(waits)} (load {load:.1f})."
    )
    print(f"\n| of {target.known['crowd']['count']:,} people | CPU s | MB more |\n| --- | --- | --- |")
    acts, undone = _acts_on_many(target, pid)
    for what, cpu, memory in sorted(acts, key=lambda row: -row[1]):
        print(f"| {what} | {cpu:.2f} | {memory:.0f} |")
    print("".join(f"\n- did nothing: {what}" for what in undone))
    is_cheap = all(cpu <= SECONDS and memory <= MEGABYTES for _what, cpu, memory in rows + acts)
    return is_cheap and p95 <= WAIT and not undone


def _requests(target: Target) -> Iterator[tuple[str, Callable[[], object]]]:
    lead = target.browser("lead")
    for what, content in files_of_strangers():
        yield (
            f"/verify/: {what}",
            lambda content=content: target.browser().post("/verify/", files={"file": ("a.pdf", content)}),
        )
    for what, path, field, name, content in files_of_members():
        yield what, lambda p=path, f=field, n=name, c=content: lead.post(p, {}, files={f: (n, c)})
    yield (
        "a wrong password",
        lambda: target.browser().post(
            "/accounts/login/", {"login": target.known["victims"][0], "password": "x" * 128, "form": "password"}
        ),
    )
    for route in target.routes:
        if route["route"].endswith(("numbers/", "people/", "journal/", ".<slug:form>", "people/<uuid:person>/")):
            yield route["path"], lambda p=route["path"]: lead.get(p)


def _acts_on_many(target: Target, pid: int) -> tuple[list[tuple[str, float, float]], list[str]]:
    """What each page before an act on everybody costs the web processes, the act, the page after it, and stopping and undoing it.

    And what was asked for in vain: whose cost says nothing. What jobs do meanwhile is theirs, so the processes that answer are asked alone.
    """
    rows, in_vain, web = [], [], next(one for one in _tree(pid) if "granian" in _command(one))
    for what, browser, path, sent, leads_to in _acts(target):
        answers: list[Answer] = []
        ask = partial(browser.get, path) if sent is None else partial(browser.post, path, sent)
        rows.append((what, *_cost(web, lambda ask=ask, answers=answers: answers.append(ask()))))  # type: ignore[misc]
        answer = answers[0]
        if answer.status not in (200, 302) or leads_to not in answer.location:
            in_vain.append(f"{what}: {answer.status} {answer.location}")
        if "/bulk-changes/" in answer.location:
            rows.append((f"the page of: {what}", *_cost(web, partial(browser.get, answer.location))))
            rows.append((f"stopping: {what}", *_cost(web, partial(browser.post, f"{answer.location}undoing/"))))
    return rows, in_vain


def _acts(target: Target) -> Iterator[tuple[str, Browser, str, dict[str, Any] | None, str]]:
    """What it is, who asks, where, the form that is sent (None: a page is read), and a part of the address that it leads to."""
    crowd = target.known["crowd"]
    lead, trainer = (
        Browser(target.port, (target.known["cookie"], target.known["csrf"]), crowd["session"]),
        target.browser(),
    )
    everybody, full, room = {"status": "all"}, f"/crowd/sessions/{crowd['full']['uid']}/", crowd["full"]["room"]
    courses, people, documents = "/crowd/courses/", "/crowd/people/", "/crowd/documents/bulk/"
    for path in (
        *("/crowd/", "/crowd/journal/", f"{people}?status=all", f"{people}roles/", f"{courses}", "/crowd/sessions/"),
        *(f"{courses}ladders/enrolments/", f"{courses}ladders/numbers/", f"{courses}ladders/certificates/"),
        *(f"{courses}ladders/numbers/people.csv", f"{courses}ladders/numbers/people.xlsx", f"{courses}ladders/"),
        *(full, f"{full}slots/{crowd['full']['slot']}/", f"{documents}?status=all"),
        *(
            f"{courses}{crowd['new']}/enrolments/new/?status=all",
            f"/crowd/sessions/{crowd['empty']}/participants/?status=all",
        ),
    ):
        yield f"reading {path}", lead, path, None, ""
    for name in ("", "list/", "device/", "closure/"):
        yield f"reading /room/…/{name}", trainer, room + name, None, ""
    yield "enrolling everybody", lead, f"{courses}{crowd['new']}/enrolments/new/", everybody, "/bulk-changes/"
    seats = f"/crowd/sessions/{crowd['empty']}/participants/"
    yield "adding everybody to a session", lead, seats, everybody | {"all": "1"}, "/bulk-changes/"
    yield "inviting everybody", lead, f"{people}invitations/", everybody | {"once": "a" * 32}, "/bulk-changes/"
    letter = {"q": "given1", "kind": "non-disclosure", "language": "en", "value-title": "T", "once": "b" * 32}
    yield "asking a thousand to sign", lead, documents, letter, "/bulk-changes/"
    yield "reminding everybody", trainer, f"{room}reminders/", {}, "/room/"
    yield "certificates for everybody", lead, f"{courses}ladders/certificates/", {}, "/certificates/"
    action = {"title": "All", "profile": "fr", "starts_on": "2026-11-01", "ends_on": "2026-11-30", "hours": "7"}
    action |= {"course": crowd["course"], "takes_course": "on", "sessions": crowd["full"]["key"], "language": "en"}
    yield "an action of everybody", lead, "/crowd/actions/new/", action, "/actions/"


def _command(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text()


def _cost(pid: int, send: Callable[[], object]) -> tuple[float, float]:
    """Seconds of CPU of all processes of the product, and the megabytes that came on top.

    What its workers did meanwhile is among it, so it is the most that the request can have cost.
    """
    time.sleep(0.3)
    before = _processor_times(pid)
    last, base, most, over = dict(before), _memory(pid), 0.0, Event()

    def watch() -> None:
        nonlocal most
        while not over.wait(0.01):
            last.update(_processor_times(pid))  # a child that reads a file is gone when it has answered
            most = max(most, _memory(pid))

    watcher = Thread(target=watch)
    watcher.start()
    send()
    time.sleep(0.2)
    over.set()
    watcher.join()
    return sum(seconds - before.get(one, 0.0) for one, seconds in last.items()), max(most - base, 0.0)


def _tree(pid: int) -> list[int]:
    """The process and all below it."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            parents.setdefault(int(fields[1]), []).append(int(entry.name))
    found, waiting = [], [pid]
    while waiting:
        one = waiting.pop()
        found.append(one)
        waiting += parents.get(one, [])
    return found


def _processor_times(pid: int) -> dict[int, float]:
    """Seconds of each process of the tree, without its children (proc_pid_stat(5): fields 14 and 15)."""
    times = {}
    for one in _tree(pid):
        try:
            fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        times[one] = (int(fields[11]) + int(fields[12])) / TICKS
    return times


def _memory(pid: int) -> float:
    """Megabytes that the processes of the tree have for themselves: what they share counts once (proc_pid_smaps(5): Pss)."""
    total = 0
    for one in _tree(pid):
        try:
            text = Path(f"/proc/{one}/smaps_rollup").read_text()
        except OSError:
            continue
        total += next((int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss_Anon:")), 0)
    return total / 1024


def _wait_beside(target: Target, seconds: float) -> tuple[list[float], int]:
    """How long each page of somebody else took meanwhile, and how many attacks were sent."""
    over, sent = Event(), [0] * 8
    strangers = [content for _what, content in files_of_strangers()]
    members = list(files_of_members())
    lead = target.browser("lead")

    def attack(number: int) -> None:
        while not over.is_set():
            turn = sent[number]
            try:
                if number % 2:
                    target.browser().post(
                        "/verify/", files={"file": ("a.pdf", strangers[(turn + number) % len(strangers)])}
                    )
                else:
                    _what, path, field, name, content = members[(turn + number) % len(members)]
                    lead.post(path, {}, files={field: (name, content)})
            except OSError:
                time.sleep(0.1)
            sent[number] += 1

    threads = [Thread(target=attack, args=(number,), daemon=True) for number in range(8)]
    for thread in threads:
        thread.start()
    waits, victim, deadline = [], target.browser("victim"), time.monotonic() + seconds
    while time.monotonic() < deadline:
        began = time.monotonic()
        answer = victim.get("/aldermoor/")
        waits.append(time.monotonic() - began if answer.status == 200 else seconds)
        time.sleep(0.1)
    over.set()
    for thread in threads:
        thread.join()
    return waits, sum(sent)
