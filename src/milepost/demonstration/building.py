"""Aldermoor: one company with 240 people, its courses, and three months of learning.

Everything goes through the verbs that the pages use, with the clock moved from day to day; one seed, so every run
tells the same story.
"""

import os
import random
import secrets
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.db import connection, transaction

from milepost.core import clock
from milepost.core.canonical import fingerprint
from milepost.core.refusals import Refused
from milepost.core.tables import read_table
from milepost.courses.drafts import import_draft
from milepost.courses.files import Folder
from milepost.courses.models import Course
from milepost.courses.publishing import publish
from milepost.demonstration import evidence
from milepost.demonstration.behaviour import Learner, habits_of
from milepost.journal.subscriptions import tell_all
from milepost.learning.enrolling import enrol, enrol_many
from milepost.learning.models import Enrolment
from milepost.people.granting import grant
from milepost.people.identity import state_identity
from milepost.people.importing import HRFile, import_people
from milepost.people.joining import join_first
from milepost.people.models import Member, Organisation, User
from milepost.people.organisations import create_organisation
from milepost.people.roles import Role
from milepost.people.signing_in import account_for

SLUG = "aldermoor"
SEED = 20261123
DAYS = 92
EXAMPLES = Path(__file__).parents[3] / "examples"
PASSWORD_FILE = "demonstration-password"  # noqa: S105 - the name of a file

# E-mail before the @, role, and what to look at as this person.
PEOPLE = (
    ("claire.fontaine", Role.LEAD, "L&D lead: courses, people, enrolments"),
    ("ellen.aldermoor", Role.OWNER, "owner: all of it, and roles"),
    ("ravi.menon", Role.HR, "HR: the HR file"),
    ("jonas.nygard", None, "learner: one late course, one begun"),
)

# What a progress bar is to this room: made with a label and a length, entered, and told of each step.
Progress = Callable[[str, int], AbstractContextManager[Any]]


class AlreadyBuilt(Refused):
    """The demonstration is there already."""

    sentence = f"The demonstration is there already, at /{SLUG}/. It is not built twice."

    def __str__(self) -> str:
        return f"The demonstration is there already, at /{SLUG}/. It is not built twice."


@dataclass
class Story:
    """What happens when."""

    organisation: Organisation
    today: datetime
    courses: dict[str, Course] = field(default_factory=dict)

    def day(self, number: int) -> datetime:
        """Ten in the morning of a day of the story, 0 for the first."""
        morning = datetime.combine(self.today.date(), time(10), tzinfo=UTC)
        return morning - timedelta(days=DAYS - number)

    def in_days(self, count: int) -> date:
        """A date counted from the end of the story."""
        return (self.today + timedelta(days=count)).date()


def is_built() -> bool:
    """Whether the demonstration is there."""
    return Organisation.objects.filter(slug=SLUG).exists()


def build(*, progress: Progress) -> str:
    """Build the demonstration; return the sign-ins to print. Raises `AlreadyBuilt`.

    All of it is one transaction: a build that is stopped leaves nothing behind.
    """
    if is_built():
        raise AlreadyBuilt
    today = clock.now()
    with transaction.atomic():
        with clock.at(today - timedelta(days=DAYS + 1)):
            organisation = create_organisation(slug=SLUG, name="Aldermoor", is_demonstration=True)
            organisation.certifier_name, organisation.certifier_quality = "Claire Fontaine", "Head of learning"
            organisation.postal_address = "12 quai des Lanternes, 69002 Lyon"
            organisation.registration_number = "84 69 12345 69"
            organisation.second_factor_roles = []  # whoever tries it comes in with the one password
            organisation.save()
            state_identity(organisation)
            story = Story(organisation, today)
            _import_people(story)
            _take_in_courses(story, progress)
        _let_learn(story, progress)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")  # the database knows how much there is before the first question about it
        with progress("Two training actions", 1) as bar:
            _tell_of_actions(story)
            bar.update(1)
        _open_accounts(story)
    return sign_ins()


