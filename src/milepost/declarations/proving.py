"""Which hours of an action are proven, by the rule of docs/hours.md, and what of its invoice is not.

Nothing is counted here: live hours are those of `classroom.queries`, hours of one's own those of `learning.hours`.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import batched

from django.db import transaction
from django.db.models import Count, Sum
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from milepost.classroom.models import Attendance, Slot
from milepost.classroom.queries import minutes_by_member
from milepost.core import clock
from milepost.core.jobs import named
from milepost.core.words import duration
from milepost.courses.kinds import kinds
from milepost.declarations.models import Described, Trainee
from milepost.declarations.periods import Period
from milepost.evidence.contributions import actions_about
from milepost.evidence.models import TrainingAction
from milepost.journal.models import Entry
from milepost.learning.hours import own_time_minutes
from milepost.learning.models import Enrolment, Progress
from milepost.people.models import Member, Organisation

BATCH = 2_000  # people at once
SHOWN = 3  # steps that are named


@dataclass(frozen=True)
class Proven:
    """Minutes of one person in one action."""

    live: int = 0
    own: int = 0

    @property
    def minutes(self) -> int:
        return self.live + self.own


def proven(action: TrainingAction, members: Collection[int], period: Period | None = None) -> dict[int, Proven]:
    """What is proven of each of these members (by key) in the action's sessions and course, at most `BATCH` of them.

    A `period` counts half-days that began in it and steps that were completed in it. Three queries, whatever their number.
    """
    live = live_minutes(list(action.sessions.order_by().values_list("pk", flat=True)), members, period)
    enrolments = {}
    if action.course_id is not None:
        enrolments = {e.pk: e for e in Enrolment.objects.filter(course=action.course_id, member__in=members)}
    own: dict[int, int] = {}
    if action.course_id is not None and enrolments:
        within = period.instants if period else None
        minutes = own_time_minutes(action.course_id, enrolments.values(), within=within)
        own = {enrolments[key].member_id: count for key, count in minutes.items()}
    return {member: Proven(live.get(member, 0), own.get(member, 0)) for member in members}


def live_minutes(sessions: Collection[int], members: Collection[int], period: Period | None = None) -> dict[int, int]:
    """How many minutes these members were in these sessions, by their key, of those who were. One query."""
    rows = Attendance.objects.filter(slot__session__in=sessions, participant__member__in=members)
    if period is not None:
        first, until = period.instants
        rows = rows.filter(slot__starts_at__gte=first, slot__starts_at__lt=until)
    return minutes_by_member(rows)


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
                own_minutes=minutes[member.pk].own,
                unproven_minutes=max(0, action.minutes - minutes[member.pk].minutes),
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


def reasons(action: TrainingAction, members: Collection[Member]) -> dict[int, list[str]]:
    """Why hours of these people are not proven, in words, by their key: half-days first, then steps. Five queries."""
    keys = [member.pk for member in members]
    told: dict[int, list[str]] = {key: [] for key in keys}
    _missed_half_days(action, told)
    if action.course_id is not None:
        _steps_not_done(action, told)
    for lines in told.values():
        if not lines:
            lines.append(_("The action plans more hours than its sessions and its course have for this person."))
    return told


def _missed_half_days(action: TrainingAction, told: dict[int, list[str]]) -> None:
    slots = list(
        Slot.objects.filter(session__in=action.sessions.all()).select_related("session").order_by("starts_at", "pk")
    )
    rows = Attendance.objects.filter(slot__in=[slot.pk for slot in slots], participant__member__in=list(told))
    there = {(row.participant.member_id, row.slot_id): row for row in rows.select_related("slot", "participant")}
    for slot in slots:
        name = f"{slot.session.title}, {slot.day} {slot.hours}"
        whole = int((slot.ends_at - slot.starts_at).total_seconds() // 60)
        for key, lines in told.items():
            words = _missed(there.get((key, slot.pk)), whole)
            if words:
                lines.append(f"{name}: {words}")


def _missed(row: Attendance | None, whole: int) -> str:
    if row is None:
        return _("no seat (%(time)s)") % {"time": duration(whole)}
    if row.is_present:
        missed = whole - row.minutes
        return _("came late or left early (%(time)s)") % {"time": duration(missed)} if missed else ""
    if row.absent_at is not None:
        return _("absent (%(time)s)") % {"time": duration(whole)}
    if row.struck_at is not None:
        return _("signed, but was not there (%(time)s)") % {"time": duration(whole)}
    return _("no signature (%(time)s)") % {"time": duration(whole)}


def _steps_not_done(action: TrainingAction, told: dict[int, list[str]]) -> None:
    enrolments = list(Enrolment.objects.filter(course=action.course_id, member__in=list(told)))
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
            told[enrolment.member_id].append(
                _steps_in_words([step.title for step in steps], sum(s.minutes for s in steps))
            )
    for member in told.keys() - {enrolment.member_id for enrolment in enrolments}:
        told[member].append(_("not enrolled in the course"))


def _steps_in_words(titles: list[str], minutes: int) -> str:
    names = ", ".join(f"“{title}”" for title in titles[:SHOWN]) + (" …" if len(titles) > SHOWN else "")
    words = ngettext(
        "%(count)d step of the course was not done: %(names)s (%(time)s)",
        "%(count)d steps of the course were not done: %(names)s (%(time)s)",
        len(titles),
    )
    return words % {"count": len(titles), "names": names, "time": duration(minutes)}


def at_risk_of(organisation: Organisation) -> dict[str, int]:
    """Over all actions: how much was invoiced, and how much of it is not proven, in cents."""
    rows = Described.objects.filter(organisation=organisation, action__let_go_at=None)
    sums = rows.aggregate(all=Sum("invoiced"), risk=Sum("at_risk"))
    return {"invoiced": sums["all"] or 0, "at_risk": sums["risk"] or 0}
