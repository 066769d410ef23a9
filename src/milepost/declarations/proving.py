"""Which hours of an action are proven, by the rule of docs/hours.md, and what of its invoice is not.

Nothing is counted here: `classroom.hours` does.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import batched

from django.db import transaction
from django.db.models import Count, Sum
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from milepost.classroom.hours import Hours, hours_done
from milepost.classroom.models import Attendance, Slot
from milepost.core import clock
from milepost.core.jobs import named
from milepost.core.words import duration
from milepost.courses.kinds import kinds
from milepost.declarations.models import Described, Trainee
from milepost.declarations.periods import Period
from milepost.evidence.contributions import actions_about
from milepost.evidence.models import TrainingAction
from milepost.journal.models import Entry
from milepost.learning.models import EnrolmentQuerySet, Progress
from milepost.learning.rounds import rounds_by
from milepost.people.models import Member, Organisation

BATCH = 2_000  # people at once
SHOWN = 3  # steps that are named


def proven(
    action: TrainingAction,
    members: Collection[int],
    period: Period | None = None,
    *,
    sessions: Collection[int] | None = None,
) -> dict[int, Hours]:
    """What is proven of each of these members (by key) in the action's sessions, or only these of them, and its course.

    A `period` counts half-days that began in it and steps that were completed in it. A few queries for every 2,000 members.
    """
    if sessions is None:
        sessions = list(action.sessions.order_by().values_list("pk", flat=True))
    return hours_done(
        members=members,
        course=action.course_id,
        sessions=sessions,
        within=period.instants if period else None,
        rounds=None if period else rounds_of(action),
    )


def rounds_of(action: TrainingAction) -> EnrolmentQuerySet | None:
    """The rounds in which people did the action's course; see `rounds_by`. None without a course."""
    return rounds_by(action.course_id, action.ends_on, action.organisation) if action.course_id else None


def people_in_parts(action: TrainingAction) -> Iterator[list[Member]]:
    """Everybody in the action by key, a part at a time."""
    members = action.members.order_by("pk").only(
        "pk", "uid", "given_name", "family_name", "employee_number", "relation"
    )
    for part in batched(members.iterator(BATCH), BATCH, strict=False):
        yield list(part)


# --- Euros at risk ----------------------------------------------------------------------------------------


def refresh(action: TrainingAction) -> Described | None:
    """Count anew what is proven of each person, and what of the invoice is not; nothing of an action that is not described.

    A person's minutes beyond what is planned prove nothing for another.
    """
    if not Described.objects.filter(action=action).exists():
        return None
    for part in people_in_parts(action):
        minutes = proven(action, [member.pk for member in part])
        counted = [
            Trainee(
                organisation_id=action.organisation_id,
                action=action,
                member=member,
                live_minutes=minutes[member.pk].live,
                own_minutes=minutes[member.pk].own_time,
                unproven_minutes=max(0, action.minutes - minutes[member.pk].total),
            )
            for member in part
        ]
        Trainee.objects.bulk_create(
            counted,
            batch_size=BATCH,
            update_conflicts=True,
            unique_fields=["action", "member"],
            update_fields=["live_minutes", "own_minutes", "unproven_minutes"],
        )
    with transaction.atomic():
        described = Described.objects.select_for_update(of=("self",), no_key=True).filter(action=action).first()
        if described is None:
            return None
        described.action = action
        seats = Trainee.objects.filter(action=action, member__in=action.members.values("pk"))
        sums = seats.aggregate(people=Count("pk"), minutes=Sum("unproven_minutes"))
        described.people, described.unproven_minutes = sums["people"], sums["minutes"] or 0
        described.at_risk = described.price_of(described.unproven_minutes)
        described.checked_at = clock.now()
        described.save(update_fields=["people", "unproven_minutes", "at_risk", "checked_at"])
    return described


def look_again(facts: Sequence[Entry]) -> None:
    """Have those actions counted anew, in the background, about which such facts were recorded, if they are described."""
    organisation = Organisation.objects.filter(pk=facts[0].organisation_id).first()
    if organisation and Described.objects.filter(organisation=organisation).exists():
        keys = Described.objects.filter(organisation=organisation, action__in=actions_about(organisation, facts))
        ask = named("declarations.refresh_proof")
        ask.enqueue_many((organisation.pk, key) for key in keys.order_by("pk").values_list("action_id", flat=True))


