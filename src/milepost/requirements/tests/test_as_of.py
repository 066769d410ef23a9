"""What a page of a day long ago would have said follows from facts alone: two years of a small company, held against what was noted on each day."""

import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from milepost.audiences.models import Audience
from milepost.audiences.saving import make_audience
from milepost.core import clock
from milepost.learning.models import Enrolment
from milepost.learning.progressing import complete_activity
from milepost.people.absences import begin_absence
from milepost.people.editing import change_person
from milepost.people.models import Absence, Member, Site
from milepost.people.places import Place, rename_place
from milepost.requirements.as_of import stood
from milepost.requirements.cycles import Counted, First
from milepost.requirements.models import Exemption, Requirement, Standing
from milepost.requirements.setting import (
    Asked,
    change_requirement,
    end_exemption,
    end_requirement,
    exempt,
    resume_requirement,
    set_requirement,
)
from milepost.requirements.tests.test_standing import live
from tests.thorough import IS_THOROUGH
from tests.worlds import make_member

FIRST = date(2025, 1, 6)
DAYS, STEP = (730, 3) if IS_THOROUGH else (730, 30)


def noted(requirement):
    """How people stand by what is kept, by uid."""
    rows = Standing.objects.filter(requirement=requirement).select_related("member")
    return {str(row.member.uid): (row.state, row.due_on, row.done_on) for row in rows}


def told(requirement, day):
    """The same, from facts."""
    return {
        one.uid: (
            str(one.standing.state),
            one.standing.duty.due_on if one.standing.duty else None,
            one.standing.done_on,
        )
        for one in stood(requirement, day)
    }


class Company:
    """Somebody does something each day, as chance has it."""

    def __init__(self, organisation, lead, course, seed):
        self.chance, self.organisation, self.lead, self.course = random.Random(seed), organisation, lead, course
        self.people, self.acts = 0, []

    def day(self, day):
        with clock.at(datetime(day.year, day.month, day.day, 10, tzinfo=UTC)):
            for _time in range(self.chance.randint(0, 2)):
                act = self.chance.choice(
                    [self.hire, self.learn, self.learn, self.learn, self.leave, self.away, self.excuse]
                )
                act(day)

    def member(self):
        rows = Member.objects.active().filter(organisation=self.organisation).exclude(pk=self.lead.pk).order_by("pk")
        return self.chance.choice(list(rows)) if rows else None

    def hire(self, day):
        self.people += 1
        make_member(self.organisation, f"p{self.people}", roles=[])

    def learn(self, day):
        rows = Enrolment.objects.open().filter(course=self.course).select_related("member", "course", "organisation")
        if rows:
            enrolment = self.chance.choice(list(rows.order_by("pk")))
            for key in enrolment.outline.counted:
                step = enrolment.outline.by_key[key]
                complete_activity(enrolment=enrolment, activity=step, score=100, is_passed=True)

    def leave(self, day):
        if (member := self.member()) and self.chance.random() < 0.4:
            change_person(member=member, said={"left_on": day.isoformat()}, by=self.lead)

    def away(self, day):
        member = self.member()
        if member and not Absence.objects.filter(member=member).exists():
            begin_absence(
                member=member, begins=day, ends=day + timedelta(days=self.chance.randint(1, 90)), by=self.lead
            )

    def excuse(self, day):
        requirement, member = Requirement.objects.get(), self.member()
        if Exemption.objects.filter(ends=None) and self.chance.random() < 0.5:
            end_exemption(exemption=Exemption.objects.filter(ends=None).select_related("member").first(), by=self.lead)
        elif member and not Exemption.objects.filter(member=member).exists():
            ends = self.chance.choice([None, day + timedelta(days=40)])
            exempt(requirement=requirement, member=member, reason="Trains others", ends=ends, by=self.lead)


@pytest.mark.parametrize("seed", range(6 if IS_THOROUGH else 1))
def test_any_day_of_two_years_is_told_by_facts_as_it_was_noted_then(organisation, lead, course, seed):
    company, kept = Company(organisation, lead, course, seed), {}
    with clock.at(datetime(2025, 1, 6, 8, tzinfo=UTC)):
        everybody = make_audience(organisation=organisation, name="Everybody", rule={"all": []}, by=lead)
        live(organisation)
        asked = Asked("Ladders", everybody, course, starts_on=FIRST, days=30, every_months=6)
        requirement = set_requirement(organisation=organisation, asked=asked, by=lead)
    for number in range(0, DAYS, STEP):
        day = FIRST + timedelta(days=number)
        company.day(day)
        if number == STEP * 8:
            with clock.at(datetime(day.year, day.month, day.day, 11, tzinfo=UTC)):
                change_requirement(
                    requirement=requirement,
                    asked=replace(asked, every_months=3, counted=Counted.DUE, first=First.START, least_days=14),
                    by=lead,
                )
        with clock.at(datetime(day.year, day.month, day.day, 20, tzinfo=UTC)):
            Audience.objects.update(stale_at=clock.now())
            Requirement.objects.update(stale_at=clock.now())
            live(organisation)
        kept[day] = noted(requirement)
    for day, standings in kept.items():
        assert told(requirement, day) == standings, day
    assert any(len(standings) > 3 for standings in kept.values())


def test_nobody_stood_under_it_before_it_was_set_nor_after_it_ended(organisation, lead, course, learner):
    with clock.at(datetime(2026, 1, 5, 8, tzinfo=UTC)):
        everybody = make_audience(organisation=organisation, name="Everybody", rule={"all": []}, by=lead)
        live(organisation)
        asked = Asked("Ladders", everybody, course, starts_on=date(2026, 1, 5))
        requirement = set_requirement(organisation=organisation, asked=asked, by=lead)
    with clock.at(datetime(2026, 3, 5, 8, tzinfo=UTC)):
        end_requirement(requirement=requirement, by=lead)
    with clock.at(datetime(2026, 4, 5, 8, tzinfo=UTC)):
        resume_requirement(requirement=requirement, by=lead)
    counts = [len(stood(requirement, date(2026, month, 6))) for month in (1, 2, 3, 4)]
    assert counts == [2, 2, 0, 2]
    assert stood(requirement, date(2026, 1, 4)) == []


def test_sites_are_those_of_the_day_under_the_names_of_the_day(organisation, lead, course, learner):
    site = Site.objects.create(organisation=organisation, name="Oslo")
    with clock.at(datetime(2026, 1, 5, 8, tzinfo=UTC)):
        everybody = make_audience(organisation=organisation, name="Everybody", rule={"all": []}, by=lead)
        live(organisation)
        requirement = set_requirement(
            organisation=organisation, asked=Asked("Ladders", everybody, course, starts_on=date(2026, 1, 5)), by=lead
        )
        change_person(member=learner, said={"site": "Oslo"}, by=lead)
    with clock.at(datetime(2026, 2, 5, 8, tzinfo=UTC)):
        rename_place(place=Place("site", site), name="Kristiania", by=lead)

    def where(day):
        return {one.site for one in stood(requirement, day) if one.uid == str(learner.uid)}

    assert where(date(2026, 1, 5)) == {"Oslo"}
    assert where(date(2026, 2, 5)) == {"Kristiania"}
