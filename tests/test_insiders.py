"""Nobody inside an organisation reaches more than they hold: by no page, no address, no word of a refusal."""

from datetime import date, timedelta
from hashlib import sha256
from zoneinfo import ZoneInfo

import pytest

from milepost.classroom.registering import Arrival, RegistrationRefused, register_arrival
from milepost.classroom.scheduling import Holder, Plan, half_days, schedule_session
from milepost.core import blobs, clock
from milepost.journal.models import Entry
from milepost.learning.enrolling import enrol, withdraw
from milepost.learning.models import Enrolment
from milepost.notices.models import Notice
from milepost.people.granting import grant
from milepost.people.inviting import invite
from milepost.people.models import Member, Site
from milepost.people.organisations import create_organisation
from milepost.people.roles import Role
from milepost.people.settings import change
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


def with_picture(picture: bytes, *, course=CLOSED, where="01-first/01-see.page.md", more=()):
    """A course with a picture on one of its pages."""
    text = course.get(where, "---\ntitle: See\n---\n") + "\n![A rope](" + "../" * where.count("/") + "media/rope.png)\n"
    return course | {where: text, "media/rope.png": picture} | dict(more)


def reads(client, picture: bytes, *, organisation="aldermoor", name="rope.png", **asked) -> bool:
    """Whether the page gives the file; in all other ways it answers as if there were none."""
    page = client.get(f"/{organisation}/media/{sha256(picture).hexdigest()}/{name}", **asked)
    if page.status_code == 404:
        return False
    assert b"".join(page.streaming_content) in (picture, picture[:4])
    return True


def test_a_picture_is_had_by_whoever_learns_with_it_and_a_file_that_is_no_course_s_by_nobody(
    organisation, learner, lead, visit
):
    course = make_course(organisation, with_picture(b"a rope"), by=lead)
    secret = b"a medical certificate"
    blobs.store(organisation.uid, secret)
    client, source = visit(learner), next(iter(course.draft.values()))[0]
    assert not reads(client, b"a rope")
    enrol(member=learner, course=course, by=lead)
    assert reads(client, b"a rope")
    assert reads(client, b"a rope", headers={"Range": "bytes=0-3"})
    for range_asked in ({}, {"headers": {"Range": "bytes=0-3"}}):
        assert not reads(client, secret, name="a.pdf", **range_asked)
    assert client.get(f"/aldermoor/media/{source}/a.md").status_code == 404
    withdraw(enrolment=Enrolment.objects.get(), by=lead)
    assert not reads(client, b"a rope")


def test_whoever_may_not_have_a_file_gets_one_answer_whether_it_is_there_or_not(organisation, learner, lead, visit):
    make_course(organisation, with_picture(b"a rope"), by=lead)
    client = visit(learner)
    for method in ("get", "head", "options", "post"):
        answers = {
            (page.status_code, *sorted(page.headers))
            for picture in (b"a rope", b"nothing at all")
            for page in [getattr(client, method)(f"/aldermoor/media/{sha256(picture).hexdigest()}/rope.png")]
        }
        assert {status for status, *_names in answers} <= {404, 405}
        assert len(answers) == 1


def test_the_files_of_a_draft_are_had_by_those_alone_who_may_take_it_along(organisation, cora, learner, lead, visit):
    course = make_course(organisation, with_picture(b"one"), by=lead)
    enrol(member=learner, course=course, by=lead)
    make_course(organisation, with_picture(b"the next"), by=lead, publish=False)
    assert [reads(visit(member), b"the next") for member in (lead, cora, learner)] == [True, False, False]
    make_course(organisation, with_picture(b"a ladder", course=SMALL_COURSE), by=lead, publish=False)
    assert [reads(visit(member), b"a ladder") for member in (lead, cora, learner)] == [True, True, False]


def test_who_joins_a_course_gets_nothing_of_its_former_versions_and_who_was_there_keeps_theirs(
    organisation, cora, learner, lead, visit
):
    enrol(member=learner, course=make_course(organisation, with_picture(b"first"), by=lead), by=lead)
    with clock.at(clock.now() + timedelta(days=1)):
        course = make_course(organisation, with_picture(b"second"), by=lead)
    with clock.at(clock.now() + timedelta(days=2)):
        enrol(member=cora, course=course, by=lead)
    assert [reads(visit(member), b"first") for member in (learner, cora)] == [True, False]
    assert [reads(visit(member), b"second") for member in (learner, cora)] == [True, True]


def test_whoever_finds_a_course_in_the_catalogue_sees_the_pictures_of_its_description_and_no_others(
    organisation, cora, learner, lead, visit
):
    closed = with_picture(b"closed", where="course.md", more={"media/other.png": b"inside"}.items())
    make_course(organisation, closed, by=lead)
    shown = with_picture(b"open", course=SMALL_COURSE, where="course.md", more={"media/other.png": b"deep"}.items())
    make_course(organisation, shown, by=lead)
    assert [reads(visit(learner), picture) for picture in (b"open", b"deep", b"closed", b"inside")] == [
        True,
        False,
        False,
        False,
    ]
    assert [reads(visit(lead), picture) for picture in (b"open", b"deep", b"closed", b"inside")] == [True] * 4


