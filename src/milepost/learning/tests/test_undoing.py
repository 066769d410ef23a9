"""Undoing the enrolment of many: who has begun stays, the rest are out, once, and the journal says so."""

from datetime import date, timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from milepost.core import clock
from milepost.core.jobs import run_all
from milepost.journal.models import Entry
from milepost.journal.phrases import phrase
from milepost.learning.enrolling import enrol, enrol_many, reschedule, withdraw
from milepost.learning.models import Enrolment
from milepost.learning.progressing import open_activity
from milepost.people import bulk_acts, undoing
from milepost.people.granting import grant
from milepost.people.models import BulkAct, BulkActPerson, Member, Site
from milepost.people.roles import Role
from milepost.people.undoing import KEPT_FOR, TooLateToUndo, UndoneAlready, undo, undoable_by
from tests.worlds import activity, make_member, make_people

NEW = "/aldermoor/courses/ladders/enrolments/new/"


@pytest.fixture
def people(organisation):
    make_people(organisation, 5)
    return list(Member.objects.filter(organisation=organisation, user=None).order_by("pk"))


@pytest.fixture
def everybody(organisation, people):
    return Member.objects.filter(organisation=organisation, user=None)


@pytest.fixture
def act(everybody, course, lead):
    return enrolled(everybody, course, lead)


def enrolled(members, course, by, due=None):
    uid = uuid4()
    enrol_many(members=members, course=course, due=due, by=by, act=uid)
    return BulkAct.objects.get(uid=uid)


def facts(verb):
    return Entry.objects.filter(verb=verb)


def test_everybody_is_out_again_and_each_history_says_that_it_was_undone(act, course, lead, people):
    done = undo(act=act, by=lead)
    assert (done.taken_back, done.kept) == (5, 0)
    assert not Enrolment.objects.filter(course=course).exists()
    assert facts("withdrew").count() == 5
    assert phrase(facts("withdrew").get(actor_id=str(people[0].uid)), "") == "Enrolment in “Ladders” undone"
    [fact] = facts("undid")
    assert (fact.content["actor"]["id"], fact.object_id) == (str(lead.uid), str(act.uid))
    assert phrase(fact, "") == "Undid enrolments in “Ladders”: 5 taken back, 0 kept"
    both = Entry.objects.filter(verb__in=["registered", "withdrew"])
    assert {entry.content["context"]["act"] for entry in both} == {str(act.uid)}


def test_who_began_was_rescheduled_or_left_and_came_back_keeps_it_and_it_is_said_who_and_why(
    act, course, lead, people, visit
):
    begun, rescheduled, gone, again = (Enrolment.objects.get(course=course, member=one) for one in people[:4])
    open_activity(enrolment=begun, activity=activity(begun, "01-first/01-read"), progress=None)
    reschedule(enrolment=rescheduled, due=date(2030, 1, 1), by=lead)
    for enrolment in (gone, again):
        withdraw(enrolment=enrolment, by=lead)
    enrol(member=people[3], course=course, by=lead)
    page = visit(lead).post(f"/aldermoor/people/bulk-changes/{act.uid}/undoing/", follow=True)
    assert "Undone for 1 of 5 people." in page.text
    assert page.text.count("was taken out before") == 2
    assert "has begun the course" in page.text
    assert "was given another due date" in page.text
    kept = set(Enrolment.objects.filter(course=course).values_list("member", flat=True))
    assert kept == {people[0].pk, people[1].pk, people[3].pk}


def test_those_who_were_in_the_course_before_are_no_part_of_it(course, lead, people, everybody):
    enrol(member=people[0], course=course, by=lead)
    act = enrolled(everybody, course, lead)
    assert act.count == 4
    undo(act=act, by=lead)
    assert [row.member for row in Enrolment.objects.filter(course=course)] == [people[0]]


def test_it_is_undone_once(act, lead, course, people):
    undo(act=act, by=lead)
    enrol(member=people[0], course=course, by=lead)
    with pytest.raises(UndoneAlready):
        undo(act=act, by=lead)
    assert Enrolment.objects.filter(course=course).count() == 1
    assert facts("undid").count() == 1


def test_after_a_month_it_is_neither_offered_nor_done_and_then_forgotten(act, lead):
    with clock.at(act.at + KEPT_FOR + timedelta(seconds=1)):
        assert not undoable_by(lead).exists()
        with pytest.raises(TooLateToUndo):
            undo(act=act, by=lead)
        undoing.forget_old()
    assert not BulkAct.objects.exists()
    assert not BulkActPerson.objects.exists()
    with pytest.raises(TooLateToUndo):
        undo(act=act, by=lead)


def test_nobody_enrolled_is_nothing_to_undo(act, everybody, course, lead):
    enrol_many(members=everybody, course=course, by=lead, act=uuid4())
    assert BulkAct.objects.get() == act


def test_many_are_undone_by_a_job_in_parts_of_which_the_page_tells_how_far_it_is(
    organisation, course, lead, monkeypatch, visit, people, everybody
):
    monkeypatch.setattr(undoing, "AT_ONCE", 3)
    monkeypatch.setattr(bulk_acts.BulkKind, "at_once", 2)
    act = enrolled(everybody, course, lead)
    page = visit(lead).post(f"/aldermoor/people/bulk-changes/{act.uid}/undoing/", follow=True)
    assert "It is being undone." in page.text
    assert "0 of 5 looked at." in page.text
    assert Enrolment.objects.filter(course=course).count() == 5
    undoing._next_part(act.pk)  # a worker that is killed after its first part
    assert "2 of 5 looked at." in visit(lead).get(f"/aldermoor/people/bulk-changes/{act.uid}/").text
    run_all(queues=["imports"])
    act.refresh_from_db()
    assert (act.taken_back, act.is_being_undone) == (5, False)
    assert facts("withdrew").count() == 5
    assert facts("undid").count() == 1


