"""A blended action that is complete under the `fr` profile: a course, a session, an agreement, everything signed."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from milepost.classroom.closing import close_slot
from milepost.classroom.models import Attendance, Way
from milepost.classroom.registering import register_many
from milepost.classroom.scheduling import Holder, Plan, half_days, schedule_session
from milepost.classroom.signing import Circumstances, Signing, sign
from milepost.core import clock
from milepost.core.jobs import run_all
from milepost.documents.models import Signatory
from milepost.documents.requesting import Party, Terms, request_signatures
from milepost.documents.signatures import Signature
from milepost.documents.signing import Act
from milepost.documents.signing import sign as sign_document
from milepost.evidence.actions import ActionPlan, add_piece, open_action, write_document
from milepost.evidence.dossiers import build
from milepost.journal.subscriptions import deliver_all
from milepost.learning.enrolling import enrol_many
from milepost.people.models import Member
from milepost.people.settings import change
from tests.keeping import Kept
from tests.worlds import make_course, make_lead, make_organisation, make_people

COURSE = {
    "course.md": "---\ntitle: Evacuation\nslug: evacuation\nsummary: Out.\nenrolment: open\ncompletion: required\n---\nHello.\n",
    "01-first/module.md": "---\ntitle: First\n---\n",
    "01-first/01-drill.live.md": "---\ntitle: The drill\n---\n\nWear shoes.\n",
}
DRAWN = Signature(strokes=((10, 80, 60, 40, 90, 120, 140, 60),), width=300, height=160)
SIGNING = Signing(DRAWN, Way.PROJECTED, "I was there.", Circumstances("10.0.0.7", "Phone"))
WHO_WE_ARE = {
    "postal_address": "12 quai des Lanternes, Lyon",
    "registration_number": "84 69 12345 69",
    "certifier_name": "Claire Fontaine",
    "certifier_quality": "Head of learning",
}
DAY = date(2026, 11, 26)


def drawn_by(row):
    """A drawing that is like the others of its person, and like none point for point."""
    line = (10, 80, 60, 40, 90, 120, 140 + row.pk, 60)
    return Signature(strokes=(line,), width=300, height=160)


KEPT = Kept()


@pytest.fixture
def kept(request, db, tmp_path):
    """The whole world of a complete action, for a test that begins with one: made once, and put back for each."""
    return KEPT.world(make_complete, files=tmp_path / "files") if "complete" in request.fixturenames else {}


@pytest.fixture
def organisation(kept):
    with timezone.override("Europe/Paris"):
        yield kept.get("organisation") or make_organisation()


@pytest.fixture
def lead(kept, organisation):
    return kept.get("lead") or make_lead(organisation)


@pytest.fixture
def people(kept, organisation):
    return people_of(organisation) if kept else make_four(organisation)


@pytest.fixture
def course(kept, organisation, lead):
    return kept.get("course") or make_course(organisation, COURSE, by=lead)


@pytest.fixture
def session(kept, organisation, lead, people, course):
    return kept.get("session") or make_session(organisation, lead, people, course)


@pytest.fixture
def action(kept, organisation, lead, session, course):
    return kept.get("action") or make_action(organisation, lead, session, course)


@pytest.fixture
def complete(action):
    """Everything that the profile asks for is there: `kept` made it."""
    return action


def make_complete():
    with timezone.override("Europe/Paris"):
        organisation = make_organisation()
        lead = make_lead(organisation)
        change(organisation=organisation, by=lead, values=WHO_WE_ARE)
        organisation.refresh_from_db()
        course = make_course(organisation, COURSE, by=lead)
        session = make_session(organisation, lead, make_four(organisation), course)
        action = make_action(organisation, lead, session, course)
        complete_it(action, session, lead)
    return {"organisation": organisation, "lead": lead, "course": course, "session": session, "action": action}


def make_four(organisation):
    make_people(organisation, 4)
    return people_of(organisation)


def people_of(organisation):
    return list(Member.objects.filter(organisation=organisation, user=None).order_by("pk"))


def make_session(organisation, lead, people, course):
    with clock.at(datetime(2026, 11, 1, 9, tzinfo=UTC)):
        enrol_many(members=Member.objects.filter(pk__in=[p.pk for p in people]), course=course, by=lead)
        made = schedule_session(
            organisation=organisation,
            by=lead,
            plan=Plan(
                title="Evacuation",
                spans=half_days(DAY, ZoneInfo("Europe/Paris")),
                place="Hall",
                course=course,
                activity_key="01-first/01-drill",
                trainers=[Holder(name="Tess Okafor", email="tess@outside.example")],
            ),
        )
        register_many(session=made, members=people, by=lead)
    return made


def make_action(organisation, lead, session, course):
    with clock.at(datetime(2026, 11, 2, 9, tzinfo=UTC)):
        return open_action(
            organisation=organisation,
            plan=ActionPlan(
                title="Evacuation",
                profile="fr",
                starts_on=DAY,
                ends_on=DAY,
                minutes=420,
                course=course,
                sessions=[session],
                client="Norrviken AB",
                client_address="4 Hamngatan, Göteborg",
                client_registration="556000-0000",
                client_representative="Łucja Öberg",
                client_capacity="Head of operations",
                objectives="Come out",
                price="1,200 €",
            ),
            by=lead,
        )


def sign_agreement(action, lead, *, on):
    with clock.at(on):
        document = write_document(action=action, kind="agreement", by=lead)
        request = request_signatures(
            document=document,
            by=lead,
            terms=Terms(),
            parties=[
                Party("Claire", "claire@aldermoor.example", "for us"),
                Party("Łucja", "lucja@norrviken.example", "for the client"),
            ],
        )
        for who in Signatory.objects.filter(request=request).select_related(
            "request__document__organisation", "member"
        ):
            sign_document(signatory=who, act=Act(DRAWN, {}, "10.0.0.8", "Desk"))


def complete_it(action, session, lead):
    sign_agreement(action, lead, on=datetime(2026, 11, 10, 9, tzinfo=UTC))
    for kind in ("programme", "convocation"):
        write_document(action=action, kind=kind, by=lead)
    run_all(queues=["files"])
    trainer = session.trainers.select_related("session__organisation").get()
    for slot in session.slots.select_related("session__organisation"):
        with clock.at(slot.starts_at + timedelta(minutes=3)):
            for row in Attendance.objects.filter(slot=slot).select_related("slot__session", "participant__member"):
                sign(attendance=row, signing=replace(SIGNING, signature=drawn_by(row)))
        with clock.at(slot.ends_at):
            close_slot(slot=slot, trainer=trainer, signing=SIGNING)
    with clock.at(datetime(2026, 11, 26, 16, 30, tzinfo=UTC)):
        deliver_all()
        run_all(queues=["files"])
    add_piece(action=action, key="hot-evaluation", name="evaluation.csv", content=b"5;5;4\n", by=lead)


@pytest.fixture
def dossier(complete, tmp_path):
    path = tmp_path / "dossier.zip"
    with path.open("w+b") as file:
        build(action=complete, file=file)
    return path
