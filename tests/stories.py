"""Stories that people live while processes die (see `tests.dying`): their world, what is done in it, what must be so."""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

from milepost.classroom.closing import close_slot
from milepost.classroom.deciding import decide
from milepost.classroom.models import Attendance, Slot, Way
from milepost.classroom.registering import register_many
from milepost.classroom.scheduling import Holder, Plan, half_days, schedule_session
from milepost.classroom.signing import Circumstances, Signing, sign
from milepost.core import blobs, clock
from milepost.credentials.models import Certificate
from milepost.documents.composing import compose
from milepost.documents.kinds import KINDS
from milepost.documents.models import Signatory, SignatureRequest
from milepost.documents.requesting import Party, Terms, request_signatures
from milepost.documents.signatures import Signature
from milepost.documents.signing import Act
from milepost.documents.signing import sign as sign_document
from milepost.journal import subscriptions
from milepost.journal.models import Entry
from milepost.journal.verification import verify
from milepost.learning.enrolling import enrol, enrol_many
from milepost.learning.models import Enrolment
from milepost.learning.progressing import complete_activity
from milepost.notices.models import Notice
from milepost.people.models import Member, Organisation
from milepost.verify.pdf_seals import seals_in
from tests.dying import work
from tests.worlds import SMALL_COURSE, make_course, make_member, make_people

DRILL = {
    "course.md": "---\ntitle: Evacuation\nslug: evacuation\nsummary: Out.\nenrolment: open\ncompletion: required\n---\nHello.\n",
    "01-first/module.md": "---\ntitle: First\n---\n",
    "01-first/01-drill.live.md": "---\ntitle: The drill\n---\n\nWear shoes.\n",
}
DRAWN = Signature.read('{"width":300,"height":160,"strokes":[[10,80,60,40,90,120,140,60,200,100]]}')
SIGNING = Signing(DRAWN, Way.PROJECTED, "I was there.", Circumstances("10.0.0.7", "Phone"))
VALUES = {
    "title": "Ladders",
    "client": "Norrviken AB",
    "reference": "A-1",
    "objectives": "Stand",
    "dates": "today",
    "hours": "7 h",
    "place": "Depot",
    "price": "1 €",
    "people": "Otto",
    "person": "Otto",
    "means": "Ladders",
    "content": "Types",
}


@dataclass(frozen=True)
class Story:
    """`live` is what a person does, and does again when they saw no answer; `count` refuses what must not be."""

    make: Callable[[], object]
    live: Callable[[], object]
    count: Callable[[], object]


def _organisation() -> Organisation:
    return Organisation.objects.get(slug="aldermoor")


def _facts(*verbs: str) -> Counter[tuple[str, str, str]]:
    """How often the journal tells each fact: verb, object's type, whose."""
    statements = [json.loads(text) for text in Entry.objects.values_list("statement", flat=True)]
    return Counter(
        (statement["verb"], statement["object"]["type"], statement["actor"]["id"])
        for statement in statements
        if statement["verb"] in verbs
    )


def everything_is_told_and_sealed() -> None:
    subscriptions.deliver_all()
    for number in Organisation.objects.values_list("pk", flat=True):
        verification = verify(number)
        assert verification.finding is None, verification.finding
        assert verification.sealed == verification.checked
        assert not any(subscriptions.standings(number).values())
    doubled = [
        key for key, count in Counter(Notice.objects.values_list("kind", "recipient", "key")).items() if count > 1
    ]
    assert doubled == []


def _have_certificates(members: list[Member]) -> None:
    """Each completed once, and has one certificate that was issued and whose file was sealed once; nobody else has."""
    uids = {str(member.uid) for member in members}
    counted = _facts("completed", "issued")
    assert {key: count for key, count in counted.items() if key[1] in ("course", "certificate")} == {
        (verb, kind, uid): 1 for verb, kind in (("completed", "course"), ("issued", "certificate")) for uid in uids
    }
    certificates = list(Certificate.objects.select_related("enrolment__member"))
    assert sorted(str(certificate.enrolment.member.uid) for certificate in certificates) == sorted(uids)
    for certificate in certificates:
        assert Entry.objects.filter(verb="sealed", object_id=str(certificate.uid)).count() == 1
        assert seals_in(blobs.read(_organisation().uid, certificate.pdf))[0].holds
    assert Enrolment.objects.filter(completed_at__isnull=False).count() == len(uids)
    assert Notice.objects.filter(kind="certificate").count() == len(uids)


# --- A course is completed ----------------------------------------------------------------------------------


def _make_course() -> None:
    organisation = _organisation()
    lead = make_member(organisation, "claire", roles=["lead"])
    enrol(member=make_member(organisation, "jonas"), course=make_course(organisation, SMALL_COURSE, by=lead), by=lead)
    work()


def _complete_course() -> None:
    enrolment = Enrolment.objects.select_related("member", "course", "organisation").get()
    for key in ("01-first/01-read", "02-second/02-sign"):
        complete_activity(enrolment=enrolment, activity=enrolment.outline.by_key[key])
    quiz = enrolment.outline.by_key["01-first/02-check"]
    complete_activity(enrolment=enrolment, activity=quiz, score=90.0, is_passed=True)


