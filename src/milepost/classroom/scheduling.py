"""The verbs of live sessions: schedule, change, cancel, and who holds them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from types import MappingProxyType
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import Max, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from milepost.classroom.expecting import expect
from milepost.classroom.facts import (
    SESSION_CANCELLED,
    SESSION_SCHEDULED,
    SESSION_UPDATED,
    TRAINER_GRANTED,
    TRAINER_LINK_RENEWED,
    TRAINER_REVOKED,
)
from milepost.classroom.invitations import recipient_of, subject_of
from milepost.classroom.meetings import meeting_tools
from milepost.classroom.models import Attendance, LiveSession, Participant, Slot, Trainer, is_on_record
from milepost.classroom.sheets import ask_for_sheet
from milepost.core import clock, once
from milepost.core.names import as_seen, refuse_address
from milepost.core.refusals import Refused
from milepost.courses.models import Course
from milepost.journal.recording import Reference, record, time_text
from milepost.journal.vocabulary import FactType
from milepost.notices.outbox import notify
from milepost.people.models import Member, Organisation

MAX_SLOTS = 60
MAX_SLOT = timedelta(hours=12)
HALF_DAYS = ((time(9), time(12, 30)), (time(13, 30), time(17)))


class InvalidSession(Refused):
    """The session can't be as it is planned; the message says where and what."""

    status = 422


class SlotHasSignatures(InvalidSession):
    """A slot of which something stands on record (a signature, an absence, a correction), or that is closed, can be neither moved nor removed."""

    sentence = gettext_lazy(
        "Somebody has signed this half-day already, or was noted as there or absent, so its hours stay as they were."
    )


Span = tuple[datetime, datetime]


@dataclass
class Plan:
    """What a session is to be. `spans` are its slots; `address` is what the meeting tool asks for, if it asks."""

    title: str
    spans: Sequence[Span]
    form: str = LiveSession.Form.ROOM
    place: str = ""
    provider: str = ""
    address: str = ""
    description: str = ""
    language: str = ""
    capacity: int | None = None
    course: Course | None = None
    activity_key: str = ""
    trainers: Sequence["Holder"] = field(default_factory=tuple)

    def as_fields(self, *, language: str) -> dict[str, Any]:
        """What of it can be changed later, by the session's fields; `language` holds where the plan names none."""
        return {
            "title": self.title.strip(),
            "form": self.form,
            "place": self.place,
            "provider": self.provider,
            "description": self.description,
            "language": self.language or language,
            "capacity": self.capacity,
        }


@dataclass(frozen=True)
class Holder:
    """Who holds a session: a member, or somebody from outside by name and e-mail."""

    member: Member | None = None
    name: str = ""
    email: str = ""


def half_days(day: date, zone: ZoneInfo) -> list[Span]:
    """The morning and the afternoon of a day."""
    return [(datetime.combine(day, start, zone), datetime.combine(day, end, zone)) for start, end in HALF_DAYS]


def schedule_session(*, organisation: Organisation, plan: Plan, by: Member, key: str = "") -> LiveSession:
    """Make a live session with its slots and trainers. The same from a form of the same `key` is made once (see `core.once`).

    Raises `InvalidSession` or `MeetingRefused`. Records `scheduled`.
    """
    spans = _checked(plan.spans)
    if not plan.title.strip():
        raise InvalidSession(_("The session needs a title."))
    meeting = meeting_tools.get(plan.provider).prepare(plan.address) if plan.provider else {}
    uid = once.uid_of(key, organisation.uid, "session", plan)
    with transaction.atomic():
        # The organisation's row is the lock: numbers are given out one after another.
        Organisation.locked(organisation.pk)
        if made := LiveSession.objects.filter(uid=uid).first():
            return made
        last = LiveSession.objects.filter(organisation=organisation).aggregate(last=Max("number"))["last"]
        session = LiveSession.objects.create(
            uid=uid,
            organisation=organisation,
            number=(last or 0) + 1,
            meeting=meeting,
            time_zone=organisation.time_zone,
            course=plan.course,
            activity_key=plan.activity_key,
            created_by=by,
            **plan.as_fields(language=organisation.language),
        )
        Slot.objects.bulk_create(
            Slot(organisation=organisation, session=session, starts_at=start, ends_at=end) for start, end in spans
        )
        for holder in plan.trainers:
            _add_trainer(session, holder)
        planned = {name: value for name, value in plan.as_fields(language=organisation.language).items() if value}
        planned |= {"where": session.where, "time_zone": session.time_zone, "slots": _slots_of(session)}
        _record(SESSION_SCHEDULED, session, by, planned, course=plan.course)
        for trainer in session.trainers.select_related("member"):
            _record_role(TRAINER_GRANTED, trainer, by)
    return session


