from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from milepost.core import clock
from milepost.courses.models import NotPublished
from milepost.courses.publishing import publish
from milepost.journal.models import Entry
from milepost.learning.attempting import AttemptOver, NoAttemptLeft, finish_attempt, save_answers, start_attempt
from milepost.learning.enrolling import AlreadyCompleted, NotOpen, enrol, enrol_many, reschedule, withdraw
from milepost.learning.models import Enrolment
from milepost.learning.progressing import complete_activity, open_activity
from milepost.learning.queries import my_learning
from milepost.people.models import Member
from tests.worlds import SMALL_COURSE, activity, make_course, make_people, verbs

READ, CHECK, MORE, SIGN = "01-first/01-read", "01-first/02-check", "02-second/01-more", "02-second/02-sign"


def complete(enrolment, key, **how):
    return complete_activity(enrolment=enrolment, activity=activity(enrolment, key), **how)


def test_enrolling_twice_is_one_enrolment_and_one_fact(course, learner, lead, organisation):
    first = enrol(member=learner, course=course, by=lead)
    assert enrol(member=learner, course=course, by=lead) == first
    assert verbs(organisation).count("registered") == 1


def test_an_enrolment_names_the_version_and_who_did_it(enrolment, lead):
    statement = Entry.objects.get(verb="registered").content
    assert statement["object"]["version"] == enrolment.outline.digest
    assert statement["context"]["instructor"]["name"] == lead.full_name


def test_a_course_without_a_version_takes_nobody(organisation, learner, lead):
    draft = make_course(organisation, SMALL_COURSE, publish=False)
    with pytest.raises(NotPublished):
        enrol(member=learner, course=draft, by=lead)


def test_people_join_open_courses_only(organisation, learner, lead):
    closed = make_course(
        organisation, SMALL_COURSE | {"course.md": SMALL_COURSE["course.md"].replace("enrolment: open\n", "")}
    )
    with pytest.raises(NotOpen):
        enrol(member=learner, course=closed)
    assert enrol(member=learner, course=closed, by=lead)


def test_a_filtered_set_is_enrolled_at_once_and_nobody_twice(course, organisation, lead, enrolment):
    make_people(organisation, 50)
    everyone = Member.objects.filter(organisation=organisation).active()
    assert enrol_many(members=everyone, course=course, by=lead) == 51
    assert enrol_many(members=everyone, course=course, by=lead) == 0
    assert verbs(organisation).count("registered") == 52


def test_enrolling_many_costs_few_queries(course, organisation, lead):
    make_people(organisation, 300)
    with CaptureQueriesContext(connection) as captured:
        enrol_many(members=Member.objects.filter(organisation=organisation), course=course, by=lead)
    assert len(captured) <= 14


def test_members_of_another_organisation_are_not_enrolled(course, lead, db):
    from milepost.people.organisations import create_organisation

    other = create_organisation(slug="other", name="Other")
    make_people(other, 3)
    assert enrol_many(members=Member.objects.filter(organisation=other), course=course, by=lead) == 0


def test_opening_is_recorded_once(enrolment, organisation):
    step = activity(enrolment, READ)
    progress = open_activity(enrolment=enrolment, activity=step, progress=None)
    open_activity(enrolment=enrolment, activity=step, progress=progress)
    open_activity(enrolment=enrolment, activity=step, progress=None)
    assert verbs(organisation)[-2:] == ["launched", "initialized"]


def test_completing_the_last_of_a_module_and_of_the_course_says_so(enrolment, organisation):
    complete(enrolment, READ)
    complete(enrolment, CHECK, score=100.0, is_passed=True)
    done = complete(enrolment, SIGN)
    assert done.completed_at is not None
    recorded = [verb for verb in verbs(organisation) if verb in ("progressed", "passed", "completed")]
    assert recorded == ["progressed", "passed", "progressed", "completed", "progressed", "completed", "completed"]


