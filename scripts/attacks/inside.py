"""Inside Django: a world in which there is something of everything, and what an attacker may know of it. Prints JSON on the last line.

python -m attacks.inside prepare
python -m attacks.inside look           # what is there afterwards
python -m attacks.inside projected      # what somebody in the room reads off the wall
"""

import json
import sys
import time
import uuid
from datetime import timedelta
from typing import Any

from milepost.core.starting import set_up

set_up()

from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.test import Client

from milepost.classroom.models import Attendance, LiveSession, Participant, Slot
from milepost.classroom.presence import projected_token, spoken_code, trainer_token
from milepost.classroom.registering import register, register_many
from milepost.classroom.scheduling import Holder, Plan, add_trainer, schedule_session
from milepost.core import blobs, clock, links
from milepost.credentials.models import Certificate
from milepost.documents.composing import compose
from milepost.documents.kinds import KINDS
from milepost.documents.models import Document, Signatory
from milepost.documents.requesting import Party, Terms, request_signatures
from milepost.journal.sealing import seal
from milepost.learning.enrolling import enrol, enrol_many
from milepost.learning.models import Enrolment, Progress
from milepost.notices.models import Notice
from milepost.people.models import Member, Organisation, RoleGrant
from milepost.people.organisations import create_organisation
from milepost.people.session_cookies import cookie_of
from milepost.people.sessions import SessionStore, enter
from milepost.people.settings import change
from tests.stories import VALUES
from tests.test_strangers import ROUTES, address, populated, views
from tests.worlds import SMALL_COURSE, World, make_course, make_lead, make_member, make_organisation, make_people

CROWD = 10_000  # people
HOSTILE = '<script>alert("x")</script><img src=x onerror=alert(1)>'
FORMULA = "=cmd|' /c calc'!A1"
FILM = {
    "course.md": f"---\ntitle: Films\nslug: films\nenrolment: open\n---\n{HOSTILE}\n\n[a](javascript:alert(1))\n",
    "01-first/module.md": "---\ntitle: First\n---\n",
    "01-first/01-film.video.md": "---\ntitle: F\nsource: https://v.example/a.mp4\nduration: 600\ncaptions: {en: ../media/a.vtt}\n---\n",
    "media/a.vtt": "WEBVTT\n\n00:00.000 --> 00:30.000\nHello\n",
    "01-first/02-read.page.md": f"---\ntitle: Read\n---\n\n{HOSTILE}\n\n[a](data:text/html,<script>alert(1)</script>)\n",
}


def prepare() -> dict[str, Any]:
    call_command("migrate", interactive=False, verbosity=0)
    organisation = make_organisation()
    lead, learner = make_lead(organisation), make_member(organisation, "jonas")
    course = make_course(organisation, SMALL_COURSE, by=lead)
    world = World(organisation, lead, learner, course, enrol(member=learner, course=course, by=lead))
    populated(world)
    routes = [
        {
            "route": route,
            "path": address(route, world),
            "swapped": address(route, world).replace("/aldermoor/", "/other/", 1),
            "needs": bool(view.is_for) and not any("learner" in permission.roles for permission in view.is_for),
        }
        for route, view in sorted(views(), key=lambda row: row[0])
        if route in ROUTES
    ]
    hr = make_member(organisation, "ravi", roles=["hr"])
    film = make_course(organisation, FILM, by=lead)
    enrol(member=learner, course=film, by=lead)
    hostile = make_member(organisation, "hostile")
    for name in ("given_name", "family_name"):
        setattr(hostile, name, {"given_name": HOSTILE, "family_name": FORMULA}[name])
    hostile.save()
    enrol(member=hostile, course=course, by=lead)
    Member.objects.filter(pk=lead.pk).update(employee_number="77")
    victims = [make_member(organisation, f"victim{number}") for number in range(12)]
    other = create_organisation(slug="other", name="Other")
    eve = make_member(other, "eve", roles=["owner", "lead", "hr"])
    document = compose(
        organisation=organisation, kind=KINDS["agreement"], values=VALUES | {"title": HOSTILE}, language="en", by=lead
    )
    parties = [Party("Anna Berg", "anna@one.example", "us"), Party("Otto Lie", "otto@two.example", "them")]
    request_signatures(document=document, parties=parties, terms=Terms(needs_code=True), by=lead)
    plain = compose(organisation=organisation, kind=KINDS["agreement"], values=VALUES, language="en", by=lead)
    request_signatures(document=plain, parties=[Party("王小明 😀", "wang@three.example", "us")], terms=Terms(), by=lead)
    now = clock.now()
    plan = Plan(
        title="Now", spans=[(now - timedelta(minutes=5), now + timedelta(hours=3))], place="Depot", course=course
    )
    session = schedule_session(organisation=organisation, plan=plan, by=lead)
    trainer = add_trainer(session=session, holder=Holder(name="Tess", email="tess@outside.example"), by=lead)
    for member in (learner, hostile, *victims):
        register(session=session, member=member)
    seats = list(Attendance.objects.filter(slot__session=session).order_by("pk"))
    enrolled = enrol(member=victims[0], course=film)
    known = {
        "cookie": settings.SESSION_COOKIE_NAME,
        "csrf": settings.CSRF_COOKIE_NAME,
        "sessions": {
            name: key_of(member)
            for name, member in (("lead", lead), ("learner", learner), ("hr", hr), ("eve", eve), ("victim", victims[0]))
        },
        "emails": {"lead": lead.email, "learner": learner.email, "eve": eve.email, "hr": hr.email},
        "victims": [member.email for member in victims],
        "uids": {"lead": str(lead.uid), "learner": str(learner.uid), "victim": str(victims[0].uid)},
        "routes": routes,
        "signatories": [links.token("document", signatory.uid) for signatory in Signatory.objects.order_by("pk")],
        "audit": links.token("audit", organisation_audit(organisation)),
        "seat": links.token("sign", seats[2].uid),
        "other_seat": links.token("sign", seats[3].uid),
        "trainer": trainer_token(trainer),
        "slot": Slot.objects.get(session=session).code,
        "session": str(session.uid),
        "spoken": spoken_code(Slot.objects.get(session=session), clock.now()),
        "certificate": Certificate.objects.earliest("pk").code,
        "secrets": [
            Certificate.objects.earliest("pk").pdf or "0" * 64,
            seats[0].absence_file or blobs.store(organisation.uid, b"an excuse"),
        ],
        "film": [enrolled.course.slug, "01-first/01-film", "01-first/02-read"],
        "document": str(plain.uid),
        "formula": FORMULA,
        "hostile": HOSTILE,
    }
    return known | {"crowd": crowd()}


