"""Whoever completed a course and is to do it again has another round of it; what was done before stays as it was."""

import re
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from milepost import verify as verifier
from milepost.classroom.hours import hours_done
from milepost.core import clock
from milepost.core.jobs import run_all
from milepost.courses.drafts import import_draft
from milepost.courses.publishing import publish
from milepost.credentials.models import Certificate
from milepost.evidence.actions import ActionPlan, open_action
from milepost.evidence.dossiers import build
from milepost.evidence.tests.archives import contents
from milepost.journal.models import Entry
from milepost.journal.subscriptions import deliver_all
from milepost.learning.enrolling import AlreadyCompleted, enrol, enrol_many, reschedule, withdraw
from milepost.learning.models import Enrolment
from milepost.learning.progressing import complete_activity, open_activity
from milepost.learning.queries import course_numbers, my_learning
from milepost.learning.rounds import RoundUnderWay, begin_round, begin_rounds, begin_rounds_in_bulk, rounds_by
from milepost.people.models import BulkAct, Member
from milepost.people.undoing import undo
from tests.second_verifier import answers
from tests.worlds import activity, files, make_course, make_people

CERTIFIED = {
    "course.md": "---\ntitle: Fire safety\nslug: fire-safety\nsummary: Out.\nenrolment: open\ncompletion: required\n"
    "certificate_months: 12\n---\nHello.\n",
    "01-first/module.md": "---\ntitle: First\n---\n",
    "01-first/01-read.page.md": "---\ntitle: Read\nminutes: 20\n---\n\nThree points of contact.\n",
    "01-first/02-look.page.md": "---\ntitle: Look\nminutes: 10\n---\n\nWhere is the door?\n",
}
READ, LOOK = "01-first/01-read", "01-first/02-look"
FIRST_YEAR, SECOND_YEAR = datetime(2025, 3, 3, 9, tzinfo=UTC), datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.fixture
def course(organisation, lead):
    with clock.at(FIRST_YEAR - timedelta(days=30)):
        return make_course(organisation, CERTIFIED, by=lead)


def learn(enrolment, *keys, at):
    with clock.at(at):
        for key in keys or (READ, LOOK):
            step = activity(enrolment, key)
            open_activity(enrolment=enrolment, activity=step, progress=None)
            complete_activity(enrolment=enrolment, activity=step)


def follow():
    deliver_all()
    run_all()


@pytest.fixture
def first(course, learner, lead):
    """The learner's first round, completed, with its certificate."""
    with clock.at(FIRST_YEAR):
        enrolment = enrol(member=learner, course=course, by=lead)
    learn(enrolment, at=FIRST_YEAR)
    with clock.at(FIRST_YEAR + timedelta(minutes=1)):
        follow()
    return Enrolment.objects.select_related("member", "course", "organisation").get(pk=enrolment.pk)


@pytest.fixture
def second(first, lead):
    with clock.at(SECOND_YEAR):
        return begin_round(enrolment=first, due=date(2026, 3, 31), by=lead)


def test_the_next_round_begins_anew_and_the_one_before_stays_as_it_was(first, second, learner):
    before = Enrolment.objects.get(pk=first.pk)
    assert (second.round, second.done, second.due, second.completed_at) == (2, 0, date(2026, 3, 31), None)
    assert (before.done, before.completed_at, before.version, before.is_current) == (
        2,
        first.completed_at,
        first.version,
        False,
    )
    assert [step.enrolment for step in my_learning(learner).todo] == [second]
    assert my_learning(learner).done == [before]
    learn(second, READ, at=SECOND_YEAR)
    before.refresh_from_db()
    assert (before.progress.count(), before.done) == (2, 2)
    assert Enrolment.objects.get(pk=second.pk).percent == 50


def test_facts_of_a_further_round_name_it_and_those_of_the_first_say_what_they_always_said(first, second):
    learn(second, at=SECOND_YEAR)
    told = [(entry.fact, entry.content.get("context", {}).get("round")) for entry in Entry.objects.order_by("id")]
    for fact in ("course.registered", "course.launched", "course.completed"):
        assert [number for name, number in told if name == fact] == [None, 2]
    assert [number for name, number in told if name == "activity.progressed"] == [None, None, 2, 2]


def test_a_round_begins_only_when_the_one_before_is_completed(second, lead):
    with pytest.raises(RoundUnderWay):
        begin_round(enrolment=second, by=lead)
    assert Enrolment.objects.count() == 2


def test_at_most_one_round_is_the_current_one(second):
    with pytest.raises(IntegrityError), transaction.atomic():
        Enrolment.objects.filter(member=second.member_id).update(is_current=True)