def _import_people(story: Story) -> None:
    content = (EXAMPLES / "people.csv").read_bytes()
    file = HRFile(read_table(content), is_complete=True, name="people.csv", fingerprint=fingerprint(content))
    import_people(organisation=story.organisation, file=file)
    for local, role, _what in PEOPLE:
        if role:
            grant(member=_member(story, local), role=role)


def _member(story: Story, local: str) -> Member:
    return Member.objects.get(organisation=story.organisation, email=f"{local}@aldermoor.example")


def _take_in_courses(story: Story, progress: Progress) -> None:
    lead = _member(story, "claire.fontaine")
    folders = sorted(path for path in (EXAMPLES / "courses").iterdir() if path.is_dir())
    with progress("Taking in the courses", len(folders)) as bar:
        for folder in folders:
            course = import_draft(organisation=story.organisation, files=Folder(folder), by=lead)
            publish(course=course, by=lead)
            course.refresh_from_db()
            story.courses[course.slug] = course
            bar.update(1)


def _let_learn(story: Story, progress: Progress) -> None:
    """Three months, a day at a time: enrolments on their days, and everybody who feels like it learns a little."""
    chance = random.Random(SEED)  # noqa: S311 - a story, not a secret
    learners: list[Learner] = []
    with progress("Three months of learning", DAYS) as bar:
        for number in range(DAYS):
            with clock.at(story.day(number)):
                learners += [Learner(row, habits_of(row.member, chance)) for row in _enrolments_of_day(story, number)]
                if clock.now().weekday() < 5:
                    for learner in learners:
                        learner.live_a_day(chance)
                tell_all(story.organisation.pk)
            bar.update(1)


def _enrolments_of_day(story: Story, number: int) -> Iterator[Enrolment]:
    """Who is enrolled in what, when: the calendar of the story."""
    organisation, lead = story.organisation, _member(story, "claire.fontaine")
    everyone = Member.objects.filter(organisation=organisation).active()
    if number == 1:
        enrol_many(members=everyone, course=story.courses["fire-safety"], due=story.in_days(-9), by=lead)
        yield from _with_members(story, "fire-safety")
    elif number == 30:
        enrol_many(
            members=everyone.filter(language="en"),
            course=story.courses["data-protection"],
            due=story.in_days(22),
            by=lead,
        )
        enrol_many(
            members=everyone.filter(language="fr"),
            course=story.courses["protection-des-donnees"],
            due=story.in_days(22),
            by=lead,
        )
        yield from _with_members(story, "data-protection")
        yield from _with_members(story, "protection-des-donnees")
    elif number == 12:
        recent = everyone.filter(hire_date__gte=(story.today - timedelta(days=400)).date())
        for member in recent.order_by("pk"):
            enrol(member=member, course=story.courses["welcome"], by=lead)
        yield from _with_members(story, "welcome")


def _with_members(story: Story, slug: str) -> Iterator[Enrolment]:
    rows = Enrolment.objects.filter(course=story.courses[slug]).select_related("member__site", "course")
    yield from rows.order_by("member__employee_number")


def _tell_of_actions(story: Story) -> None:
    evidence.tell(
        organisation=story.organisation,
        lead=_member(story, "claire.fontaine"),
        courses=story.courses,
        first=story.day(0).date(),
        chance=random.Random(SEED + 1),  # noqa: S311 - a story, not a secret
    )


def _open_accounts(story: Story) -> None:
    password = _password()
    for local, _role, _what in PEOPLE:
        email = f"{local}@aldermoor.example"
        user = account_for(email) or User.objects.get(email=email)
        user.set_password(password)
        user.save(update_fields=["password"])
        EmailAddress.objects.filter(user=user).update(verified=True)
        join_first(user=user)


def _password() -> str:
    """One password for the demonstration's sign-ins, of this installation alone, kept in the data folder."""
    path = settings.ENVIRONMENT.data / PASSWORD_FILE
    if not path.exists():
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(9))
    return str(path.read_text().strip())


def sign_ins() -> str:
    """The demonstration's sign-ins, as lines to print."""
    lines = [f"  {local + '@aldermoor.example':<34} {what}" for local, _role, what in PEOPLE]
    return "\n".join([f"Sign in to Aldermoor (password for all: {_password()}):", *lines])