def change_session(*, session: LiveSession, plan: Plan, by: Member) -> LiveSession:
    """Make the session what the plan says; those who were invited get the new invitation.

    A slot whose start and end stay keeps everything; where only closed ones are left, the sheet is asked for. Raises
    `InvalidSession`, `SlotHasSignatures`, `TooManyAtOnce` or `MeetingRefused`.
    Records `updated` with what changed; a plan that changes nothing records nothing.
    """
    spans = _checked(plan.spans)
    if not plan.title.strip():
        raise InvalidSession(_("The session needs a title."))
    with transaction.atomic():
        locked = LiveSession.locked(session.pk)
        if locked.cancelled_at:
            raise InvalidSession(_("The session is cancelled."))
        changed = _change_facts(locked, plan)
        if _change_slots(locked, spans):
            changed["slots"] = _slots_of(locked)
        if changed:
            locked.sequence += 1
            locked.save()
            _record(SESSION_UPDATED, locked, by, {"changes": changed})
        if "slots" in changed:
            ask_for_sheet(locked)
    return locked


def cancel_session(*, session: LiveSession, reason: str, by: Member) -> LiveSession:
    """Cancel it for everybody; they get a mail. Raises `InvalidSession`. Records `cancelled`."""
    reason = reason.strip()[:300]
    if not reason:
        raise InvalidSession(_("Say why: those who are invited read it."))
    with transaction.atomic():
        locked = LiveSession.locked(session.pk)
        if locked.cancelled_at:
            raise InvalidSession(_("The session is cancelled already."))
        if _has_taken_place(locked):
            raise InvalidSession(
                _(
                    "Somebody has signed for this session, or was there without a signature: it took place, at least in part."
                )
            )
        locked.cancelled_at, locked.cancellation_reason = clock.now(), reason
        locked.sequence += 1
        locked.save(update_fields=["cancelled_at", "cancellation_reason", "sequence"])
        _record(SESSION_CANCELLED, locked, by, {"reason": reason})
    return locked


def add_trainer(*, session: LiveSession, holder: Holder, by: Member) -> Trainer:
    """Let somebody hold the session; whoever holds it already does. Raises `InvalidSession`. Records `granted`."""
    with transaction.atomic():
        LiveSession.locked(session.pk)
        trainer, is_new = _add_trainer(session, holder)
        if is_new:
            _record_role(TRAINER_GRANTED, trainer, by)
    return trainer


def remove_trainer(*, trainer: Trainer, by: Member) -> None:
    """They hold the session no more, and their link ends. Records `revoked`."""
    with transaction.atomic():
        LiveSession.locked(trainer.session_id)
        if Trainer.objects.filter(pk=trainer.pk, removed_at=None).update(removed_at=clock.now()):
            _record_role(TRAINER_REVOKED, trainer, by)


def renew_link(*, trainer: Trainer, by: Member) -> None:
    """Send somebody who holds the session and has no account a new link; the earlier ones open nothing any more.

    One that was renewed since `trainer` was read is left: pressed twice, the first mail would have a link that opens nothing.
    Raises `InvalidSession`. Records `renewed`.
    """
    with transaction.atomic():
        LiveSession.locked(trainer.session_id)
        holding = Trainer.objects.filter(pk=trainer.pk, removed_at=None).select_related(
            "session", "member", "organisation"
        )
        locked = holding.first()
        if locked is None:
            raise InvalidSession(_("They hold the session no more."))
        if locked.has_account:
            raise InvalidSession(_("They sign in, and find the session under “I hold”."))
        if not locked.email:
            raise InvalidSession(_("There is no e-mail address that a link could go to."))
        if locked.link != trainer.link:
            return
        locked.link, locked.link_renewed_at = uuid4(), clock.now()
        locked.save(update_fields=["link", "link_renewed_at"])
        notify("trainer_link", to=recipient_of(locked), about=subject_of(locked), key=str(locked.link))
        _record_role(TRAINER_LINK_RENEWED, locked, by, {})


