"""The mails of live sessions. Each follows from the state of a row, so a worker that is killed forgets none.

A row is claimed before its mail is sent, so two workers send nothing twice; a mail server that does not answer gets
the same rows in the next round.
"""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.db.models import F, Q, QuerySet
from django.urls import reverse
from django.utils import translation

from milepost.classroom import calendars
from milepost.classroom.models import Attendance, Participant, Rules, Slot, Trainer, UnsignedReminder
from milepost.classroom.presence import personal_link, trainer_link
from milepost.classroom.queries import first_slots
from milepost.core import clock
from milepost.core.mails import compose, send_claimed
from milepost.people.models import Organisation

BATCH = 25
GRACE = timedelta(hours=6)  # a worker that was off for longer mails nothing that has lost its point
UNSIGNED_AFTER = timedelta(minutes=30)


def mail_due() -> int:
    """Send what is due in all organisations; return how many mails went out."""
    count = _invite(Participant, _seats_to_tell, _seat_message)
    count += _invite(Trainer, _trainers_to_tell, _trainer_message)
    for rules in _rules_in_use():
        count += _mail_links(rules) + _remind_before(rules) + _remind_unsigned(rules)
    return count


# --- Invitations and cancellations ------------------------------------------------------------------------


def _seats_to_tell() -> "QuerySet[Participant]":
    """Those whose calendar does not say what the session says now."""
    seated = Q(status=Participant.Status.SEATED, session__cancelled_at=None)
    told_less = seated & Q(invited_sequence__lt=F("session__sequence"))
    off = (~seated) & ~Q(invited_days=[])
    rows = Participant.objects.filter(told_less | off).exclude(member__email=None)
    return (
        rows.filter(session__slots__ends_at__gt=clock.now())
        .distinct()
        .select_related("session__organisation", "member")
    )


def _trainers_to_tell() -> "QuerySet[Trainer]":
    holding = Q(removed_at=None, session__cancelled_at=None)
    told_less = holding & Q(invited_sequence__lt=F("session__sequence"))
    rows = Trainer.objects.filter(told_less | (~holding & ~Q(invited_days=[]))).exclude(email="")
    return (
        rows.filter(session__slots__ends_at__gt=clock.now())
        .distinct()
        .select_related("session__organisation", "member")
    )


def _invite[R: (Participant, Trainer)](
    model: type[R], waiting: "Callable[[], QuerySet[R]]", message: Callable[[R], EmailMessage]
) -> int:
    count = 0
    while rows := list(waiting().order_by("pk")[:BATCH]):
        batch = [row for row in rows if _claim_invitation(model, row)]
        count += send_claimed(batch, compose=message, unclaim=lambda unsent: _give_back(model, unsent))
    return count


def _claim_invitation[R: (Participant, Trainer)](model: type[R], row: R) -> bool:
    """Say what the calendar will hold; `row` keeps what it held, for the message and for giving back."""
    days = [] if _is_off(row) else [day.isoformat() for day in calendars.days_of(row.session)]
    claimed: int = model._default_manager.filter(
        pk=row.pk, invited_sequence=row.invited_sequence, invited_days=row.invited_days
    ).update(invited_sequence=row.session.sequence, invited_days=days)
    return bool(claimed)


def _give_back[R: (Participant, Trainer)](model: type[R], unsent: Sequence[R]) -> None:
    for row in unsent:
        model._default_manager.filter(pk=row.pk).update(
            invited_sequence=row.invited_sequence, invited_days=row.invited_days
        )


def _is_off(row: Participant | Trainer) -> bool:
    gone = row.removed_at is not None if isinstance(row, Trainer) else row.status != Participant.Status.SEATED
    return gone or row.session.cancelled_at is not None


def _seat_message(seat: Participant) -> EmailMessage:
    page = settings.BASE_URL + reverse("live_session", args=[seat.session.organisation.slug, seat.session.uid])
    return _calendar_message(seat, seat.member.given_name, seat.member.full_name, seat.member.email or "", page)


def _trainer_message(trainer: Trainer) -> EmailMessage:
    return _calendar_message(trainer, trainer.name, trainer.name, trainer.email, trainer_link(trainer))