def test_optional_activities_are_not_needed(enrolment):
    assert enrolment.total == 3
    complete(enrolment, MORE)
    enrolment.refresh_from_db()
    assert enrolment.done == 0


def test_doing_an_activity_twice_changes_nothing(enrolment, organisation):
    complete(enrolment, READ)
    before = verbs(organisation)
    assert complete(enrolment, READ).done == 1
    assert verbs(organisation) == before


def test_a_failed_assessment_is_not_complete_and_may_be_passed_later(enrolment):
    complete(enrolment, CHECK, score=20.0, is_passed=False)
    assert enrolment.progress.get(activity_key=CHECK).status == "failed"
    now = complete(enrolment, CHECK, score=80.0, is_passed=True)
    assert enrolment.progress.get(activity_key=CHECK).is_complete
    assert now.score == 80.0


def test_a_worse_score_later_does_not_lower_the_best(enrolment):
    complete(enrolment, CHECK, score=90.0, is_passed=True)
    assert complete(enrolment, CHECK, score=10.0, is_passed=False).score == 90.0
    assert enrolment.progress.get(activity_key=CHECK).is_complete


def test_a_course_with_a_pass_mark_is_complete_only_above_it(organisation, learner, lead):
    strict = make_course(
        organisation,
        SMALL_COURSE | {"course.md": SMALL_COURSE["course.md"].replace("completion: required", "pass_mark: 80")},
    )
    row = enrol(member=learner, course=strict, by=lead)
    for key in (READ, SIGN):
        complete(row, key)
    assert complete(row, CHECK, score=60.0, is_passed=True).completed_at is None
    assert complete(row, CHECK, score=85.0, is_passed=True).completed_at is not None


def test_what_was_completed_can_not_be_withdrawn(enrolment, lead):
    for key in (READ, CHECK, SIGN):
        complete(enrolment, key)
    with pytest.raises(AlreadyCompleted):
        withdraw(enrolment=enrolment, by=lead)


def test_withdrawing_and_rescheduling_are_on_record(enrolment, lead, organisation):
    reschedule(enrolment=enrolment, due=clock.today() + timedelta(days=3), by=lead)
    reschedule(enrolment=enrolment, due=enrolment.due, by=lead)
    withdraw(enrolment=enrolment, by=lead)
    assert verbs(organisation)[-2:] == ["rescheduled", "withdrew"]
    assert not Enrolment.objects.exists()


# --- Attempts ---------------------------------------------------------------------------------------------


def start(enrolment, **options):
    return start_attempt(
        enrolment=enrolment, activity=activity(enrolment, CHECK), **({"limit": 2, "seconds": None} | options)
    )


def finish(enrolment, attempt, worth=1.0):
    return finish_attempt(
        attempt=attempt,
        enrolment=enrolment,
        activity=activity(enrolment, CHECK),
        weights={"q1": 1, "q2": 1},
        pass_mark=50,
        marker=lambda key, response: worth,
    )


def test_starting_again_goes_on_with_the_attempt_under_way(enrolment):
    assert start(enrolment) == start(enrolment)


def test_the_newest_answer_counts(enrolment):
    attempt = start(enrolment)
    save_answers(attempt=attempt, responses={"q1": "1"})
    save_answers(attempt=attempt, responses={"q1": "2", "q2": "a"})
    assert {a.question: a.response for a in attempt.answers.all()} == {"q1": "2", "q2": "a"}


def test_no_more_attempts_than_allowed(enrolment):
    for _ in range(2):
        finish(enrolment, start(enrolment), worth=0.0)
    with pytest.raises(NoAttemptLeft):
        start(enrolment)


def test_finishing_twice_is_one_result(enrolment, organisation):
    attempt = start(enrolment)
    save_answers(attempt=attempt, responses={"q1": "2", "q2": "a"})
    finish(enrolment, attempt)
    finish(enrolment, attempt)
    assert verbs(organisation).count("passed") == 1


