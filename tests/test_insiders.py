"""Nobody inside an organisation reaches more than they hold: by no page, no address, no word of a refusal."""

import pytest

from milepost.core import blobs, clock
from milepost.learning.enrolling import enrol
from milepost.notices.models import Notice
from milepost.people.granting import grant
from milepost.people.inviting import invite
from milepost.people.models import Site
from milepost.people.roles import Role
from tests.worlds import SMALL_COURSE, make_course, make_member

CLOSED = SMALL_COURSE | {
    "course.md": "---\ntitle: Riggers\nslug: riggers\nenrolment: invited\ncompletion: required\n---\nHello.\n"
}


@pytest.fixture
def lyon(organisation):
    return Site.objects.create(organisation=organisation, name="Lyon")


@pytest.fixture
def ravi(organisation, lyon):
    """HR for the site Lyon."""
    ravi = make_member(organisation, "ravi", site=lyon)
    grant(member=ravi, role=Role.HR, scope="site", key=lyon.pk)
    return ravi


@pytest.fixture
def cora(organisation, course):
    """L&D lead for one course."""
    cora = make_member(organisation, "cora")
    grant(member=cora, role=Role.LEAD, scope="course", key=course.pk)
    return cora


def test_the_history_of_a_colleague_in_an_office_names_nobody_beyond_one_s_scope(organisation, lyon, ravi, visit, lead):
    lead.site = lyon
    lead.save()
    far = make_member(organisation, "oddvar")
    far.user = None
    far.save()
    invite(members=[far], by=lead)
    for page in (f"/aldermoor/people/{lead.uid}/", f"/aldermoor/people/{lead.uid}/history/"):
        assert "Oddvar" not in visit(ravi).get(page).text
        assert "Oddvar" in visit(lead).get(page).text


def test_what_was_said_to_somebody_outside_is_looked_after_by_whoever_sees_everybody(organisation, ravi, lead, visit):
    notice = Notice.objects.create(
        organisation=organisation,
        kind="erased",
        recipient="eve@elsewhere.example",
        address="eve@elsewhere.example",
        about_type="organisation",
        about_id=str(organisation.uid),
        state="refused",
        settled_at=clock.now(),
    )
    address = f"/aldermoor/messages/undelivered/{notice.uid}/"
    assert visit(ravi).post(address, {"leave": ""}).status_code == 403
    assert visit(lead).post(address, {"leave": ""}).status_code == 302


def test_a_file_that_is_no_course_s_is_not_had_by_its_fingerprint(organisation, learner, course, visit):
    secret = blobs.store(organisation.uid, b"a medical certificate")
    known = next(iter(course.draft.values()))[0]
    client = visit(learner)
    assert client.get(f"/aldermoor/media/{secret}/a.pdf").status_code == 404
    assert client.get(f"/aldermoor/media/{known}/a.md").status_code == 200


def test_who_looks_after_one_course_sees_its_people_in_it_and_nothing_else_of_them(
    organisation, cora, learner, enrolment, lead, visit
):
    enrol(member=learner, course=make_course(organisation, CLOSED, by=lead), by=lead)
    client = visit(cora)
    enrolments = client.get("/aldermoor/courses/ladders/enrolments/").text
    assert learner.full_name in enrolments
    assert f"/people/{learner.uid}/" not in enrolments
    for page in ("", "history/"):  # they tell of every course
        assert client.get(f"/aldermoor/people/{learner.uid}/{page}").status_code == 403
    for page in (f"/aldermoor/people/{learner.uid}/data/", f"/aldermoor/people/{learner.uid}/erasure/"):
        assert client.post(page, {"name": learner.full_name}).status_code in (403, 404)
    learner.refresh_from_db()
    assert client.post(f"/aldermoor/people/{cora.uid}/data/").status_code in (200, 404)


def test_an_owner_of_one_site_hears_nothing_of_what_there_is_elsewhere(organisation, lyon, ravi, visit):
    Site.objects.create(organisation=organisation, name="Oslo")
    make_member(organisation, "oddvar")
    grant(member=ravi, role=Role.OWNER, scope="site", key=lyon.pk)
    near, client = make_member(organisation, "near", site=lyon), visit(ravi)
    page = client.get(f"/aldermoor/people/{near.uid}/").text
    assert 'value="Lyon"' in page
    assert "Oslo" not in page
    answers = set()
    for scope, which in (("site", "Oslo"), ("site", "Nowhere"), ("line", "Oddvar Nygård"), ("line", "Nobody At All")):
        sent = {"role": "hr", "scope": scope, "which": which}
        answers.add(str(client.post(f"/aldermoor/people/{near.uid}/roles/", sent).context["form"].errors))
    assert len(answers) == 1
    assert "only what you hold yourself" in answers.pop()
    client.post(f"/aldermoor/people/{near.uid}/roles/", {"role": "hr", "scope": "site", "which": "Lyon"})
    assert [held.role for held in near.role_grants.all()] == ["hr"]


def test_a_course_by_invitation_is_found_by_those_in_it_and_by_who_sees_courses(organisation, cora, ravi, lead, visit):
    make_course(organisation, CLOSED, by=lead)
    assert visit(lead).get("/aldermoor/catalogue/riggers/").status_code == 200
    for member in (cora, ravi):  # a role for one course, and a role that has nothing to do with courses
        assert visit(member).get("/aldermoor/catalogue/riggers/").status_code == 404


def test_who_manages_the_sessions_of_one_course_is_offered_the_steps_of_no_other(organisation, cora, lead, visit):
    make_course(organisation, CLOSED | {"01-first/03-rig.live.md": "---\ntitle: Rig\n---\n"}, by=lead)
    assert "Riggers: Rig" in visit(lead).get("/aldermoor/sessions/new/").text
    assert "Riggers" not in visit(cora).get("/aldermoor/sessions/new/").text
