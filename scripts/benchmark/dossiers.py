"""The dossier of 10,000 people and 20 activities: how long it takes, and how much memory."""

import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from django.db import transaction

from benchmark.rows import Row
from milepost.core import clock
from milepost.courses.models import Course
from milepost.courses.outline import outline_of
from milepost.journal.keys import current_key
from milepost.journal.sealing import seal
from milepost.learning.models import Enrolment
from milepost.people.models import Member, Organisation


def dossier() -> list[Row]:
    """The dossier of 10,000 people and 20 activities, with every fact and certificate, as `milepost dossier` builds it."""
    from milepost.core.jobs import run_all
    from milepost.credentials.issuing import issue_missing
    from milepost.evidence.actions import ActionPlan, open_action

    organisation = Organisation.objects.get(slug="bench")
    course = Course.objects.select_related("published", "organisation").get(slug="twenty")
    lead = Member.objects.filter(organisation=organisation).earliest("pk")
    facts(course)
    now = clock.now()
    Enrolment.objects.filter(course=course, completed_at=None).update(completed_at=now, launched_at=now)
    issue_missing(course=course)
    run_all(queues=["files"])
    today = clock.today()
    plan = ActionPlan(
        title="Twenty",
        profile="internal",
        starts_on=today,
        ends_on=today,
        minutes=600,
        course=course,
        members=Member.objects.filter(organisation=organisation),
    )
    action = open_action(organisation=organisation, plan=plan, by=lead)
    seal(organisation.pk)
    with TemporaryDirectory() as folder:
        file = Path(folder, "dossier.zip")
        command = ["dossier", "build", action.reference, "--organisation", "bench", "--output", str(file)]
        took, memory = alone(command)
        checked, memory_checked = alone(["verify", str(file), "--key", current_key(organisation.pk).fingerprint])
        size = file.stat().st_size / 1e6
    return [
        {"work": "dossier of 10,000 people and 20 activities", "median": took, "unit": "ms", "note": f"{size:.0f} MB"},
        {"work": "memory of its building", "median": memory, "unit": "MB"},
        {"work": "verify that dossier offline", "median": checked, "unit": "ms"},
        {"work": "memory of its verifying", "median": memory_checked, "unit": "MB"},
    ]


def facts(course: Course) -> None:
    """A fact for each activity of each person, as if they had been learnt one by one."""
    from milepost.journal.recording import Fact, record_many
    from milepost.learning.facts import ACTIVITY_PROGRESSED

    activities = outline_of(course.published_id or 0).activities
    context = {"course": str(course.uid), "version": 1}
    members = list(Member.objects.filter(organisation=course.organisation).order_by("pk"))
    for start in range(0, len(members), 500):
        with transaction.atomic():
            record_many(
                (
                    Fact(ACTIVITY_PROGRESSED, member.as_reference(), activity.as_reference(), {"progress": 50}, context)
                    for member in members[start : start + 500]
                    for activity in activities
                ),
                organisation=course.organisation,
            )


def alone(arguments: list[str]) -> tuple[float, float]:
    """How long `milepost` with these arguments takes in processes of its own, in ms, and their most memory together, in MB."""
    began, most = time.perf_counter(), 0.0
    process = subprocess.Popen([sys.executable, "-m", "milepost.cli", *arguments], stdout=subprocess.DEVNULL)
    while process.poll() is None:
        most = max(most, _memory(process.pid))
        time.sleep(0.2)
    assert process.returncode == 0, arguments  # noqa: S101
    return 1000 * (time.perf_counter() - began), most


def _memory(process: int) -> float:
    """What the process and those that it started hold by now, in MB; what they share counts once (Pss, proc(5))."""
    kept = 0.0
    with suppress(OSError):  # it ends at this moment
        children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
        told = Path(f"/proc/{process}/smaps_rollup").read_text()
        kept = int(told.partition("\nPss:")[2].split()[0]) / 1024
        return kept + sum(_memory(int(child)) for child in children)
    return kept
