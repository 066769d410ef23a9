"""Who must have done something by when, and how often: the arithmetic of a requirement, without a database.

A `Cycle` is what a requirement says of everybody, a `Case` what is known of one person. From both follow the person's duties, one
after the other: when each opens, by when it is due, and when it was done. Whatever asks goes through here, for today, for a day of
long ago (with what was known then) and for what is to come: the page of a requirement, what it would mean before it is saved,
and compliance as of a day can't differ.

Days are calendar days of the organisation.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum

from milepost.core.months import months_after


class First(StrEnum):
    """From what the first due day is counted."""

    DAY = "day"  # a day that is the same for all
    ENTRY = "entry"  # the day on which somebody comes under it
    HIRE = "hire"  # the day on which they were hired; where nobody knows it, that of their entry
    START = "start"  # the day on which the requirement begins


class Counted(StrEnum):
    """From what the next due day is counted."""

    COMPLETION = "completion"  # the day on which it was done
    DUE = "due"  # the day by which it was due: whoever is early or late keeps their day


class State(StrEnum):
    """How somebody stands on a day."""

    COMPLIANT = "compliant"  # nothing is to be done
    DUE = "due"  # something is, and its day has not passed
    OVERDUE = "overdue"
    EXEMPT = "exempt"  # somebody decided that they need not, for now
    PAUSED = "paused"  # something is to be done, and they are away: their day moves on


@dataclass(frozen=True)
class Span:
    """Days from the first to the last, both included; no last one while it goes on."""

    first: date
    last: date | None = None

    def holds(self, day: date) -> bool:
        return self.first <= day and (self.last is None or day <= self.last)

    def days_within(self, first: date, last: date) -> int:
        """How many of its days lie from `first` to `last`."""
        return max(0, (min(self.last or last, last) - max(self.first, first)).days + 1)


@dataclass(frozen=True)
class Cycle:
    """By when something is to be done first, and how often again."""

    starts_on: date
    first: First
    day: date | None = None  # for `First.DAY`
    days: int = 0  # after what `first` says, for the others
    least_days: int = 0  # that everybody has at least, however late they come
    every_months: int | None = None
    counted: Counted = Counted.COMPLETION
    opens_days: int = 60  # before a further due day, from which on it can be done again
    accepts_days: int | None = None  # how old may be what they did before they came under it; None for any age

    def first_due(self, case: "Case") -> date:
        """By when the person is to have done it first."""
        begins = self.begins(case)
        counted_from = {
            First.DAY: self.day or begins,
            First.ENTRY: begins + timedelta(days=self.days),
            First.HIRE: (case.hired_on or begins) + timedelta(days=self.days),
            First.START: self.starts_on + timedelta(days=self.days),
        }
        return max(counted_from[self.first], begins + timedelta(days=self.least_days))

    def begins(self, case: "Case") -> date:
        """When the person comes under it."""
        return max(case.since, self.starts_on)


@dataclass(frozen=True)
class Case:
    """What is known of one person who is under a requirement `since` a day: `done` are the days on which they did it, in order."""

    since: date
    hired_on: date | None = None
    done: Sequence[date] = ()
    away: Sequence[Span] = ()
    exempt: Sequence[Span] = ()

    def until(self, day: date) -> "Case":
        """What was known at the end of the day."""
        return replace(self, done=[one for one in self.done if one <= day])


@dataclass(frozen=True)
class Duty:
    """One time that somebody is to do it: it can be done from `opens_on`, and is to be by `due_on`."""

    number: int
    opens_on: date
    due_on: date
    done_on: date | None = None


@dataclass(frozen=True)
class Standing:
    """How somebody stands on a day: `duty` is what is to be done, now or next; `done_on` when they did it last. Nothing is None."""

    state: State
    duty: Duty | None
    done_on: date | None

    @property
    def is_covered(self) -> bool:
        """Whether what they did holds on the day: an inspector who comes then finds it."""
        return self.state is State.COMPLIANT or (self.done_on is not None and self.state is not State.OVERDUE)


def duties(cycle: Cycle, case: Case, today: date) -> Iterator[Duty]:
    """The person's duties in order, up to the first that is not done; `today` is as far as an absence that goes on moves a due day."""
    begins, due = cycle.begins(case), cycle.first_due(case)
    done = _accepted(cycle, case, begins)
    moved = _moved(case, begins, due, today)
    duty = Duty(1, begins, moved, done)
    yield duty
    while duty.done_on is not None and cycle.every_months:
        duty = _next(cycle, case, duty, today)
        yield duty


