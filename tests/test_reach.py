"""Whoever holds a role for a part of the organisation sees that part on every page with a list, and acts on no more."""

import io
from datetime import date, timedelta
from urllib.parse import quote
from zoneinfo import ZoneInfo

import pytest
from openpyxl import load_workbook

from milepost.classroom.registering import register
from milepost.classroom.scheduling import Plan, half_days, schedule_session
from milepost.core import clock
from milepost.learning.enrolling import enrol
from milepost.learning.models import Enrolment
from milepost.people.granting import grant
from milepost.people.models import Department, Member, Site
from milepost.people.roles import Role
from tests.worlds import SMALL_COURSE, make_course, make_member

ELSEWHERE = "Zebedee"  # nobody else is called so; they work where nobody of the part works


@pytest.fixture
def part(organisation, lead, course):
    """Bo works at Lyon in Shops, led by Anna; Zebedee at Oslo, led by nobody; both are in the course."""
    lyon, oslo = (Site.objects.create(organisation=organisation, name=name) for name in ("Lyon", "Oslo"))
    shops = Department.objects.create(organisation=organisation, name="Shops", path="Sales / Shops")
    anna = make_member(organisation, "anna")
    bo = make_member(organisation, "bo", site=lyon, department=shops, manager=anna)
    far = make_member(organisation, ELSEWHERE.lower(), site=oslo)
    for member in (bo, far):
        enrol(member=member, course=course, by=lead)
    return {"site": lyon.pk, "department": shops.pk, "line": anna.pk, "bo": bo, "far": far}


LISTS = [
    "people/",
    "people/?status=all",
    "people/?q=zeb",
    "people/roles/",
    "courses/ladders/enrolments/",
    "courses/ladders/enrolments/new/",
    "courses/ladders/numbers/",
    "courses/ladders/certificates/",
    "messages/undelivered/",
]
READERS = [Role.LEAD, Role.HR, Role.AUDITOR, Role.OWNER]


def holder(organisation, part, role, scope):
    member = make_member(organisation, "holder")
    until = clock.today() + timedelta(days=9) if role == Role.AUDITOR else None
    grant(member=member, role=role, scope=scope, key=part[scope], until=until)
    return member


@pytest.mark.parametrize("role", READERS)
@pytest.mark.parametrize("scope", ["site", "department", "line"])
def test_no_list_shows_somebody_out_of_scope(organisation, part, visit, role, scope):
    client = visit(holder(organisation, part, role, scope))
    seen = 0
    for path in LISTS:
        page = client.get(f"/aldermoor/{path}")
        assert page.status_code in (200, 403, 404), path
        assert ELSEWHERE not in page.text, path
        assert "Oslo" not in page.text, path
        seen += "Bo Nygård" in page.text
    assert seen > 0


@pytest.mark.parametrize("role", READERS)
def test_the_page_of_somebody_out_of_scope_is_not_found(organisation, part, visit, role):
    client = visit(holder(organisation, part, role, "site"))
    near, far = (f"/aldermoor/people/{part[name].uid}/" for name in ("bo", "far"))
    assert client.get(near).status_code == 200
    assert client.get(far).status_code == 404
    assert client.get(far + "history/").status_code == 404
    for path in ("roles/", "data/", "erasure/"):
        assert client.post(far + path, {"role": "hr"}).status_code in (403, 404), path


def test_files_that_are_taken_along_hold_nobody_out_of_scope(organisation, part, visit):
    client = visit(holder(organisation, part, Role.LEAD, "site"))
    response = client.get("/aldermoor/courses/ladders/numbers/people.csv")
    words = b"".join(response.streaming_content).decode()
    assert "Bo Nygård" in words
    assert ELSEWHERE not in words
    book = load_workbook(
        io.BytesIO(b"".join(client.get("/aldermoor/courses/ladders/numbers/people.xlsx").streaming_content))
    )
    cells = [str(cell.value) for row in book.active.iter_rows() for cell in row]
    assert not any(ELSEWHERE in cell for cell in cells)


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
    assert "holds more than you" in page.text


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
