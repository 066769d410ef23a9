"""No form and no query breaks a page, whatever is sent: every address, those of tomorrow too, as everybody who may open it."""

import logging
import re
from datetime import UTC, datetime

import pytest
from django.http import HttpResponse
from django.test import Client

from milepost.classroom.calendar_feeds import renew_feed
from milepost.classroom.models import Attendance, Slot
from milepost.classroom.presence import projected_token, trainer_token
from milepost.classroom.scheduling import Holder, add_trainer
from milepost.core import clock, links
from milepost.credentials.models import Certificate
from milepost.documents.composing import compose
from milepost.documents.kinds import KINDS
from milepost.documents.models import Signatory
from milepost.documents.requesting import Party, Terms, request_signatures
from milepost.evidence.auditing import BROWSERS
from milepost.evidence.models import Audit
from milepost.learning import players
from milepost.learning.attempting import start_attempt
from milepost.learning.enrolling import enrol
from milepost.people import import_drafts
from milepost.people.granting import grant
from milepost.people.inviting import link_for
from milepost.people.models import Member
from milepost.people.roles import Role
from tests.hostile import HUGE, Attack, names_read_by
from tests.stories import VALUES
from tests.test_strangers import address, populated, views
from tests.worlds import SMALL_COURSE, make_course

FILM = {
    "course.md": SMALL_COURSE["course.md"].replace("slug: ladders", "slug: films"),
    "01-first/module.md": "---\ntitle: First\n---\n",
    "01-first/01-film.video.md": "---\ntitle: F\nsource: https://v.example/a.mp4\nduration: 60\ncaptions: {en: ../media/a.vtt}\n---\n",
    "media/a.vtt": "WEBVTT\n\n00:00.000 --> 00:30.000\nHello\n",
    "01-first/02-drill.live.md": "---\ntitle: Drill\n---\n\nCome.\n",
}
DURING = datetime(2026, 11, 26, 9, 30, tzinfo=UTC)  # the session, and the audit


@pytest.fixture
def everything(world):
    """A world in which there is something of everything that a page can show."""
    organisation, lead = populated(world).organisation, world.lead
    for role in (Role.HR, Role.TRAINER):
        grant(member=lead, role=role)
    film = make_course(organisation, FILM, by=lead)
    for member in (lead, world.learner):
        enrol(member=member, course=film, by=lead)
    world.of_lead = enrol(member=lead, course=world.course, by=lead)
    quiz = world.of_lead.outline.by_key["01-first/02-check"]
    start_attempt(enrolment=world.of_lead, activity=quiz, limit=None, seconds=None)
    world.draft = import_drafts.upload(content=b"Email,First name\na@b.example,A\n", name="hr.csv", by=lead)
    document = compose(organisation=organisation, kind=KINDS["agreement"], values=VALUES, language="en", by=lead)
    parties = [Party("Anna", "anna@one.example", "us"), Party("Otto", "otto@two.example", "them")]
    request_signatures(document=document, parties=parties, terms=Terms(), by=lead)
    return world


def links_to(world):
    """What opens the addresses that need no account, by their first word."""
    attendance = Attendance.objects.select_related("slot__session").earliest("pk")
    trainer = add_trainer(session=attendance.slot.session, holder=Holder(name="T", email="t@x.example"), by=world.lead)
    invited = Member.objects.create(
        organisation=world.organisation, email="new@x.example", given_name="N", family_name="M"
    )
    left = Member.objects.create(
        organisation=world.organisation,
        email="left@x.example",
        given_name="Otto",
        family_name="L",
        left_on=DURING.date(),
    )
    return {
        "receipt": links.token("receipt", left.uid),
        "sign": links.token("sign", attendance.uid),
        "room": trainer_token(trainer),
        "calendar": links.token("feed", renew_feed(member=world.learner).link),
        "d": links.token("document", Signatory.objects.earliest("pk").uid),
        "invitations": link_for(invited).rstrip("/").rpartition("/")[2],
        "audit": links.token("audit", Audit.objects.get().uid),
        "s": projected_token(attendance.slot, DURING),
        "verify": Certificate.objects.earliest("pk").code,
    }


def addresses(world):
    """Each address that there is, filled so that it leads somewhere, and the view behind it."""
    opens, slot = links_to(world), Slot.objects.earliest("pk").code
    for route, view in views():
        filled = address(route.replace("<uuid:draft>", str(world.draft.uid)).replace("<slug:code>", slot), world)
        first = route.partition("/")[0]
        if first in opens:
            filled = re.sub(rf"^/{first}/({slot}/)?a(?=[/.])", rf"/{first}/\g<1>{opens[first]}", filled)
        yield filled, view
    for enrolment in (world.of_lead, world.lead.enrolments.get(course__slug="films")):
        for step in enrolment.outline.activities:
            player = players.player_of(step)
            for resource, handler in (("", player.context), *player.resources().items()):
                path = f"/aldermoor/learn/{enrolment.course.slug}/{step.key}/{resource}"
                yield path + ("/" if resource else ""), handler


def auditor():
    """A browser in which the code of the audit was typed."""
    client, answer = Client(), HttpResponse()
    BROWSERS.remember(answer, Audit.objects.get().uid, path="/")
    client.cookies.update(answer.cookies)
    return client


@pytest.fixture
def _silence():
    """Thousands of refused requests are no news."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.each_day_on("postgresql")  # which refuses more than SQLite does
@pytest.mark.usefixtures("_silence")
def test_nothing_that_is_sent_to_any_address_is_an_internal_error(everything, visit):
    attack = Attack()
    with clock.at(DURING):
        lead, learner, outside = visit(everything.lead), visit(everything.learner), auditor()
        for client in (lead, learner, outside, Client()):
            client.raise_request_exception = False
        for path, view in addresses(everything):
            names = names_read_by(view)
            attack.on(lead if path.startswith(("/aldermoor/", "/accounts/2fa", "/outbox")) else outside, path, names)
            attack.briefly(learner if path.startswith("/aldermoor/") else lead, path, names)
            attack.briefly(Client(raise_request_exception=False), re.sub(r"\b1\b", HUGE, path), names)
    assert attack.failures == {}
    assert attack.speechless == set()
    assert attack.sent > 2_000
