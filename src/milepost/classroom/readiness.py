"""What is ready of a training action's sessions: closed and signed sheets, and half-days that an inspector believes."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import partial
from typing import Any

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from milepost.classroom.agreed_hours import agreed
from milepost.classroom.models import Attendance, LiveSession, Slot, is_in_doubt
from milepost.classroom.scope import attendances_of, counted_slots_of, sessions_of, slots_of
from milepost.core import clock
from milepost.core.public_holidays import is_public_holiday
from milepost.core.words import clock_time, date_format
from milepost.documents.signatures import Signature, difference
from milepost.people.contributions import Actor, Finding, Need, Scope, State
from milepost.people.country import country_of

SHOWN = 20  # people who are named for one check
UNLIKE = 0.3  # from where on two signatures look like those of two people
LONGEST = 300  # minutes of a half-day


def sheet(scope: Scope, need: Need) -> Iterator[Finding]:
    """A sheet for each session: its half-days closed, and everybody signed, attested, or absent for a reason."""
    for session in sessions_of(scope):
        slots = [slot for slot in counted_slots_of(scope) if slot.session_id == session.pk]
        yield _sheet_of(scope, need, session, slots)
    if not sessions_of(scope) and scope.course_id is None:
        words = _("No session belongs to the action.")
        yield Finding(need.key, need.name, State.MISSING, words, Actor.LEAD, article=need.article)


def _sheet_of(scope: Scope, need: Need, session: LiveSession, slots: "list[Any]") -> Finding:
    base: dict[str, Any] = {
        "key": need.key,
        "article": need.article,
        "label": _("%(name)s: %(title)s") % {"name": need.name, "title": session.title},
        "link": _page_of(scope, session),
        "of": max(1, len(slots)),
        "ready": sum(slot.is_closed and slot.settled == slot.expected for slot in slots),
    }
    open_slots = [slot for slot in slots if not slot.is_closed]
    if count := len(open_slots):
        words = ngettext("%(count)d half-day is not closed.", "%(count)d half-days are not closed.", count)
        state = State.UNSIGNED if open_slots[0].ends_at < clock.now() else State.MISSING
        return Finding(**base, state=state, words=words % {"count": count}, actor=Actor.TRAINER)
    if count := sum(slot.expected - slot.settled for slot in slots):
        words = ngettext(
            "%(count)d signature is missing, without a reason.",
            "%(count)d signatures are missing, without a reason.",
            count,
        )
        return Finding(**base, state=State.UNSIGNED, words=words % {"count": count}, actor=Actor.LEAD)
    return Finding(**base, state=State.READY, words=_("Closed and signed."))


def _page_of(scope: Scope, session: LiveSession) -> str:
    return reverse("live_session", args=[scope.organisation.slug, session.uid])


# --- Checks -----------------------------------------------------------------------------------------------


def _holidays(scope: Scope) -> Iterator[Finding]:
    """A signature on a public holiday is one that courts don't believe."""
    days = {slot: slot.local_start.date() for slot in slots_of(scope)}
    if not days:
        return
    label, country = _("No half-day on a public holiday or Sunday"), country_of(scope.organisation)
    odd = [(day, slot) for slot, day in days.items() if day.weekday() == 6 or is_public_holiday(day, country)]
    if odd:
        day, slot = min(odd, key=lambda pair: pair[0])
        words = _("%(day)s is one. Say in the programme why.") % {"day": date_format(day, "DATE_FORMAT")}
        link = _page_of(scope, slot.session)
        yield Finding("holidays", label, State.INCONSISTENT, words, Actor.LEAD, link=link)
    else:
        yield Finding("holidays", label, State.READY, _("None."), ready=1)


def _half_days(scope: Scope) -> Iterator[Finding]:
    """One signature for more than a half-day was rejected as no proof."""
    slots = slots_of(scope)
    if not slots:
        return
    key, label = "one-signature-a-half-day", _("A signature for each half-day")
    long: Slot | None = next((slot for slot in slots if slot.minutes > LONGEST), None)
    if long:
        words, link = _("%(slot)s is longer than five hours. Split it."), _page_of(scope, long.session)
        yield Finding(key, label, State.INCONSISTENT, words % {"slot": long}, Actor.LEAD, link=link)
    else:
        yield Finding(key, label, State.READY, _("No slot is longer."), ready=1)


def _signatures(scope: Scope) -> Iterator[Finding]:
    """One person's signature that varies was rejected: each drawn one should look like another of the same person."""
    drawn: dict[int, list[Signature]] = {}
    names: dict[int, str] = {}
    rows = attendances_of(scope).filter(signed_at__isnull=False).order_by("participant__member", "slot__starts_at")
    for row in rows.iterator(500):
        member = row.participant.member
        if row.signature and "strokes" in row.signature:
            drawn.setdefault(member.pk, []).append(Signature.from_json(row.signature))
            names[member.pk] = member.full_name
    if not drawn:
        return
    label = _("Each person’s signatures look alike")
    unlike = [names[key] for key, several in drawn.items() if len(several) > 1 and _has_stranger(several)]
    if unlike:
        words = ngettext(
            "%(count)d person signed in very different ways: %(names)s. Look at the sheet, and ask them.",
            "%(count)d people signed in very different ways: %(names)s. Look at the sheet, and ask them.",
            len(unlike),
        ) % {"count": len(unlike), "names": ", ".join(unlike[:SHOWN])}
        link = _page_of(scope, sessions_of(scope)[0])
        yield Finding("signatures", label, State.INCONSISTENT, words, Actor.LEAD, link=link)
    else:
        yield Finding("signatures", label, State.READY, _("They do."), ready=1)