def test_enrolling_everybody_again_puts_nobody_into_another_round(second, organisation, lead):
    everyone = Member.objects.filter(organisation=organisation)
    enrol_many(members=everyone, course=second.course, by=lead)
    assert Enrolment.objects.filter(member=second.member_id).count() == 2
    assert enrol(member=second.member, course=second.course, by=lead) == second


def test_who_is_taken_out_of_a_further_round_has_completed_the_course_still(first, second, lead):
    withdraw(enrolment=second, by=lead)
    assert Enrolment.objects.get().is_current
    assert Entry.objects.get(verb="withdrew").content["context"]["round"] == 2
    again = begin_round(enrolment=first, by=lead)
    assert again.round == 2
    with pytest.raises(AlreadyCompleted):
        withdraw(enrolment=Enrolment.objects.select_related("member", "course").get(pk=first.pk), by=lead)


def test_a_day_is_given_to_the_round_that_is_to_be_done(first, second, lead):
    reschedule(enrolment=first, due=date(2030, 1, 1), by=lead)
    reschedule(enrolment=second, due=date(2026, 4, 30), by=lead)
    assert list(Enrolment.objects.order_by("round").values_list("due", flat=True)) == [None, date(2026, 4, 30)]
    assert Entry.objects.get(verb="rescheduled").content["context"]["round"] == 2


def test_a_new_version_moves_the_round_under_way_and_not_those_before(first, second, organisation, lead):
    changed = CERTIFIED | {"01-first/02-look.page.md": "---\ntitle: Look\nminutes: 15\n---\n\nWhere are both doors?\n"}
    with clock.at(SECOND_YEAR + timedelta(days=1)):
        course = import_draft(organisation=organisation, files=files(changed), by=lead)
        version = publish(course=course, by=lead)
    assert Enrolment.objects.get(pk=first.pk).version_id != version.pk
    assert Enrolment.objects.get(pk=second.pk).version_id == version.pk


def test_each_round_earns_a_certificate_of_its_own_that_tells_of_that_round(first, second, course):
    learn(second, at=SECOND_YEAR + timedelta(days=3))
    with clock.at(SECOND_YEAR + timedelta(days=3, minutes=1)):
        follow()
    told = {c.enrolment_id: c for c in Certificate.objects.current()}
    assert told[first.pk].content["completed"] == "2025-03-03"
    assert told[second.pk].content["completed"] == "2026-03-05"
    assert told[first.pk].content["minutes_at_a_distance"] == told[second.pk].content["minutes_at_a_distance"] == 30
    assert [
        entry.content["context"].get("round")
        for entry in Entry.objects.filter(fact="certificate.issued").order_by("id")
    ] == [None, 2]


