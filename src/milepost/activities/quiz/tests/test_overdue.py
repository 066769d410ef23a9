"""A timed attempt ends on time, whether its learner comes back or not."""

from datetime import timedelta

import pytest

from milepost.core import clock
from milepost.core.jobs import run_all
from milepost.core.models import Job
from milepost.journal.models import Entry
from milepost.learning.enrolling import enrol, withdraw
from milepost.learning.models import Attempt, Enrolment, Progress
from tests.worlds import SMALL_COURSE, make_course

QUIZ = "---\ntitle: Check\npass_mark: 50\nattempts: 2\ntime_limit: 1\n---\n\n## One and one?\n\n= 2\n\n## Two and two?\n\n= 4\n"
TIMED = SMALL_COURSE | {"01-first/02-check.quiz.md": QUIZ}
PAGE = "/aldermoor/learn/ladders/01-first/02-check/"


@pytest.fixture
def begun(organisation, lead, learner, visit):
    """A browser in which one of two questions was answered, and then nobody was there any more."""
    enrol(member=learner, course=make_course(organisation, TIMED, by=lead), by=lead)
    client = visit(learner)
    client.get(PAGE)
    client.post(PAGE + "attempt/")
    client.post(PAGE + "answers/", {"question": "q1", "q1": "2"})
    return client


def minutes_later(count):
    return clock.at(clock.now() + timedelta(minutes=count))


def test_it_is_judged_though_nobody_comes_back(begun):
    with minutes_later(2):
        run_all()
    attempt = Attempt.objects.get()
    assert (attempt.score, attempt.is_passed) == (50.0, True)
    assert Progress.objects.get(activity_key="01-first/02-check").is_complete
    assert Entry.objects.filter(verb="passed").count() == 1


def test_while_there_is_time_nothing_is_judged(begun):
    run_all()
    with clock.at(Attempt.objects.get().expires_at + timedelta(seconds=10)):  # on its way from a slow browser
        run_all()
    assert not Attempt.objects.get().is_over


def test_who_comes_back_is_told_that_the_time_was_up(begun):
    with minutes_later(2):
        run_all()
        page = begun.get(PAGE).text
    assert "The time was up. What you had answered before was counted." in page
    assert "Passed with 50 %." in page


def test_who_comes_back_before_the_job_is_told_the_same(begun):
    with minutes_later(2):
        page = begun.get(PAGE).text
        run_all()
    assert page.count("The time was up. What you had answered before was counted.") == 1
    assert Entry.objects.filter(verb="passed").count() == 1


def test_handing_in_too_late_counts_what_was_there_in_time(begun):
    with minutes_later(2):
        begun.post(PAGE + "submission/", {"question": "q2", "q2": "4"})
        page = begun.get(PAGE).text
    assert page.count("The time was up. What you had answered before was counted.") == 1
    assert Attempt.objects.get().score == 50.0


def test_it_is_judged_also_when_a_later_version_has_no_such_quiz(begun, organisation, lead):
    make_course(organisation, {path: text for path, text in TIMED.items() if "check" not in path}, by=lead)
    with minutes_later(2):
        run_all()
    assert Attempt.objects.get().score == 50.0
    assert Enrolment.objects.get().completed_at is None
    assert not Job.objects.filter(seconds=None).exists()


def test_whoever_was_taken_out_meanwhile_leaves_nothing_to_judge(begun, lead):
    enrolment = Enrolment.objects.get()
    withdraw(enrolment=enrolment, by=lead)
    with minutes_later(2):
        run_all()
    assert not Attempt.objects.exists()
    assert not Job.objects.filter(seconds=None).exists()


def test_a_number_that_no_arithmetic_bears_is_judged_like_any_other_wrong_one(begun):
    """Its attempt could never be handed in: it was under way for good, and counted among none."""
    said = begun.post(PAGE + "answers/", {"question": "q2", "q2": "1e9999999"}).json()
    assert "is not a number" in said["complaints"]["q2"]
    assert begun.post(PAGE + "submission/", {"question": "q2", "q2": "-1e9999999"}).status_code == 302
    attempt = Attempt.objects.get()
    assert (attempt.is_over, attempt.score) == (True, 50.0)
