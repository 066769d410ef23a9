"""Reminders around a half-day: the link to sign, that it is soon, that you have not signed.

The words of each are in `notices.py` and `templates/classroom/notices/`.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from milepost.classroom.models import Attendance, Participant, Slot
from milepost.classroom.queries import first_slots
from milepost.classroom.rules import Rules, UnsignedReminder
from milepost.core import clock
from milepost.core.jobs import named, unfinished
from milepost.core.local_days import from_today
from milepost.journal.recording import Reference
from milepost.notices.outbox import Said
from milepost.notices.reminding import tell_due
from milepost.people.models import Organisation, zone_of

GRACE = timedelta(hours=6)  # a worker that was off for longer tells nothing that has lost its point
UNSIGNED_AFTER = timedelta(minutes=30)
AT_ONCE = 500  # people who are asked while somebody waits
PAUSE = timedelta(minutes=15)  # before somebody is asked once more by hand


def remind_due() -> int:
    """Tell what is due at the half-days about now, in all organisations; return how many are told."""
    return sum(_send_links(rules) + _remind_before(rules) + _remind_unsigned(rules) for rules in _rules_in_use())


def is_near() -> bool:
    """Whether there is a half-day about now, of which something may be due."""
    return _near().exists()


def ask_missing(slot: Slot) -> int:
    """Ask all who have not signed the half-day, but for who was asked a moment ago: many in the background. Return how many."""
    now = clock.now()
    count = _to_ask(slot, now).count()
    if count <= AT_ONCE:
        return remind_missing(slot)
    named("classroom.remind_missing").enqueue(slot.organisation_id, slot.pk, now.isoformat())
    return count


def remind_missing(slot: Slot, *, pressed_at: datetime | None = None) -> int:
    """Ask those who had not been asked a moment before `pressed_at`, or now; return how many are asked.

    Whoever was asked since is not asked again, so whoever is killed in the middle can begin anew.
    """
    at = pressed_at or clock.now()
    return tell_due("signature_missing", due=lambda: _to_ask(slot, at), noted="reminded_at", said=_said)


def still_to_ask(slot: Slot) -> int:
    """How many wait for the message that somebody has asked for; 0 where nobody did."""
    calls = [call for call in unfinished(named("classroom.remind_missing")) if call["slot_id"] == slot.pk]
    return max((_to_ask(slot, datetime.fromisoformat(call["pressed_at"])).count() for call in calls), default=0)


def _to_ask(slot: Slot, pressed_at: datetime) -> "QuerySet[Attendance]":
    not_lately = Q(reminded_at=None) | Q(reminded_at__lte=pressed_at - PAUSE)
    return unsigned().filter(not_lately, organisation=slot.organisation_id, slot=slot)


def unsigned() -> "QuerySet[Attendance]":
    """What can still be signed, by people who have an address and have not left."""
    rows = Attendance.objects.missing().filter(
        from_today("participant__member__left_on", zone_of("organisation"), after=True),
        slot__closed_at=None,
        slot__session__cancelled_at=None,
        participant__status=Participant.Status.SEATED,
        participant__member__email__isnull=False,
    )
    return rows.select_related("slot__session__organisation", "participant__member__organisation")


def _rules_in_use() -> list[Rules]:
    """The rules of each organisation that has a slot about now."""
    near = Organisation.objects.filter(pk__in=_near().values("organisation"))
    return [Rules.of(organisation) for organisation in near]


def _near() -> "QuerySet[Slot]":
    now = clock.now()
    return Slot.objects.filter(starts_at__lt=now + timedelta(days=1), ends_at__gt=now - GRACE)


def _send_links(rules: Rules) -> int:
    if not rules.mails_link or "link" not in rules.ways:
        return 0
    now = clock.now()
    due = unsigned().filter(organisation=rules.organisation, slot__starts_at__lte=now, slot__ends_at__gt=now - GRACE)
    return _tell("attendance_link", "link_sent_at", lambda: due, to_the_away=True)


def _remind_before(rules: Rules) -> int:
    if not rules.remind_before:
        return 0
    now = clock.now()
    until = now + timedelta(minutes=rules.remind_before)
    soon = unsigned().filter(organisation=rules.organisation, slot__starts_at__gt=now, slot__starts_at__lte=until)
    return _tell("session_soon", "reminded_before_at", lambda: soon.filter(slot__in=first_slots()))


def _remind_unsigned(rules: Rules) -> int:
    if rules.remind_unsigned == UnsignedReminder.NEVER:
        return 0
    now = clock.now()
    since = "slot__starts_at" if rules.remind_unsigned == UnsignedReminder.AFTER_START else "slot__ends_at"
    span = {f"{since}__lte": now - UNSIGNED_AFTER, f"{since}__gt": now - UNSIGNED_AFTER - GRACE}
    due = unsigned().filter(organisation=rules.organisation, **span)
    return _tell("signature_missing", "reminded_at", lambda: due)


def _tell(kind: str, noted: str, due: "Callable[[], QuerySet[Attendance]]", *, to_the_away: bool = False) -> int:
    """Say it to those who were not told yet; to those who are away for long only what they can’t take part without."""
    person = "" if to_the_away else "participant__member"
    return tell_due(kind, due=lambda: due().filter(**{noted: None}), noted=noted, said=_said, person=person)


def _said(row: Attendance, stamp: str) -> Said:
    session, member = row.slot.session, row.participant.member
    about = Reference("attendance", str(row.uid), session.title)
    return Said(member, about, f"{row.uid}:{stamp}", language=session.language)
