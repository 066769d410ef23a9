import pytest

from milepost.core import clock
from milepost.core.jobs import retry
from milepost.core.models import Fault, Job, State
from milepost.people.organisations import create_organisation

PAGE = "/aldermoor/settings/work/"


def given_up(organisation, number=1):
    now = clock.now()
    return Job.objects.create(
        task="milepost.classroom.jobs.make_sheet",
        queue="files",
        key=f"{organisation.pk} {number}",
        state=State.DEAD,
        organisation_id=organisation.pk,
        arguments={"organisation_id": organisation.pk, "sheet_id": number},
        attempts=12,
        enqueued_at=now,
        run_after=now,
        failed_at=now,
        fault=Fault.GONE,
        reason="FileNotFoundError: logo.png",
    )


def test_an_owner_reads_what_failed_why_and_tries_it_again(visit, lead, organisation):
    job = given_up(organisation)
    page = visit(lead).get(PAGE).text
    assert "Make an attendance sheet" in page
    assert "A file that it needs is missing." in page
    assert "It was tried 12 times" in page
    assert "logo.png" not in page
    after = visit(lead).post(PAGE + "retried/", {"job": job.pk}, follow=True).text
    assert "It is tried again now." in after
    assert "Nothing failed in the background." in after
    job.refresh_from_db()
    assert (job.state, job.attempts) == (State.WAITING, 0)


def test_all_of_it_is_tried_again_at_once(visit, lead, organisation):
    for number in range(3):
        given_up(organisation, number)
    visit(lead).post(PAGE + "retried/")
    assert Job.objects.filter(state=State.WAITING).count() == 3


@pytest.mark.parametrize("number", ["", "x", "9" * 30])
def test_nobody_sees_or_retries_what_is_another_organisations(visit, lead, organisation, number):
    theirs = given_up(create_organisation(slug="norrviken", name="Norrviken"))
    assert "Nothing failed in the background." in visit(lead).get(PAGE).text
    visit(lead).post(PAGE + "retried/", {"job": number or theirs.pk})
    theirs.refresh_from_db()
    assert theirs.is_dead


def test_a_learner_does_not_see_it(visit, learner):
    assert visit(learner).get(PAGE).status_code == 403


def test_the_page_costs_the_same_for_one_and_for_a_thousand(visit, lead, organisation, django_assert_max_num_queries):
    client = visit(lead)
    for number in range(1000):
        given_up(organisation, number)
    with django_assert_max_num_queries(12):
        assert client.get(PAGE).status_code == 200
    assert retry(Job.objects.failing()) == 1000


def test_where_nothing_failed_the_page_says_what_would_stand_there(visit, lead):
    page = visit(lead).get(PAGE).text
    assert "what still fails stands here" in page and "Back to the organisation" in page
