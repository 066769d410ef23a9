"""Inside Django: the people and their course before the storm, and what of it is there afterwards. Prints JSON on the last line.

python -m storms.inside prepare 400
python -m storms.inside count acknowledged.json
python -m storms.inside                            # the same for each line that comes by standard input
"""

import json
import sys
import time
from collections import Counter
from pathlib import Path

from milepost.core.starting import set_up

set_up()

from benchmark.peer import sessions, taken_in
from django.core.management import call_command
from django.db import connection

from milepost.core.models import Job, State
from milepost.core.tables import read_table
from milepost.courses.files import InMemory
from milepost.credentials.models import Certificate
from milepost.documents import timestamps
from milepost.journal import subscriptions
from milepost.journal.models import Entry, Unfolded
from milepost.journal.sealing import unsealed
from milepost.journal.verification import verify
from milepost.learning.enrolling import enrol_many
from milepost.learning.models import Enrolment, Progress
from milepost.notices.models import Notice
from milepost.people.importing import HRFile, import_people
from milepost.people.models import Member, Organisation
from milepost.people.organisations import create_organisation
from storms.learners import KEYS

PATIENCE = 240.0  # seconds until everything that waits is done: the lease of a killed worker is a minute


def prepare(people: int) -> None:
    call_command("migrate", interactive=False, verbosity=0)
    organisation = create_organisation(slug="storm", name="Storm")
    rows = "\n".join(f"N{n:06},Given{n},Family{n},n{n}@storm.example,{('en', 'fr')[n % 2]}" for n in range(people))
    table = read_table(f"Employee number,First name,Last name,Email,Language\n{rows}\n".encode())
    import_people(organisation=organisation, file=HRFile(table))
    files = {"course.md": "---\ntitle: Storm\nslug: storm\nenrolment: open\n---\n\nTen pages.\n"}
    files["01-module/module.md"] = "---\ntitle: Module\n---\n"
    files |= {f"{key}.page.md": f"---\ntitle: {key[-7:]}\n---\n\nA page.\n" for key in KEYS}
    course = taken_in(organisation, InMemory({path: text.encode() for path, text in files.items()}))
    enrol_many(members=Member.objects.filter(organisation=organisation), course=course)
    sessions(organisation)


def count(file: str) -> None:
    until_nothing_waits()
    look(file)


def look(file: str) -> None:
    organisation = Organisation.objects.get(slug="storm")
    people = list(Member.objects.filter(organisation=organisation).order_by("pk"))
    said = {(str(people[person].uid), key) for person, key in json.loads(Path(file).read_text())}
    done = Progress.objects.filter(status="completed", organisation=organisation)
    kept = {(str(uid), key) for uid, key in done.values_list("enrolment__member__uid", "activity_key")}
    facts = Counter(
        Entry.objects.filter(organisation_id=organisation.pk, verb__in=["progressed", "completed"]).values_list(
            "fact", "actor_id", "object_id"
        )
    )
    completed = Enrolment.objects.filter(organisation=organisation).exclude(completed_at=None).count()
    report = {
        "acknowledged": len(said),
        "lost": len(said - kept),
        "facts": sum(facts.values()),
        "facts doubled": sum(number - 1 for number in facts.values()),
        "completions": completed,
        "certificates": Certificate.objects.filter(organisation=organisation).count(),
        "messages": Notice.objects.filter(organisation=organisation, kind__startswith="certificate").count(),
        "messages that may be twice": Notice.objects.filter(organisation=organisation, may_be_twice=True).count(),
        "jobs given up": Job.objects.filter(state=State.DEAD).count(),
        "left waiting": Job.objects.filter(seconds=None).count() + Unfolded.objects.count() + len(unsealed()),
        "what waits": [f"{job} {job.state} {job.reason}" for job in Job.objects.filter(seconds=None)[:20]],
        "journal": str(verify(organisation.pk).finding or "verifies"),
    }
    print(json.dumps(report))


def until_nothing_waits() -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        busy = Job.objects.filter(seconds=None).exclude(state=State.DEAD).exists()
        is_told = not Unfolded.objects.exists() and not subscriptions.is_behind()
        # What an authority owes a stamp while it rests is looked for again later: no job waits for it meanwhile.
        is_dated = not any(timestamps.owed())
        if not busy and is_told and is_dated and not unsealed() and not Notice.objects.due().exists():
            return
        time.sleep(1)


def do(what: str, argument: str) -> None:
    prepare(int(argument)) if what == "prepare" else {"count": count, "look": look}[what](argument)


def serve() -> None:
    """Do what each line says, and say an empty object where that says nothing."""
    for line in sys.stdin:
        do(*line.strip().split(maxsplit=1))
        connection.close()
        print("{}", flush=True)


if __name__ == "__main__":
    do(*sys.argv[1:]) if sys.argv[1:] else serve()
