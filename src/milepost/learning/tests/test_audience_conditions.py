"""Audiences of who completed something, and of who has not: current within seconds of the last step, and as days pass."""

from datetime import timedelta

import pytest

from milepost.audiences.evaluating import keep_current
from milepost.audiences.explaining import explain
from milepost.audiences.models import Audience, people_in
from milepost.audiences.rules import RuleRefused, one_line, told
from milepost.audiences.saving import make_audience
from milepost.core import clock
from milepost.core.jobs import run_all
from milepost.journal.models import Entry
from milepost.journal.subscriptions import deliver_all
from milepost.learning.enrolling import enrol, withdraw
from milepost.learning.models import Enrolment
from milepost.people.granting import grant
from milepost.people.models import Member, Site
from milepost.people.roles import Role
from tests.worlds import make_member


def of(name, course, **further):
    return {"condition": name, "value": {"course": str(course.uid), **further}}


def made(organisation, name, rule):
    audience = make_audience(organisation=organisation, name=name, rule=rule, by=None)
    run_all()
    return Audience.objects.get(pk=audience.pk)


def names(audience):
    return sorted(Member.objects.filter(pk__in=people_in(audience)).values_list("given_name", flat=True))


def settle():
    deliver_all()
    run_all()


def mark_completed(enrolment, when):
    Enrolment.objects.filter(pk=enrolment.pk).update(launched_at=when, completed_at=when)


def test_who_has_not_completed_follows_enrolment_and_withdrawal(world, organisation, lead, course):
    inside = made(organisation, "In", of("enrolled", course))
    outside = made(organisation, "Out", {"not": of("enrolled", course)})
    assert (names(inside), names(outside)) == (["Jonas"], ["Claire"])
    enrol(member=lead, course=course, by=lead)
    settle()
    assert (names(inside), names(outside)) == (["Claire", "Jonas"], [])
    withdraw(enrolment=Enrolment.objects.get(member=lead), by=lead)
    settle()
    assert (names(inside), names(outside)) == (["Jonas"], ["Claire"])


def test_a_completion_counts_ever_or_for_so_many_days(world, organisation, course, enrolment):
    now = clock.now()
    mark_completed(enrolment, now - timedelta(days=9))
    ever = made(organisation, "Ever", of("completed", course, days=None))
    ten = made(organisation, "Ten", of("completed", course, days=10))
    eight = made(organisation, "Eight", of("completed", course, days=8))
    assert (names(ever), names(ten), names(eight)) == (["Jonas"], ["Jonas"], [])
    with clock.at(now + timedelta(days=2)):
        keep_current(organisation)
        assert (names(ever), names(ten)) == (["Jonas"], [])
        [fact] = Entry.objects.filter(fact="audience.left")
        assert fact.content["context"]["why"] == ["completed"]
    why = explain(audience=eight, member=Member.objects.get(given_name="Jonas"))
    assert "completed on" in why.reading.parts[0].seen
    assert one_line(told(organisation, ten.rule)) == "completed “Ladders” within the last 10 days"


@pytest.mark.parametrize(
    "value", [None, {}, {"course": "x", "days": 1}, {"course": 7, "days": 1}, {"course": None, "days": None}]
)
def test_what_names_no_course_is_refused(organisation, course, value):
    for name in ("completed", "enrolled", "certified"):
        with pytest.raises(RuleRefused):
            make_audience(organisation=organisation, name="A", rule={"condition": name, "value": value}, by=None)
    for days in (-1, "1", True, 10**9):
        with pytest.raises(RuleRefused):
            make_audience(organisation=organisation, name="A", rule=of("completed", course, days=days), by=None)


# --- Wherever people are chosen -----------------------------------------------------------------------------


def test_an_audience_can_be_chosen_wherever_people_are(world, organisation, lead, course, visit):
    audience = made(organisation, "Not yet in", {"not": of("enrolled", course)})
    client, chosen = visit(lead), {"audience": str(audience.uid)}
    page = client.get("/aldermoor/people/", chosen)
    assert "Not yet in" in page.text
    assert [member.given_name for member in page.context["page"]] == ["Claire"]
    page = client.get("/aldermoor/courses/ladders/enrolments/new/", chosen)
    assert [member.given_name for member in page.context["new"].named] == ["Claire"]
    assert f'type="hidden" name="audience" value="{audience.uid}"' in page.text
    client.post("/aldermoor/courses/ladders/enrolments/new/", chosen)
    assert Enrolment.objects.filter(member=lead).exists()


def test_an_audience_that_is_not_there_any_more_means_nobody(world, organisation, lead, course, visit):
    client = visit(lead)
    for value in ("00000000-0000-0000-0000-000000000000", "nonsense"):
        page = client.get("/aldermoor/people/", {"audience": value})
        assert not page.context["page"].object_list
        client.post("/aldermoor/courses/ladders/enrolments/new/", {"audience": value})
    assert not Enrolment.objects.filter(member=lead).exists()


def test_hr_neither_sees_nor_chooses_by_results(world, organisation, lead, course, visit):
    hr = make_member(organisation, "hanna")
    grant(member=hr, role=Role.HR)
    audience = made(organisation, "Late", {"not": of("completed", course, days=None)})
    client = visit(hr)
    page = client.get("/aldermoor/people/", {"audience": str(audience.uid)})
    assert "Late" not in page.text
    assert not page.context["page"].object_list
    assert client.get(f"/aldermoor/audiences/{audience.uid}/").status_code == 404


def test_whoever_leads_a_site_chooses_of_an_audience_those_of_the_site(world, organisation, lead, course, visit):
    lyon = Site.objects.create(organisation=organisation, name="Lyon")
    make_member(organisation, "bo", site=lyon)
    part = make_member(organisation, "part")
    grant(member=part, role=Role.LEAD, scope="site", key=lyon.pk)
    audience = made(organisation, "Open", {"not": of("completed", course, days=None)})
    page = visit(part).get("/aldermoor/people/", {"audience": str(audience.uid)})
    assert [member.given_name for member in page.context["page"]] == ["Bo"]
