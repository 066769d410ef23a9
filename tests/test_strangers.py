"""No member of one organisation reaches anything of another: every URL is walked, those of tomorrow too."""

import re
import uuid
from datetime import date
from zoneinfo import ZoneInfo

import pytest
from django.core.cache import cache
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls import path as address_of

from milepost.attestations.models import Attestation
from milepost.audiences.models import Audience, Membership
from milepost.classroom.models import Attendance, LiveSession, Slot
from milepost.classroom.registering import register
from milepost.classroom.scheduling import Plan, half_days, schedule_session
from milepost.config import monitoring
from milepost.connections.models import ConnectionRecord
from milepost.core import blobs, clock
from milepost.core.openness import declare
from milepost.credentials.issuing import issue_missing
from milepost.credentials.models import Certificate
from milepost.declarations.models import Draft
from milepost.documents.composing import compose
from milepost.documents.kinds import KINDS
from milepost.evidence.actions import ActionPlan, open_action
from milepost.evidence.models import Audit, Dossier, TrainingAction
from milepost.journal.models import Entry
from milepost.journal.sealing import seal
from milepost.learning.enrolling import enrol_many
from milepost.learning.models import Enrolment, Equivalence
from milepost.notices.models import Notice
from milepost.people.access import OrganisationMiddleware
from milepost.people.models import Absence, Member
from milepost.people.organisations import InvalidOrganisation, create_organisation
from milepost.receipts.models import Receipt
from tests.worlds import make_member

METHODS = ("get", "post")
SHARED = uuid.UUID("6ba7b810-9dad-41d1-80b4-00c04fd430c8")  # of everything that is named by one


def views(resolver=None, prefix=""):
    for entry in (resolver or get_resolver()).url_patterns:
        route = prefix + str(entry.pattern).lstrip("^").rstrip("$")
        if isinstance(entry, URLResolver):
            yield from views(entry, route)
        elif isinstance(entry, URLPattern):
            yield route, entry.callback


def patterns():
    return [route for route, _view in views()]


pytestmark = pytest.mark.each_day_on("sqlite")  # who may open what is asked before a database says anything of its own
ROUTES = sorted(route for route in patterns() if route.startswith("<slug:organisation>/"))


@pytest.fixture
def world(world):
    """One in which there is something of everything."""
    return populated(world)


def populated(world):
    now = clock.now()
    Absence.objects.create(organisation=world.organisation, member=world.learner, uid=SHARED, begins=date(2026, 11, 2))
    enrol_many(members=Member.objects.filter(pk=world.lead.pk), course=world.course, by=world.lead, act=SHARED)
    Enrolment.objects.filter(pk=world.enrolment.pk).update(launched_at=now, completed_at=now, done=3)
    issue_missing(course=world.course, by=world.lead)
    _hold_evidence(world, _hold_a_session(world))
    _attest_declare_and_recognise(world)
    audience = Audience.objects.create(
        organisation=world.organisation, uid=SHARED, name="All", rule={"all": []}, size=1
    )
    Membership.objects.create(
        organisation=world.organisation, audience=audience, member=world.learner, counts_since=now, entered_why=["rule"]
    )
    return world


def _attest_declare_and_recognise(world):
    of, digest = {"organisation": world.organisation}, blobs.store(world.organisation.uid, b"a")
    content = {"day": "2026-11-26", "concerned": 1, "certified": 1, "sites": [], "courses": [], "scope": {}}
    files = {"pdf": digest, "annex": digest, "made_at": clock.now()}
    Attestation.objects.create(
        **of, **files, uid=SHARED, day=date(2026, 11, 26), whom="employees", language="en", content=content
    )
    Draft.objects.create(**of, name="bpf", year=2026, csv=digest, xlsx=digest, done_at=clock.now())
    told = {"person": "Jonas", "published": "", "keys": [], "sealed_at": "", "achievements": [], "sessions": 0}
    member = {"member": world.learner, "issuer": "Norrviken", "key": "0" * 64}
    Receipt.objects.create(**of, **member, uid=SHARED, digest=digest, content=told, holder="theirs")
    decided = {"title": "Heights", "completed_on": date(2026, 11, 26), "receipt_sha256": digest, "reason": "Same"}
    Equivalence.objects.create(**of, **member, **decided, uid=SHARED, course=world.course, is_checked=False)


def _hold_a_session(world):
    spans = half_days(date(2026, 11, 26), ZoneInfo("Europe/Paris"))
    plan = Plan(title="Drill", spans=spans, provider="link", address="https://meet.example.org/drill")
    session = schedule_session(organisation=world.organisation, plan=plan, by=world.lead)
    register(session=session, member=world.learner)
    session.sheets.create(organisation=world.organisation, number=1, pdf=blobs.store(world.organisation.uid, b"%PDF-"))
    session.documents.create(
        organisation=world.organisation,
        uid=SHARED,
        name="a.txt",
        digest=blobs.store(world.organisation.uid, b"a"),
        size=1,
    )
    attendance = Attendance.objects.earliest("pk")
    attendance.absence_file, attendance.absence_file_name = blobs.store(world.organisation.uid, b"a"), "a.pdf"
    attendance.save()
    return session


