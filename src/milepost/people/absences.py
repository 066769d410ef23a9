"""Long absences: noting that somebody is away, until when, that they are back.

Who is away today gets no reminders that go out by themselves (`notices.reminding`), and stays who they are in everything else.
When an absence is over, the fact `member.returned` says from when until when it was: whoever has due dates follows it
(`journal.subscriptions`) and moves what was open by its days. What is said of days past that fact changes no more.

Whoever asks who is away on a day, or for how many days of a span, asks the people: `Member.objects.absent_on`, `.absent_today`,
`.days_absent`. No reason is kept, nor is there a place to write one.
"""

from datetime import date, timedelta

from django.db import transaction
from django.utils.translation import gettext_lazy

from milepost.core import clock
from milepost.core.refusals import Refused
from milepost.journal.recording import SYSTEM, record
from milepost.journal.vocabulary import FactType
from milepost.people.facts import MEMBER_ABSENCE_CHANGED, MEMBER_ABSENCE_REMOVED, MEMBER_ABSENT, MEMBER_RETURNED
from milepost.people.models import Absence, Member

FURTHEST = timedelta(days=3660)
"""Ten years: a day beyond is a slip of the finger, and due dates would be moved by it."""


class AbsenceRefused(Refused):
    """The days can't be those of an absence; the message says why."""


class EndsBeforeItBegins(AbsenceRefused):
    """The last day is before the first."""

    sentence = gettext_lazy("The last day lies before the first one.")
    field = "ends"


class TooFarAway(AbsenceRefused):
    """A day is further away than anybody knows."""

    sentence = gettext_lazy("This lies more than ten years away. Look at the year.")
    field = "begins"


class AwayAlready(AbsenceRefused):
    """Another absence of theirs shares a day."""

    sentence = gettext_lazy("On some of these days an absence is noted already. Change that one.")
    field = "begins"


class OverAlready(AbsenceRefused):
    """Others went by the fact that they are back."""

    sentence = gettext_lazy("This absence is over, and it was told that they are back: it changes no more.")


def begin_absence(*, member: Member, begins: date, ends: date | None = None, by: Member) -> Absence:
    """Note that somebody is away from the day `begins`, until `ends` where that is known; both days included.

    Raises `AbsenceRefused` with what is wrong. Records `absent`, and `returned` where it is over already.
    """
    with transaction.atomic():
        held = Member.locked(member.pk)
        held.organisation = member.organisation
        _check(held, begins, ends)
        absence = Absence.objects.create(organisation=held.organisation, member=held, begins=begins, ends=ends)
        _record(MEMBER_ABSENT, absence, by)
        _tell_if_over(absence)
    return absence


def change_absence(*, absence: Absence, begins: date, ends: date | None, by: Member) -> Absence:
    """Have it last from and until these days; the same once more is a no-op.

    Raises `AbsenceGone`, `AbsenceRefused`. Records `changed-absence`, and `returned` where it is over by that.
    """
    with transaction.atomic():
        held = _held(absence)
        if (held.begins, held.ends) == (begins, ends):
            return held
        if held.is_told:
            raise OverAlready
        _check(held.member, begins, ends, but_for=held)
        held.begins, held.ends = begins, ends
        held.save(update_fields=["begins", "ends"])
        _record(MEMBER_ABSENCE_CHANGED, held, by)
        _tell_if_over(held)
    return held


def end_absence(*, absence: Absence, ends: date, by: Member) -> Absence:
    """Say which day is, or was, its last: they are back on the next. As `change_absence`."""
    return change_absence(absence=absence, begins=absence.begins, ends=ends, by=by)


def remove_absence(*, absence: Absence, by: Member) -> None:
    """Take back what was noted by mistake. Raises `AbsenceGone`, `OverAlready`. Records `removed-absence`."""
    with transaction.atomic():
        held = _held(absence)
        if held.is_told:
            raise OverAlready
        _record(MEMBER_ABSENCE_REMOVED, held, by)
        held.delete()


def tell_returns() -> int:
    """Record `returned` of each absence that is over, once; return of how many."""
    count = 0
    for key in list(Absence.objects.to_tell().order_by("ends", "pk").values_list("pk", flat=True)[:500]):
        with transaction.atomic():
            absence = Absence.objects.select_for_update(no_key=True, of=("self",)).filter(pk=key).first()
            if absence is not None:
                count += _tell_if_over(absence)
    return count


def _held(absence: Absence) -> Absence:
    """The person first, as whoever notes another one; then the absence."""
    member = Member.locked(absence.member_id)
    held = Absence.locked(absence.pk)
    held.member = member
    return held


def _check(member: Member, begins: date, ends: date | None, *, but_for: Absence | None = None) -> None:
    if ends is not None and ends < begins:
        raise EndsBeforeItBegins
    today = clock.today(member.organisation.time_zone)
    if any(abs(day - today) > FURTHEST for day in (begins, ends) if day is not None):
        raise TooFarAway
    others = [absence for absence in member.absences.all() if but_for is None or absence.pk != but_for.pk]
    if any(other.shares_a_day_with(begins, ends) for other in others):
        raise AwayAlready


def _record(fact: FactType, absence: Absence, by: Member | None) -> None:
    record(
        fact,
        organisation=absence.organisation,
        actor=by.as_reference() if by else SYSTEM,
        object=absence.member.as_reference(),
        result=_told(absence),
    )


def _told(absence: Absence) -> dict[str, str | int]:
    told: dict[str, str | int] = {"absence": str(absence.uid), "begins": absence.begins.isoformat()}
    if absence.ends is not None:
        told["ends"] = absence.ends.isoformat()
    return told


def _tell_if_over(absence: Absence) -> bool:
    if absence.is_told or not absence.is_over(clock.today(absence.organisation.time_zone)):
        return False
    absence.note_told()
    record(
        MEMBER_RETURNED,
        organisation=absence.organisation,
        actor=SYSTEM,
        object=absence.member.as_reference(),
        result=_told(absence) | {"days": absence.days or 0},
    )
    return True