def _add_trainer(session: LiveSession, holder: Holder) -> tuple[Trainer, bool]:
    """Who holds the session, and whether they are new to it; the session is locked, or nobody's yet."""
    common = {"organisation_id": session.organisation_id}
    holding = Trainer.objects.filter(session=session, removed_at=None)
    if holder.member:
        as_known = {"name": holder.member.full_name, "email": holder.member.email or ""}
        return holding.get_or_create(session=session, member=holder.member, defaults=common | as_known)
    name, email = as_seen(holder.name)[:200], holder.email.strip().lower()
    if not name:
        raise InvalidSession(_("A trainer from outside needs a name."), field="name")
    refuse_address(name, field="name")
    try:
        validate_email(email)
    except ValidationError as error:
        words = _("A trainer from outside needs an e-mail address: their link goes there.")
        raise InvalidSession(words, field="email") from error
    return holding.get_or_create(session=session, member=None, email=email, defaults=common | {"name": name})


def _checked(spans: Sequence[Span]) -> list[Span]:
    ordered = sorted(spans)
    if not ordered:
        raise InvalidSession(_("The session needs at least one half-day."))
    if len(ordered) > MAX_SLOTS:
        raise InvalidSession(
            _("A session has at most %(count)d half-days. Make several sessions.") % {"count": MAX_SLOTS}
        )
    for number, (start, end) in enumerate(ordered, start=1):
        if end <= start:
            raise InvalidSession(_("Half-day %(number)d ends before it starts.") % {"number": number})
        if end - start > MAX_SLOT:
            raise InvalidSession(_("Half-day %(number)d is longer than twelve hours.") % {"number": number})
        if number < len(ordered) and end > ordered[number][0]:
            raise InvalidSession(
                _("Half-day %(number)d begins before the one before it has ended.") % {"number": number + 1}
            )
    return ordered


def _change_facts(session: LiveSession, plan: Plan) -> dict[str, Any]:
    wanted = plan.as_fields(language=session.language)
    changed = {name: value for name, value in wanted.items() if getattr(session, name) != value}
    address = session.meeting.get("address", "")
    if plan.provider and ("provider" in changed or (plan.address and plan.address != address)):
        session.meeting = meeting_tools.get(plan.provider).prepare(plan.address)
        changed["meeting"] = "changed"
    for name in changed.keys() & wanted.keys():
        setattr(session, name, wanted[name])
    if changed.keys() & {"place", "provider"}:
        changed["where"] = session.where
    return changed


def _change_slots(session: LiveSession, spans: list[Span]) -> bool:
    """Slots that are planned again stay; the others go and come."""
    there = {(slot.starts_at, slot.ends_at): slot for slot in session.slots.all()}
    gone = [slot for span, slot in there.items() if span not in set(spans)]
    new = [span for span in spans if span not in there]
    for slot in gone:
        if slot.is_closed or slot.attendances.filter(is_on_record()).exists():
            raise SlotHasSignatures
        slot.delete()
    made = Slot.objects.bulk_create(
        Slot(organisation_id=session.organisation_id, session=session, starts_at=start, ends_at=end)
        for start, end in new
    )
    seated = session.participants.filter(status=Participant.Status.SEATED)
    expect([slot.pk for slot in made], list(seated.values_list("pk", flat=True)))
    return bool(gone or new)


def _has_taken_place(session: LiveSession) -> bool:
    was_there = Q(signed_at__isnull=False) | Q(attested_at__isnull=False)
    return Attendance.objects.filter(was_there, slot__session=session).exists()


def _slots_of(session: LiveSession) -> list[dict[str, str]]:
    """The half-days, as facts tell them."""
    return [
        {"id": str(slot.uid), "starts_at": time_text(slot.starts_at), "ends_at": time_text(slot.ends_at)}
        for slot in session.slots.order_by("starts_at")
    ]


def _record(
    fact_type: FactType, session: LiveSession, by: Member, result: dict[str, Any], *, course: Course | None = None
) -> None:
    context = {"reference": session.reference} | ({"course": str(course.uid)} if course else {})
    about = session.as_reference()
    record(
        fact_type,
        organisation=session.organisation,
        actor=by.as_reference(),
        object=about,
        result=result,
        context=context,
    )


def _record_role(
    fact_type: FactType, trainer: Trainer, by: Member, result: Mapping[str, str] = MappingProxyType({"role": "trainer"})
) -> None:
    record(
        fact_type,
        organisation=trainer.organisation,
        actor=by.as_reference(),
        object=Reference("trainer", trainer.as_reference().id, trainer.name),
        result=dict(result),
        context={"session": str(trainer.session.uid)},
    )
