"""What is measured inside Django: bulk work, certificates, seals, and the cost of a page as an organisation grows.

Run by `scripts/bench.py` in a process of its own; prints its rows as JSON on the last line.
"""

import json
import os
import random
import statistics
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "milepost.config.settings")
import django

django.setup()

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.db import connection, transaction

from milepost.classroom.models import Participant
from milepost.core import clock
from milepost.core.tables import read_table
from milepost.courses.drafts import import_draft
from milepost.courses.files import Folder, InMemory
from milepost.courses.models import Course
from milepost.courses.outline import outline_of
from milepost.courses.publishing import publish
from milepost.journal.sealing import seal
from milepost.learning.enrolling import enrol_many
from milepost.learning.models import Enrolment, Progress
from milepost.people.granting import grant
from milepost.people.import_plan import plan_import
from milepost.people.importing import apply_import
from milepost.people.models import Member, Organisation, User
from milepost.people.organisations import create_organisation
from milepost.people.roles import Role
from milepost.people.sessions import SessionStore

ROOT = Path(__file__).parents[2]
PEOPLE = 10_000
PASSWORD = "correct horse battery"  # noqa: S105 - of people who live for a minute
Row = dict[str, Any]


def main(what: str) -> None:
    if what == "prepare":
        rows = prepare()
    elif what == "dossier":
        rows = dossier()
    else:
        rows = [*signatures(), *certificates(), *seals()]
        if what == "work-and-sizes":
            rows += sizes()
    print(json.dumps(rows))


def prepare() -> list[Row]:
    """The peer's data, measured where the peer's was: import and enrolment. Leaves a session for everybody."""
    random.seed(20261123)
    call_command("migrate", interactive=False, verbosity=0)
    organisation = create_organisation(slug="bench", name="Bench")
    table = hr_file()
    imported = timed(lambda: apply_import(plan=plan_import(organisation=organisation, table=read_table(table))))
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


def timed(work: Any) -> float:
    began = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - began)


def hr_file() -> bytes:
    lines = [
        "Employee number,First name,Last name,Email,Site,Department,Seniority,Job title,Manager,Hire date,Language"
    ]
    lines += [
        f"E{n:05},Given{n},Family{n},p{n}@bench.example,Site {n % 40},Area {n % 20} / Team {n % 100},"
        f"{('Junior', 'Senior')[n % 2]},Engineer,{f'E{(n - 1) // 10:05}' if n else ''},2020-03-31,en"
        for n in range(PEOPLE)
    ]
    return "\n".join(lines).encode()


def twenty_activities() -> dict[str, bytes]:
    """15 pages and 5 quizzes of 10 single-choice questions, in 5 modules."""
    files = {"course.md": "---\ntitle: Twenty\nslug: twenty\nenrolment: open\n---\n\nTwenty activities.\n"}
    text = (
        "A paragraph of ordinary length, as people write it, with **bold** words and a [link](https://example.org).\n\n"
    )
    for module in range(5):
        folder = f"{module:02}-module"
        files[f"{folder}/module.md"] = f"---\ntitle: Module {module}\n---\n"
        for page in range(3):
            files[f"{folder}/{page:02}-page.page.md"] = f"---\ntitle: Page {module}.{page}\n---\n\n{text * 12}"
        questions = "".join(
            f"## Question {number} of module {module}?\n\n- [x] yes\n- [ ] no\n- [ ] perhaps\n- [ ] never\n\n"
            for number in range(10)
        )
        files[f"{folder}/09-quiz.quiz.md"] = f"---\ntitle: Quiz {module}\npass_mark: 50\n---\n\n{questions}"
    return {path: content.encode() for path, content in files.items()}


def taken_in(organisation: Organisation, files: Any) -> Course:
    course = import_draft(organisation=organisation, files=files)
    publish(course=course)
    return Course.objects.select_related("published", "organisation").get(pk=course.pk)


def progress(course: Course, *, share: float) -> None:
    """Completions at random, straight into the table: their making is not what is measured."""
    outline, now = outline_of(course.published_id or 0), clock.now()
    rows: list[Progress] = []
    with transaction.atomic():
        for enrolment in Enrolment.objects.filter(course=course):
            done = [activity for activity in outline.activities if random.random() < share]
            rows += [
                Progress(
                    organisation_id=enrolment.organisation_id, enrolment=enrolment, activity_key=activity.key,
                    digest=activity.digest, status="completed", completed_at=now,
                    score=80.0 if activity.is_assessment else None,
                )
                for activity in done
            ]  # fmt: skip
            enrolment.done, enrolment.launched_at = min(len(done), enrolment.total), now
            if len(rows) > 20_000:
                Progress.objects.bulk_create(rows, batch_size=2_000)
                rows.clear()
        Progress.objects.bulk_create(rows, batch_size=2_000)
        Enrolment.objects.filter(course=course).update(launched_at=now)


