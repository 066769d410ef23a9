"""Entry, exit and per cent achieved of each CPF file: who is in an action that the personal training account pays."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.db.models import Max, Min, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from milepost.classroom.hours import Hours
from milepost.classroom.models import Attendance, is_present
from milepost.core import clock
from milepost.declarations.declaring import Collected, Declaration, Row
from milepost.declarations.models import Described, Funding, Trainee
from milepost.declarations.periods import Period, calendar_year
from milepost.declarations.proving import people_in_parts, proven
from milepost.evidence.models import TrainingAction
from milepost.learning.rounds import rounds_by
from milepost.people.models import Member, Organisation


class Edof(Declaration):
    """Entries and exits for the personal training account."""

    name = "edof"
    label = gettext_lazy("Entries and exits for the CPF (EDOF)")
    purpose = gettext_lazy(
        "A training organisation tells who began, who ended, and how much of it they did; payment follows from it."
    )
    period_of = calendar_year

    def rows(self, organisation: Organisation, period: Period, found: Collected) -> Iterator[Row]:
        who = [_("CPF file"), _("Family name"), _("Given name")]
        what = [_("Action"), _("Title of the action"), _("RNCP or RS code")]
        times = [_("Entry"), _("Exit"), _("State"), _("Planned hours"), _("Hours done"), _("Per cent achieved")]
        yield [*who, *what, *times]
        count = exits = minutes = 0
        for described in _paid_by_cpf(organisation, period):
            action = described.action
            if not described.certification:
                found.problem("no-certification", action)
            for part in people_in_parts(action):
                for entry in _entries(action, part, found):
                    count += 1
                    exits += entry.exit is not None
                    minutes += entry.proven.total
                    yield entry.row(action, described)
        found.total(_("CPF files"), count)
        found.total(_("Exits"), exits)
        found.total(_("Hours of all of them"), minutes, "minutes")


def _paid_by_cpf(organisation: Organisation, period: Period) -> "QuerySet[Described]":
    """Those of which any day lies in the year."""
    rows = Described.objects.filter(organisation=organisation, funding=Funding.CPF, action__let_go_at=None)
    near = rows.filter(action__starts_on__lte=period.last, action__ends_on__gte=period.first)
    return near.select_related("action__organisation").order_by("action__starts_on", "action__pk")


@dataclass(frozen=True)
class Entry:
    """One person's way through the action, as EDOF asks for it."""

    member: Member
    number: str
    began: date | None
    exit: date | None
    proven: Hours

    def row(self, action: TrainingAction, described: Described) -> Row:
        state = _("not begun") if self.began is None else _("exited") if self.exit else _("in training")
        share = min(100, 100 * self.proven.total // action.minutes) if action.minutes else 0
        return [
            *(self.number, self.member.family_name, self.member.given_name),
            *(action.reference, action.title, described.certification),
            *(_day(self.began), _day(self.exit), state),
            *(round(action.minutes / 60, 2), round(self.proven.total / 60, 2), share),
        ]


def _entries(action: TrainingAction, part: list[Member], found: Collected) -> Iterator[Entry]:
    keys = [member.pk for member in part]
    numbers = dict(Trainee.objects.filter(action=action, member__in=keys).values_list("member_id", "cpf_number"))
    minutes, zone = proven(action, keys), ZoneInfo(action.organisation.time_zone)
    first, last = _ends(action, keys)
    is_over = action.ends_on < clock.today(action.organisation.time_zone)
    for member in part:
        began = _local(first.get(member.pk), zone)
        ended = max(filter(None, (action.ends_on, _local(last.get(member.pk), zone)))) if began and is_over else None
        if not numbers.get(member.pk):
            found.problem("no-cpf-number", action, member)
        if began is None and is_over:
            found.problem("never-began", action, member)
        yield Entry(member, numbers.get(member.pk, ""), began, ended, minutes[member.pk])


def _ends(action: TrainingAction, keys: list[int]) -> tuple[dict[int, datetime], dict[int, datetime]]:
    """When each of them was first and last seen in the action, by their key."""
    first: dict[int, datetime] = {}
    last: dict[int, datetime] = {}
    rows = Attendance.objects.filter(slot__session__in=action.sessions.all(), participant__member__in=keys)
    seen = rows.filter(is_present()).order_by().values("participant__member")
    for row in seen.annotate(first=Min("slot__starts_at"), last=Max("slot__ends_at")):
        first[row["participant__member"]], last[row["participant__member"]] = row["first"], row["last"]
    if action.course_id is not None:
        rounds = rounds_by(action.course_id, action.ends_on, action.organisation)
        enrolments = rounds.filter(member__in=keys, launched_at__isnull=False)
        done = enrolments.order_by().annotate(done_at=Max("progress__completed_at"))
        for key, launched, done_at in done.values_list("member_id", "launched_at", "done_at"):
            assert launched is not None  # noqa: S101 (filtered)
            first[key] = min(first.get(key, launched), launched)
            if done_at:
                last[key] = max(last.get(key, done_at), done_at)
    return first, last


def _local(instant: datetime | None, zone: ZoneInfo) -> date | None:
    return instant.astimezone(zone).date() if instant else None


def _day(day: date | None) -> str:
    return f"{day:%d/%m/%Y}" if day else ""
