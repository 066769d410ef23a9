"""Certificates state the hours of what was done (docs/hours.md): own time and live apart, and nothing that was only planned."""

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from milepost.classroom.models import Attendance
from milepost.classroom.registering import register
from milepost.classroom.scheduling import Plan, half_days, schedule_session
from milepost.core import clock
from milepost.credentials.models import Certificate
from milepost.credentials.typesetting import page_of
from milepost.journal.subscriptions import deliver_all
from milepost.learning.enrolling import enrol
from milepost.learning.progressing import complete_activity
from tests.worlds import make_course

PAGE = "---\ntitle: {title}\nminutes: {minutes}\nrequired: {required}\n---\n\nText.\n"
COURSE = {
    "course.md": "---\ntitle: Ladders\nslug: ladders\nsummary: Stand.\nenrolment: open\ncompletion: required\n---\nHello.\n",
    "01-first/module.md": "---\ntitle: First\n---\n",
    "01-first/01-read.page.md": PAGE.format(title="Read", minutes=30, required="true"),
    "01-first/02-more.page.md": PAGE.format(title="More", minutes=45, required="false"),
    "01-first/03-last.page.md": PAGE.format(title="Last", minutes=20, required="true"),
}
DRILL = "---\ntitle: Drill\nminutes: 240\nrequired: false\n---\n\nCome.\n"


@pytest.fixture
def enrolment(organisation, lead, learner):
    return enrol(member=learner, course=make_course(organisation, COURSE, by=lead), by=lead)


def do(enrolment, *names):
    enrolment.refresh_from_db()
    for name in names:
        activity = enrolment.outline.by_key[f"01-first/{name}"]
        enrolment = complete_activity(enrolment=enrolment, activity=activity)
    return enrolment


def hours():
    deliver_all()
    content = Certificate.objects.get().content
    return content["minutes_at_a_distance"], content["minutes_live"]


def test_what_could_be_left_out_and_was_counts_nothing(enrolment):
    do(enrolment, "01-read", "03-last")
    assert hours() == (50, 0)


def test_what_could_be_left_out_and_was_done_counts(enrolment):
    do(enrolment, "01-read", "02-more", "03-last")
    assert hours() == (95, 0)


def test_what_a_later_version_took_out_counts_for_those_who_had_done_it(enrolment, organisation, lead):
    do(enrolment, "02-more")
    make_course(organisation, {path: text for path, text in COURSE.items() if "more" not in path}, by=lead)
    do(enrolment, "01-read", "03-last")
    assert hours() == (95, 0)


def test_what_was_done_before_it_changed_counts_as_it_was(enrolment, organisation, lead):
    do(enrolment, "01-read")
    changed = PAGE.format(title="Read", minutes=300, required="true") + "Much more.\n"
    make_course(organisation, COURSE | {"01-first/01-read.page.md": changed}, by=lead)
    do(enrolment, "03-last")
    assert hours() == (50, 0)


def test_the_same_content_counts_with_what_the_newest_version_states(enrolment, organisation, lead):
    do(enrolment, "01-read")
    text = PAGE.format(title="Read", minutes=25, required="true")
    make_course(organisation, COURSE | {"01-first/01-read.page.md": text}, by=lead)
    do(enrolment, "03-last")
    assert hours()[0] == 45


def test_live_hours_stand_apart(organisation, lead, learner):
    course = make_course(organisation, COURSE | {"01-first/04-drill.live.md": DRILL}, by=lead)
    enrolment = enrol(member=learner, course=course, by=lead)
    spans = half_days(date(2026, 11, 26), ZoneInfo("Europe/Paris"))
    plan = Plan(title="Drill", spans=spans, place="Depot", course=course, activity_key="01-first/04-drill")
    register(session=schedule_session(organisation=organisation, plan=plan, by=lead), member=learner)
    first = Attendance.objects.order_by("slot__starts_at").first()
    Attendance.objects.filter(pk=first.pk).update(attested_at=clock.now())
    do(enrolment, "01-read", "03-last")
    own, live = hours()
    assert (own, live) == (50, (first.slot.ends_at - first.slot.starts_at).total_seconds() // 60)
    facts = dict(page_of(Certificate.objects.get())["facts"])
    assert facts["Place and modality"] == "Depot · online, in one’s own time · workshop in a room"
