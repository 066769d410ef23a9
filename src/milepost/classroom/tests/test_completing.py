from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from milepost.classroom.closing import close_slot
from milepost.classroom.correcting import Change, change_attendance
from milepost.classroom.deciding import decide
from milepost.classroom.models import Attendance, Sheet, Way
from milepost.classroom.registering import register_many
from milepost.classroom.scheduling import Plan, change_session, half_days, schedule_session
from milepost.classroom.signing import Circumstances, Signing, sign, take_offline
from milepost.core import clock
from milepost.core.jobs import run_all
from milepost.documents.signatures import Signature
from milepost.journal.models import Entry
from milepost.journal.subscriptions import deliver_all, replay
from milepost.learning.enrolling import enrol_many
from milepost.learning.models import Enrolment
from milepost.people.models import Member
from tests.worlds import make_course, make_people

pytestmark = pytest.mark.django_db
COURSE = {
    "course.md": "---\ntitle: Evacuation\nslug: evacuation\nsummary: Out.\nenrolment: open\ncompletion: required\n---\nHello.\n",
    "01-first/module.md": "---\ntitle: First\n---\n",
    "01-first/01-drill.live.md": "---\ntitle: The drill\n---\n\nWear shoes.\n",
}
DRAWN = '{"width":300,"height":160,"strokes":[[10,80,60,40,90,120,140,60,200,100]]}'
SIGNING = Signing(Signature.read(DRAWN), Way.PROJECTED, "I was there.", Circumstances("10.0.0.7", "Phone"))


def make_drill(organisation, people, lead, tree=COURSE):
    """A session of two half-days that is the course's only step, with these people in both."""
    course = make_course(organisation, tree, by=lead)
    enrol_many(members=people, course=course, by=lead)
    return make_session(course, people, lead, days_ago=1)


def make_session(course, people, lead, *, days_ago):
    plan = Plan(
        title="The drill",
        spans=half_days(clock.now().date() - timedelta(days=days_ago), ZoneInfo("UTC")),
        place="Depot",
        course=course,
        activity_key="01-first/01-drill",
    )
    organisation = course.organisation
    made = schedule_session(organisation=organisation, by=lead, plan=plan)
    made.trainers.create(organisation=organisation, session=made, name="Tess")
    register_many(session=made, members=people, by=lead)
    return made


@pytest.fixture
def crowd(organisation):
    make_people(organisation, 4)
    return Member.objects.filter(organisation=organisation, user=None).order_by("pk")


@pytest.fixture
def drill(organisation, crowd, lead):
    return make_drill(organisation, crowd, lead)


def rows_of(slot, *people):
    rows = Attendance.objects.filter(slot=slot).select_related("slot__session__organisation", "participant__member")
    return rows.filter(participant__member__in=people).order_by("pk")


def close(slot, *, signed):
    """These sign, and the trainer closes the half-day."""
    with clock.at(slot.starts_at):
        for row in rows_of(slot, *signed):
            sign(attendance=row, signing=SIGNING)
    with clock.at(slot.ends_at):
        return close_slot(slot=slot, trainer=slot.session.trainers.get(), signing=SIGNING)


def slots_of(session):
    return list(session.slots.select_related("session__organisation"))


def done(session):
    rows = Enrolment.objects.filter(course=session.course, completed_at__isnull=False)
    return list(rows.order_by("member").values_list("member", flat=True))


def test_whoever_was_there_has_done_the_step_once_every_half_day_is_closed(drill, crowd):
    morning, afternoon = slots_of(drill)
    close(morning, signed=crowd)
    deliver_all()
    assert done(drill) == []
    close(afternoon, signed=crowd[:3])
    deliver_all()
    assert done(drill) == [member.pk for member in crowd[:3]]
    statements = [fact.content for fact in Entry.objects.filter(verb="progressed")]
    assert {fact["result"]["minutes"] for fact in statements} == {420}


def test_a_sheet_that_can_t_be_made_holds_up_nobody(drill, crowd, monkeypatch):
    monkeypatch.setattr("milepost.classroom.sheets.render", lambda *_args, **_kwargs: 1 / 0)
    for slot in slots_of(drill):
        close(slot, signed=crowd)
    run_all(queues=["files"])
    deliver_all()
    assert Sheet.objects.get().pdf == ""
    assert len(done(drill)) == 4


