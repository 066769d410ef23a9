"""What follows when somebody decides that a signature, on which a certificate rests, is of a person who was not there."""

from dataclasses import replace

import pytest

from milepost.classroom.closing import close_slot
from milepost.classroom.deciding import decide
from milepost.classroom.signing import sign
from milepost.classroom.tests.test_completing import SIGNING, close, done, make_drill, make_session, rows_of, slots_of
from milepost.core import clock
from milepost.credentials.models import Certificate
from milepost.credentials.revoking import revoke
from milepost.journal.models import Entry
from milepost.journal.subscriptions import deliver_all, replay
from milepost.learning.models import Enrolment
from milepost.people.models import Member
from tests.worlds import make_people

pytestmark = pytest.mark.django_db


@pytest.fixture
def crowd(organisation):
    make_people(organisation, 4)
    return Member.objects.filter(organisation=organisation, user=None).order_by("pk")


@pytest.fixture
def lent(organisation, crowd, lead):
    """Both half-days closed, of which the first two people signed on one phone."""
    drill = make_drill(organisation, crowd, lead)
    for slot in slots_of(drill):
        with clock.at(slot.starts_at):
            for number, row in enumerate(rows_of(slot, *crowd)):
                sign(attendance=row, signing=replace(SIGNING, devices=("d" if number < 2 else f"of {number}",)))
        with clock.at(slot.ends_at):
            close_slot(slot=slot, trainer=slot.session.trainers.get(), signing=SIGNING)
    deliver_all()
    return drill


def say(session, person, decision, lead):
    """Somebody decides about this person's signature of the morning, and what follows is told."""
    slot = slots_of(session)[0]
    (row,) = rows_of(slot, person)
    decide(slot=slot, seen={str(row.participant.uid): row.doubts_seen}, decision=decision, by=lead.as_reference())
    deliver_all()


def certificates_of(person):
    rows = Certificate.objects.filter(enrolment__member=person).order_by("pk")
    return [str(row.state) for row in rows]


def test_who_was_not_there_has_neither_step_nor_course_nor_certificate_any_more(lent, crowd, lead, organisation):
    assert done(lent) == [member.pk for member in crowd]
    say(lent, crowd[1], "not-there", lead)
    assert done(lent) == [crowd[0].pk, crowd[2].pk, crowd[3].pk]
    assert certificates_of(crowd[1]) == ["revoked"]
    assert certificates_of(crowd[0]) == ["valid"]
    enrolment = Enrolment.objects.get(member=crowd[1])
    assert (enrolment.done, enrolment.percent) == (0, 0)
    told = Entry.objects.filter(verb__in=("reopened", "revoked"), organisation_id=organisation.pk).order_by("id")
    assert [(entry.verb, entry.content["object"]["type"]) for entry in told] == [
        ("reopened", "activity"),
        ("reopened", "course"),
        ("revoked", "certificate"),
    ]


def test_what_was_taken_back_comes_back_with_the_decision(lent, crowd, lead):
    for decision in ("not-there", "there"):
        say(lent, crowd[1], decision, lead)
    assert done(lent) == [member.pk for member in crowd]
    assert certificates_of(crowd[1]) == ["revoked", "valid"]
    assert Certificate.objects.current().get(enrolment__member=crowd[1]).content["minutes_live"] == 420


def test_a_certificate_that_a_person_revoked_does_not_come_back(lent, crowd, lead):
    revoke(certificate=Certificate.objects.get(enrolment__member=crowd[1]), reason="Copied.", by=lead)
    for decision in ("not-there", "undecided"):
        say(lent, crowd[1], decision, lead)
    assert certificates_of(crowd[1]) == ["revoked"]


def test_a_decision_that_was_taken_back_before_it_was_told_changes_nothing(lent, crowd, lead):
    slot = slots_of(lent)[0]
    for decision in ("not-there", "undecided"):
        (row,) = rows_of(slot, crowd[1])
        decide(slot=slot, seen={str(row.participant.uid): row.doubts_seen}, decision=decision, by=lead.as_reference())
    deliver_all()
    assert (len(done(lent)), certificates_of(crowd[1])) == (4, ["valid"])


def test_who_was_in_another_session_of_the_step_keeps_it(lent, crowd, lead, organisation):
    other = make_session(lent.course, crowd[1:2], lead, days_ago=2)
    for slot in slots_of(other):
        close(slot, signed=crowd[1:2])
    deliver_all()
    say(lent, crowd[1], "not-there", lead)
    assert (len(done(lent)), certificates_of(crowd[1])) == (4, ["valid"])


def test_telling_decisions_again_takes_nothing_back_twice(lent, crowd, lead, organisation):
    say(lent, crowd[1], "not-there", lead)
    facts = Entry.objects.count()
    for name in ("live-steps", "certificates", "lapses"):
        replay(name, organisation.pk)
    deliver_all()
    assert Entry.objects.count() == facts