def test_a_verb_takes_the_enrolment_once_and_joins_nothing_to_it(enrolment):
    attempt, page = start(enrolment), activity(enrolment, READ)
    for verb in (
        lambda: finish(enrolment, attempt),
        lambda: start(enrolment),
        lambda: complete_activity(enrolment=enrolment, activity=page),
    ):
        with CaptureQueriesContext(connection) as captured:
            verb()
        [sql] = [query["sql"] for query in captured if 'FROM "learning_enrolment"' in query["sql"]]
        assert " JOIN " not in sql


def test_the_server_keeps_the_time(enrolment):
    attempt = start(enrolment, seconds=60)
    with clock.at(attempt.started_at + timedelta(seconds=70)):
        save_answers(attempt=attempt, responses={"q1": "in the seconds of grace"})
    with clock.at(attempt.started_at + timedelta(seconds=90)), pytest.raises(AttemptOver):
        save_answers(attempt=attempt, responses={"q1": "too late"})


def test_answers_after_the_end_are_refused(enrolment):
    attempt = start(enrolment)
    finish(enrolment, attempt)
    attempt.refresh_from_db()
    with pytest.raises(AttemptOver):
        save_answers(attempt=attempt, responses={"q1": "2"})


def test_the_result_keeps_every_answer_in_the_journal(enrolment):
    attempt = start(enrolment)
    save_answers(attempt=attempt, responses={"q1": "2"})
    finish(enrolment, attempt)
    statement = Entry.objects.get(verb="passed").content["result"]
    assert statement["answers"] == [{"question": "q1", "response": "2", "fraction": 1}]


# --- New versions -----------------------------------------------------------------------------------------

CHANGED = SMALL_COURSE | {"01-first/01-read.page.md": "---\ntitle: Read\n---\n\nFour points of contact.\n"}


def test_unchanged_and_changed_work_carries_over(enrolment, organisation):
    complete(enrolment, READ)
    make_course(organisation, CHANGED)
    enrolment.refresh_from_db()
    assert enrolment.outline.number == 2
    assert enrolment.done == 1


def test_a_changed_module_is_asked_again_when_its_author_says_so(enrolment, organisation):
    complete(enrolment, READ)
    complete(enrolment, SIGN)
    course = make_course(organisation, CHANGED, publish=False)
    publish(course=course, ask_again=["01-first"])
    enrolment.refresh_from_db()
    assert enrolment.done == 1
    assert not enrolment.progress.get(activity_key=READ).is_complete
    assert enrolment.progress.get(activity_key=SIGN).is_complete


def test_who_completed_stays_with_the_version_they_completed(enrolment, organisation):
    for key in (READ, CHECK, SIGN):
        complete(enrolment, key)
    make_course(organisation, CHANGED)
    enrolment.refresh_from_db()
    assert enrolment.outline.number == 1


# --- My learning ------------------------------------------------------------------------------------------


def test_my_learning_shows_what_is_due_first_then_what_is_under_way(organisation, learner, lead):
    today = clock.today()
    rows = {}
    for slug, due in (("late", today - timedelta(days=1)), ("soon", today + timedelta(days=2)), ("free", None)):
        course = make_course(organisation, SMALL_COURSE | {"course.md": f"---\ntitle: {slug}\nslug: {slug}\n---\n"})
        rows[slug] = enrol(member=learner, course=course, due=due, by=lead)
    learning = my_learning(learner)
    assert [step.enrolment.course.slug for step in learning.todo] == ["late", "soon", "free"]
    assert learning.first.next.key == READ


def test_my_learning_costs_two_queries_however_many_courses(organisation, learner, lead):
    for number in range(6):
        course = make_course(
            organisation, SMALL_COURSE | {"course.md": f"---\ntitle: C{number}\nslug: c{number}\n---\n"}
        )
        enrol(member=learner, course=course, by=lead)
    my_learning(learner)
    with CaptureQueriesContext(connection) as captured:
        my_learning(learner)
    assert len(captured) == 2
