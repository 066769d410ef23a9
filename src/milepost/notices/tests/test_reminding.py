"""Reminders that go out by themselves wait for whoever is away."""

from datetime import timedelta

from milepost.core import clock
from milepost.journal.recording import Reference
from milepost.notices.models import Notice
from milepost.notices.outbox import Said
from milepost.notices.reminding import tell_due
from milepost.people.absences import begin_absence, end_absence
from milepost.people.models import Absence, Member
from tests.worlds import make_member

TODAY = clock.today("Europe/Paris")


def days(count):
    return timedelta(days=count)


def test_whoever_is_away_is_not_reminded_by_itself_and_is_once_they_are_back(organisation, lead):
    kim = make_member(organisation, "kim", employee_number="7")
    begin_absence(member=kim, begins=TODAY - days(9), by=lead)

    def remind(person):
        def due():
            return Member.objects.filter(organisation=organisation, invited_at=None, employee_number="7")

        def said(member, stamp):
            return Said(member, Reference("member", str(member.uid), ""), stamp)

        return tell_due("invitation", due=due, noted="invited_at", said=said, person=person)

    assert (remind("pk"), Notice.objects.count()) == (0, 0)
    end_absence(absence=Absence.objects.get(), ends=TODAY - days(1), by=lead)
    assert (remind("pk"), Notice.objects.count()) == (1, 1)
