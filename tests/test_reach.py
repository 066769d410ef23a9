"""Whoever holds a role for a part of the organisation sees that part on every page with a list, and acts on no more."""

import io
import re
import zipfile
from datetime import date, timedelta
from urllib.parse import quote
from zoneinfo import ZoneInfo

import pytest
from django.core.cache import cache
from django.db import transaction

from milepost.classroom.models import Attendance, LiveSession
from milepost.classroom.registering import register
from milepost.classroom.scheduling import Plan, half_days, schedule_session
from milepost.core import blobs, clock
from milepost.credentials.issuing import issue_missing
from milepost.credentials.models import Certificate
from milepost.learning.enrolling import enrol
from milepost.learning.models import Enrolment
from milepost.notices.models import Notice
from milepost.people.granting import grant
from milepost.people.models import Department, Member, Site
from milepost.people.roles import Role
from tests.test_strangers import ROUTES, address, populated
from tests.worlds import SMALL_COURSE, make_course, make_member

ELSEWHERE = "Zebedee"  # nobody else is called so; they work where nobody of the part works

ROPES = SMALL_COURSE | {"course.md": SMALL_COURSE["course.md"].replace("ladders", "ropes").replace("Ladders", "Ropes")}


@pytest.fixture
def part(organisation, lead, course):
    """Bo works at Lyon in Shops, led by Anna; Zebedee at Hammerfest, led by nobody; both are in the course."""
    lyon, oslo = (Site.objects.create(organisation=organisation, name=name) for name in ("Lyon", "Hammerfest"))
    shops = Department.objects.create(organisation=organisation, name="Shops", path="Sales / Shops")
    anna = make_member(organisation, "anna")
    bo = make_member(organisation, "bo", site=lyon, department=shops, manager=anna)
    far = make_member(organisation, ELSEWHERE.lower(), site=oslo)
    for member in (bo, far):
        enrol(member=member, course=course, by=lead)
    return {"site": lyon.pk, "department": shops.pk, "line": anna.pk, "bo": bo, "far": far}


def holder(organisation, part, role, scope, *, name="holder"):
    member = make_member(organisation, name)
    until = clock.today() + timedelta(days=9) if role == Role.AUDITOR else None
    grant(member=member, role=role, scope=scope, key=part[scope], until=until)
    return member


# --- The walk ----------------------------------------------------------------------------------------------

HELD = {Role.LEAD: "site", Role.HR: "department", Role.AUDITOR: "line", Role.OWNER: "site"}
OF_SOMEBODY = {"member", "person", "certificate", "attendance", "notice"}  # what an address names that is one person's
FILTERS = {"q": "zebed", "status": "all", "site": "oslo", "text": "zebed"}


@pytest.fixture
def whole(world, part):
    """Something of everything, and Zebedee in all of it: a certificate, a seat with an excuse, a message that came back, a bulk change."""
    populated(world)
    far, session = part["far"], LiveSession.objects.get()
    ropes = make_course(world.organisation, ROPES, by=world.lead)
    enrol(member=part["bo"], course=ropes, by=world.lead)
    part["course"] = ropes.pk
    done = {"launched_at": clock.now(), "completed_at": clock.now(), "done": 3}
    Enrolment.objects.filter(member__in=[part["bo"], far], course=world.course).update(**done)
    issue_missing(course=world.course, by=world.lead)
    for member in (part["bo"], far):
        register(session=session, member=member)
    excuse = blobs.store(world.organisation.uid, ELSEWHERE.encode())
    seat = Attendance.objects.filter(participant__member=far).earliest("pk")
    seat.absence_file, seat.absence_file_name = excuse, f"{ELSEWHERE}.txt"
    seat.save()
    notice = Notice.objects.create(
        organisation=world.organisation,
        kind="invitation",
        recipient=str(far.uid),
        member=far,
        about_type="member",
        about_id=str(far.uid),
        state="refused",
        settled_at=clock.now(),
    )
    certificate = Certificate.objects.get(enrolment__member=far)
    part["names"] = {
        "member": str(far.uid),
        "person": str(far.uid),
        "certificate": str(certificate.uid),
        "attendance": str(seat.uid),
        "notice": str(notice.uid),
        "digest": excuse,
    }
    return world


def walkers(organisation, part):
    """Each role within a part of some kind, who leads a line, who has a course, and a colleague."""
    for role, scope in HELD.items():
        yield f"{role} of a {scope}", holder(organisation, part, role, scope, name=f"{role}-{scope}")
    yield "manager", Member.objects.get(pk=part["line"])
    for role in (Role.LEAD, Role.TRAINER):
        yield f"{role} of a course", holder(organisation, part, role, "course", name=f"{role}-course")
    yield "colleague", part["bo"]


def answers_of(client, path):
    """What everybody can ask of an address: to see it, to see all of it, to act on it. Who may not see it may not act there."""
    seen = client.get(path)
    yield "get", seen
    if seen.status_code == 200:
        yield "filter", client.get(path, FILTERS)
    if seen.status_code != 403:
        yield "post", client.post(path, FILTERS)


def words_of(answer):
    """Everything that an answer says: of a workbook or a zip, what is in it."""
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    if content.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            content = b"".join(archive.read(name) for name in archive.namelist())
    return content.decode("utf-8", "replace") + str(answer.headers)