def open_the_video(course: Course) -> None:
    """Everybody sat down before the video an hour ago, so that beats are believed."""
    key = "02-recognise-a-fire/02-extinguishers"
    activity = outline_of(course.published_id or 0).by_key[key]
    then = clock.now() - timedelta(hours=1)
    Progress.objects.bulk_create(
        [
            Progress(
                organisation_id=enrolment.organisation_id,
                enrolment=enrolment,
                activity_key=key,
                digest=activity.digest,
                started_at=then,
            )
            for enrolment in Enrolment.objects.filter(course=course)
        ],
        batch_size=2_000,
    )


def sessions(organisation: Organisation) -> None:
    """An account and a session for everybody, and the keys in a file. The first person leads."""
    members = list(Member.objects.filter(organisation=organisation).order_by("pk"))
    hashed = make_password(PASSWORD)
    users = User.objects.bulk_create(
        [User(email=member.email or "", password=hashed) for member in members], batch_size=2_000
    )
    from allauth.account.models import EmailAddress

    EmailAddress.objects.bulk_create(
        [EmailAddress(user=user, email=user.email, primary=True, verified=True) for user in users], batch_size=2_000
    )
    for member, user in zip(members, users, strict=True):
        member.user = user
    Member.objects.bulk_update(members, ["user"], batch_size=500)
    grant(member=members[0], role=Role.OWNER)
    auth_hash = users[0].get_session_auth_hash()  # the same for all, since the password is
    store, keys = SessionStore(), []
    rows = []
    for number, user in enumerate(users):
        keys.append(f"bench{number:027}")
        data = {
            "_auth_user_id": str(user.pk),
            "_auth_user_backend": settings.AUTHENTICATION_BACKENDS[0],
            "_auth_user_hash": auth_hash,
        }
        rows.append(
            Session(session_key=keys[-1], session_data=store.encode(data), expire_date=clock.now() + timedelta(days=9))
        )
    Session.objects.bulk_create(rows, batch_size=2_000)
    (settings.ENVIRONMENT.data / "bench-sessions.json").write_text(json.dumps(keys))


def live_session(organisation: Organisation, people: list[Member]) -> None:
    """A half-day that goes on while the benchmark runs, with everybody's personal link in a file."""
    from milepost.classroom.models import Attendance
    from milepost.classroom.presence import personal_link
    from milepost.classroom.registering import register_many
    from milepost.classroom.scheduling import Plan, schedule_session
    from milepost.people.settings import change

    change(organisation=organisation, values={"mails_link": False, "remind_before": None, "remind_unsigned": "never"})
    now = clock.now()
    plan = Plan(title="All hands", spans=[(now - timedelta(minutes=5), now + timedelta(hours=6))], place="Everywhere")
    session = schedule_session(organisation=organisation, plan=plan, by=people[0])
    register_many(session=session, members=people)
    Participant.objects.filter(session=session).update(invited_sequence=0)  # nobody is mailed
    links = [personal_link(row) for row in Attendance.objects.filter(slot__session=session)]
    (settings.ENVIRONMENT.data / "bench-signing.json").write_text(json.dumps(links))


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
        {"work": "a document to sign: typeset, with its places", "median": making / 500, "unit": "ms", "rate": 500_000 / making},
    ]  # fmt: skip


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
    action = open_action(
        organisation=organisation,
        plan=ActionPlan(
            title="Twenty",
            profile="internal",
            starts_on=today,
            ends_on=today,
            minutes=600,
            course=course,
            members=Member.objects.filter(organisation=organisation),
        ),
        by=lead,
    )
    seal(organisation.pk)
    with TemporaryDirectory() as folder:
        file = Path(folder, "dossier.zip")
        command = ["dossier", "build", action.reference, "--organisation", "bench", "--output", str(file)]
        took, memory = alone(command)
        checked, memory_checked = alone(["verify", str(file)])
        size = file.stat().st_size / 1e6
    return [
        {"work": "dossier of 10,000 people and 20 activities", "median": took, "unit": "ms", "note": f"{size:.0f} MB"},
        {"work": "memory of its building", "median": memory, "unit": "MB"},
        {"work": "verify that dossier offline", "median": checked, "unit": "ms"},
        {"work": "memory of its verifying", "median": memory_checked, "unit": "MB"},
    ]