def standing(cycle: Cycle, case: Case, day: date) -> Standing:
    """How the person stands at the end of the day."""
    known, last = case.until(day), None
    for duty in duties(cycle, known, day):
        if duty.done_on is None:
            return Standing(_state(case, duty, day), duty, last)
        last = duty.done_on
    return Standing(State.COMPLIANT, None, last)


def foreseen(cycle: Cycle, case: Case, first: date, last: date) -> Iterator[Duty]:
    """What becomes due from the day `first` to `last`, if everything is done on the day by which it is due."""
    done = list(case.done)
    while True:
        known = replace(case, done=done)
        duty = next((one for one in duties(cycle, known, first) if one.done_on is None), None)
        if duty is None or duty.due_on > last:
            return
        yield duty
        done = [*done, max(duty.due_on, first)] if duty.due_on >= first else [*done, first]


def _state(case: Case, duty: Duty, day: date) -> State:
    if duty.opens_on > day:
        return State.COMPLIANT if duty.number > 1 else State.DUE
    if any(span.holds(day) for span in case.exempt):
        return State.EXEMPT
    if any(span.holds(day) for span in case.away):
        return State.PAUSED
    return State.OVERDUE if duty.due_on < day else State.DUE


def _accepted(cycle: Cycle, case: Case, begins: date) -> date | None:
    """When the first duty was done: by what was done before they came under it, if that still holds, or else after."""
    before = [day for day in case.done if day < begins]
    if before:
        last = before[-1]
        is_young = cycle.accepts_days is None or last >= begins - timedelta(days=cycle.accepts_days)
        holds = not cycle.every_months or months_after(last, cycle.every_months) >= begins
        if is_young and holds:
            return last
    return next((day for day in case.done if day >= begins), None)


def _next(cycle: Cycle, case: Case, before: Duty, today: date) -> Duty:
    """The duty after one that is done."""
    assert before.done_on and cycle.every_months  # noqa: S101 (for whoever reads the types)
    months = cycle.every_months
    due = months_after(before.done_on if cycle.counted is Counted.COMPLETION else before.due_on, months)
    times = 1
    while due <= before.done_on:  # so late that the next day had passed: the one after it
        times += 1
        due = months_after(before.due_on, months * times)
    opens = max(before.done_on + timedelta(days=1), due - timedelta(days=cycle.opens_days))
    # Whoever does it again early has done it: by their completion it is counted anew. Where days are fixed it opens first.
    earliest = before.done_on + timedelta(days=1) if cycle.counted is Counted.COMPLETION else opens
    done = next((day for day in case.done if day >= earliest), None)
    return Duty(before.number + 1, opens, _moved(case, opens, due, today), done)


def _moved(case: Case, opens: date, due: date, today: date) -> date:
    """The due day, moved on by each day since the duty opened on which they were away or exempt."""
    spans, moved = [*case.away, *case.exempt], due
    while spans:
        # A day that is both counts once for each: somebody away and exempt has no less time for it.
        further = due + timedelta(days=sum(span.days_within(opens, min(moved, _end(span, today))) for span in spans))
        if further <= moved:
            break
        moved = further
    return moved


def _end(span: Span, today: date) -> date:
    return span.last or today
