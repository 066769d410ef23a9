"""The data of the peer: 10,000 people, one course of 20 tracked activities, everybody enrolled, signed in and in a session."""

import json
import random
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.sessions.models import Session
from django.db import transaction

from milepost.classroom.models import Participant
from milepost.core import clock
from milepost.courses.drafts import import_draft
from milepost.courses.models import Course
from milepost.courses.outline import outline_of
from milepost.courses.publishing import publish
from milepost.learning.models import Enrolment, Progress
from milepost.people.granting import grant
from milepost.people.models import Member, Organisation, User
from milepost.people.roles import Role
from milepost.people.session_cookies import cookie_of
from milepost.people.sessions import SessionStore

PEOPLE = 10_000
PASSWORD = "correct horse battery"  # noqa: S105 - of people who live for a minute


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
                    organisation_id=enrolment.organisation_id,
                    enrolment=enrolment,
                    activity_key=activity.key,
                    digest=activity.digest,
                    status="completed",
                    completed_at=now,
                    score=80.0 if activity.is_assessment else None,
                )
                for activity in done
            ]
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
    organisation.second_factor_roles = []  # the first page is measured, not what leads elsewhere
    organisation.save(update_fields=["second_factor_roles"])
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
            "confirmed_at": (clock.now() + timedelta(days=9)).timestamp(),  # reports are not what asks who it is
        }
        rows.append(
            Session(session_key=keys[-1], session_data=store.encode(data), expire_date=clock.now() + timedelta(days=9))
        )
    Session.objects.bulk_create(rows, batch_size=2_000)
    (settings.ENVIRONMENT.data / "bench-sessions.json").write_text(json.dumps([*map(cookie_of, keys)]))


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