def test_who_was_there_long_enough_is_what_the_course_says(organisation, crowd, lead):
    tree = COURSE | {
        "01-first/01-drill.live.md": COURSE["01-first/01-drill.live.md"].replace("title:", "attendance: 50\ntitle:")
    }
    drill = make_drill(organisation, crowd, lead, tree)
    morning, afternoon = slots_of(drill)
    close(morning, signed=crowd[:2])
    close(afternoon, signed=crowd[:1])
    deliver_all()
    assert done(drill) == [crowd[0].pk, crowd[1].pk]


def test_a_correction_completes_it_for_whoever_was_there_after_all(drill, crowd, lead):
    for slot in slots_of(drill):
        close(slot, signed=crowd[:3])
    deliver_all()
    for slot in slots_of(drill):
        (row,) = rows_of(slot, crowd[3])
        change_attendance(attendance=row, change=Change("present"), by=lead.as_reference(), why="Had no phone.")
    deliver_all()
    assert len(done(drill)) == 4


def test_a_correction_that_takes_presence_away_takes_no_completion_away(drill, crowd, lead):
    for slot in slots_of(drill):
        close(slot, signed=crowd)
    deliver_all()
    (row,) = rows_of(slots_of(drill)[0], crowd[0])
    change_attendance(attendance=row, change=Change("absent"), by=lead.as_reference(), why="Somebody else signed.")
    deliver_all()
    assert len(done(drill)) == 4


def test_a_correction_before_the_facts_were_told_counts(drill, crowd, lead):
    for slot in slots_of(drill):
        close(slot, signed=crowd)
    (row,) = rows_of(slots_of(drill)[0], crowd[0])
    change_attendance(attendance=row, change=Change("absent"), by=lead.as_reference(), why="Somebody else signed.")
    deliver_all()
    assert done(drill) == [member.pk for member in crowd[1:]]


def test_a_signature_that_came_late_counts_once_a_correction_takes_it(drill, crowd, lead):
    morning, afternoon = slots_of(drill)
    close(morning, signed=crowd)
    close(afternoon, signed=crowd[1:])
    (row,) = rows_of(afternoon, crowd[0])
    outcomes = take_offline(slot=afternoon, signings=[(str(row.participant.uid), SIGNING)])
    assert list(outcomes.values()) == ["closed"]
    deliver_all()
    assert len(done(drill)) == 3
    change_attendance(attendance=row, change=Change("present"), by=lead.as_reference(), why="Her phone was offline.")
    deliver_all()
    assert len(done(drill)) == 4


def test_a_half_day_that_is_dropped_after_the_other_was_closed_holds_up_nobody_and_no_sheet(drill, crowd, lead):
    morning, _afternoon = slots_of(drill)
    close(morning, signed=crowd)
    deliver_all()
    plan = Plan(
        title="The drill",
        spans=[(morning.starts_at, morning.ends_at)],
        place="Depot",
        course=drill.course,
        activity_key=drill.activity_key,
    )
    change_session(session=drill, plan=plan, by=lead)
    deliver_all()
    assert len(done(drill)) == 4
    run_all(queues=["files"])
    assert drill.sheets.get().pdf


def test_telling_it_again_completes_nothing_twice(drill, crowd, organisation):
    for slot in slots_of(drill):
        close(slot, signed=crowd)
    deliver_all()
    facts = Entry.objects.count()
    assert replay("live-steps", organisation.pk) == 2
    deliver_all()
    assert Entry.objects.count() == facts


def test_a_decision_before_the_closing_completes_for_nobody_who_was_not_there(drill, crowd, lead):
    for slot in slots_of(drill):
        with clock.at(slot.starts_at):
            for row in rows_of(slot, *crowd):
                sign(attendance=row, signing=replace(SIGNING, devices=("d",)))
    morning = slots_of(drill)[0]
    rows = list(rows_of(morning, *crowd[1:3]))
    decide(
        slot=morning,
        seen={str(row.participant.uid): row.doubts_seen for row in rows},
        decision="not-there",
        by=lead.as_reference(),
    )
    for slot in slots_of(drill):
        with clock.at(slot.ends_at):
            close_slot(slot=slot, trainer=slot.session.trainers.get(), signing=SIGNING)
    deliver_all()
    assert done(drill) == [crowd[0].pk, crowd[3].pk]
