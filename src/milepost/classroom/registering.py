"""The verbs of taking part: a seat, the waiting list, and giving a seat up."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import gettext as _

from milepost.classroom.facts import SESSION_REGISTERED, SESSION_WITHDREW
from milepost.classroom.models import Attendance, LiveSession, Participant, Trainer
from milepost.classroom.rules import Rules, TrainerRight
from milepost.core import clock
from milepost.core.refusals import Refused
from milepost.journal.recording import Fact, record, record_many
from milepost.journal.vocabulary import FactType
from milepost.people.members import AddressTaken, add_member
from milepost.people.models import Member, Organisation, Relation, plain

BATCH = 2_000
SEATED, WAITING, LEFT = Participant.Status.SEATED, Participant.Status.WAITING, Participant.Status.LEFT


class RegistrationRefused(Refused):
    """Nobody can register or leave now; the message says why."""


def register(*, session: LiveSession, member: Member, by: Member | None = None) -> Participant:
    """Give the member a seat, or a place on the waiting list when all seats are taken; asking twice changes nothing.

    Raises `RegistrationRefused`. Records `registered`.
    """
    register_many(session=session, members=[member], by=by)
    return Participant.objects.get(session=session, member=member)


def register_many(*, session: LiveSession, members: Iterable[Member], by: Member | None = None) -> int:
    """Register many in the order given: the first get the seats, the rest wait. Return how many were new.

    A few statements for 1,000 people. Raises `RegistrationRefused`. Records `registered` for each.
    """
    with transaction.atomic():
        locked = _locked(session)
        there = {seat.member_id: seat for seat in locked.participants.all()}
        taken = sum(seat.status == SEATED for seat in there.values())
        new: list[Participant] = []
        back: list[Participant] = []
        facts: list[Fact] = []
        for member in members:
            seat = there.get(member.pk)
            if seat is not None and seat.status != LEFT:
                continue
            status = SEATED if locked.capacity is None or taken < locked.capacity else WAITING
            taken += status == SEATED
            if seat is None:
                seat = Participant(
                    organisation_id=locked.organisation_id,
                    session=locked,
                    member=member,
                    employer=_employer(member, locked.organisation),
                )
                new.append(seat)
            else:
                back.append(seat)
            seat.status, seat.asked_at = status, clock.now()
            there[member.pk] = seat
            facts.append(_fact(SESSION_REGISTERED, locked, member, by, {"status": str(status)}))
        Participant.objects.bulk_create(new, batch_size=BATCH)
        Participant.objects.bulk_update(back, ["status", "asked_at"], batch_size=BATCH)
        _expect(locked, [seat for seat in new + back if seat.status == SEATED])
        record_many(facts, organisation=locked.organisation)
    return len(facts)


@dataclass(frozen=True)
class Arrival:
    """Somebody who came and is not on the list, as they say who they are; names are needed of who is new."""

    email: str
    given_name: str = ""
    family_name: str = ""


def register_arrival(*, arrival: Arrival, trainer: Trainer) -> Participant:
    """Give a seat to somebody who is there: known by their e-mail address, or new where the trainer may do that.

    Raises `RegistrationRefused`. Records `registered`, and `created` for who is new.
    """
    session, rules = trainer.session, Rules.of(trainer.session.organisation)
    email = arrival.email.strip().lower()
    member = Member.objects.filter(organisation=session.organisation, email=email).first() if email else None
    if member is not None and rules.allows(TrainerRight.ADD_PEOPLE):
        if member.has_left:
            raise RegistrationRefused(_("%(name)s has left the organisation.") % {"name": email})
        if trainer.member is None and plain(" ".join(arrival.family_name.split())) != plain(member.family_name):
            raise RegistrationRefused(_("Give the family name as well, as the organisation has it."))
        return register(session=session, member=member, by=trainer.member)
    if member is None and rules.allows(TrainerRight.ADD_NEW_PEOPLE):
        try:
            with transaction.atomic():
                return register(session=session, member=_new_member(arrival, email, trainer), by=trainer.member)
        except AddressTaken:  # somebody else took them in at the same moment
            return register_arrival(arrival=arrival, trainer=trainer)
    raise RegistrationRefused(_("The training team adds people here. Ask them, and note the name meanwhile."))


def _new_member(arrival: Arrival, email: str, trainer: Trainer) -> Member:
    given, family = (" ".join(name.split()) for name in (arrival.given_name, arrival.family_name))
    if not given or not family:
        raise RegistrationRefused(_("Nobody here has this address yet. Give their names as well."))
    try:
        validate_email(email)
    except ValidationError as error:
        raise RegistrationRefused(error.messages[0]) from error
    return add_member(
        organisation=trainer.session.organisation,
        email=email,
        given_name=given,
        family_name=family,
        relation=Relation.PARTNER,
        by=trainer.member,
    )


def leave(*, participant: Participant, by: Member | None = None) -> Participant | None:
    """Give the seat up; whoever waited longest gets it, and is returned. Records `withdrew`, and `registered` for them.

    Raises `RegistrationRefused` once the person has signed a slot.
    """
    with transaction.atomic():
        session = _locked(participant.session)
        seat = Participant.objects.select_related("member").get(pk=participant.pk)
        if seat.status == LEFT:
            return None
        if seat.attendances.exclude(signed_at=None, absent_at=None).exists():
            raise RegistrationRefused(
                _("There is a signature or an absence on the sheet already; that stays on record.")
            )
        was_seated = seat.status == SEATED
        seat.attendances.all().delete()
        seat.status = LEFT
        seat.save(update_fields=["status"])
        record_many([_fact(SESSION_WITHDREW, session, seat.member, by, {})], organisation=session.organisation)
        return _promote(session) if was_seated else None


def _promote(session: LiveSession) -> Participant | None:
    waiting = session.participants.filter(status=WAITING).select_related("member").order_by("asked_at", "pk").first()
    if waiting is None:
        return None
    waiting.status = SEATED
    waiting.save(update_fields=["status"])
    _expect(session, [waiting])
    record(
        SESSION_REGISTERED,
        organisation=session.organisation,
        actor=waiting.member.as_reference(),
        object=session.as_reference(),
        result={"status": str(SEATED)},
        context={"from": str(WAITING)},
    )
    return waiting


def _locked(session: LiveSession) -> LiveSession:
    """The session's row is the lock: two people who take the last seat at once get one seat between them."""
    locked = LiveSession.locked(session.pk)
    if locked.cancelled_at:
        raise RegistrationRefused(_("The session is cancelled."))
    return locked


def _expect(session: LiveSession, seats: list[Participant]) -> None:
    """An attendance to sign for each open slot and seat."""
    slots = [slot for slot in session.slots.all() if not slot.is_closed]
    rows = (
        Attendance(organisation_id=session.organisation_id, slot=slot, participant=seat)
        for slot in slots
        for seat in seats
    )
    Attendance.objects.bulk_create(rows, batch_size=BATCH, ignore_conflicts=True)


def _employer(member: Member, organisation: Organisation) -> str:
    return organisation.name if member.relation == "employee" else ""


def _fact(fact_type: FactType, session: LiveSession, member: Member, by: Member | None, result: dict[str, Any]) -> Fact:
    context: dict[str, Any] = {"instructor": by.as_reference().as_json()} if by and by.pk != member.pk else {}
    return Fact(fact_type, member.as_reference(), session.as_reference(), result, context)
