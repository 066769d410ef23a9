"""Doing something to many people: in the background, in parts, to each once, with a page that tells how far it is."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core import mail

from milepost.classroom.jobs import remind_missing
from milepost.classroom.models import Attendance, Participant
from milepost.classroom.presence import trainer_token
from milepost.classroom.registering import register_many
from milepost.classroom.scheduling import Holder, Plan, add_trainer, cancel_session, half_days, schedule_session
from milepost.core import clock
from milepost.core.jobs import run_all
from milepost.core.models import Job
from milepost.credentials.jobs import issue_missing
from milepost.documents.models import SignatureRequest
from milepost.journal.models import Entry
from milepost.learning.enrolling import enrol_many
from milepost.learning.models import Enrolment
from milepost.notices.models import Notice
from milepost.notices.sending import send_due
from milepost.people import doing
from milepost.people.granting import grant, revoke
from milepost.people.jobs import do_bulk_act
from milepost.people.models import BulkAct, Member, Site
from milepost.people.roles import Role
from milepost.people.undoing import undo
from tests.worlds import make_course, make_member, make_people, once_of

ONE_PAGE = {
    "course.md": "---\ntitle: One\nslug: one\n---\n",
    "01-a/module.md": "---\ntitle: A\n---\n",
    "01-a/01-a.page.md": "---\ntitle: A\n---\n\nX\n",
}
ENROL = "/aldermoor/courses/ladders/enrolments/new/"


@pytest.fixture
def in_parts(monkeypatch):
    """More than two are many, and two are a part."""
    monkeypatch.setattr(doing, "AT_ONCE", 2)
    monkeypatch.setattr(doing, "BATCH", 2)


@pytest.fixture
def people(organisation, in_parts):
    make_people(organisation, 5)
    return list(Member.objects.filter(organisation=organisation, user=None).order_by("family_name"))


@pytest.fixture
def session(organisation, lead):
    plan = Plan(title="Drill", spans=half_days(date(2030, 11, 26), ZoneInfo("Europe/Paris")), place="Hall")
    return schedule_session(organisation=organisation, plan=plan, by=lead)


def page_of(act):
    return f"/aldermoor/people/bulk-changes/{act.uid}/"


def facts(verb):
    return Entry.objects.filter(verb=verb)


def test_many_are_enrolled_by_a_job_in_parts_and_the_page_that_comes_next_tells_how_far_it_is(
    people, course, lead, visit
):
    client = visit(lead)
    page = client.post(ENROL, {"q": "family", "due": "2030-12-01"}, follow=True)
    act = BulkAct.objects.get()
    assert page.redirect_chain[-1][0] == page_of(act)
    assert "5 people enrolled in “Ladders”" in page.text
    assert "0 of 5 done." in page.text
    assert not Enrolment.objects.filter(course=course).exists()
    doing._next_part(act.pk)  # a worker that is killed after its first part
    assert "2 of 5 done." in client.get(page_of(act)).text
    assert "being done" in client.get("/aldermoor/people/bulk-changes/").text
    run_all(queues=["imports"])
    assert {row.due for row in Enrolment.objects.filter(course=course)} == {date(2030, 12, 1)}
    assert Enrolment.objects.filter(course=course).count() == facts("registered").count() == 5
    assert {entry.content["context"]["act"] for entry in facts("registered")} == {str(act.uid)}
    page = client.get(page_of(act)).text
    assert "Undo for 5 people" in page
    assert "done." not in page
    act.refresh_from_db()
    assert undo(act=act, by=lead).taken_back == 5
    assert not Enrolment.objects.filter(course=course).exists()


def test_whoever_stops_it_takes_it_back_for_those_to_whom_it_was_done_and_it_goes_no_further(
    people, course, lead, visit
):
    client = visit(lead)
    client.post(ENROL, {"q": "family"})
    act = BulkAct.objects.get()
    doing._next_part(act.pk)
    assert "Stop and undo" in client.get(page_of(act)).text
    assert "Undone for 2 of 2 people." in client.post(page_of(act) + "undoing/", follow=True).text
    run_all(queues=["imports"])
    assert not Enrolment.objects.filter(course=course).exists()
    assert (facts("registered").count(), facts("withdrew").count()) == (2, 2)


def test_what_refuses_in_the_middle_ends_it_with_the_reason_and_what_was_done_can_be_undone(
    people, session, lead, visit
):
    client = visit(lead)
    client.post(f"/aldermoor/sessions/{session.uid}/participants/", {"q": "family", "all": "1"})
    act = BulkAct.objects.get()
    doing._next_part(act.pk)
    cancel_session(session=session, reason="Storm", by=lead)
    run_all(queues=["imports"])
    assert "It ended at 2 of 5: The session is cancelled." in client.get(page_of(act)).text
    assert "2 people added to “Drill”" in client.get(page_of(act)).text
    assert Participant.objects.filter(session=session).count() == 2


def test_seats_are_given_in_the_order_of_the_list_across_the_parts(people, session, lead, visit):
    session.capacity = 3
    session.save()
    page = visit(lead).post(
        f"/aldermoor/sessions/{session.uid}/participants/", {"q": "family", "all": "1"}, follow=True
    )
    assert "0 of 5 done." in page.text
    run_all(queues=["imports"])
    rows = Participant.objects.filter(session=session)
    seats = [rows.get(member=person).status for person in people]
    assert seats == ["seated"] * 3 + ["waiting"] * 2
    assert Attendance.objects.filter(slot__session=session).count() == 6
    assert undo(act=BulkAct.objects.get(), by=lead).taken_back == 5
    assert set(rows.values_list("status", flat=True)) == {"left"}


def test_many_are_invited_in_parts_and_the_same_form_sent_twice_invites_them_once(people, organisation, lead, visit):
    client = visit(lead)
    form = {"q": "family"} | once_of(client.get("/aldermoor/people/?q=family"))
    for _press in range(2):
        page = client.post("/aldermoor/people/invitations/", form, follow=True)
        assert "0 of 5 done." in page.text
    act = BulkAct.objects.get()
    doing._next_part(act.pk)
    client.post("/aldermoor/people/invitations/", form)
    run_all(queues=["imports"])
    assert BulkAct.objects.get().count == facts("invited").count() == 5
    assert set(Member.objects.filter(pk__in=[one.pk for one in people]).values_list("invited_at", flat=True)) == {
        act.at
    }
    send_due()
    assert len(mail.outbox) == 5
    assert undo(act=act, by=lead).taken_back == 5
    assert not Member.objects.filter(organisation=organisation, invited_at__isnull=False).exists()


def test_many_are_asked_to_sign_in_parts_each_once(people, lead, visit):
    client = visit(lead)
    page = client.get("/aldermoor/documents/bulk/?q=family")
    form = {"q": "family", "kind": "non-disclosure", "language": "en", "value-title": "Project X", "remind_days": "5"}
    form |= {"message": "Please", "copies": "hr@aldermoor.example", "expires_on": "2031-01-31"} | once_of(page)
    for _press in range(2):
        assert "0 of 5 done." in client.post("/aldermoor/documents/bulk/", form, follow=True).text
    doing._next_part(BulkAct.objects.get().pk)
    run_all(queues=["imports"])
    requests = SignatureRequest.objects.select_related("document")
    assert {(one.remind_days, one.message, tuple(one.copies), one.expires_on) for one in requests} == {
        (5, "Please", ("hr@aldermoor.example",), date(2031, 1, 31))
    }
    assert sorted(one.document.content["values"]["person"] for one in requests) == sorted(
        person.full_name for person in people
    )
    assert undo(act=BulkAct.objects.get(), by=lead).taken_back == 5


def test_terms_on_which_nobody_can_be_asked_are_refused_before_it_begins(people, lead, visit):
    form = {"q": "family", "kind": "non-disclosure", "language": "en", "value-title": "X", "copies": "nobody"}
    page = visit(lead).post("/aldermoor/documents/bulk/", form)
    assert "“nobody” is not an e-mail address." in page.text
    assert not BulkAct.objects.exists()


def test_whoever_has_lost_the_reach_to_somebody_does_it_to_them_no_more(people, organisation, course, visit):
    lyon = Site.objects.create(organisation=organisation, name="Lyon")
    Member.objects.filter(pk__in=[one.pk for one in people]).update(site=lyon)
    ravi = make_member(organisation, "ravi")
    grant(member=ravi, role=Role.LEAD, scope="site", key=lyon.pk)
    visit(ravi).post(ENROL, {"q": "family"})
    doing._next_part(BulkAct.objects.get().pk)
    Member.objects.filter(pk=people[2].pk).update(site=None)
    doing._next_part(BulkAct.objects.get().pk)
    revoke(member=ravi, role=Role.LEAD, scope="site", key=lyon.pk)
    run_all(queues=["imports"])
    enrolled = Enrolment.objects.filter(course=course).values_list("member", flat=True)
    assert set(enrolled) == {people[0].pk, people[1].pk, people[3].pk}
    assert BulkAct.objects.get().is_being_done is False


def test_nothing_more_is_done_for_somebody_who_was_erased(people, organisation, course, lead, visit):
    ravi = make_member(organisation, "ravi", roles=["lead"])
    visit(ravi).post(ENROL, {"q": "family"})
    doing._next_part(BulkAct.objects.get().pk)
    ravi.delete()
    run_all(queues=["imports"])
    assert Enrolment.objects.filter(course=course).count() == 2
    assert "not here any more, so it was not done to the rest" in visit(lead).get(page_of(BulkAct.objects.get())).text


def test_somebody_who_is_erased_in_the_meantime_is_left_out(people, course, lead, visit):
    visit(lead).post(ENROL, {"q": "family"})
    people[4].delete()
    run_all(queues=["imports"])
    assert BulkAct.objects.get().count == 4


def test_few_are_done_while_somebody_waits_and_nobody_is_no_act(people, course, lead, visit):
    client = visit(lead)
    assert "1 person was enrolled." in client.post(ENROL, {"q": "family3"}, follow=True).text
    assert "in the course already" in client.post(ENROL, {"q": "family3"}, follow=True).text
    assert BulkAct.objects.get().count == 1


def test_who_joined_another_way_in_the_meantime_keeps_their_date(people, organisation, course, lead, visit):
    client = visit(lead)
    client.post(ENROL, {"q": "family", "due": "2030-12-01"})
    client.post(ENROL, {"q": "family3"})
    run_all(queues=["imports"])
    assert Enrolment.objects.get(member__family_name="Family3").due is None
    assert sorted(BulkAct.objects.values_list("count", flat=True)) == [1, 4]


@pytest.fixture
def crowd(organisation, lead, course, session):
    """More people than anybody waits for: all have completed the course, and have a seat in another session that goes on."""
    make_people(organisation, doing.AT_ONCE + 1)
    everybody, now = Member.objects.filter(organisation=organisation, user=None), clock.now()
    make_course(organisation, ONE_PAGE, by=lead)
    enrol_many(members=everybody, course=course, by=lead)
    Enrolment.objects.filter(course=course).update(launched_at=now, completed_at=now, done=3)
    plan = Plan(title="Full", spans=[(now, now + timedelta(hours=3))], place="Hall")
    full = schedule_session(organisation=organisation, plan=plan, by=lead)
    trainer = add_trainer(session=full, holder=Holder(name="Tess", email="tess@outside.example"), by=lead)
    register_many(session=full, members=everybody)
    room = f"/room/{trainer_token(trainer)}/{full.slots.get().code}/reminders/"
    letter = {"q": "family", "kind": "non-disclosure", "language": "en", "value-title": "X"}
    return {
        "enrolling": ("/aldermoor/courses/one/enrolments/new/", {"q": "family"}),
        "inviting": ("/aldermoor/people/invitations/", {"q": "family"}),
        "seats": (f"/aldermoor/sessions/{session.uid}/participants/", {"q": "family", "all": "1"}),
        "signing": ("/aldermoor/documents/bulk/", letter),
        "certificates": ("/aldermoor/courses/ladders/certificates/", {}),
        "reminding": (room, {}),
    }


@pytest.mark.parametrize("act", ["enrolling", "inviting", "seats", "signing", "certificates", "reminding"])
def test_nobody_waits_while_something_is_done_to_a_crowd(crowd, act, lead, visit, django_assert_max_num_queries):
    """It is asked for in a few statements, and nothing is done to anybody before a job has its turn."""
    client, (address, form) = visit(lead), crowd[act]
    client.get("/aldermoor/")
    before = Entry.objects.count(), Notice.objects.count()
    with django_assert_max_num_queries(35):
        assert client.post(address, form).status_code == 302
    assert (Entry.objects.count(), Notice.objects.count()) == before
    waiting = Job.objects.filter(task__in=[one.module_path for one in (do_bulk_act, issue_missing, remind_missing)])
    assert waiting.count() == 1
