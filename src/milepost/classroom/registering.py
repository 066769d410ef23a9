"""The verbs of taking part: a seat, the waiting list, and giving a seat up."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID, uuid4

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from milepost.classroom.expecting import expect
from milepost.classroom.facts import SESSION_REGISTERED, SESSION_WITHDREW
from milepost.classroom.models import Attendance, LiveSession, Participant, Trainer, is_on_record
from milepost.classroom.rules import Rules, TrainerRight
from milepost.core import clock
from milepost.core.names import as_seen, refuse_address
from milepost.core.refusals import Refused
from milepost.journal.recording import Fact, record_many
from milepost.journal.vocabulary import FactType
from milepost.people.bulk_acts import Done, began_at, in_act, remember
from milepost.people.doing import do_to_many
from milepost.people.members import AddressTaken, add_member
from milepost.people.models import BulkAct, Member, MemberQuerySet, Organisation, Relation, plain

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


def register_many(
    *, session: LiveSession, members: Iterable[Member], by: Member | None = None, act: UUID | None = None
) -> int:
    """Register many in the order given: the first get the seats, the rest wait. Return how many were new.

    A few statements for 1,000 people. With `act` it can be undone (`undoing`). Raises `RegistrationRefused`. Records
    `registered` for each.
    """
    with transaction.atomic():
        locked, now, members = _locked(session), began_at(act), list(members)
        known = locked.participants.filter(member__in=[member.pk for member in members])
        there = {seat.member_id: seat for seat in known}
        taken = locked.participants.filter(status=SEATED).count()
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
            seat.status, seat.asked_at = status, now
            there[member.pk] = seat
            facts.append(_registered(seat, locked, member, by, act))
        Participant.objects.bulk_create(new, batch_size=BATCH)
        Participant.objects.bulk_update(back, ["status", "asked_at"], batch_size=BATCH)
        _expect(locked, [seat for seat in new + back if seat.status == SEATED])
        record_many(facts, organisation=locked.organisation)
        if act and by:
            in_order = sorted(new + back, key=lambda seat: seat.status == WAITING)
            done = Done("seat", act, locked.as_reference(), at=now)
            remember(done, to=[(seat.member_id, seat.pk) for seat in in_order], by=by)
    return len(facts)


def register_in_bulk(*, session: LiveSession, members: MemberQuerySet, by: Member) -> BulkAct | None:
    """Have those of `members` registered who do not take part yet, in their order (see `doing`). Raises `RegistrationRefused`."""
    if session.cancelled_at:
        raise RegistrationRefused(_("The session is cancelled."))
    there = session.participants.exclude(status=LEFT).values("member")
    keys = list(members.exclude(pk__in=there).values_list("pk", flat=True))
    return do_to_many(Done("seat", uuid4(), session.as_reference()), to=keys, by=by)


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
    if member is not None and rules.allows(TrainerRight.ADD_PEOPLE) and _is_known_to(trainer, member, arrival):
        if member.has_left:
            raise RegistrationRefused(_("%(name)s has left the organisation.") % {"name": email})
        return register(session=session, member=member, by=trainer.member)
    if member is None and rules.allows(TrainerRight.ADD_NEW_PEOPLE):
        try:
            with transaction.atomic():
                return register(session=session, member=_new_member(arrival, email, trainer), by=trainer.member)
        except AddressTaken:  # somebody else took them in at the same moment
            return register_arrival(arrival=arrival, trainer=trainer)
    raise RegistrationRefused(_nobody(trainer, rules))


def _is_known_to(trainer: Trainer, member: Member, arrival: Arrival) -> bool:
    """A trainer from outside says the family name too: else an address would tell them who belongs to the organisation."""
    family = " ".join(arrival.family_name.split())
    return trainer.member is not None or plain(family) == plain(" ".join(member.family_name.split()))


def _nobody(trainer: Trainer, rules: Rules) -> str:
    """The same for an address that nobody has and for one whose person is called otherwise."""
    if trainer.member is None and rules.allows(TrainerRight.ADD_PEOPLE):
        return _(
            "Nobody with this address and family name is known here. Look at both once more; else the training team adds people: ask "
            "them, and note the name meanwhile."
        )
    return _("The training team adds people here. Ask them, and note the name meanwhile.")


def _new_member(arrival: Arrival, email: str, trainer: Trainer) -> Member:
    given, family = as_seen(arrival.given_name), as_seen(arrival.family_name)
    if not given or not family:
        raise RegistrationRefused(_("Nobody here has this address yet. Give their names as well."))
    refuse_address(given, family)
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

    Raises `RegistrationRefused` once something of the person stands on a sheet, a half-day that they are expected at was closed, or,
    where they do it themselves, has begun: who stays away is absent, and does not leave the list.
    """
    with transaction.atomic():
        session = _locked(participant.session)
        seat = Participant.objects.select_related("member").get(pk=participant.pk)
        if seat.status == LEFT:
            return None
        _refuse_recorded(seat, by)
        was_seated = seat.status == SEATED
        seat.attendances.all().delete()
        seat.status = LEFT
        seat.save(update_fields=["status"])
        record_many([_fact(SESSION_WITHDREW, session, seat.member, by, {})], organisation=session.organisation)
        return next(iter(_promote(session, 1)), None) if was_seated else None


