"""Two blended training actions of the story: one that is ready for an audit, one with what typically goes missing."""

import random
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from hashlib import sha256
from zoneinfo import ZoneInfo

from milepost.classroom.closing import close_slot
from milepost.classroom.correcting import Change, change_attendance
from milepost.classroom.hours import hours_planned
from milepost.classroom.models import Attendance, LiveSession, Slot, Trainer, Way
from milepost.classroom.registering import register_many
from milepost.classroom.scheduling import Holder, Plan, half_days, schedule_session
from milepost.classroom.signing import Circumstances, Signing, sign
from milepost.core import clock
from milepost.core.public_holidays import is_public_holiday
from milepost.courses.models import Course
from milepost.credentials.issuing import reissue
from milepost.credentials.models import Certificate
from milepost.documents.models import Signatory
from milepost.documents.requesting import Party, Terms, request_signatures
from milepost.documents.signatures import Signature
from milepost.documents.signing import Act
from milepost.documents.signing import sign as sign_document
from milepost.evidence.actions import ActionPlan, add_piece, open_action, write_document
from milepost.evidence.models import TrainingAction
from milepost.evidence.readiness import refresh
from milepost.people.models import Member, Organisation

TRAINER = Holder(name="Tess Okafor", email="tess.okafor@okafor-training.example")
PHONE = "Mozilla/5.0 (Linux; Android 14; Mobile)"
EVALUATION = "Clear,Useful,Trainer,Would recommend\n5,5,5,yes\n4,5,5,yes\n5,4,5,yes\n4,4,4,yes\n5,5,5,yes\n3,4,5,yes\n"


@dataclass(frozen=True)
class Tale:
    """What is told of one action; days are those of the story, 0 for the first."""

    course: Course
    title: str
    client: str
    address: str
    number: str
    signatory: Party
    capacity: str
    begins: date
    meets: date
    ends: date
    agreed: date
    is_whole: bool


def tell(
    *, organisation: Organisation, lead: Member, courses: dict[str, Course], first: date, chance: random.Random
) -> None:
    """Both actions, through the verbs that the pages use, each on its day."""

    def day(number: int) -> date:
        return first + timedelta(days=number)

    whole = Tale(
        courses["fire-safety"],
        "Fire safety, with an evacuation drill",
        "Aldermoor Works Council",
        "12 quai des Lanternes, 69002 Lyon",
        "SIRET 900 000 001 00011",
        Party("Henrik Dahl", "henrik.dahl@works-council.example", "for the client"),
        "Secretary of the works council",
        begins=day(1),
        meets=_working_day(day(40)),
        ends=day(70),
        agreed=day(0),
        is_whole=True,
    )
    gaps = Tale(
        courses["data-protection"],
        "Data protection, with a workshop",
        "Norrviken AB",
        "4 Hamngatan, 411 14 Göteborg",
        "556000-0000",
        Party("Łucja Öberg", "lucja.oberg@norrviken.example", "for the client"),
        "Head of operations",
        begins=day(30),
        meets=_working_day(day(52)),
        ends=day(80),
        agreed=day(47),
        is_whole=False,
    )
    for tale in (whole, gaps):
        _tell(organisation, lead, tale, chance)


def _working_day(day: date) -> date:
    while day.weekday() > 4 or is_public_holiday(day, "FR"):
        day += timedelta(days=1)
    return day


def _at(day: date, hour: int, zone: str) -> datetime:
    return datetime.combine(day, time(hour), ZoneInfo(zone))


def _tell(organisation: Organisation, lead: Member, tale: Tale, chance: random.Random) -> None:
    zone = organisation.time_zone
    people = list(_people(tale))
    with clock.at(_at(tale.agreed - timedelta(days=3), 9, zone)):
        session = schedule_session(organisation=organisation, by=lead, plan=_plan(tale, ZoneInfo(zone)))
        register_many(session=session, members=people, by=lead)
        action = _open(tale, session, people, lead)
        for kind in ("programme", "convocation"):
            write_document(action=action, kind=kind, by=lead)
    with clock.at(_at(tale.agreed, 10, zone)):
        _agree(action, lead, tale.signatory)
    _meet(session, tale, chance)
    with clock.at(_at(tale.ends, 17, zone)):
        certificates = Certificate.objects.current().filter(enrolment__course=tale.course)
        for certificate in certificates.filter(enrolment__member__in=people):
            reissue(certificate=certificate, by=lead)  # now that the hours of the session are known
        if tale.is_whole:
            add_piece(action=action, key="hot-evaluation", name="evaluation.csv", content=EVALUATION.encode(), by=lead)
    refresh(action)


def _plan(tale: Tale, zone: ZoneInfo) -> Plan:
    return Plan(
        title=tale.title,
        spans=half_days(tale.meets, zone),
        place="Lyon, 12 quai des Lanternes, assembly hall",
        course=tale.course,
        trainers=[TRAINER],
        description="Bring shoes that you can run in.",
        capacity=14,
    )


def _agreed(tale: Tale, session: LiveSession) -> int:
    """What the agreement says; in the story with gaps, more than course and session come to."""
    sessions = LiveSession.objects.filter(pk=session.pk)
    return hours_planned(course=tale.course, sessions=sessions).total if tale.is_whole else 480