def test_the_page_that_comes_next_offers_to_undo_and_asks_above_fifty(organisation, course, lead, visit):
    make_people(organisation, 51)
    client = visit(lead)
    page = client.post(NEW, {"q": "family1"}, follow=True)
    assert "11 people were enrolled." in page.text
    assert "undoing/" in page.text
    assert "data-confirm" not in page.text.partition("undoing/")[2].partition("</form>")[0]
    page = client.post(NEW, {"q": "given"}, follow=True)
    assert "40 people were enrolled." in page.text
    Enrolment.objects.all().delete()
    page = client.post(NEW, {"q": "given"}, follow=True)
    asked = page.text.partition("undoing/")[2].partition("</form>")[0]
    assert 'data-confirm="51 people were enrolled. Undo this?"' in asked
    assert "undoing/" not in client.get("/aldermoor/courses/ladders/enrolments/").text


def test_one_press_on_that_page_undoes_it(people, course, lead, visit):
    client = visit(lead)
    page = client.post(NEW, {"q": "family"}, follow=True)
    address = page.text.partition("/undoing/")[0].rpartition('"')[2] + "/undoing/"
    assert "Undone for 5 of 5 people." in client.post(address, follow=True).text
    assert "undone already" in client.post(address, follow=True).text
    assert not Enrolment.objects.filter(course=course).exists()


@pytest.fixture
def part(organisation, people):
    """A lead for Lyon, where the first two work."""
    lyon = Site.objects.create(organisation=organisation, name="Lyon")
    Member.objects.filter(pk__in=[one.pk for one in people[:2]]).update(site=lyon)
    ravi = make_member(organisation, "ravi")
    grant(member=ravi, role=Role.LEAD, scope="site", key=lyon.pk)
    return ravi


def test_who_leads_a_part_undoes_their_own_acts_and_nobody_else_s(act, part, visit, lead):
    assert not undoable_by(part).exists()
    for address in ("", "undoing/"):
        page = f"/aldermoor/people/bulk-changes/{act.uid}/{address}"
        assert visit(part).post(page).status_code in (404, 405)
        assert visit(part).get(page).status_code in (404, 405)
    assert undoable_by(lead).get() == act


def test_an_act_of_somebody_who_leads_a_part_is_undone_by_whoever_leads_everything(
    part, course, lead, everybody, people
):
    act = enrolled(everybody.filter(site__name="Lyon"), course, part)
    assert undoable_by(part).get() == undoable_by(lead).get() == act
    assert undo(act=act, by=lead).taken_back == 2


def test_whoever_has_lost_the_reach_to_somebody_does_not_take_it_back_for_them(part, course, everybody, people, visit):
    act = enrolled(everybody.filter(site__name="Lyon"), course, part)
    Member.objects.filter(pk=people[0].pk).update(site=None)
    assert people[0].full_name not in visit(part).get(f"/aldermoor/people/bulk-changes/{act.uid}/").text
    assert undo(act=act, by=part).taken_back == 1
    assert [row.member for row in Enrolment.objects.filter(course=course)] == [people[0]]


def test_whoever_may_do_nothing_to_many_is_refused(learner, act, visit):
    assert visit(learner).get("/aldermoor/people/bulk-changes/").status_code == 403
    assert visit(learner).get(f"/aldermoor/people/bulk-changes/{act.uid}/").status_code == 404
    assert visit(learner).post(f"/aldermoor/people/bulk-changes/{act.uid}/undoing/").status_code == 404


def test_the_list_says_what_was_done_by_whom_and_what_was_undone(act, lead, visit):
    client = visit(lead)
    page = client.get("/aldermoor/people/bulk-changes/").text
    assert "5 people enrolled in “Ladders”" in page
    assert "Claire Nygård" in page
    assert "can be undone until" in page
    undo(act=act, by=lead)
    assert "Undone: 5 of 5".lower() in client.get("/aldermoor/people/bulk-changes/").text.lower()


def test_a_person_who_is_erased_takes_nothing_of_it_along(act, lead, people):
    Enrolment.objects.filter(member=people[0]).delete()
    people[0].delete()
    assert undo(act=act, by=lead).taken_back == 4


def test_its_pages_cost_the_same_for_five_and_for_five_hundred(organisation, act, course, lead, visit):
    client = visit(lead)

    def cost(path):
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert client.get(path).status_code == 200
        return len(captured)

    few = cost("/aldermoor/people/bulk-changes/"), cost(f"/aldermoor/people/bulk-changes/{act.uid}/")
    make_people(organisation, 500)
    more = enrolled(Member.objects.filter(organisation=organisation), course, lead)
    many = cost("/aldermoor/people/bulk-changes/"), cost(f"/aldermoor/people/bulk-changes/{more.uid}/")
    assert many == few
    assert max(many) <= 16


def test_undoing_takes_a_bounded_number_of_statements(organisation, course, lead):
    make_people(organisation, 400)
    act = enrolled(Member.objects.filter(organisation=organisation, user=None), course, lead)
    with CaptureQueriesContext(connection) as captured:
        undo(act=act, by=lead)
    assert len(captured) <= 30
