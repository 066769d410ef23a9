"""The figures of the BPF, frame by frame (cerfa 10443): C where money came from, E who taught, F who learnt, for how many hours."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from milepost.classroom.models import LiveSession, Trainer
from milepost.core import clock
from milepost.declarations.declaring import Collected, Declaration, Row
from milepost.declarations.models import Category, Described, Funding, Nature, Objective, Trainee
from milepost.declarations.periods import Period, accounting_year
from milepost.declarations.proving import people_in_parts, proven
from milepost.evidence.models import TrainingAction
from milepost.people.models import Organisation

# Frame C, in the order of the form: the lines of 2 are those of skills operators and their like.
LINES: tuple[tuple[str, Funding], ...] = (
    ("1", Funding.EMPLOYER),
    ("2a", Funding.APPRENTICESHIP),
    ("2b", Funding.PROFESSIONALISATION),
    ("2c", Funding.RETRAINING),
    ("2d", Funding.TRANSITION),
    ("2e", Funding.CPF),
    ("2f", Funding.JOB_SEEKERS),
    ("2g", Funding.SELF_EMPLOYED),
    ("2h", Funding.DEVELOPMENT),
    ("3", Funding.PUBLIC_STAFF),
    ("4", Funding.EUROPE),
    ("5", Funding.STATE),
    ("6", Funding.REGION),
    ("7", Funding.FRANCE_TRAVAIL),
    ("8", Funding.OTHER_PUBLIC),
    ("9", Funding.PRIVATE),
    ("10", Funding.PROVIDERS),
    ("11", Funding.OTHER),
)


@dataclass
class Figure:
    """Trainees and their minutes."""

    trainees: int = 0
    minutes: int = 0

    def add(self, minutes: int) -> None:
        self.trainees += 1
        self.minutes += minutes


@dataclass
class Figures:
    """Everything that the form asks for of one year."""

    money: dict[str, int] = field(default_factory=lambda: defaultdict(int))  # cents, by funding; "" of nobody
    categories: dict[str, Figure] = field(default_factory=lambda: defaultdict(Figure))
    objectives: dict[str, Figure] = field(default_factory=lambda: defaultdict(Figure))
    specialities: dict[str, Figure] = field(default_factory=lambda: defaultdict(Figure))
    total: Figure = field(default_factory=Figure)
    entrusted: Figure = field(default_factory=Figure)
    people: set[int] = field(default_factory=set)
    trainers: dict[bool, dict[str, int]] = field(default_factory=lambda: {True: {}, False: {}})  # ours: minutes by name


class Bpf(Declaration):
    """The bilan pédagogique et financier."""

    name = "bpf"
    label = gettext_lazy("Bilan pédagogique et financier (BPF)")
    purpose = gettext_lazy(
        "Once a year a training organisation tells the State whom it trained, for how many hours, and who paid."
    )
    period_of = accounting_year

    def rows(self, organisation: Organisation, period: Period, found: Collected) -> Iterator[Row]:
        figures = figures_of(organisation, period, found)
        yield [_("Frame"), _("Line"), _("Item"), _("Trainees"), _("Hours"), _("Amount (EUR, before tax)")]
        yield from _money(figures)
        yield from _teaching(figures)
        yield from _learning(figures)
        found.total(_("Trainees"), figures.total.trainees)
        found.total(_("Hours of all trainees"), figures.total.minutes, "minutes")
        found.total(_("Different people"), len(figures.people))
        found.total(_("Invoiced in the year"), sum(figures.money.values()), "cents")


def figures_of(organisation: Organisation, period: Period, found: Collected) -> Figures:
    """Count the year: every action of which anything may lie in it, in the order in which actions began.

    An hour that lies in two actions is counted in the first.
    """
    figures, seen = Figures(), _Seen()
    today = clock.today(organisation.time_zone)
    for action in _actions(organisation, period):
        described: Described | None = getattr(action, "described", None)
        before = figures.total.trainees
        for part in people_in_parts(action):
            _add_people(figures, seen, action, described, part, period, found)
        is_of_the_year = figures.total.trainees > before
        is_of_the_year |= described is not None and period.has(described.invoiced_on)
        if is_of_the_year or period.has(action.ends_on):
            _ask_of_action(action, described, found, is_over=action.ends_on < today)
        if described and described.invoiced and period.has(described.invoiced_on):
            figures.money[described.funding] += described.invoiced
    _add_trainers(figures, organisation, period)
    return figures


def _actions(organisation: Organisation, period: Period) -> Any:
    """Those that run in the period, or that were invoiced in it; steps of a course may be done after the last day."""
    mine = TrainingAction.objects.filter(organisation=organisation, let_go_at=None, starts_on__lte=period.last)
    is_near = (
        Q(ends_on__gte=period.first)
        | Q(described__invoiced_on__range=(period.first, period.last))
        | Q(course__isnull=False)
    )
    rows = mine.filter(is_near).select_related("organisation", "described")
    return rows.order_by("starts_on", "pk").iterator(200)


class _Seen:
    """Whose hours of which course and which sessions are counted already."""

    def __init__(self) -> None:
        self._places: set[tuple[str, int, int]] = set()

    def takes(self, kind: str, thing: int | None, member: int) -> bool:
        """Whether these hours are new; they are not after that."""
        assert thing is not None  # noqa: S101 (who has hours of a course has a course)
        place = (kind, thing, member)
        if place in self._places:
            return False
        self._places.add(place)
        return True


def _add_people(
    figures: Figures,
    seen: _Seen,
    action: TrainingAction,
    described: Described | None,
    part: list[Any],
    period: Period,
    found: Collected,
) -> None:
    minutes = proven(action, [member.pk for member in part], period)
    own = dict(
        Trainee.objects.filter(action=action, member__in=part).exclude(category="").values_list("member_id", "category")
    )
    sessions = list(action.sessions.order_by("pk").values_list("pk", flat=True))
    for member in part:
        has = minutes[member.pk]
        counted = has.own_time if has.own_time and seen.takes("course", action.course_id, member.pk) else 0
        if has.live:
            fresh = [session for session in sessions if seen.takes("session", session, member.pk)]
            is_whole = len(fresh) == len(sessions)
            counted += has.live if is_whole else proven(action, [member.pk], period, sessions=fresh)[member.pk].live
        if counted < has.total:
            found.problem("twice", action, member)
        if not counted:
            continue
        category = own.get(member.pk) or (described.category if described else "")
        if not category:
            found.problem("no-category", action, member)
        figures.people.add(member.pk)
        figures.total.add(counted)
        figures.categories[category].add(counted)
        figures.objectives[_objective(described)].add(counted)
        figures.specialities[described.speciality if described else ""].add(counted)
        if described and described.is_entrusted:
            figures.entrusted.add(counted)


def _objective(described: Described | None) -> str:
    """The line of frame F-3: assessments and validations have lines of their own."""
    if described is None:
        return ""
    if described.nature in (Nature.SKILLS, Nature.EXPERIENCE):
        return described.nature
    return described.objective


def _ask_of_action(action: TrainingAction, described: Described | None, found: Collected, *, is_over: bool) -> None:
    if described is None:
        found.problem("not-described", action)
        return
    if not described.funding:
        found.problem("no-funding", action)
    if not _objective(described):
        found.problem("no-objective", action)
    if not described.speciality:
        found.problem("no-speciality", action)
    if described.invoiced is None and is_over:
        found.problem("not-invoiced", action)


def _add_trainers(figures: Figures, organisation: Organisation, period: Period) -> None:
    """Frame E: half-days that were closed, for each who held them; who is a member is one of the house."""
    first, until = period.instants
    in_actions = LiveSession.objects.filter(actions__organisation=organisation, actions__let_go_at=None)
    held = Trainer.objects.filter(session__in=in_actions.values("pk"), removed_at=None, session__cancelled_at=None)
    closed = held.filter(
        session__slots__closed_at__isnull=False,
        session__slots__starts_at__gte=first,
        session__slots__starts_at__lt=until,
    )
    rows = closed.order_by("pk").values_list(
        "member_id", "name", "email", "session__slots__starts_at", "session__slots__ends_at"
    )
    for member, name, email, starts, ends in rows.iterator(2_000):
        minutes = figures.trainers[member is not None]
        key = str(member or email or name)
        minutes[key] = minutes.get(key, 0) + int((ends - starts).total_seconds() // 60)


# --- The frames -------------------------------------------------------------------------------------------


def _hours(minutes: int) -> float | int:
    return minutes // 60 if minutes % 60 == 0 else round(minutes / 60, 2)


def _euros(cents: int) -> float | int:
    return cents // 100 if cents % 100 == 0 else cents / 100


def _money(figures: Figures) -> Iterator[Row]:
    for line, funding in LINES:
        yield ["C", line, str(funding.label), "", "", _euros(figures.money.get(funding, 0))]
    if figures.money.get(""):
        yield ["C", "?", _("who pays was not said"), "", "", _euros(figures.money[""])]
    yield ["C", _("total"), _("total of income"), "", "", _euros(sum(figures.money.values()))]


def _teaching(figures: Figures) -> Iterator[Row]:
    for line, label, is_ours in (("1", _("people of the organisation"), True), ("2", _("people from outside"), False)):
        minutes = figures.trainers[is_ours]
        yield ["E", line, label, len(minutes), _hours(sum(minutes.values())), ""]


def _learning(figures: Figures) -> Iterator[Row]:
    letters = zip("abcde", Category, strict=True)
    yield from _lines("F-1", [(letter, str(c.label), c.value) for letter, c in letters], figures.categories)
    yield ["F-1", _("total"), _("total of trainees"), figures.total.trainees, _hours(figures.total.minutes), ""]
    yield [
        "F-2",
        "",
        _("carried out by another organisation for us"),
        figures.entrusted.trainees,
        _hours(figures.entrusted.minutes),
        "",
    ]
    objectives = [("a", Objective.RNCP), ("b", Objective.RS), ("c", Objective.CQP), ("d", Objective.OTHER)]
    others = [("e", Nature.SKILLS), ("f", Nature.EXPERIENCE)]
    lines = [(letter, str(one.label), str(one.value)) for letter, one in chain(objectives, others)]
    yield from _lines("F-3", lines, figures.objectives)
    codes = sorted(code for code in figures.specialities if code)
    yield from _lines(
        "F-4", [(code, _("speciality %(code)s") % {"code": code}, code) for code in codes], figures.specialities
    )


def _lines(frame: str, lines: list[tuple[str, str, str]], figures: dict[str, Figure]) -> Iterator[Row]:
    for line, label, key in lines:
        figure = figures.get(key, Figure())
        yield [frame, line, label, figure.trainees, _hours(figure.minutes), ""]
    if (unknown := figures.get("")) is not None:
        yield [frame, "?", _("not said yet"), unknown.trainees, _hours(unknown.minutes), ""]