def _open(tale: Tale, session: LiveSession, people: list[Member], lead: Member) -> TrainingAction:
    plan = ActionPlan(
        title=tale.title,
        profile="fr",
        starts_on=tale.begins,
        ends_on=tale.ends,
        minutes=_agreed(tale, session),
        course=tale.course,
        sessions=[session],
        members=people,
        client=tale.client,
        client_address=tale.address,
        client_registration=tale.number,
        client_representative=tale.signatory.name,
        client_capacity=tale.capacity,
        funder="OPCO Atlas",
        funding_reference=f"ATL-{tale.begins:%Y}-0{session.organisation_id}{tale.meets.day:02}",
        price="1,200 € before tax, thirty days after the invoice",
        help_by="Claire Fontaine, who wrote the course",
        help_means="formation@aldermoor.example, or +33 4 00 00 00 00 from 9 to 17",
        help_within="within one working day",
        objectives="Recognise the danger early\nDo the right thing in the first minute\nKnow whom to tell",
    )
    return open_action(organisation=session.organisation, plan=plan, by=lead)


def _people(tale: Tale) -> Iterable[Member]:
    """Ten who completed the course within the dates of the action."""
    enrolments = tale.course.enrolments.filter(
        completed_at__date__gte=tale.begins, completed_at__date__lt=tale.ends - timedelta(days=1)
    ).select_related("member")
    return [enrolment.member for enrolment in enrolments.order_by("member__employee_number")[:10]]


def _agree(action: TrainingAction, lead: Member, other: Party) -> None:
    document = write_document(action=action, kind="agreement", by=lead)
    ours = Party(lead.full_name, lead.email or "", "for the training organisation", lead)
    asked = request_signatures(
        document=document, parties=[ours, other], terms=Terms(message="As we said on the phone."), by=lead
    )
    for who in Signatory.objects.filter(request=asked).select_related("request__document__organisation", "member"):
        sign_document(signatory=who, act=Act(Signature(text=who.name), {}, "192.0.2.14", PHONE))


def _meet(session: LiveSession, tale: Tale, chance: random.Random) -> None:
    trainer = session.trainers.select_related("session__organisation").get()
    slots = list(Slot.objects.filter(session=session).select_related("session__organisation"))
    for number, slot in enumerate(slots):
        attendances = Attendance.objects.filter(slot=slot).select_related("slot__session", "participant__member")
        rows = list(attendances.order_by("pk"))
        with clock.at(slot.starts_at + timedelta(minutes=chance.randint(2, 9))):
            # In the story with gaps the afternoon ran late, three left without signing, and nobody closed the list.
            leave = 3 if number and not tale.is_whole else 0
            # In its morning two signed on one phone, and nobody has said yet whether both were there.
            lent = 0 if number or tale.is_whole else 2
            late = len(rows) // 2 if tale.is_whole and not number else None
            for place, row in enumerate(rows[leave:], start=leave):
                if place != late:
                    _sign(row, 0 if place < lent else place, chance)
        if late is not None:
            _come_late(rows[late], late, trainer, chance)
        if tale.is_whole or not number:
            with clock.at(slot.ends_at):
                _close(slot, trainer, chance)


def _sign(attendance: Attendance, place: int, chance: random.Random) -> None:
    """As whoever sits there does, on their own phone."""
    slot = attendance.slot
    words = f"I attended “{slot.session.title}” on {slot.day}, {slot.hours}."
    drawn, where = (
        _drawn(attendance.participant.member.full_name, chance),
        Circumstances(f"192.0.2.{20 + place}", PHONE),
    )
    phone = sha256(f"{slot.session.uid} {place}".encode()).hexdigest()
    sign(attendance=attendance, signing=Signing(drawn, Way.PROJECTED, words, where, devices=(phone,)))


def _come_late(attendance: Attendance, place: int, trainer: Trainer, chance: random.Random) -> None:
    begins = attendance.slot.starts_at
    with clock.at(begins + timedelta(minutes=21)):
        _sign(attendance, place, chance)
    with clock.at(begins + timedelta(minutes=25)):
        change = Change(arrived_at=begins + timedelta(minutes=20))
        change_attendance(attendance=attendance, change=change, by=trainer.as_reference())


def _close(slot: Slot, trainer: Trainer, chance: random.Random) -> None:
    words = f"I held this half-day of “{slot.session.title}” on {slot.day}, {slot.hours}, and the attendance above is right."
    where = Circumstances("192.0.2.9", PHONE)
    close_slot(slot=slot, trainer=trainer, signing=Signing(_drawn(trainer.name, chance), Way.TRAINER, words, where))


def _drawn(name: str, chance: random.Random) -> Signature:
    """A scrawl: this person's own, never twice quite the same."""
    hand, stroke, x = random.Random(name), [], 20  # noqa: S311 (a drawing)
    for _step in range(hand.randint(9, 14)):
        x += hand.randint(9, 24)
        stroke += [x + chance.randint(-2, 2), 80 + hand.randint(-42, 42) + chance.randint(-4, 4)]
    return Signature(strokes=(tuple(stroke),), width=320, height=160)