def _hold_evidence(world, session):
    made = compose(
        organisation=world.organisation, kind=KINDS["agreement"], values={"title": "T"}, language="en", by=world.lead
    )
    type(made).objects.filter(pk=made.pk).update(uid=SHARED)
    action = open_action(
        organisation=world.organisation,
        plan=ActionPlan(
            title="T",
            profile="fr",
            starts_on=date(2026, 11, 26),
            ends_on=date(2026, 11, 26),
            minutes=60,
            sessions=[session],
        ),
        by=world.lead,
    )
    TrainingAction.objects.filter(pk=action.pk).update(uid=SHARED)
    seal(world.organisation.pk)
    Audit.objects.create(
        organisation=world.organisation,
        uid=SHARED,
        name="Ines",
        email="ines@funds.example",
        language="en",
        starts_on=date(2026, 11, 26),
        ends_on=date(2026, 11, 27),
        covers_all=True,
    )
    Notice.objects.create(
        organisation=world.organisation,
        uid=SHARED,
        kind="invitation",
        recipient=str(world.learner.uid),
        member=world.learner,
        about_type="member",
        about_id=str(world.learner.uid),
        state="refused",
        settled_at=clock.now(),
    )
    digest = blobs.store(world.organisation.uid, b"PK")
    Dossier.objects.create(organisation=world.organisation, action=action, uid=SHARED, digest=digest)
    told = {"title": "T", "content": {}, "minutes": 20, "minutes_live": 0, "pdf": digest}
    ConnectionRecord.objects.create(organisation=world.organisation, action=action, member=world.learner, **told)


def address(route, world, *, text=None, **swapped):
    """The route filled with what there is; `text` stands for every part that may be any text, `swapped` for what it names."""
    of_organisation = Entry.objects.filter(organisation_id=world.organisation.pk)
    known = {
        "organisation": "aldermoor",
        "organisation_uid": str(world.organisation.uid),
        "course": "ladders",
        "slug": "ladders",
        "module": "01-first",
        "activity": "01-read",
        "resource": "completion",
        "member": str(world.learner.uid),
        "role": "owner",
        "language": "en",
        "draft": str(uuid.uuid4()),
        "certificate": lambda: Certificate.objects.earliest("pk").uid,
        "session": lambda: LiveSession.objects.get().uid,
        "slot": lambda: Slot.objects.earliest("pk").code,
        "number": "1",
        "kind": "agreement",
        "document": str(SHARED),
        "act": str(SHARED),
        "action": str(SHARED),
        "dossier": str(SHARED),
        "entry": lambda: of_organisation.earliest("pk").pk,
        "attendance": lambda: Attendance.objects.earliest("pk").uid,
        "person": str(world.learner.uid),
        "audit": str(SHARED),
        "notice": str(SHARED),
        "digest": next(iter(world.course.draft.values()))[0],
        "name": "a.png",
        "report": "people",
        "declaration": "bpf",
        "year": "2026",
        "form": "csv",
    } | swapped
    of_kind = {"int": "1", "uuid": str(SHARED)}

    def fill(part):
        if text is not None and part[2] == "str":
            return text
        kind, name = part[2], part[1] or part[3]
        is_named_otherwise = kind == "uuid" and name == "course"  # its slug everywhere else
        there_is = known.get(name)
        if callable(there_is):  # asked for where a route names it, and not for each of thousands
            there_is = str(there_is())
        return of_kind[kind] if is_named_otherwise else there_is or of_kind.get(kind, "a")

    filled = re.sub(r"\(\?P<(\w+)>[^)]*\)|<(?:(\w+):)?(\w+)>", fill, route)
    return "/" + filled.replace("\\", "")


def test_there_are_urls_to_walk():
    assert len(ROUTES) > 20


def test_every_address_says_who_may_open_it():
    """Under an organisation by `@requires(…)` or `@member_required`, outside by `@open_to(…)` with a reason: one that says nothing
    is opened by nobody."""
    inside = {route for route, view in views() if hasattr(view, "is_for")}
    outside = {route: view.openness for route, view in views() if hasattr(view, "openness")}
    assert inside == set(ROUTES)
    assert outside.keys() == set(patterns()) - set(ROUTES)
    assert all(len(openness.because) > 10 for openness in outside.values())


def test_a_view_that_does_not_say_who_may_open_it_is_opened_by_nobody(rf):
    asked = rf.get("/aldermoor/")
    with pytest.raises(ImproperlyConfigured, match="who may open it"):
        OrganisationMiddleware(None).process_view(asked, names_that_say_nothing, [], {"organisation": "aldermoor"})


