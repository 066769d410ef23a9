"""An action under the `fr` profile with a course of steps, a session of two half-days and three people."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from milepost.classroom.models import Attendance
from milepost.classroom.registering import register_many
from milepost.classroom.scheduling import Holder, Plan, half_days, schedule_session
from milepost.classroom.signing import sign
from milepost.core import clock
from milepost.evidence.actions import ActionPlan, open_action
from milepost.evidence.tests.conftest import DAY, SIGNING
from milepost.learning.enrolling import enrol_many
from milepost.learning.models import Enrolment
from milepost.learning.progressing import complete_activity
from milepost.people.models import Member
from tests.worlds import activity, make_course, make_lead, make_organisation, make_people

COURSE = {
    "course.md": "---\ntitle: Evacuation\nslug: evacuation\nsummary: Out.\nenrolment: open\ncompletion: required\n---\nHello.\n",
    "01-first/module.md": "---\ntitle: First\n---\n",
    "01-first/01-read.page.md": "---\ntitle: Read\nminutes: 20\n---\n\nThree exits.\n",
    "01-first/02-more.page.md": "---\ntitle: More\nminutes: 25\n---\n\nFour exits.\n",
}
READ, MORE = "01-first/01-read", "01-first/02-more"
DURING = datetime(2026, 11, 26, 10, tzinfo=UTC)


@pytest.fixture
def organisation(db):
    with timezone.override("Europe/Paris"):
        yield make_organisation()


@pytest.fixture
def lead(organisation):
    return make_lead(organisation)


@pytest.fixture
def people(organisation):
    make_people(organisation, 3)
    return list(Member.objects.filter(organisation=organisation, user=None).order_by("pk"))


@pytest.fixture
def action(organisation, lead, people):
    return make_action(organisation, lead, people)


def make_action(organisation, lead, people):
    with clock.at(datetime(2026, 11, 1, 9, tzinfo=UTC)):
        course = make_course(organisation, COURSE, by=lead)
        enrol_many(members=Member.objects.filter(pk__in=[p.pk for p in people]), course=course, by=lead)
        session = schedule_session(
            organisation=organisation,
            by=lead,
            plan=Plan(
                title="Evacuation",
                spans=half_days(DAY, ZoneInfo("Europe/Paris")),
                place="Hall",
                trainers=[Holder(name="Tess Okafor", email="tess@outside.example")],
            ),
        )
        register_many(session=session, members=people, by=lead)
        plan = ActionPlan(
            title="Evacuation",
            profile="fr",
            starts_on=DAY,
            ends_on=DAY,
            minutes=465,
            course=course,
            sessions=[session],
            members=people,
        )
        return open_action(organisation=organisation, plan=plan, by=lead)


def sign_half_day(action, member, number):
    rows = Attendance.objects.filter(slot__session__actions=action, participant__member=member)
    row = rows.select_related("slot__session", "participant__member").order_by("slot__starts_at")[number]
    with clock.at(row.slot.starts_at):
        sign(attendance=row, signing=SIGNING)


def do_step(action, member, key, *, on=DURING):
    enrolment = Enrolment.objects.select_related("member", "course", "organisation").get(
        course=action.course, member=member
    )
    with clock.at(on):
        complete_activity(enrolment=enrolment, activity=activity(enrolment, key))