# --- Why it is not proven ---------------------------------------------------------------------------------


def reasons(action: TrainingAction, rows: Collection[Trainee]) -> dict[int, list[str]]:
    """Why hours of these people are not proven, in words, by their key: half-days first, then steps. Five queries.

    What the action plans beyond its sessions and its course is told last, so that the reasons make up what is missing.
    """
    missing = {row.member_id: Missing(row.unproven_minutes) for row in rows}
    _missed_half_days(action, missing)
    if action.course_id is not None:
        _steps_not_done(action, missing)
    for one in missing.values():
        if one.minutes > 0:
            one.because(_("planned beyond its sessions and its course"), one.minutes)
    return {key: one.lines for key, one in missing.items()}


@dataclass
class Missing:
    """How many minutes of one person are still to be explained, and what was said."""

    minutes: int
    lines: list[str] = field(default_factory=list)

    def because(self, words: str, minutes: int) -> None:
        """So many of them are missing for this reason."""
        self.minutes -= minutes
        self.lines.append(_("%(reason)s (%(time)s)") % {"reason": words, "time": duration(minutes)})


def _missed_half_days(action: TrainingAction, missing: dict[int, Missing]) -> None:
    slots = list(
        Slot.objects.filter(session__in=action.sessions.all()).select_related("session").order_by("starts_at", "pk")
    )
    rows = Attendance.objects.filter(slot__in=[slot.pk for slot in slots], participant__member__in=list(missing))
    there = {(row.participant.member_id, row.slot_id): row for row in rows.select_related("slot", "participant")}
    for slot in slots:
        whole = int((slot.ends_at - slot.starts_at).total_seconds() // 60)
        for key, one in missing.items():
            row = there.get((key, slot.pk))
            minutes = whole - (row.minutes if row else 0)
            if minutes:
                said = {"session": slot.session.title, "day": slot.day, "hours": slot.hours, "why": _why(row)}
                one.because(_("%(session)s, %(day)s %(hours)s: %(why)s") % said, minutes)


def _why(row: Attendance | None) -> str:
    if row is None:
        return _("no seat")
    if row.is_present:
        return _("came late or left early")
    if row.absent_at is not None:
        return _("was absent")
    return _("signed, but was not there") if row.struck_at is not None else _("no signature")


def _steps_not_done(action: TrainingAction, missing: dict[int, Missing]) -> None:
    rounds = rounds_of(action)
    enrolments = list(rounds.filter(member__in=list(missing))) if rounds is not None else []
    done: dict[int, set[str]] = {enrolment.pk: set() for enrolment in enrolments}
    rows = Progress.objects.filter(enrolment__in=list(done), status=Progress.Status.COMPLETED)
    for enrolment_id, key in rows.values_list("enrolment_id", "activity_key"):
        done[enrolment_id].add(key)
    for enrolment in enrolments:
        steps = [
            step
            for step in enrolment.outline.activities
            if step.minutes and not kinds.get(step.kind).is_live and step.key not in done[enrolment.pk]
        ]
        if steps:
            minutes = sum(step.minutes for step in steps)
            missing[enrolment.member_id].because(_steps_in_words([step.title for step in steps]), minutes)
    for member in missing.keys() - {enrolment.member_id for enrolment in enrolments}:
        missing[member].because(_("not enrolled in the course"), max(0, missing[member].minutes))


def _steps_in_words(titles: list[str]) -> str:
    words = ngettext(
        "%(count)d step of the course was not done: %(names)s",
        "%(count)d steps of the course were not done: %(names)s",
        len(titles),
    )
    names = ", ".join(_("“%(title)s”") % {"title": title} for title in titles[:SHOWN])
    return words % {"count": len(titles), "names": names + (" …" if len(titles) > SHOWN else "")}


def at_risk_of(organisation: Organisation) -> dict[str, int]:
    """Over all actions: how much was invoiced, and how much of it is not proven, in cents."""
    rows = Described.objects.filter(organisation=organisation, action__let_go_at=None)
    sums = rows.aggregate(all=Sum("invoiced"), risk=Sum("at_risk"))
    return {"invoiced": sums["all"] or 0, "at_risk": sums["risk"] or 0}