def alone(arguments: list[str]) -> tuple[float, float]:
    """How long `milepost` with these arguments takes in a process of its own, in ms, and its most memory, in MB."""
    began = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", "milepost.cli", *arguments], stdout=subprocess.DEVNULL)
    _pid, status, used = os.wait4(process.pid, 0)
    assert status == 0, arguments  # noqa: S101
    return 1000 * (time.perf_counter() - began), used.ru_maxrss / 1024


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
                (Fact(ACTIVITY_PROGRESSED, member.as_reference(), activity.as_reference(), {"progress": 50}, context)
                 for member in members[start : start + 500] for activity in activities),
                organisation=course.organisation,
            )  # fmt: skip


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
        {"work": "a certificate's file: typeset, seal, store, record", "median": typical, "p99": max(times[1:]), "unit": "ms", "rate": 1000 / typical},
    ]  # fmt: skip


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
        {"work": "an inclusion proof", "median": statistics.median(proofs), "p99": proofs[int(len(proofs) * 0.99)], "unit": "ms"},
    ]  # fmt: skip


def add_entries(organisation: Organisation, count: int) -> None:
    from milepost.journal.recording import Fact, Reference, record_many
    from milepost.learning.facts import COURSE_COMPLETED

    course = Reference("course", "ladders", "Ladders", "ab" * 32)
    for start in range(0, count, 10_000):
        with transaction.atomic():
            record_many(
                [Fact(COURSE_COMPLETED, Reference("member", f"m{n}", "Anna Berg"), course, {"score": 50}, {"version": 1}) for n in range(start, start + 10_000)],
                organisation=organisation,
            )  # fmt: skip


def sizes() -> list[Row]:
    """The cost of one learner's pages while the organisation grows to a million enrolments."""
    from django.test import Client

    settings.ALLOWED_HOSTS.append("testserver")
    organisation = create_organisation(slug="large", name="Large")
    course = taken_in(organisation, InMemory(twenty_activities()))
    member = Member.objects.create(organisation=organisation, email="one@large.example", given_name="One", family_name="Learner", user=User.objects.create_user("one@large.example"))  # fmt: skip
    enrol_many(members=Member.objects.filter(organisation=organisation), course=course)
    client = Client()
    client.force_login(member.user)
    page = "/large/learn/twenty/00-module/00-page/"
    rows, grown = [], 1
    for size in (1_000, 10_000, 100_000, 1_000_000):
        grow(course, size - grown)
        grown = size
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        for _warm in range(5):
            client.get(page)
        times = sorted(timed(lambda: client.get(page)) for _ in range(100))
        rows.append({"work": f"activity page among {size:,} enrolments, in process", "median": statistics.median(times), "p99": times[98], "unit": "ms"})  # fmt: skip
    return rows


def grow(course: Course, count: int) -> None:
    """Add people and their enrolments by SQL: their making is not what is measured."""
    begun = Member.objects.filter(organisation=course.organisation_id).count()
    series = {
        "postgresql": "SELECT generate_series(1, %s) AS n",
        "sqlite": "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < %s) SELECT n FROM s",
    }[connection.vendor]
    uid = {"postgresql": "gen_random_uuid()", "sqlite": "lower(hex(randomblob(16)))"}[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(
            f"""INSERT INTO people_member (uid, organisation_id, email, given_name, family_name, seniority, job_title, relation,
            language, time_zone, searchable) SELECT {uid}, %s, 'g' || (n + %s) || '@large.example', 'Given', 'Family' || n, '', '',
            'employee', '', '', 'given family' FROM ({series}) AS numbers""",  # noqa: S608
            [course.organisation_id, begun, count],
        )
        cursor.execute(
            """INSERT INTO learning_enrolment (organisation_id, member_id, course_id, version_id, enrolled_at, last_key, done, total)
            SELECT m.organisation_id, m.id, %s, %s, %s, '', 0, 20 FROM people_member m
            WHERE m.organisation_id = %s AND NOT EXISTS (SELECT 1 FROM learning_enrolment e WHERE e.member_id = m.id)""",
            [course.pk, course.published_id, clock.now(), course.organisation_id],
        )


if __name__ == "__main__":
    main(sys.argv[1])