def _count_course() -> None:
    everything_is_told_and_sealed()
    _have_certificates(list(Member.objects.filter(given_name="Jonas")))
    assert sorted(_facts("progressed", "launched").values()) == [1, 3]


# --- A half-day is closed -----------------------------------------------------------------------------------


def _make_session() -> None:
    organisation = _organisation()
    lead = make_member(organisation, "claire", roles=["lead"])
    make_people(organisation, 3)
    people = Member.objects.filter(organisation=organisation, user=None).order_by("pk")
    course = make_course(organisation, DRILL, by=lead)
    enrol_many(members=people, course=course, by=lead)
    spans = half_days(clock.now().date() - timedelta(days=1), ZoneInfo("UTC"))[:1]
    plan = Plan(
        title="The drill",
        spans=spans,
        place="Depot",
        course=course,
        activity_key="01-first/01-drill",
        trainers=[Holder(name="Tess", email="tess@outside.example")],
    )
    made = schedule_session(organisation=organisation, by=lead, plan=plan)
    register_many(session=made, members=people, by=lead)
    with clock.at(spans[0][0]):
        rows = Attendance.objects.select_related("slot__session__organisation", "participant__member").order_by("pk")
        for row in rows[:2]:
            sign(attendance=row, signing=SIGNING)
    work()


def _close_half_day() -> None:
    slot = Slot.objects.select_related("session__organisation").get()
    close_slot(slot=slot, trainer=slot.session.trainers.get(), signing=SIGNING)


def _count_session() -> None:
    everything_is_told_and_sealed()
    _have_certificates([row.participant.member for row in Attendance.objects.signed()])
    assert list(_facts("closed").values()) == [1]
    sheet = Slot.objects.get().session.sheets.get()
    assert Entry.objects.filter(verb="sealed", object_id__endswith=f"{sheet.session.uid}/1").count() == 1
    assert seals_in(blobs.read(_organisation().uid, sheet.pdf))[0].holds


# --- Somebody decides that they were not there ---------------------------------------------------------------


def _make_doubt() -> None:
    """Three completed the course and have certificates; all of them signed on one phone."""
    _make_session()
    row = Attendance.objects.select_related("slot__session__organisation", "participant__member").get(signed_at=None)
    with clock.at(row.slot.starts_at):
        sign(attendance=row, signing=SIGNING)
    _close_half_day()
    work()


def _doubted() -> list[Attendance]:
    rows = Attendance.objects.select_related("slot__session__organisation", "participant__member")
    return list(rows.filter(doubted_at__isnull=False).order_by("pk"))


def _decide() -> None:
    rows = _doubted()
    seen = {str(row.participant.uid): row.doubts_seen for row in rows}
    by = Member.objects.get(given_name="Claire").as_reference()
    decide(slot=rows[0].slot, seen=seen, decision="not-there", by=by)


def _count_decided() -> None:
    """Each decision, each completion and certificate that it takes, and each message is there once; so is the next sheet."""
    everything_is_told_and_sealed()
    rows = _doubted()
    assert rows and all(row.struck_at for row in rows)
    assert set(_facts("decided").values()) == {1} and len(_facts("decided")) == len(rows)
    assert Counter(verb for verb, _kind, _who in _facts("reopened", "revoked").elements()) == {
        "reopened": 2 * len(rows),  # the step and the course
        "revoked": len(rows),
    }
    left = 3 - len(rows)
    assert Certificate.objects.current().count() == Enrolment.objects.exclude(completed_at=None).count() == left
    assert Notice.objects.filter(kind="struck").count() == len(rows)
    first, second = Slot.objects.get().session.sheets.order_by("pk")
    assert first.pdf and second.pdf


# --- A document is signed -----------------------------------------------------------------------------------


def _make_document() -> None:
    organisation = _organisation()
    lead = make_member(organisation, "claire", roles=["lead"])
    document = compose(organisation=organisation, kind=KINDS["agreement"], values=VALUES, language="en", by=lead)
    parties = [Party("Anna", "anna@one.example", "for us"), Party("Otto", "otto@two.example", "for the client")]
    request_signatures(document=document, parties=parties, terms=Terms(), by=lead)


def _sign_document() -> None:
    waiting = Signatory.objects.filter(state="waiting").order_by("pk")
    for who in waiting.select_related("request__document__organisation", "member"):
        sign_document(signatory=who, act=Act(DRAWN, {}, "10.0.0.8", "Desk"))


def _count_document() -> None:
    everything_is_told_and_sealed()
    request = SignatureRequest.objects.select_related("document").get()
    assert request.status == "completed"
    assert request.document.dated_at
    assert sorted(_facts("signed").values()) == [1, 1]
    assert list(_facts("completed").values()) == [1]
    seals = seals_in(blobs.read(_organisation().uid, request.document.pdf))
    assert all(seal.holds for seal in seals)
    signed = [seal.reason.partition(":")[0] for seal in seals if ": I have read" in seal.reason]
    assert sorted(signed) == ["Anna", "Otto"]


STORIES = {
    "completing a course": Story(_make_course, _complete_course, _count_course),
    "closing a half-day": Story(_make_session, _close_half_day, _count_session),
    "deciding about a doubt": Story(_make_doubt, _decide, _count_decided),
    "signing a document": Story(_make_document, _sign_document, _count_document),
}
