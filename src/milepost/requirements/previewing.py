"""What a requirement would mean before it is set: who becomes due when, how many hours of learning, at which sites.

By the very code that runs once it is set: `cycles` for the days, `standing.cases_of` for what is known of people.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date

from milepost.audiences.models import Membership
from milepost.core import clock
from milepost.core.months import months_after
from milepost.courses.outline import outline_of
from milepost.people.models import Member, Organisation
from milepost.requirements import cycles
from milepost.requirements.cycles import State
from milepost.requirements.models import LABELS, Requirement
from milepost.requirements.setting import Asked
from milepost.requirements.standing import cases_of

MONTHS = 18  # that a preview looks ahead


@dataclass
class Month:
    """How often something becomes due in a month, at each site, and how many minutes of learning that is."""

    first: date
    times: int = 0
    minutes: int = 0
    sites: Counter[str] = field(default_factory=Counter)

    @property
    def where(self) -> str:
        """The three sites where it becomes due most often."""
        return ", ".join(f"{site} {times}" for site, times in self.sites.most_common(3) if site)


@dataclass
class Preview:
    """How many people it concerns, how they would stand today, and what comes; `to_enrol` get a place in the course at once."""

    people: int
    states: Counter[str]
    to_enrol: int
    months: list[Month]

    @property
    def shown_states(self) -> list[tuple[str, int]]:
        """How many would stand how, in words."""
        return [(str(label), self.states[state]) for state, label in LABELS.items() if self.states[state]]

    @property
    def busy_months(self) -> list[Month]:
        """Those in which something becomes due."""
        return [month for month in self.months if month.times]

    @property
    def times(self) -> int:
        return sum(month.times for month in self.months)

    @property
    def minutes(self) -> int:
        return sum(month.minutes for month in self.months)


def preview(*, organisation: Organisation, asked: Asked, requirement: Requirement | None = None) -> Preview:
    """What it would mean if it were set now, or `requirement` changed to it. Changes nothing; a few queries, whatever the number of people.

    What is overdue already counts in the month of today.
    """
    today = clock.today(organisation.time_zone)
    would_be = Requirement(organisation=organisation, name=asked.name, **asked.fields())
    equivalents = [course.pk for course in asked.equivalents]
    cases = cases_of(would_be, equivalents=equivalents, exempt_from=requirement)
    standings = {member: cycles.standing(would_be.cycle, case, today) for member, case in cases.items()}
    last = months_after(today, MONTHS)
    months = {day: Month(day) for day in (months_after(today.replace(day=1), n) for n in range(MONTHS + 1))}
    in_audience = Membership.objects.current().filter(audience=asked.audience).values("member")
    sites = dict(Member.objects.filter(pk__in=in_audience).order_by().values_list("pk", "site__name"))
    minutes = outline_of(asked.course.published_or_raise().pk).minutes
    for member, case in cases.items():
        for duty in cycles.foreseen(would_be.cycle, case, today, last):
            month = months[max(duty.due_on, today).replace(day=1)]
            month.times += 1
            month.minutes += minutes
            month.sites[sites.get(member) or ""] += 1
    to_enrol = sum(
        standing.state in (State.DUE, State.OVERDUE) and standing.duty is not None for standing in standings.values()
    )
    states = Counter(str(standing.state) for standing in standings.values())
    return Preview(len(cases), states, to_enrol, list(months.values()))
