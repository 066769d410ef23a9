"""Requirements kept current: who is to do what, by when, and whoever is to gets a place in the course."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from milepost.audiences.evaluating import keep_current as keep_audiences
from milepost.audiences.saving import make_audience
from milepost.core import clock
from milepost.core.jobs import run_all
from milepost.journal.models import Entry
from milepost.journal.subscriptions import deliver_all
from milepost.learning.enrolling import enrol, reschedule
from milepost.learning.models import Enrolment
from milepost.learning.progressing import complete_activity
from milepost.people.absences import begin_absence
from milepost.people.models import Member, Site
from milepost.requirements.cycles import First, State
from milepost.requirements.models import Exemption, Requirement, Standing
from milepost.requirements.previewing import preview
from milepost.requirements.queries import broken, compliance_of, needs
from milepost.requirements.setting import (
    Asked,
    ExemptionRefused,
    NameTaken,
    OneOwn,
    RequirementRefused,
    change_requirement,
    end_exemption,
    end_requirement,
    exempt,
    resume_requirement,
    set_requirement,
)
from milepost.requirements.standing import keep_current
from tests.worlds import make_member, make_people, verbs

BEGIN = datetime(2026, 1, 5, 9, tzinfo=UTC)


def on(day):
    """At nine that day, whatever follows in the background done."""
    return clock.at(datetime(day.year, day.month, day.day, 9, tzinfo=UTC))


def live(organisation):
    """What the background does: facts are told, audiences and requirements looked at."""
    for _time in range(3):
        deliver_all()
        keep_audiences(organisation)
        keep_current(organisation)
        run_all()


def stand(member):
    return Standing.objects.get(member=member)


def complete(member, course, day):
    with on(day):
        enrolment = (
            Enrolment.objects.current()
            .select_related("member", "course", "organisation")
            .get(member=member, course=course)
        )
        for key in enrolment.outline.counted:
            step = enrolment.outline.by_key[key]
            complete_activity(enrolment=enrolment, activity=step, score=100, is_passed=True)


@pytest.fixture
def everybody(organisation, lead):
    with clock.at(BEGIN):
        return make_audience(organisation=organisation, name="Everybody", rule={"all": []}, by=lead)


@pytest.fixture
def asked(course, everybody):
    return Asked("Ladders", everybody, course, starts_on=BEGIN.date(), days=30, every_months=12)


@pytest.fixture
def requirement(organisation, lead, learner, asked):
    with clock.at(BEGIN):
        live(organisation)
        requirement = set_requirement(organisation=organisation, asked=asked, by=lead)
        live(organisation)
    return requirement


def test_whoever_is_in_the_audience_gets_a_place_due_on_their_day_because_of_the_requirement(requirement, learner):
    enrolment = Enrolment.objects.get(member=learner)
    assert enrolment.due == date(2026, 2, 4)
    assert (stand(learner).state, stand(learner).due_on) == (State.DUE, date(2026, 2, 4))
    fact = Entry.objects.get(verb="registered", actor_id=str(learner.uid)).content
    assert fact["context"]["requirement"]["name"] == "Ladders"


def test_whoever_is_hired_later_has_their_own_days(requirement, organisation):
    with on(date(2026, 6, 1)):
        newcomer = make_member(organisation, "nils", roles=[])
        live(organisation)
    assert stand(newcomer).due_on == date(2026, 7, 1)


def test_completing_is_noted_and_the_next_round_begins_before_it_is_due_again(
    requirement, organisation, course, learner
):
    complete(learner, course, date(2026, 1, 20))
    with on(date(2026, 1, 20)):
        live(organisation)
    assert (stand(learner).state, stand(learner).done_on) == (State.COMPLIANT, date(2026, 1, 20))
    with on(date(2026, 11, 20)):
        live(organisation)
    assert Enrolment.objects.filter(member=learner).count() == 1
    with on(date(2026, 11, 22)):  # sixty days before
        live(organisation)
    second = Enrolment.objects.get(member=learner, round=2)
    assert (second.due, stand(learner).state, stand(learner).is_covered) == (date(2027, 1, 20), State.DUE, True)
    complete(learner, course, date(2026, 12, 1))
    with on(date(2026, 12, 1)):
        live(organisation)
    assert (stand(learner).state, stand(learner).due_on) == (State.COMPLIANT, date(2027, 12, 1))


def test_looking_twice_changes_nothing(requirement, organisation, learner):
    before = Entry.objects.count()
    with clock.at(BEGIN + timedelta(hours=1)):
        Requirement.objects.update(stale_at=clock.now())
        assert keep_current(organisation) == 0
    assert Entry.objects.count() == before


def test_who_had_done_it_before_it_was_required_need_not_again(organisation, lead, learner, course, asked):
    with clock.at(BEGIN):
        enrol(member=learner, course=course, by=lead)
    complete(learner, course, BEGIN.date())
    with on(date(2026, 1, 10)):
        set_requirement(organisation=organisation, asked=asked, by=lead)
        live(organisation)
    assert stand(learner).state == State.COMPLIANT
    assert Enrolment.objects.filter(member=learner).count() == 1


def test_a_due_date_given_by_hand_stays_and_one_that_the_requirement_gave_moves(
    requirement, organisation, lead, learner
):
    with on(date(2026, 1, 10)):
        begin_absence(member=learner, begins=date(2026, 1, 10), ends=date(2026, 1, 19), by=lead)
        live(organisation)
    assert stand(learner).state == State.PAUSED
    with on(date(2026, 1, 20)):
        live(organisation)
    enrolment = Enrolment.objects.select_related("member", "course", "organisation").get(member=learner)
    assert (stand(learner).due_on, enrolment.due) == (date(2026, 2, 14), date(2026, 2, 14))
    with on(date(2026, 1, 21)):
        reschedule(enrolment=enrolment, due=date(2026, 3, 1), by=lead)
        begin_absence(member=learner, begins=date(2026, 1, 22), ends=date(2026, 1, 23), by=lead)
    with on(date(2026, 1, 24)):
        live(organisation)
    enrolment.refresh_from_db()
    assert (stand(learner).due_on, enrolment.due) == (date(2026, 2, 16), date(2026, 3, 1))


def test_who_leaves_the_audience_is_asked_nothing_and_keeps_what_they_did(requirement, organisation, course, learner):
    complete(learner, course, date(2026, 1, 20))
    with on(date(2026, 2, 1)):
        Member.objects.filter(pk=learner.pk).update(left_on=date(2026, 1, 31))
        requirement.audience.refresh_from_db()
        type(requirement.audience).objects.update(stale_at=clock.now())
        live(organisation)
    assert not Standing.objects.filter(member=learner).exists()
    assert Enrolment.objects.get(member=learner).completed_at


def test_exempt_is_who_somebody_decided_about_for_a_reason_and_until_it_ends(requirement, organisation, lead, learner):
    with on(date(2026, 1, 10)):
        made = exempt(requirement=requirement, member=learner, reason="Works from home", by=lead)
        live(organisation)
        assert stand(learner).state == State.EXEMPT
        with pytest.raises(ExemptionRefused):
            exempt(requirement=requirement, member=learner, reason="Again", by=lead)
    with on(date(2026, 4, 10)):
        live(organisation)
        assert stand(learner).state == State.EXEMPT
        end_exemption(exemption=made, by=lead)
    with on(date(2026, 4, 11)):
        live(organisation)
    assert stand(learner).state == State.DUE
    assert verbs(organisation).count("exempted") == verbs(organisation).count("ended-exemption") == 1


@pytest.mark.parametrize(("reason", "ends"), [("", None), ("  ", None), ("Good one", date(2025, 1, 1))])
def test_nobody_is_exempt_without_a_reason_or_until_a_day_that_passed(requirement, lead, learner, reason, ends):
    with pytest.raises(ExemptionRefused):
        exempt(requirement=requirement, member=learner, reason=reason, ends=ends, by=lead)
    assert not Exemption.objects.exists()


def test_nobody_decides_about_themselves(requirement, lead):
    with pytest.raises(OneOwn):
        exempt(requirement=requirement, member=lead, reason="I know it", by=lead)


def test_one_that_ended_asks_nothing_more_and_one_that_holds_again_asks_as_before(requirement, organisation, lead):
    with on(date(2026, 1, 6)):
        end_requirement(requirement=requirement, by=lead)
        newcomer = make_member(organisation, "nils", roles=[])
        live(organisation)
        assert not Enrolment.objects.filter(member=newcomer).exists()
        resume_requirement(requirement=requirement, by=lead)
        live(organisation)
    assert Enrolment.objects.filter(member=newcomer).exists()


def test_another_every_months_reaches_people_who_were_there_before(
    requirement, organisation, lead, course, learner, asked
):
    complete(learner, course, date(2026, 1, 20))
    with on(date(2026, 1, 20)):
        live(organisation)
        change_requirement(requirement=requirement, asked=replace(asked, every_months=6), by=lead)
        live(organisation)
    assert stand(learner).due_on == date(2026, 7, 20)


@pytest.mark.parametrize(
    "change",
    [
        {"name": " "},
        {"days": -1},
        {"every_months": 0},
        {"first": First.DAY},
        {"name": "x" * 121},
        {"opens_days": 10**6},
    ],
)
def test_what_makes_no_sense_is_refused_and_changes_nothing(organisation, lead, asked, change):
    with pytest.raises(RequirementRefused):
        set_requirement(organisation=organisation, asked=replace(asked, **change), by=lead)
    assert not Requirement.objects.exists()


def test_of_two_with_one_name_the_second_is_refused(requirement, organisation, lead, asked):
    with pytest.raises(NameTaken):
        set_requirement(organisation=organisation, asked=asked, by=lead)


# --- Looking ahead, and what is broken ------------------------------------------------------------------------


def test_what_is_seen_before_it_is_set_is_what_comes_about(organisation, lead, asked):
    make_people(organisation, 20)
    with clock.at(BEGIN):
        live(organisation)
        seen = preview(organisation=organisation, asked=asked)
        assert not Requirement.objects.exists()
        requirement = set_requirement(organisation=organisation, asked=asked, by=lead)
        live(organisation)
    assert seen.people == Standing.objects.count() == seen.to_enrol == Enrolment.objects.count()
    assert seen.states == {"due": seen.people}
    by_month = {month.first: month.times for month in seen.busy_months}
    assert by_month == {date(2026, 2, 1): seen.people, date(2027, 2, 1): seen.people}
    assert compliance_of(organisation)[requirement.pk].due == seen.people


def test_where_most_are_overdue_stands_first(requirement, organisation, learner):
    site = Site.objects.create(organisation=organisation, name="Oslo")
    Member.objects.filter(pk=learner.pk).update(site=site)
    make_member(organisation, "nils", roles=[], site=site)
    with on(date(2026, 2, 6)):
        live(organisation)
    with on(date(2026, 4, 1)):
        live(organisation)
    assert [(need.site, need.people) for need in needs(organisation)] == [("Oslo", 2), ("", 1)]


def test_a_requirement_that_can_come_about_for_nobody_is_named(requirement, organisation, course, lead):
    def alarms():
        rows = Requirement.objects.select_related("course", "audience")
        return broken(list(rows))

    assert alarms() == {}
    requirement.audience.refresh_from_db()
    type(requirement.audience).objects.update(size=0)
    assert "Nobody is in its audience" in alarms()[requirement.pk]
    type(requirement.audience).objects.update(archived_at=clock.now())
    assert "archived" in alarms()[requirement.pk]
    type(course).objects.update(published=None)
    assert "not published" in alarms()[requirement.pk]