def seen_of_zebedee(client, whole, part):
    """The addresses that say a word of Zebedee, by the way in which they were asked."""
    silent = {name: value for name, value in part["names"].items() if name != "digest"}
    forms = [{"form": form} for form in ("csv", "xlsx")]
    for route in ROUTES:
        about = [silent, {}] if OF_SOMEBODY.intersection(re.findall(r":(\w+)>", route)) else [{}]
        for named in forms if "<slug:form>" in route else about:
            path = address(route, whole, digest=part["names"]["digest"], **named)
            cache.clear()
            with transaction.atomic():
                for how, answer in answers_of(client, path):
                    words = words_of(answer)
                    if ELSEWHERE in words or "Hammerfest" in words:
                        yield f"{how} {route}"
                    elif named is silent and how == "get" and answer.status_code == 200:
                        yield f"{how} {route} is there"
                transaction.set_rollback(True)


@pytest.mark.each_day_on("sqlite")
def test_no_role_within_a_part_hears_a_word_of_anybody_beyond_it_at_any_address(whole, part, visit, lead):
    """By the identifiers of people of the part and beyond it, with every filter, in pages, tables and files."""
    found = {}
    for who, member in walkers(whole.organisation, part):
        if seen := list(seen_of_zebedee(visit(member), whole, part)):
            found[who] = seen
    assert found == {}
    everywhere = set(seen_of_zebedee(visit(lead), whole, part))
    assert len(everywhere) > 15, everywhere  # the walk is not blind


@pytest.mark.parametrize("query", [{}, {"q": ELSEWHERE}, {"status": "all"}])
def test_an_act_on_everybody_whom_filters_show_stays_within_the_scope(organisation, part, lead, visit, query):
    other = make_course(
        organisation, SMALL_COURSE | {"course.md": SMALL_COURSE["course.md"].replace("ladders", "ropes")}
    )
    client = visit(holder(organisation, part, Role.LEAD, "site"))
    client.post(f"/aldermoor/courses/{other.slug}/enrolments/new/", query)
    assert set(Enrolment.objects.filter(course=other).values_list("member", flat=True)) <= {part["bo"].pk}
    Member.objects.filter(pk__in=[part["bo"].pk, part["far"].pk]).update(user=None)
    client.post("/aldermoor/people/invitations/", query)
    client.post("/aldermoor/people/invitations/", {"member": str(part["far"].uid)})
    assert Member.objects.get(pk=part["far"].pk).invited_at is None


def test_whoever_leads_one_course_finds_no_other(organisation, part, course, visit):
    other = make_course(
        organisation, SMALL_COURSE | {"course.md": SMALL_COURSE["course.md"].replace("ladders", "ropes")}
    )
    member = make_member(organisation, "holder")
    grant(member=member, role=Role.LEAD, scope="course", key=course.pk)
    client = visit(member)
    assert "/ropes/" not in client.get("/aldermoor/courses/").text
    for path in ("", "numbers/", "enrolments/", "enrolments/new/", "certificates/", "export/", "draft/"):
        assert client.get(f"/aldermoor/courses/{other.slug}/{path}").status_code in (404, 405), path
    assert ELSEWHERE in client.get("/aldermoor/courses/ladders/enrolments/").text
    assert client.get("/aldermoor/courses/new/").status_code == 403
    assert client.get(f"/aldermoor/people/?q={quote('Anna')}").text.count("Anna Nygård") == 0


def test_a_part_of_the_organisation_is_no_way_to_its_whole(organisation, part, visit):
    client = visit(holder(organisation, part, Role.OWNER, "site"))
    for path in ("settings/", "actions/", "journal/", "documents/", "people/imports/new/", "courses/new/", "audits/"):
        assert client.get(f"/aldermoor/{path}").status_code == 403, path


def test_an_hr_file_does_not_move_the_account_of_somebody_who_holds_more(organisation, lead, visit):
    from django.core.files.uploadedfile import SimpleUploadedFile

    Member.objects.filter(pk=lead.pk).update(employee_number="77")
    client = visit(make_member(organisation, "ravi", roles=["hr"]))
    file = SimpleUploadedFile("hr.csv", b"Employee number,First name,Last name,Email\n77,Claire,N,ravi2@x.example\n")
    page = client.post("/aldermoor/people/imports/new/", {"file": file}, follow=True)
    assert "which you can’t give" in page.text


def test_in_a_session_only_seats_within_the_scope_are_seen(organisation, part, lead, visit):
    spans = half_days(date(2026, 12, 3), ZoneInfo("Europe/Paris"))
    plan = Plan(title="Drill", spans=spans, place="Quay")
    session = schedule_session(organisation=organisation, plan=plan, by=lead)
    empty = schedule_session(organisation=organisation, plan=plan, by=lead)
    for member in (part["bo"], part["far"]):
        register(session=session, member=member)
    register(session=empty, member=part["far"])
    client = visit(holder(organisation, part, Role.AUDITOR, "site"))
    listed = client.get("/aldermoor/sessions/").text
    assert str(session.uid) in listed
    assert str(empty.uid) not in listed
    for path in ("", f"slots/{session.slots.first().code}/"):
        page = client.get(f"/aldermoor/sessions/{session.uid}/{path}").text
        assert "Bo Nygård" in page
        assert ELSEWHERE not in page
    assert client.get(f"/aldermoor/sessions/{empty.uid}/").status_code == 404
    assert client.get(f"/aldermoor/sessions/{session.uid}/participants/").status_code == 403