def test_the_same_picture_in_a_course_of_another_organisation_gives_nobody_this_one_s(
    organisation, learner, lead, visit
):
    enrol(member=learner, course=make_course(organisation, with_picture(b"a rope"), by=lead), by=lead)
    other = create_organisation(slug="other", name="Other")
    eve = make_member(other, "eve")
    enrol(member=eve, course=make_course(other, with_picture(b"their own"), by=eve), by=eve)
    client = visit(eve)
    assert reads(client, b"their own", organisation="other")
    for name in ("aldermoor", "other"):
        assert not reads(client, b"a rope", organisation=name)


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


def test_a_role_for_a_site_shows_how_people_do_and_no_files_of_courses(organisation, lyon, course, lead, visit):
    make_course(organisation, CLOSED, by=lead, publish=False)
    for role in (Role.LEAD, Role.AUDITOR):
        member = make_member(organisation, f"part-{role}")
        until = clock.today() + timedelta(days=9) if role == Role.AUDITOR else None
        grant(member=member, role=role, scope="site", key=lyon.pk, until=until)
        client = visit(member)
        listed = client.get("/aldermoor/courses/").text
        assert "Ladders" in listed
        assert "Riggers" not in listed
        for page in ("", "export/"):
            assert client.get(f"/aldermoor/courses/ladders/{page}").status_code == 403
    assert visit(lead).get("/aldermoor/courses/ladders/export/").status_code == 200


def test_who_looks_after_one_course_takes_along_its_files_and_no_others(organisation, cora, lead, visit):
    make_course(organisation, CLOSED, by=lead)
    assert visit(cora).get("/aldermoor/courses/ladders/export/").status_code == 200
    assert visit(cora).get("/aldermoor/courses/riggers/export/").status_code == 404


def test_who_enrols_somebody_may_invite_them(organisation, cora, learner, enrolment, visit):
    page = f"/aldermoor/courses/ladders/enrolments/{learner.uid}/"
    assert 'name="invite"' not in visit(cora).get(page).text  # has joined
    Member.objects.filter(pk=learner.pk).update(user=None)
    assert 'name="invite"' in visit(cora).get(page).text
    visit(cora).post(page, {"invite": "1"})
    assert Member.objects.get(pk=learner.pk).invited_at is not None
    far = make_member(organisation, "far")
    assert visit(cora).post(f"/aldermoor/courses/ladders/enrolments/{far.uid}/", {"invite": "1"}).status_code == 404


def test_who_leads_one_course_and_trains_in_another_is_offered_the_people_of_each(
    organisation, cora, course, lead, visit
):
    change(organisation=organisation, values={"trainer_rights": ["change-sessions"]})
    other = make_course(organisation, CLOSED, by=lead)
    grant(member=cora, role=Role.TRAINER, scope="course", key=other.pk)
    for which, name in ((course, "anna"), (other, "bo")):
        enrol(member=make_member(organisation, name), course=which, by=lead)
        spans = half_days(date(2026, 12, 3), ZoneInfo("Europe/Paris"))
        session = schedule_session(organisation=organisation, plan=Plan("Drill", spans, course=which), by=lead)
        offered = visit(cora).get(f"/aldermoor/sessions/{session.uid}/participants/?q=").text
        assert (name.title() in offered, "Anna" in offered and "Bo " in offered) == (True, False)


def test_an_address_tells_a_trainer_from_outside_no_name(organisation, lead, learner):
    spans = half_days(date(2026, 12, 3), ZoneInfo("Europe/Paris"))
    plan = Plan("Drill", spans, trainers=[Holder(name="Tess", email="t@outside.example"), Holder(lead)])
    session = schedule_session(organisation=organisation, plan=plan, by=lead)
    outside, inside = sorted(session.trainers.all(), key=lambda trainer: trainer.member is not None)
    for guess in ("", "Holm"):
        with pytest.raises(RegistrationRefused, match="family name"):
            register_arrival(arrival=Arrival(learner.email, family_name=guess), trainer=outside)
    assert register_arrival(arrival=Arrival(learner.email, family_name="nygard"), trainer=outside).member == learner
    assert register_arrival(arrival=Arrival(lead.email), trainer=inside).member == lead


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        ("/aldermoor/people/{uid}/roles/", {"role": "owner", "scope": "organisation"}),
        ("/aldermoor/learn/ladders/02-second/02-sign/completion/", {"confirmed": "1"}),
        ("/accounts/email/", {"action_add": "", "email": "mine@elsewhere.example"}),
        ("/accounts/logout/", {}),
    ],
)
def test_what_somebody_left_in_a_browser_is_not_done_under_the_name_of_the_next(
    visit, lead, learner, course, organisation, path, sent
):
    """Whoever had a shared computer before made themselves an owner as soon as one signed in there."""
    enrol(member=lead, course=course)
    client = visit(lead)
    client.post("/accounts/login/", {"login": lead.email, "password": "correct horse"})
    client.get("/aldermoor/learn/ladders/02-second/02-sign/")
    for person in (str(lead.uid), "trainer-x", ""):
        answer = client.post(path.format(uid=learner.uid), sent, headers={"Milepost-Person": person})
        assert answer.status_code in (400, 403)  # not kept by any page, or not theirs
    assert client.get("/aldermoor/").status_code == 200
    assert not learner.role_grants.exists() and not Entry.objects.filter(verb="progressed").exists()