def crowd() -> dict[str, Any]:
    """Another organisation, of ten thousand: a course that all have completed, a session of all, and one of each for nobody yet."""
    house = create_organisation(slug="crowd", name="Crowd", time_zone="Europe/Paris")
    change(organisation=house, values={"mails_link": False, "remind_before": None, "remind_unsigned": "never"})
    lead = make_lead(house)
    make_people(house, CROWD)
    everybody, now = Member.objects.filter(organisation=house), clock.now()
    done, new = make_course(house, SMALL_COURSE, by=lead), make_course(house, FILM, by=lead)
    enrol_many(members=everybody, course=done, by=lead)
    Enrolment.objects.filter(course=done).update(launched_at=now, completed_at=now, done=3)
    spans = [
        (now - timedelta(minutes=5), now + timedelta(hours=3)),
        (now + timedelta(hours=4), now + timedelta(hours=7)),
    ]
    full, empty = (
        schedule_session(organisation=house, plan=Plan(title=title, spans=spans, place="Hall", course=done), by=lead)
        for title in ("Full", "Empty")
    )
    register_many(session=full, members=everybody)
    Participant.objects.filter(session=full).update(invited_sequence=0)  # nobody is mailed
    trainer = add_trainer(session=full, holder=Holder(name="Tess", email="tess@outside.example"), by=lead)
    seal(house.pk)  # so that the background has nothing to catch up with while others are attacked
    slot = full.slots.earliest("starts_at").code
    return {
        "session": key_of(lead, for_days=1),
        "count": CROWD,
        "course": done.pk,
        "full": {"key": full.pk, "uid": str(full.uid), "slot": slot, "room": f"/room/{trainer_token(trainer)}/{slot}/"},
        "empty": str(empty.uid),
        "new": new.slug,
    }


def organisation_audit(organisation: Organisation) -> uuid.UUID:
    from milepost.evidence.models import Audit

    return Audit.objects.get(organisation=organisation).uid


def key_of(member: Member, *, for_days: float = 0) -> str:
    """A session of the member, who has come into the organisation, and said so lately who they are that it counts for so long."""
    client = Client()
    client.force_login(member.user)
    session = client.session
    session["account_authentication_methods"] = [{"method": "password", "at": time.time()}]  # a moment ago
    if for_days:
        session["confirmed_at"] = time.time() + for_days * 24 * 3600
    session.save()
    enter(session, member)
    return cookie_of(str(session.session_key))


def look() -> dict[str, Any]:
    """What an attack that works would have changed."""
    reader = Member.objects.get(email="victim0@aldermoor.example")
    lead = Member.objects.get(email="claire@aldermoor.example")
    done = Progress.objects.filter(enrolment__member=reader, enrolment__course__slug="films")
    return {
        "attached": Member.objects.filter(
            organisation__slug="aldermoor", email="eve@other.example", user__isnull=False
        ).count(),
        "newcomers": Member.objects.filter(email="newcomer@aldermoor.example").count(),
        "lead address": lead.email,
        "owners": RoleGrant.objects.filter(role="owner", member__organisation__slug="aldermoor").count(),
        "films done": done.filter(status="completed").count(),
        "signed": Signatory.objects.filter(state="signed").count(),
        "delegated": Signatory.objects.exclude(name__in=["Anna Berg", "Otto Lie", "王小明 😀"]).count(),
        "seats of others": Participant.objects.filter(session__title="Drill").count(),
        "doubted": Attendance.objects.exclude(doubts=[]).exclude(signed_at=None).count(),
        "documents": Document.objects.count(),
        "sessions": LiveSession.objects.count(),
        "seats now": Attendance.objects.filter(slot__session__title="Now").count(),
        "reminders": Notice.objects.filter(kind="signature_missing").count(),
        "hours of the lead's session": hours_of_session(lead),
    }


def hours_of_session(member: Member) -> float:
    """How much longer the longest session of the account lasts."""
    rows, whose = Session.objects.all(), str(member.user_id)
    own = [row for row in rows if SessionStore(row.session_key).load().get("_auth_user_id") == whose]
    return round(max(((row.expire_date - clock.now()).total_seconds() / 3600 for row in own), default=0.0), 1)


def projected() -> dict[str, Any]:
    """What the code on the wall says now."""
    return {"token": projected_token(Slot.objects.get(session__title="Now"), clock.now())}


if __name__ == "__main__":
    print(json.dumps({"prepare": prepare, "look": look, "projected": projected}[sys.argv[1]]()))
