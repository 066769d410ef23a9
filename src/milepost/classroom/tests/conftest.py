"""A session of today with a morning and an afternoon, eight people in it, and a trainer from outside."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from milepost.classroom.models import Attendance, Slot
from milepost.classroom.registering import register_many
from milepost.classroom.scheduling import Holder, Plan, half_days, schedule_session
from milepost.core import clock
from milepost.people.models import Member
from tests.worlds import make_people

DRAWN = '{"width":300,"height":160,"strokes":[[10,80,60,40,90,120,140,60,200,100],[210,90,260,70]]}'


@pytest.fixture
def people(organisation):
    make_people(organisation, 8)
    return list(Member.objects.filter(organisation=organisation, user=None).order_by("pk"))


@pytest.fixture
def session(organisation, lead, people):
    day = date(2026, 11, 26)
    plan = Plan(
        title="Evacuation drill",
        spans=half_days(day, ZoneInfo(organisation.time_zone)),
        place="Assembly hall",
        trainers=[Holder(name="Tess Okafor", email="tess@outside.example")],
    )
    made = schedule_session(organisation=organisation, plan=plan, by=lead)
    register_many(session=made, members=people, by=lead)
    return made


@pytest.fixture
def slots(session):
    return list(Slot.objects.select_related("session__organisation").filter(session=session))


@pytest.fixture
def trainer(session):
    return session.trainers.select_related("session__organisation").get()


@pytest.fixture
def morning(slots):
    """The clock stands ten minutes into the morning."""
    with clock.at(slots[0].starts_at + timedelta(minutes=10)):
        yield slots[0]


@pytest.fixture
def row_of(slots):
    def find(person, slot=None):
        rows = Attendance.objects.select_related("slot__session__organisation", "participant__member")
        return rows.get(participant__member=person, slot=slot or slots[0])

    return find
