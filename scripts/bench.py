"""Measure the bulk work of the first journey on both databases: import, enrolment, pages. Prints a Markdown table.

`make bench`. Moodle's figures are those that were measured on a machine of the same size (2 cores, 24 GiB).
"""

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
PEOPLE = 10_000
PEER = {
    "import 10,000 people": 66.0,
    "enrol 10,000 people": 25.6,
    "course page": 0.074,
    "activity page with its completion": 0.056,
    "my learning": 0.052,
}


def main() -> None:
    from running import SECRET, clean_environment, postgresql

    rows: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        base = clean_environment(MILEPOST_SECRET_KEY=SECRET)
        rows["SQLite"] = _measure(base | {"MILEPOST_DATA": f"{folder}/sqlite"})
        with postgresql() as url:
            rows["PostgreSQL"] = _measure(
                base | {"MILEPOST_DATA": f"{folder}/postgresql", "MILEPOST_DATABASE_URL": url}
            )
    print("| work | " + " | ".join(rows) + " | Moodle | ratio (slower of the two) |\n| --- | --- | --- | --- | --- |")
    for work in rows["SQLite"]:
        values = [columns[work] for columns in rows.values()]
        peer = PEER.get(work)
        ratio = f"{peer / max(values):.1f} times" if peer else ""
        print(
            f"| {work} | "
            + " | ".join(_text(work, value) for value in values)
            + f" | {_text(work, peer) if peer else ''} | {ratio} |"
        )
    (ROOT / "build").mkdir(exist_ok=True)
    (ROOT / "build/bench.json").write_text(json.dumps(rows, indent=2))


def _text(work: str, value: float) -> str:
    if "memory" in work:
        return f"{value:.0f} MB"
    return f"{value:.2f} s" if value >= 1 else f"{value * 1000:.1f} ms"


def _measure(environment: dict[str, str]) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, __file__, "--inside"], env=environment, check=True, stdout=subprocess.PIPE, text=True
    )
    return dict(json.loads(done.stdout.splitlines()[-1]))


def _inside() -> None:
    """Run in a process of its own, with its own settings and its own memory."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "milepost.config.settings")
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", interactive=False, verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    told = {"import 10,000 people": 0.0, "import again, nothing new": 0.0, "memory of the import, resident": 0.0}
    from milepost.core.tables import read_table
    from milepost.courses.drafts import import_draft
    from milepost.courses.files import Folder
    from milepost.courses.models import Course
    from milepost.courses.publishing import publish
    from milepost.learning.enrolling import enrol_many
    from milepost.people.import_plan import plan_import
    from milepost.people.importing import apply_import
    from milepost.people.models import Member
    from milepost.people.organisations import create_organisation

    organisation = create_organisation(slug="bench", name="Bench")
    content = _hr_file()
    for work in ("import 10,000 people", "import again, nothing new"):
        began = time.perf_counter()
        apply_import(plan=plan_import(organisation=organisation, table=read_table(content)))
        told[work] = time.perf_counter() - began
    told["memory of the import, resident"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    course = import_draft(organisation=organisation, files=Folder(ROOT / "examples/courses/fire-safety"))
    publish(course=course)
    course = Course.objects.select_related("published").get(pk=course.pk)
    began = time.perf_counter()
    enrol_many(members=Member.objects.filter(organisation=organisation).active(), course=course)
    told["enrol 10,000 people"] = time.perf_counter() - began
    told |= _pages(organisation)
    print(json.dumps(told))


def _hr_file() -> bytes:
    lines = [
        "Employee number,First name,Last name,Email,Site,Department,Seniority,Job title,Manager,Hire date,Language"
    ]
    lines += [
        f"E{n:05},Given{n},Family{n},p{n}@bench.example,Site {n % 40},Area {n % 20} / Team {n % 100},{('Junior', 'Senior')[n % 2]},Engineer,"
        f"{f'E{(n - 1) // 10:05}' if n else ''},2020-03-31,en"
        for n in range(PEOPLE)
    ]  # fmt: skip
    return "\n".join(lines).encode()


def _pages(organisation: object) -> dict[str, float]:
    """Server time of pages, one after another, in this process: no network, no browser."""
    from django.conf import settings
    from django.test import Client

    from milepost.people.models import Member
    from milepost.people.signing_in import account_for

    settings.ALLOWED_HOSTS.append("testserver")
    clients = []
    for member in Member.objects.filter(organisation=organisation).order_by("pk")[:60]:
        user = account_for(member.email or "")
        Member.objects.filter(pk=member.pk).update(user=user)
        client = Client()
        client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
        clients.append(client)
    page = "/bench/learn/fire-safety/01-why-it-matters/01-two-minutes/"
    works = {
        "my learning": lambda client: client.get("/bench/"),
        "course page": lambda client: client.get("/bench/catalogue/fire-safety/"),
        "activity page with its completion": lambda client: (client.get(page), client.post(page + "completion/")),
    }
    told = {}
    for work, visit in works.items():
        for client in clients:
            client.get("/bench/")  # everybody has been here before
        visit(clients[0])
        times = []
        for client in clients[1:]:
            began = time.perf_counter()
            visit(client)
            times.append(time.perf_counter() - began)
        told[work] = statistics.median(times)
    return told


if __name__ == "__main__":
    _inside() if "--inside" in sys.argv else main()
