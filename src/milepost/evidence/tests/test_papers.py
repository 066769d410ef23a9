"""What an inspector compares first: one title, one reference, one sum of hours on all papers of an action."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from milepost.classroom.hours import Hours, hours_done
from milepost.credentials.issuing import reissue
from milepost.credentials.models import Certificate
from milepost.credentials.typesetting import page_of
from milepost.journal.models import Entry
from milepost.people.occasions import Occasion, occasions, occasions_in_course

DAY = date(2026, 11, 26)
THIS = Occasion("1", "A-1", "This year", DAY, DAY)
LAST = replace(THIS, uid="2", reference="A-0", starts_on=DAY - timedelta(days=365), ends_on=DAY - timedelta(days=365))


class Known:
    def __init__(self, *known):
        self.known = known

    def in_course(self, _course, members):
        return dict.fromkeys(members, self.known)

    def of_session(self, _session):
        return self.known


def test_a_certificate_has_the_title_and_the_reference_of_its_action_and_says_where_it_was(complete, organisation):
    organisation.postal_address, organisation.registration_number = "1 rue du Port, Nantes", "52 44 12345 44"
    organisation.save()
    complete.title = "Evacuation, with a drill"
    complete.save()
    old = Certificate.objects.current().first()
    new = reissue(certificate=old, by=complete.created_by)
    said = new.content
    assert (said["title"], said["action"]["reference"]) == (complete.title, complete.reference)
    assert (said["modalities"], said["places"], said["minutes_live"]) == (["room"], ["Hall"], 420)
    facts = dict(page_of(new)["facts"])
    assert facts["Place and modality"] == "Hall · workshop in a room"
    assert page_of(new)["organisation_facts"] == ["1 rue du Port, Nantes", "Registration number 52 44 12345 44"]
    told = Entry.objects.filter(fact="certificate.issued", object_id=str(new.uid)).get()
    assert told.content["context"]["action"] == str(complete.uid) == told.also
    stated = told.content["result"]
    assert (stated["title"], stated["places"], stated["registration"]) == (complete.title, ["Hall"], "52 44 12345 44")


@pytest.mark.parametrize("day", [DAY, DAY + timedelta(days=40)])
def test_of_two_actions_of_a_course_a_certificate_is_of_the_one_in_which_it_was_earned(db, day):
    with occasions.holding("test", Known(LAST, THIS)):
        assert occasions_in_course(0, {7: day})[7] == THIS


def test_of_an_action_that_came_later_it_is_not(db):
    with occasions.holding("test", Known(LAST, THIS)):
        assert occasions_in_course(0, {7: DAY - timedelta(days=3)})[7] == LAST


def test_within_an_action_no_half_day_of_another_session_counts(complete, people, session):
    mine = {"members": [people[0].pk], "course": complete.course_id}
    assert hours_done(**mine)[people[0].pk] == Hours(0, 420)
    assert hours_done(**mine, sessions=[session.pk])[people[0].pk] == Hours(0, 420)
    assert hours_done(**mine, sessions=[])[people[0].pk] == Hours(0, 0)