def _refuse_recorded(seat: Participant, by: Member | None) -> None:
    if seat.attendances.filter(is_on_record() | Q(slot__closed_at__isnull=False)).exists():
        raise RegistrationRefused(_("There is a signature or an absence on the sheet already; that stays on record."))
    is_self = by is None or by.pk == seat.member_id
    if is_self and seat.attendances.filter(slot__starts_at__lte=clock.now()).exists():
        raise RegistrationRefused(
            _("The session has begun, so nobody leaves the list any more. Tell the trainer or the training team.")
        )


def leave_many(*, session: LiveSession, seats: Sequence[Participant], by: Member, act: UUID) -> list[Participant]:
    """Take many out who were added by `act`, of whom nothing stands on a sheet; return those who get their seats.

    Raises `RegistrationRefused` for a session that is cancelled. Records `withdrew`, and `registered` for who gets a seat.
    """
    with transaction.atomic():
        locked = _locked(session)
        keys = [seat.pk for seat in seats]
        freed = locked.participants.filter(pk__in=keys, status=SEATED).count()
        Attendance.objects.filter(participant__in=keys).delete()
        locked.participants.filter(pk__in=keys).update(status=LEFT)
        facts = (_fact(SESSION_WITHDREW, locked, seat.member, by, {}, act) for seat in seats)
        record_many(facts, organisation=locked.organisation)
        return _promote(locked, freed)


def on_a_sheet(seats: Collection[int]) -> set[int]:
    """Those of these seats, by their keys, of which a sheet says something: present or absent, or closed without a word."""
    told = is_on_record() | Q(slot__closed_at__isnull=False)
    return set(Attendance.objects.filter(told, participant__in=seats).values_list("participant", flat=True))


def _promote(session: LiveSession, freed: int) -> list[Participant]:
    """Give seats that have become free to those who waited longest."""
    if session.capacity is not None:
        freed = min(freed, session.capacity - session.participants.filter(status=SEATED).count())
    in_order = session.participants.filter(status=WAITING).select_related("member").order_by("asked_at", "pk")
    waiting = list(in_order[: max(0, freed)])
    session.participants.filter(pk__in=[seat.pk for seat in waiting]).update(status=SEATED)
    for seat in waiting:
        seat.status = SEATED
    _expect(session, waiting)
    facts = (_registered(seat, session, seat.member, None) for seat in waiting)
    record_many(
        (replace(fact, context=fact.context | {"from": str(WAITING)}) for fact in facts),
        organisation=session.organisation,
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
    expect([slot.pk for slot in session.slots.all() if not slot.is_closed], [seat.pk for seat in seats])


def _employer(member: Member, organisation: Organisation) -> str:
    return organisation.name if member.relation == "employee" else ""


def _registered(
    seat: Participant, session: LiveSession, member: Member, by: Member | None, act: UUID | None = None
) -> Fact:
    """That they have a seat or wait for one, and for whom they work."""
    fact = _fact(SESSION_REGISTERED, session, member, by, {"status": str(seat.status)}, act)
    return replace(fact, context=fact.context | {"employer": seat.employer}) if seat.employer else fact


def _fact(
    fact_type: FactType,
    session: LiveSession,
    member: Member,
    by: Member | None,
    result: dict[str, Any],
    act: UUID | None = None,
) -> Fact:
    context: dict[str, Any] = {"instructor": by.as_reference().as_json()} if by and by.pk != member.pk else {}
    return Fact(fact_type, member.as_reference(), session.as_reference(), result, context | in_act(act))
