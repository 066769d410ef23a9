"""By when somebody is to do something, and how they stand: the laws of the arithmetic, and cases that went wrong elsewhere."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from milepost.requirements.cycles import Case, Counted, Cycle, First, Span, State, duties, foreseen, standing

START = date(2026, 1, 1)
YEARLY = Cycle(starts_on=START, first=First.ENTRY, days=30, every_months=12)


def stands(cycle, case, *day):
    return standing(cycle, case, date(*day))


def test_who_comes_under_it_has_so_many_days_from_then_and_is_late_after():
    case = Case(since=date(2026, 3, 1))
    assert stands(YEARLY, case, 2026, 3, 31).state is State.DUE
    assert stands(YEARLY, case, 2026, 4, 1).state is State.OVERDUE


def test_who_was_there_before_it_held_has_the_days_from_its_beginning():
    assert stands(YEARLY, Case(since=date(2020, 5, 5)), 2026, 1, 31).state is State.DUE
    assert stands(YEARLY, Case(since=date(2020, 5, 5)), 2026, 2, 1).state is State.OVERDUE


def test_who_is_hired_in_november_is_not_late_in_december_by_a_day_that_is_the_same_for_all():
    cycle = Cycle(starts_on=START, first=First.DAY, day=date(2026, 12, 1), least_days=45)
    assert stands(cycle, Case(since=date(2026, 11, 25)), 2026, 12, 2).state is State.DUE
    assert stands(cycle, Case(since=date(2026, 11, 25)), 2026, 12, 2).duty.due_on == date(2027, 1, 9)
    assert stands(cycle, Case(since=date(2026, 2, 1)), 2026, 12, 2).state is State.OVERDUE


def test_it_is_due_again_so_many_months_after_it_was_done_and_opens_before():
    case = Case(since=START, done=[date(2026, 1, 20)])
    assert stands(YEARLY, case, 2026, 6, 1).state is State.COMPLIANT
    renewing = stands(YEARLY, case, 2026, 12, 1)
    assert (renewing.state, renewing.duty.due_on, renewing.is_covered) == (State.DUE, date(2027, 1, 20), True)
    late = stands(YEARLY, case, 2027, 1, 21)
    assert (late.state, late.is_covered) == (State.OVERDUE, False)


def test_counted_from_the_due_day_nobody_loses_days_by_being_early_nor_gains_by_being_late():
    cycle = Cycle(starts_on=START, first=First.ENTRY, days=30, every_months=12, counted=Counted.DUE)
    early = Case(since=START, done=[date(2026, 1, 2)])
    late = Case(since=START, done=[date(2026, 5, 1)])
    assert (
        stands(cycle, early, 2026, 6, 1).duty.due_on == stands(cycle, late, 2026, 6, 1).duty.due_on == date(2027, 1, 31)
    )
    very_late = Case(since=START, done=[date(2028, 3, 1)])
    assert stands(cycle, very_late, 2028, 3, 2).duty.due_on == date(2029, 1, 31)


def test_what_was_done_before_counts_while_it_holds():
    holds, over = Case(since=START, done=[date(2025, 6, 1)]), Case(since=START, done=[date(2024, 6, 1)])
    assert stands(YEARLY, holds, 2026, 1, 1).state is State.COMPLIANT
    assert stands(YEARLY, holds, 2026, 1, 1).duty.due_on == date(2026, 6, 1)
    assert stands(YEARLY, over, 2026, 1, 1).state is State.DUE
    young = Cycle(starts_on=START, first=First.ENTRY, days=30, accepts_days=90)
    assert stands(young, holds, 2026, 1, 1).state is State.DUE


def test_who_is_away_is_paused_and_has_their_days_back():
    case = Case(since=START, away=[Span(date(2026, 1, 11), date(2026, 3, 11))])
    assert stands(YEARLY, case, 2026, 2, 20).state is State.PAUSED
    assert stands(YEARLY, case, 2026, 3, 31).state is State.DUE
    assert stands(YEARLY, case, 2026, 3, 31).duty.due_on == date(2026, 1, 31) + timedelta(days=60)
    away_still = Case(since=START, away=[Span(date(2026, 1, 11))])
    assert stands(YEARLY, away_still, 2030, 1, 1).state is State.PAUSED


def test_who_is_exempt_is_asked_again_when_it_ends_and_is_not_late_at_once():
    case = Case(since=START, exempt=[Span(date(2026, 1, 2), date(2026, 6, 30))])
    assert stands(YEARLY, case, 2026, 6, 30).state is State.EXEMPT
    assert stands(YEARLY, case, 2026, 7, 1).state is State.DUE


def test_what_is_asked_once_is_done_for_good():
    once = Cycle(starts_on=START, first=First.START, days=90)
    done = stands(once, Case(since=START, done=[date(2026, 2, 1)]), 2099, 1, 1)
    assert (done.state, done.duty, done.done_on) == (State.COMPLIANT, None, date(2026, 2, 1))


DAYS = st.dates(date(2025, 1, 1), date(2030, 12, 31))
SPANS = st.builds(lambda first, days: Span(first, first + timedelta(days=days)), DAYS, st.integers(0, 400))
CYCLES = st.builds(
    Cycle,
    starts_on=DAYS,
    first=st.sampled_from(First),
    day=DAYS,
    days=st.integers(0, 400),
    least_days=st.integers(0, 60),
    every_months=st.none() | st.integers(1, 36),
    counted=st.sampled_from(Counted),
    opens_days=st.integers(0, 400),
    accepts_days=st.none() | st.integers(0, 700),
)
CASES = st.builds(
    Case,
    since=DAYS,
    hired_on=st.none() | DAYS,
    done=st.lists(DAYS, max_size=8, unique=True).map(sorted),
    away=st.lists(SPANS, max_size=3),
    exempt=st.lists(SPANS, max_size=2),
)


@given(CYCLES, CASES, DAYS)
def test_duties_follow_each_other_and_each_is_done_by_something_that_was_done(cycle, case, today):
    every = list(duties(cycle, case, today))
    assert [duty.number for duty in every] == list(range(1, len(every) + 1))
    done = [duty.done_on for duty in every if duty.done_on]
    assert done == sorted(set(done))
    assert set(done) <= set(case.done)
    assert all(later.opens_on > earlier.done_on for earlier, later in pairwise(every))
    assert all(later.due_on > earlier.done_on for earlier, later in pairwise(every))
    assert every[-1].done_on is None or not cycle.every_months


@given(CYCLES, CASES, DAYS)
def test_nobody_is_late_before_they_had_their_days_nor_while_they_are_away_or_exempt(cycle, case, day):
    found = standing(cycle, case, day)
    if found.state is State.OVERDUE:
        assert found.duty.due_on < day
        assert not any(span.holds(day) for span in (*case.away, *case.exempt))
        if found.duty.number == 1:
            assert (day - cycle.begins(case)).days > cycle.least_days


@given(CYCLES, CASES, DAYS, st.integers(1, 800))
def test_what_is_done_later_changes_no_day_before_it(cycle, case, day, more):
    later = Case(case.since, case.hired_on, sorted({*case.done, day + timedelta(days=more)}), case.away, case.exempt)
    assert standing(cycle, later, day) == standing(cycle, case, day)


@given(CYCLES, CASES, DAYS)
def test_whoever_does_it_on_the_day_by_which_it_is_due_is_never_late(cycle, case, today):
    case = Case(case.since, case.hired_on, (), case.away)
    done: list[date] = []
    for _time in range(5):
        known = Case(case.since, case.hired_on, done, case.away)
        duty = standing(cycle, known, today).duty
        if duty is None:
            break
        assert standing(cycle, known, duty.due_on).state is not State.OVERDUE
        done.append(max(duty.due_on, duty.opens_on))
        today = max(today, done[-1])


@given(CYCLES, CASES, DAYS, st.integers(0, 900))
def test_what_is_foreseen_comes_one_after_the_other_within_its_days(cycle, case, first, length):
    last = first + timedelta(days=length)
    coming = [duty.due_on for duty in foreseen(cycle, case, first, last)]
    assert all(day <= last for day in coming)
    assert coming == sorted(coming)


@pytest.mark.parametrize("months", [1, 6, 12])
def test_what_is_foreseen_of_somebody_who_begins_today_is_once_in_so_many_months(months):
    cycle = Cycle(starts_on=START, first=First.ENTRY, days=0, every_months=months)
    coming = list(foreseen(cycle, Case(since=START), START, date(2027, 12, 31)))
    assert len(coming) == 24 // months