def test_hours_are_those_of_one_round_and_those_of_a_year_of_all(first, second, course, learner):
    learn(second, READ, at=SECOND_YEAR)
    mine = {"members": [learner.pk], "course": course.pk, "sessions": []}
    assert hours_done(**mine)[learner.pk].own_time == 20
    assert hours_done(**mine, rounds=Enrolment.objects.filter(pk=first.pk))[learner.pk].own_time == 30
    both = datetime(2025, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
    assert hours_done(**mine, within=both)[learner.pk].own_time == 50


def test_the_round_of_a_day_is_the_last_that_had_begun(first, second, course, organisation):
    def rounds_on(*day):
        return list(rounds_by(course.pk, date(*day), organisation))

    assert rounds_on(2025, 6, 30) == [first]
    assert rounds_on(2026, 3, 2) == [second]
    assert rounds_on(2020, 1, 1) == [first]  # whoever came later is in it all the same


def test_numbers_count_people_by_their_current_round(first, second, organisation, course):
    numbers = course_numbers(organisation, date(2026, 4, 1))[course.pk]
    assert (numbers.enrolled, numbers.completed, numbers.overdue) == (1, 0, 1)


# --- Many at once -----------------------------------------------------------------------------------------


@pytest.fixture
def completed(course, organisation, lead):
    """Forty people, of whom thirty completed the course."""
    make_people(organisation, 40)
    people = Member.objects.filter(organisation=organisation, user=None)
    enrol_many(members=people, course=course, by=lead)
    done = list(Enrolment.objects.order_by("pk").values_list("pk", flat=True)[:30])
    Enrolment.objects.filter(pk__in=done).update(launched_at=FIRST_YEAR, completed_at=FIRST_YEAR, done=2)
    return people


def test_those_who_completed_it_do_it_again_and_the_others_are_left_alone(completed, course, lead):
    act = begin_rounds_in_bulk(members=completed, course=course, due=date(2026, 12, 1), by=lead)
    assert act.number == 30
    assert Enrolment.objects.filter(round=2, due=date(2026, 12, 1)).count() == 30
    assert Enrolment.objects.current().count() == 40
    assert begin_rounds(dues=dict.fromkeys(completed.values_list("pk", flat=True)), course=course, by=lead) == 0


def test_it_is_undone_for_all_who_have_not_begun(completed, course, lead):
    begin_rounds_in_bulk(members=completed, course=course, due=None, by=lead)
    begun = Enrolment.objects.select_related("member", "course", "organisation").filter(round=2).first()
    learn(begun, READ, at=clock.now())
    undo(act=BulkAct.objects.get(), by=lead)
    run_all()
    assert list(Enrolment.objects.filter(round=2)) == [begun]
    assert Enrolment.objects.current().filter(round=1, completed_at__isnull=False).count() == 29


# --- What it says on paper --------------------------------------------------------------------------------


@pytest.mark.parametrize("year", [2025, 2026])
def test_the_dossier_of_each_year_tells_of_its_round_and_both_verifiers_come_to_the_same(
    first, second, course, learner, lead, organisation, tmp_path, year
):
    learn(second, at=SECOND_YEAR + timedelta(days=3))
    with clock.at(SECOND_YEAR + timedelta(days=4)):
        plan = ActionPlan(
            title="Fire safety",
            profile="fr",
            starts_on=date(year, 3, 1),
            ends_on=date(year, 3, 31),
            minutes=30,
            course=course,
            members=[learner],
        )
        action = open_action(organisation=organisation, plan=plan, by=lead)
        follow()
        with (tmp_path / "dossier.zip").open("w+b") as file:
            build(action=action, file=file)
    said: list[str] = []
    assert verifier.main([str(tmp_path / "dossier.zip")], say=said.append) == 3, (
        said
    )  # it holds; nobody vouched for the key
    assert not [line for line in said if "facts before it come to" in line]
    [(status, words)] = answers([[str(tmp_path / "dossier.zip")]])
    assert status == 3, words
    table = contents(tmp_path / "dossier.zip")["records/completions.csv"].decode().splitlines()
    assert [line.split(",")[2] for line in table[1:]] == ["1", "2"]


# --- Pages ------------------------------------------------------------------------------------------------

PAGE = "/aldermoor/courses/fire-safety/enrolments"


def test_one_person_is_had_do_it_again_from_their_page_in_the_course(first, visit, lead):
    client = visit(lead)
    page = client.get(f"{PAGE}/{first.member.uid}/")
    assert "Have them do it again" in page.text
    assert "Take out of the course" not in page.text
    page = client.post(f"{PAGE}/{first.member.uid}/", {"due": "2031-03-31", "again": "1"}, follow=True)
    assert f"{first.member} does the course again, by 31 March 2031" in page.text
    assert "Round 2" in page.text
    page = client.get(f"{PAGE}/{first.member.uid}/")
    assert "Take out of this round" in page.text
    assert "Round 1" in page.text


def test_pressing_it_twice_begins_one_round(first, visit, lead):
    client = visit(lead)
    for _time in range(2):
        page = client.post(f"{PAGE}/{first.member.uid}/", {"again": "1"}, follow=True)
    assert "not completed yet" in page.text
    assert Enrolment.objects.count() == 2


def test_many_are_chosen_shown_and_asked_about_before_they_do_it_again(completed, course, visit, lead):
    client = visit(lead)
    assert "Nobody is chosen yet." in client.get(f"{PAGE}/again/").text
    page = client.get(f"{PAGE}/again/?q=")
    assert "Have 30 people do it again" in page.text
    assert "10 more have not completed it yet" in page.text
    page = client.post(f"{PAGE}/again/", {"q": "", "due": "2031-03-31"}, follow=True)
    assert "30 people do the course again." in page.text
    assert Enrolment.objects.filter(round=2).count() == 30


def test_the_learner_is_told_that_it_is_another_round_and_that_the_one_before_counts_still(
    first, second, visit, learner
):
    page = visit(learner).get("/aldermoor/").text
    assert "Round 2: you completed it on 3 March 2025, and that stays on record." in page
    assert "Completed on 3 March 2025" in page


def test_the_page_of_a_person_shows_every_round(first, second, visit, lead):
    page = visit(lead).get(f"/aldermoor/people/{first.member.uid}/").text
    assert "Round 2" in page
    assert re.search(r"Round 1 ·\s+completed on 3 March 2025", page)
