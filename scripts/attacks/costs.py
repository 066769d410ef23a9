"""What the most expensive requests cost, read from /proc, and how long other people wait while eight attack at once."""

import os
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event, Thread

from attacks.classes import Target, files_of_members, files_of_strangers

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
    return all(cpu <= SECONDS and memory <= MEGABYTES for _what, cpu, memory in rows) and p95 <= WAIT


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
