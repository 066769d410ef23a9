"""Undoing that many were added to a session: seats are free again, whoever waits gets them, calendars are told."""

from datetime import timedelta
from uuid import uuid4

import pytest

from milepost.classroom.correcting import Change, change_attendance
from milepost.classroom.invitations import invite_due
from milepost.classroom.models import Attendance, LiveSession, Participant
from milepost.classroom.registering import RegistrationRefused, leave, register, register_many
from milepost.classroom.scheduling import cancel_session
from milepost.classroom.signing import sign
from milepost.classroom.tests.signatures import signing
from milepost.core import clock
from milepost.journal.models import Entry
from milepost.notices.models import Notice
from milepost.people.models import BulkAct, Member
from milepost.people.settings import change
from milepost.people.undoing import undo, undoable_by
from tests.worlds import make_member, make_people

SEATED, WAITING, LEFT = Participant.Status.SEATED, Participant.Status.WAITING, Participant.Status.LEFT


@pytest.fixture
def newcomers(organisation, session):
    """Four more, beside the eight in the session."""
    make_people(organisation, 12)
    there = session.participants.values("member")
    members = Member.objects.filter(organisation=organisation, user=None)
    return list(members.exclude(pk__in=there).order_by("pk"))


def added(session, members, lead):
    uid = uuid4()
    register_many(session=session, members=members, by=lead, act=uid)
    return BulkAct.objects.get(uid=uid)


def statuses(session, members):
    seats = dict(session.participants.values_list("member", "status"))
    return [seats[member.pk] for member in members]


def test_their_seats_and_attendances_are_gone_and_the_others_stay(session, newcomers, lead, people):
    act = added(session, newcomers, lead)
    assert undo(act=act, by=lead).taken_back == 4
    assert statuses(session, newcomers) == [LEFT] * 4
    assert statuses(session, people) == [SEATED] * 8
    assert Attendance.objects.filter(slot__session=session).count() == 16
    withdrew = Entry.objects.filter(verb="withdrew", about=str(session.uid))
    assert {entry.content["context"]["act"] for entry in withdrew} == {str(act.uid)}
    assert withdrew.count() == 4


def test_whoever_waited_before_gets_a_seat_and_nobody_of_the_act_does(session, newcomers, lead, people):
    LiveSession.objects.filter(pk=session.pk).update(capacity=10)
    act = added(session, newcomers, lead)
    assert statuses(session, newcomers) == [SEATED, SEATED, WAITING, WAITING]
    later = register(session=session, member=lead)
    assert later.status == WAITING
    undo(act=act, by=lead)
    assert statuses(session, newcomers) == [LEFT] * 4
    assert statuses(session, [lead]) == [SEATED]
    assert Attendance.objects.filter(participant__member=lead).count() == 2
    promoted = Entry.objects.filter(verb="registered", actor_id=str(lead.uid)).order_by("id").last()
    assert promoted.content["context"]["from"] == "waiting"
    assert Entry.objects.filter(verb="registered", about=str(session.uid)).count() == 8 + 4 + 2


def test_whoever_signed_gave_the_seat_up_or_came_back_keeps_what_they_have(session, newcomers, lead, morning):
    act = added(session, newcomers, lead)
    sign(attendance=Attendance.objects.get(slot=morning, participant__member=newcomers[0]), signing=signing())
    for member in newcomers[1:3]:
        leave(participant=session.participants.get(member=member), by=lead)
    with clock.at(clock.now() + timedelta(minutes=1)):
        register(session=session, member=newcomers[2], by=lead)
    undo(act=act, by=lead)
    assert statuses(session, newcomers) == [SEATED, LEFT, SEATED, LEFT]
    outcomes = dict(act.people.values_list("member", "outcome"))
    assert [outcomes[one.pk] for one in newcomers] == ["on-a-sheet", "gone", "added-again", "undone"]


def test_of_a_cancelled_session_everybody_keeps_what_they_have(session, newcomers, lead):
    act = added(session, newcomers, lead)
    cancel_session(session=session, reason="Snow", by=lead)
    assert undo(act=act, by=lead).taken_back == 0
    assert set(act.people.values_list("outcome", flat=True)) == {"cancelled"}


def test_an_invitation_that_waits_is_taken_back_and_one_that_left_is_cancelled(session, newcomers, lead, slots):
    with clock.at(slots[0].starts_at - timedelta(days=3)):
        invite_due()
        Notice.objects.update(state="sent", settled_at=clock.now())
        act = added(session, newcomers, lead)
        invite_due()
        gone = Notice.objects.filter(recipient=str(newcomers[0].uid))
        gone.update(state="sent", settled_at=clock.now())
        undo(act=act, by=lead)
        invite_due()
    said = {
        one: list(Notice.objects.filter(recipient=str(one.uid)).values_list("data__off", flat=True))
        for one in newcomers
    }
    assert said[newcomers[0]] == [False, True]
    assert [said[one] for one in newcomers[1:]] == [[], [], []]


def test_the_page_of_the_session_offers_to_undo_it(session, newcomers, lead, visit):
    client = visit(lead)
    address = f"/aldermoor/sessions/{session.uid}/participants/"
    page = client.post(address, {"all": "1", "q": "family"}, follow=True)
    assert "4 people were added." in page.text
    undoing = page.text.partition("/undoing/")[0].rpartition('"')[2] + "/undoing/"
    page = client.post(undoing, follow=True)
    assert "Undone for 4 of 4 people." in page.text
    assert "4 people added to “Evacuation drill”" in page.text


def test_a_trainer_whom_the_organisation_lets_undoes_as_long_as_it_does(organisation, session, newcomers, lead, visit):
    change(organisation=organisation, values={"trainer_rights": ["change-sessions"]})
    tom = make_member(organisation, "tom", roles=["trainer"])
    theirs, others = added(session, newcomers[:2], tom), added(session, newcomers[2:], lead)
    assert set(undoable_by(tom)) == {theirs, others}  # their role is for the whole organisation
    change(organisation=organisation, values={"trainer_rights": []})
    tom = Member.objects.get(pk=tom.pk)
    assert not undoable_by(tom).exists()
    assert visit(tom).get(f"/aldermoor/people/bulk-changes/{theirs.uid}/").status_code == 404


def test_whoever_somebody_answered_for_keeps_the_seat(session, people, lead, morning, row_of):
    change_attendance(
        attendance=row_of(people[0]), change=Change(state="present"), by=lead.as_reference(), why="Saw them"
    )
    with pytest.raises(RegistrationRefused):
        leave(participant=session.participants.get(member=people[0]), by=lead)
    assert row_of(people[0]).state == "attested"
