"""The pages of requirements, for whoever sees to compliance."""

import csv
import io
from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from milepost.audiences.saving import make_audience
from milepost.core import clock
from milepost.learning.models import Enrolment
from milepost.people.models import Member
from milepost.requirements.models import Exemption, Requirement, Standing
from milepost.requirements.setting import Asked, set_requirement
from milepost.requirements.tests.test_standing import BEGIN, live, on
from tests.worlds import make_people

HOME = "/aldermoor/requirements/"


@pytest.fixture
def everybody(organisation, lead, learner):
    with clock.at(BEGIN):
        audience = make_audience(organisation=organisation, name="Everybody", rule={"all": []}, by=lead)
        live(organisation)
    return audience


@pytest.fixture
def requirement(organisation, lead, course, everybody):
    with clock.at(BEGIN):
        asked = Asked("Ladder safety", everybody, course, starts_on=BEGIN.date(), days=30, every_months=12)
        requirement = set_requirement(organisation=organisation, asked=asked, by=lead)
        live(organisation)
    return requirement


def typed(everybody, course, **other):
    return {
        "name": "Ladder safety",
        "audience": everybody.pk,
        "course": course.pk,
        "starts_on": clock.today().isoformat(),
        "first": "entry",
        "days": "30",
        "every_months": "12",
        "counted": "completion",
        "opens_days": "60",
    } | other


def test_where_nothing_is_required_the_page_says_how_to_begin(visit, lead):
    page = visit(lead).get(HOME).text
    assert "Nothing is required of anybody yet." in page
    assert f"{HOME}new/" in page


def test_what_it_would_mean_is_seen_before_it_holds(visit, lead, everybody, course):
    client = visit(lead)
    page = client.post(f"{HOME}new/", typed(everybody, course) | {"look": "1"})
    assert "It concerns 2 people." in page.text
    assert "2 have it on their list from today." in page.text
    assert "To be done: 2" in page.text
    assert not Requirement.objects.exists()
    page = client.post(f"{HOME}new/", typed(everybody, course) | {"set": "1"}, follow=True)
    assert "holds. Who must is enrolled within a minute." in page.text
    assert Requirement.objects.get().every_months == 12


def test_what_is_missing_is_said_at_its_field_and_what_was_typed_stays(visit, lead, everybody, course):
    page = visit(lead).post(f"{HOME}new/", typed(everybody, course, first="day", name="") | {"set": "1"})
    assert "Choose the day by which it is due." in page.text
    assert "This field is required." in page.text
    assert 'value="60"' in page.text
    assert not Requirement.objects.exists()


def test_the_page_says_who_is_late_and_where(visit, lead, organisation, requirement):
    with on(date(2026, 3, 1)):
        live(organisation)
        client = visit(lead)
        assert "2 people are overdue for “Ladder safety”." in client.get(HOME).text
        page = client.get(f"{HOME}{requirement.uid}/?state=overdue").text
        nobody = client.get(f"{HOME}{requirement.uid}/?state=compliant").text
    assert page.count("pill late") == 2
    assert "Nobody fits these filters." in nobody


def test_it_is_changed_ended_and_holds_again(visit, lead, requirement, everybody, course):
    client, page = visit(lead), f"{HOME}{requirement.uid}/"
    assert "Ladder safety" in client.get(f"{page}change/").text
    client.post(f"{page}change/", typed(everybody, course, every_months="24") | {"set": "1"})
    requirement.refresh_from_db()
    assert requirement.every_months == 24
    assert "is asked of nobody any more" in client.post(page, {"end": "1"}, follow=True).text
    assert "Ended" in client.get(HOME).text
    assert "holds again" in client.post(page, {"resume": "1"}, follow=True).text


def test_one_person_is_exempt_and_is_asked_again(visit, lead, organisation, requirement, learner):
    client, page = visit(lead), f"{HOME}{requirement.uid}/people/{learner.uid}/"
    assert "Time 1" in client.get(page).text
    assert "This field is required." in client.post(page, {"exempt": "1", "reason": ""}).text
    assert "is exempt." in client.post(page, {"exempt": "1", "reason": "Is the trainer"}, follow=True).text
    assert "Is the trainer" in client.get(page).text
    made = Exemption.objects.get()
    assert "is asked again" in client.post(page, {"end_exemption": str(made.uid)}, follow=True).text


@pytest.mark.parametrize("typed_uid", ["", "x", "00000000-0000-0000-0000-000000000000"])
def test_an_exemption_that_is_none_is_not_found(visit, lead, requirement, learner, typed_uid):
    page = f"{HOME}{requirement.uid}/people/{learner.uid}/"
    assert visit(lead).post(page, {"end_exemption": typed_uid}).status_code == 404


def test_the_matrix_has_people_and_requirements_and_a_file_has_the_same(visit, lead, requirement):
    client = visit(lead)
    page = client.get(f"{HOME}matrix/")
    assert page.text.count("To be done") >= 2
    answer = client.get(f"{HOME}matrix/csv/")
    rows = list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))
    assert rows[0][-1] == "Ladder safety"
    assert [row[-1] for row in rows[1:]] == ["To be done 2026-02-04"] * 2
    answer = client.get(f"{HOME}{requirement.uid}/file/csv/?state=overdue")
    assert len(list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))) == 1


def test_a_day_of_before_is_looked_at_and_has_a_file(visit, lead, organisation, requirement):
    client, page = visit(lead), f"{HOME}{requirement.uid}/as-of/"
    assert "How everybody stood on a day" in client.get(page).text
    shown = client.get(f"{page}?day=2026-02-10").text
    assert shown.count("pill late") == 2
    assert "It was asked of nobody on that day." in client.get(f"{page}?day=2025-12-31").text
    assert "has not come yet" in client.get(f"{page}?day=2999-01-01").text
    assert "Enter a valid date" in client.get(f"{page}?day=yesterday").text
    answer = client.get(f"{page}csv/?day=2026-02-10")
    rows = list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))
    assert [row[2] for row in rows] == ["State", "Overdue", "Overdue"]
    assert client.get(f"{page}csv/?day=x").status_code == 404


def test_pages_ask_as_much_for_fifty_people_as_for_two(visit, lead, organisation, requirement):
    client = visit(lead)

    def queries():
        counts = []
        for page in (HOME, f"{HOME}{requirement.uid}/", f"{HOME}matrix/"):
            client.get(page)
            with CaptureQueriesContext(connection) as captured:
                client.get(page)
            counts.append(len(captured))
        return counts

    before = queries()
    make_people(organisation, 48)
    with clock.at(BEGIN):
        type(requirement.audience).objects.update(stale_at=clock.now())
        live(organisation)
    assert Standing.objects.count() == 50
    assert queries() == before


def test_who_does_not_see_to_compliance_finds_no_page(visit, learner, requirement):
    client = visit(learner)
    assert {client.get(page).status_code for page in (HOME, f"{HOME}{requirement.uid}/", f"{HOME}matrix/")} == {403}


def test_a_person_s_page_says_what_is_required_of_them(visit, lead, learner, requirement):
    page = visit(lead).get(f"/aldermoor/people/{learner.uid}/").text
    assert "Ladder safety" in page
    assert "due on 4 February" in page


def test_erasing_somebody_takes_their_standing_and_their_exemptions(requirement, organisation, lead, learner):
    from milepost.people.contributions import contributions

    contributions.get("requirements").erase(learner)
    assert not Standing.objects.filter(member=learner).exists()
    assert Enrolment.objects.filter(member=learner).exists()  # learning forgets its own
    assert Member.objects.filter(pk=learner.pk).exists()