def _has_stranger(several: list[Signature]) -> bool:
    """Whether one of the signatures looks like none of the others."""
    return any(all(difference(one, other) > UNLIKE for other in several if other is not one) for one in several)


def _doubts(scope: Scope) -> Iterator[Finding]:
    """A signature that is in doubt counts, and an inspector asks about it: somebody who was in the room says whether it is so."""
    label = _("No signature is in doubt")
    rows = (
        attendances_of(scope)
        .filter(is_in_doubt())
        .order_by("slot__starts_at", "participant__member__family_name", "pk")
    )
    if waiting := list(rows[:SHOWN]):
        names = list(dict.fromkeys(row.participant.member.full_name for row in waiting))
        count = rows.count() if len(waiting) == SHOWN else len(waiting)
        words = ngettext(
            "%(count)d signature is in doubt, and nobody has decided: %(names)s.",
            "%(count)d signatures are in doubt, and nobody has decided: %(names)s.",
            count,
        ) % {"count": count, "names": ", ".join(names) + (", …" if count > SHOWN else "")}
        slot = waiting[0].slot
        link = reverse("slot_list", args=[scope.organisation.slug, slot.session.uid, slot.code])
        link = f"{link}?show=to-decide#attendances"
        yield Finding("doubts", label, State.INCONSISTENT, words, Actor.TRAINER, link=link)
    elif sessions_of(scope):
        yield Finding("doubts", label, State.READY, _("None is, or it was decided."), ready=1)


def _order(scope: Scope) -> Iterator[Finding]:
    """Times in the order in which they can have happened: an inspector lays the sheets side by side and reads them."""
    if not sessions_of(scope):
        return
    label = _("Times in the order in which they can have happened")
    rows = attendances_of(scope).filter(
        Q(signed_at__isnull=False) | Q(arrived_at__isnull=False) | Q(left_at__isnull=False)
    )
    odd = [(row, words) for row in rows.order_by("slot__starts_at", "pk").iterator(500) if (words := _disorder(row))]
    if odd:
        row, words = odd[0]
        told = _("%(name)s, %(slot)s: %(words)s.") % {
            "name": row.participant.member.full_name,
            "slot": row.slot,
            "words": words,
        }
        if len(odd) > 1:
            more = ngettext("%(count)d more is like that.", "%(count)d more are like that.", len(odd) - 1)
            told = f"{told} {more % {'count': len(odd) - 1}}"
        link = _page_of(scope, row.slot.session)
        yield Finding("order", label, State.INCONSISTENT, told, Actor.TRAINER, link=link)
        return
    early = next((slot for slot in slots_of(scope) if slot.closed_at and slot.closed_at < slot.starts_at), None)
    if early:
        words = _("%(slot)s was closed before it began.") % {"slot": early}
        yield Finding("order", label, State.INCONSISTENT, words, Actor.TRAINER, link=_page_of(scope, early.session))
    else:
        yield Finding("order", label, State.READY, _("They are."), ready=1)


def _disorder(row: Attendance) -> str:
    """What can't have happened in the order in which it is told; '' where all can."""
    slot, at = row.slot, partial(_clock, row.slot)
    if row.signed_at and row.state == "signed":
        if row.signed_at < slot.signing_opens_at:
            return _("signed at %(signed)s, before the half-day") % {"signed": at(row.signed_at)}
        if row.arrived_at and row.signed_at < row.arrived_at:
            times = {"signed": at(row.signed_at), "arrived": at(row.arrived_at)}
            return _("signed at %(signed)s, and came at %(arrived)s") % times
        if slot.closed_at and row.signed_at > slot.closed_at and not row.corrections and not row.device_time:
            times = {"signed": at(row.signed_at), "closed": at(slot.closed_at)}
            return _("signed at %(signed)s, after the list was closed at %(closed)s") % times
    if row.arrived_at and row.left_at and row.left_at < row.arrived_at:
        return _("left at %(left)s, and came at %(arrived)s") % {
            "left": at(row.left_at),
            "arrived": at(row.arrived_at),
        }
    return ""


def _clock(slot: Slot, instant: datetime) -> str:
    return clock_time(instant.astimezone(slot.session.zone))


CHECKS: Mapping[str, Callable[[Scope], Iterator[Finding]]] = {
    "holidays": _holidays,
    "one-signature-a-half-day": _half_days,
    "signatures": _signatures,
    "doubts": _doubts,
    "order": _order,
    "agreed": agreed,
}
