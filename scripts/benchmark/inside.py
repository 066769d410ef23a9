"""What is measured inside Django: bulk work, certificates, seals, dossiers, and the cost of a page as an organisation grows.

Run by `scripts/bench.py` in a process of its own; prints its rows as JSON on the last line.
"""

import json
import random
import statistics
import sys
from pathlib import Path
from typing import Any

from milepost.core.starting import set_up

set_up()

from django.core.management import call_command
from django.db import connection, transaction

from benchmark.audiences import audiences
from benchmark.dossiers import dossier
from benchmark.peer import hr_file, live_session, open_the_video, progress, sessions, taken_in, twenty_activities
from benchmark.requirements import requirements
from benchmark.rows import Row, timed
from benchmark.sizes import sizes
from milepost.core import clock
from milepost.core.tables import read_table
from milepost.courses.files import Folder, InMemory
from milepost.courses.models import Course
from milepost.journal.sealing import seal
from milepost.learning.enrolling import enrol_many
from milepost.learning.models import Enrolment
from milepost.people.importing import HRFile, import_people
from milepost.people.models import Member, Organisation
from milepost.people.organisations import create_organisation

ROOT = Path(__file__).parents[2]


def main(what: str) -> None:
    if what == "prepare":
        rows = prepare()
    elif what == "dossier":
        rows = dossier()
    else:
        rows = [*signatures(), *certificates(), *seals(), *audiences(), *requirements()]
        if what == "work-and-sizes":
            rows += sizes()
    print(json.dumps(rows))


def prepare() -> list[Row]:
    """The peer's data, measured where the peer's was: import and enrolment. Leaves a session for everybody."""
    random.seed(20261123)
    call_command("migrate", interactive=False, verbosity=0)
    organisation = create_organisation(slug="bench", name="Bench")
    table = hr_file()
    imported = timed(lambda: import_people(organisation=organisation, file=HRFile(read_table(table))))
    course = taken_in(organisation, InMemory(twenty_activities()))
    video = taken_in(organisation, Folder(ROOT / "examples/courses/fire-safety"))
    everybody = Member.objects.filter(organisation=organisation)
    enrolled = timed(lambda: enrol_many(members=everybody, course=course))
    enrol_many(members=everybody, course=video)
    progress(course, share=0.6)
    open_the_video(video)
    sessions(organisation)
    live_session(organisation, list(everybody.order_by("pk")[:1_000]))
    seal(organisation.pk)  # so that the background worker has nothing to catch up with while pages are measured
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return [
        {"work": "import 10,000 people", "median": imported, "unit": "ms"},
        {"work": "enrol 10,000 people", "median": enrolled, "unit": "ms"},
    ]


def signatures() -> list[Row]:
    """None lost and none twice: what the table and the journal hold after the burst. Then sealing documents in bulk."""
    from milepost.classroom.models import Attendance
    from milepost.core.jobs import run_all
    from milepost.documents.composing import compose_many
    from milepost.documents.kinds import KINDS
    from milepost.documents.requesting import Party, Terms, request_many
    from milepost.journal.models import Entry

    signed = Attendance.objects.signed().count()
    entries = Entry.objects.filter(verb="signed").values("actor_id").distinct().count()
    assert signed == entries == Entry.objects.filter(verb="signed").count() == 1_000, (signed, entries)  # noqa: S101
    organisation = Organisation.objects.get(slug="bench")
    people = list(Member.objects.filter(organisation=organisation).order_by("pk")[:500])
    rows = [{"title": "House rules", "person": person.full_name} for person in people]

    def send() -> None:
        made = compose_many(
            organisation=organisation, kind=KINDS["non-disclosure"], rows=rows, language="en", by=people[0]
        )
        pairs = [
            (document, [Party(p.full_name, p.email or "", "", p)]) for document, p in zip(made, people, strict=True)
        ]
        request_many(pairs=pairs, terms=Terms(), by=people[0])

    asked = timed(send)
    making = timed(lambda: run_all(queues=["files"]))
    return [
        {"work": "ask 500 people to sign a document each", "median": asked, "unit": "ms"},
        {
            "work": "a document to sign: typeset, with its places",
            "median": making / 500,
            "unit": "ms",
            "rate": 500_000 / making,
        },
    ]


def certificates() -> list[Row]:
    """Issuing to thousands at once, and making their files."""
    from milepost.credentials.issuing import issue_missing
    from milepost.credentials.models import Certificate
    from milepost.credentials.typesetting import typeset

    course = Course.objects.get(slug="twenty")
    now = clock.now()
    Enrolment.objects.filter(course=course).update(completed_at=now, launched_at=now)
    issued = timed(lambda: issue_missing(course=course))
    times, size = [], 25
    for _batch in range(20):
        waiting = list(Certificate.objects.untypeset().select_related("organisation").order_by("pk")[:size])
        times.append(timed(lambda batch=waiting: typeset(batch)) / size)
    typical = statistics.median(times[1:])
    return [
        {"work": "issue 10,000 certificates", "median": issued, "unit": "ms"},
        {
            "work": "a certificate's file: typeset, seal, store, record",
            "median": typical,
            "p99": max(times[1:]),
            "unit": "ms",
            "rate": 1000 / typical,
        },
    ]


def seals() -> list[Row]:
    """Folding entries into the tree, verifying them, proving one."""
    from milepost.journal.models import Entry
    from milepost.journal.proofs import inclusion_proof
    from milepost.journal.verification import verify

    organisation = Organisation.objects.get(slug="bench")
    waiting = Entry.objects.filter(organisation_id=organisation.pk).count()
    before = seal(organisation.pk)
    add_entries(organisation, 100_000)
    took = timed(lambda: seal(organisation.pk))
    checked: list[Any] = []
    verified = timed(lambda: checked.append(verify(organisation.pk)))
    assert before and checked[0].finding is None, checked  # noqa: S101
    some = Entry.objects.filter(organisation_id=organisation.pk).order_by("id")[:: max(1, waiting // 200)]
    proofs = sorted(timed(lambda entry=entry: inclusion_proof(entry)) for entry in some[:400])
    return [
        {"work": "seal 100,000 entries", "median": took, "unit": "ms", "rate": 100_000 / took * 1000},
        {"work": "verify the journal", "median": verified, "unit": "ms", "rate": checked[0].checked / verified * 1000},
        {
            "work": "an inclusion proof",
            "median": statistics.median(proofs),
            "p99": proofs[int(len(proofs) * 0.99)],
            "unit": "ms",
        },
    ]


def add_entries(organisation: Organisation, count: int) -> None:
    from milepost.journal.recording import Fact, Reference, record_many
    from milepost.learning.facts import COURSE_COMPLETED

    course = Reference("course", "ladders", "Ladders", "ab" * 32)
    for start in range(0, count, 10_000):
        with transaction.atomic():
            record_many(
                [
                    Fact(
                        COURSE_COMPLETED,
                        Reference("member", f"m{n}", "Anna Berg"),
                        course,
                        {"score": 50},
                        {"version": 1},
                    )
                    for n in range(start, start + 10_000)
                ],
                organisation=organisation,
            )


if __name__ == "__main__":
    main(sys.argv[1])