def names_that_say_nothing(request):
    """A view that somebody has forgotten to close."""


def test_an_address_of_another_package_that_nobody_has_looked_at_stops_the_start():
    with pytest.raises(ImproperlyConfigured, match="new_address"):
        declare([address_of("new/", names_that_say_nothing, name="new_address")], {})


def each(routes, world):
    """These with their addresses, each as if it were the first to be walked: making the world takes longer than a page."""
    for route in routes:
        cache.clear()
        with transaction.atomic():
            yield route, address(route, world)
            transaction.set_rollback(True)


def statuses(client, path):
    return [getattr(client, method)(path).status_code for method in METHODS]


def test_a_stranger_from_another_organisation_finds_nothing(world, visit):
    other = create_organisation(slug="other", name="Other")
    stranger = visit(make_member(other, "eve", roles=["owner", "lead"]))
    found = {
        route: answers for route, path in each(ROUTES, world) if (answers := statuses(stranger, path)) != [404, 404]
    }
    assert found == {}


def test_who_is_not_signed_in_is_asked_to(world):
    let_in = []
    for route, path in each(ROUTES, world):
        for method in METHODS:
            response = getattr(Client(), method)(path)
            if response.status_code != 302 or not response.url.startswith("/accounts/login/"):
                let_in.append((method, route, response.status_code))
    assert let_in == []


# Those that name something of one organisation; a kind of document and a declaration of a year are everybody's.
EVERYBODYS = ("wordings/", "actions/declarations/<slug:declaration>/<int:year>/")
OWNED = [
    route
    for route in ROUTES
    if "<" in route.removeprefix("<slug:organisation>/") and not any(part in route for part in EVERYBODYS)
]


def test_things_of_another_organisation_are_not_found_under_one_s_own(world, visit):
    other = create_organisation(slug="other", name="Other")
    stranger = visit(make_member(other, "eve", roles=["owner", "lead"]))
    found = {}
    for route, path in each(OWNED, world):
        answers = statuses(stranger, path.replace("/aldermoor/", "/other/", 1))
        if not {404, 405}.issuperset(answers):
            found[route] = answers
    assert found == {}


# Answered before the database is asked: what they read of a request is compared, and never kept.
MONITORING = {path.removeprefix("/") for path in monitoring.ANSWERS}


def test_a_control_character_in_anything_that_is_sent_is_refused_in_words_wherever_it_is_sent(world, visit):
    """PostgreSQL keeps no NUL, XML and PDF none at all, so that they must never come as far: not in any field that somebody adds."""
    client, let_through = visit(world.lead), []
    for route in sorted(set(patterns()) - MONITORING):
        path, nul = address(route, world), {"some": "a\0b"}
        answers = [
            client.get(path, nul),
            client.post(path, nul),
            client.post(path, {"a\x1bb": "some"}),
            client.post(path + "?some=%00", {}),
            client.post(path, "some=%01", content_type="application/x-www-form-urlencoded"),
            client.post(path, {"deep": [{"a\0b": 1}]}, content_type="application/json"),
            client.post(path, '["\\b"]', content_type="application/json"),
            client.post(path, '["\\u0000"]', content_type="text/plain"),
            client.post(path, '["\x9f"]', content_type="text/plain"),
        ]
        if any(answer.status_code != 400 or "can’t be seen" not in answer.text for answer in answers):
            let_through.append((route, [answer.status_code for answer in answers]))
    assert let_through == []


def test_a_nul_in_an_address_is_found_nowhere(world, visit):
    client = visit(world.lead)
    for route in patterns():
        if "<str:" in route:
            assert client.get(address(route, world, text="a%00b")).status_code == 404, route


def test_a_nul_in_a_cookie_is_nobody_s_session(world):
    cookie = r'sessionid="abcdefgh\000ijklmnop"'  # as a header spells it (RFC 2109): Python's own cookies refuse to
    assert Client().get("/aldermoor/", headers={"cookie": cookie}).status_code == 302


def test_two_characters_that_only_look_like_an_escaped_nul_are_let_through(world, visit):
    sent = r'["a\\u0000"]'  # a backslash, then u0000
    assert visit(world.lead).post("/aldermoor/people/", sent, content_type="application/json").status_code == 405


def test_every_address_that_is_nobody_s_is_kept_from_organisations(db):
    """An organisation at /sign/ would hide the page where people sign."""
    first = {route.partition("/")[0] for route in patterns() if not route.startswith("<")} - {""}
    assert {"accounts", "sign", "verify", "audit", "healthz"} <= first
    for slug in first:
        with pytest.raises(InvalidOrganisation):
            create_organisation(slug=slug, name="Hidden")