def _calendar_message(row: Participant | Trainer, greeted: str, name: str, email: str, page: str) -> EmailMessage:
    session = row.session
    days = {} if _is_off(row) else calendars.days_of(session)
    slots = [slot for of_day in days.values() for slot in of_day] or list(session.slots.all())
    context = {
        "name": greeted, "session": session, "slots": slots, "first": slots[0], "page": page,
        "is_change": bool(row.invited_days), "is_trainer": isinstance(row, Trainer),
    }  # fmt: skip
    language = (row.member.language if row.member else "") or session.language
    message = compose(
        f"classroom/mail/{'invitation' if days else 'cancellation'}", context, to=email, language=language
    )
    with translation.override(language):
        for day in days:
            message.attach(calendars.request(session, day, name=name, email=email))
        for text in row.invited_days:
            if (day := date.fromisoformat(text)) not in days:
                message.attach(calendars.cancel(session, day, name=name, email=email))
    return message


# --- What is due at a slot --------------------------------------------------------------------------------


def _rules_in_use() -> list[Rules]:
    """The rules of each organisation that has a slot about now."""
    now = clock.now()
    near = Slot.objects.filter(starts_at__lt=now + timedelta(days=1), ends_at__gt=now - GRACE)
    return [Rules.of(organisation) for organisation in Organisation.objects.filter(pk__in=near.values("organisation"))]


def _open(rules: Rules) -> "QuerySet[Attendance]":
    """What can still be signed in the organisation's sessions, by people who have an address."""
    return Attendance.objects.missing().filter(
        organisation=rules.organisation, slot__closed_at=None, slot__session__cancelled_at=None,
        participant__status=Participant.Status.SEATED, participant__member__email__isnull=False,
    )  # fmt: skip


def _mail_links(rules: Rules) -> int:
    if not rules.mails_link or "link" not in rules.ways:
        return 0
    now = clock.now()
    due = _open(rules).filter(link_sent_at=None, slot__starts_at__lte=now, slot__ends_at__gt=now - GRACE)
    return _mail(due, "link_sent_at", "link")


def _remind_before(rules: Rules) -> int:
    if not rules.remind_before:
        return 0
    now = clock.now()
    until = now + timedelta(minutes=rules.remind_before)
    due = _open(rules).filter(
        reminded_before_at=None, slot__in=first_slots(), slot__starts_at__gt=now, slot__starts_at__lte=until
    )
    return _mail(due, "reminded_before_at", "before")


def _remind_unsigned(rules: Rules) -> int:
    if rules.remind_unsigned == UnsignedReminder.NEVER:
        return 0
    now = clock.now()
    since = "slot__starts_at" if rules.remind_unsigned == UnsignedReminder.AFTER_START else "slot__ends_at"
    due = _open(rules).filter(
        reminded_at=None, **{f"{since}__lte": now - UNSIGNED_AFTER, f"{since}__gt": now - UNSIGNED_AFTER - GRACE}
    )
    return _mail(due, "reminded_at", "unsigned")


def remind_missing(slot: Slot) -> int:
    """Ask all who have not signed the slot, now; return how many mails went out."""
    rules = Rules.of(slot.session.organisation)
    rows = _open(rules).filter(slot=slot)
    rows.update(reminded_at=None)
    return _mail(_open(rules).filter(slot=slot, reminded_at=None), "reminded_at", "unsigned")


def _mail(due: "QuerySet[Attendance]", claim: str, template: str) -> int:
    count = 0

    def unclaim(unsent: Sequence[Attendance]) -> None:
        Attendance.objects.filter(pk__in=[row.pk for row in unsent]).update(**{claim: None})

    while keys := list(due.order_by("pk").values_list("pk", flat=True)[:BATCH]):
        claimed = [
            key for key in keys if Attendance.objects.filter(pk=key, **{claim: None}).update(**{claim: clock.now()})
        ]
        rows = Attendance.objects.filter(pk__in=claimed).select_related(
            "slot__session__organisation", "participant__member"
        )  # fmt: skip
        count += send_claimed(list(rows), compose=lambda row: _slot_message(row, template), unclaim=unclaim)
    return count


def _slot_message(row: Attendance, template: str) -> EmailMessage:
    session, member = row.slot.session, row.participant.member
    context: dict[str, Any] = {
        "name": member.given_name, "session": session, "slot": row.slot, "link": personal_link(row),
        "page": settings.BASE_URL + reverse("live_session", args=[session.organisation.slug, session.uid]),
    }  # fmt: skip
    return compose(
        f"classroom/mail/{template}", context, to=member.email or "", language=member.language or session.language
    )
