"""What the jobs promise, on the table alone: once, fairly, again after a pause, given up and tried again."""

import errno
from datetime import timedelta

import pytest
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as st

from milepost.core import clock
from milepost.core.jobs import ATTEMPTS, Worker, every, forget, job, leases, pause, retry, run_all, turns
from milepost.core.models import Fault, Job
from milepost.core.refusals import Refused

done: list[object] = []
broken: set[int] = set()


@job(queue="files", title="Make a thing")
def make(organisation_id: int, number: int) -> None:
    if number in broken:
        raise ConnectionRefusedError("nobody there")
    done.append((organisation_id, number))


@job(queue="files", attempts=3, each="numbers")
def make_several(organisation_id: int, numbers: list[int]) -> None:
    for number in numbers:
        if number in broken:
            raise FileNotFoundError(f"logo-{number}.png")
        if (organisation_id, number) not in done:
            done.append((organisation_id, number))


@job(queue="files", attempts=3)
def write_it(number: int) -> None:
    if number in broken:
        raise OSError(errno.ENOSPC, "No space left on device")
    done.append(number)


@job(queue="files", attempts=3)
def make_thrice(number: int) -> None:
    if number in broken:
        raise FileNotFoundError(f"logo-{number}.png")
    done.append(number)


@job(queue="sealing", attempts=None)
def make_always(number: int) -> None:
    raise ConnectionRefusedError


@job(queue="mail")
def refuse() -> None:
    raise Refused("The session was cancelled.")


@job(queue="mail")
def look_round() -> None:
    done.append("round")


@pytest.fixture(autouse=True)
def _quiet(monkeypatch, db):
    done.clear()
    broken.clear()
    monkeypatch.setattr(turns, "_items", {})


def later(**pause):
    return clock.at(clock.now() + timedelta(**pause))


def test_what_is_enqueued_is_done_once_and_leaves_no_row():
    make.enqueue(1, 7)
    assert run_all() == 1
    assert (done, Job.objects.count()) == ([(1, 7)], 0)


def test_a_second_enqueue_of_what_waits_is_no_second_job():
    make.enqueue(1, 7)
    make.enqueue(1, number=7)
    assert make.enqueue_many([(1, 7), (1, 8), (1, 8)]) == 1
    assert run_all() == 2


def test_a_key_of_ones_own_makes_two_calls_one():
    make.using(key="digest").enqueue(1, 7)
    make.using(key="digest").enqueue(1, 8)
    run_all()
    assert done == [(1, 7)]


def test_what_is_enqueued_while_it_runs_is_done_again():
    make.enqueue(1, 7)
    running = leases.take("files", worker="one")
    make.enqueue(1, 7)
    leases.finish(running)
    assert run_all() == 1


def test_a_change_that_is_undone_enqueues_nothing():
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        make.enqueue(1, 7)
        raise ZeroDivisionError
    assert run_all() == 0


def test_arguments_that_do_not_fit_are_refused_where_they_are_given():
    with pytest.raises(TypeError):
        make.enqueue(1)


def test_a_job_waits_until_its_time():
    make.using(run_after=clock.now() + timedelta(hours=1)).enqueue(1, 7)
    assert run_all() == 0
    with later(hours=2):
        assert run_all() == 1


def test_one_that_fails_holds_up_no_other():
    broken.update(range(21))
    make.enqueue_many([(1, number) for number in range(22)])
    run_all()
    assert done == [(1, 21)]


def test_one_that_fails_is_tried_again_after_a_pause():
    broken.add(7)
    make.enqueue(1, 7)
    run_all()
    broken.clear()
    assert run_all() == 0
    with later(seconds=12):
        assert run_all() == 1


def test_enqueueing_it_again_does_not_shorten_the_pause():
    broken.add(7)
    make.enqueue(1, 7)
    run_all()
    make.enqueue(1, 7)
    assert run_all() == 0
    assert Job.objects.get().attempts == 1


@given(st.integers(1, 200))
def test_pauses_grow_and_end_at_six_hours(attempts):
    assert 10 <= pause(attempts) <= pause(attempts + 1) <= 6 * 3600
    assert pause(attempts + 1) > pause(attempts) or pause(attempts) == 6 * 3600


def test_all_attempts_together_outlast_a_night():
    assert sum(pause(attempt) for attempt in range(1, ATTEMPTS)) > 24 * 3600


def fail_until_given_up():
    broken.add(7)
    make_thrice.enqueue(7)
    for hours in range(3):
        with later(hours=hours):
            run_all()
    return Job.objects.get()


def test_after_its_last_attempt_a_job_is_given_up_with_a_reason():
    row = fail_until_given_up()
    assert (row.is_dead, row.attempts, row.fault) == (True, 3, Fault.GONE)
    assert "logo-7.png" in row.reason
    assert row in Job.objects.failing()


def test_what_was_given_up_waits_for_somebody_to_try_it_again():
    fail_until_given_up()
    make_thrice.enqueue(7)
    broken.clear()
    with later(days=30):
        assert run_all() == 0
    assert retry(Job.objects.failing()) == 1
    assert (run_all(), done) == (1, [7])


def test_what_was_given_up_is_forgotten_after_three_months():
    fail_until_given_up()
    with later(days=80):
        assert forget() == 0
    with later(days=100):
        assert forget() == 1


def test_a_refusal_is_an_answer_and_not_asked_again():
    refuse.enqueue()
    run_all()
    row = Job.objects.get()
    assert (row.is_dead, row.told_reason) == (True, "The session was cancelled.")


def test_what_is_never_given_up_is_tried_every_ten_minutes_and_shown():
    make_always.enqueue(1)
    for attempt in range(30):
        with later(hours=attempt):
            run_all()
    row = Job.objects.get()
    assert (row.is_dead, row.attempts) == (False, 30)
    assert row.run_after - row.failed_at <= timedelta(minutes=11)
    assert row in Job.objects.failing()


def test_a_thousand_jobs_of_one_organisation_do_not_delay_anothers_one():
    make.enqueue_many([(1, number) for number in range(1000)])
    for _taken in range(300):
        leases.finish(leases.take("files", worker="one"))
    make.enqueue(2, 0)
    assert 2 in [leases.take("files", worker="one").organisation_id for _taken in range(2)]


@given(st.lists(st.integers(1, 4), min_size=1, max_size=60))
def test_nobody_who_waits_is_overtaken_for_ever(organisations):
    """Whoever enqueues, when its turn comes at most one later job of each other organisation was before it."""
    Job.objects.all().delete()
    make.enqueue(9, 0)
    make.enqueue_many([(organisation, number) for number, organisation in enumerate(organisations)])
    before = []
    while (taken := leases.take("files", worker="one")).organisation_id != 9:
        before.append(taken.organisation_id)
        leases.finish(taken)
        make.enqueue(taken.organisation_id, 1000 + len(before))
    assert len(before) == len(set(before))
    Job.objects.all().delete()


def test_two_workers_never_take_one_job_and_avoid_crowded_organisations():
    make.enqueue(1, 7)
    make.enqueue(2, 7)
    first = leases.take("files", worker="one")
    second = leases.take("files", worker="two", avoiding={1})
    assert (first.organisation_id, second.organisation_id) == (1, 2)
    assert leases.take("files", worker="three") is None


def test_a_lost_worker_costs_one_attempt_and_its_job_is_done_by_another():
    make.enqueue(1, 7)
    lost = leases.take("files", worker="one")
    with later(seconds=30):
        assert leases.reap() == []
    with later(seconds=61):
        assert leases.reap() == [lost]
    with later(seconds=90):
        taken = leases.take("files", worker="two")
        assert (taken.attempts, taken.fault) == (2, Fault.LOST)
        leases.finish(lost)  # it was only slow, and comes back too late
        assert Job.objects.get().worker == "two"


def test_a_job_that_kills_its_worker_every_time_is_given_up():
    make_thrice.enqueue(7)
    for hours in range(1, 4):
        with later(hours=hours):
            leases.take("files", worker="one")
        with later(hours=hours, minutes=2):
            leases.reap()
    assert Job.objects.get().is_dead


def test_a_sign_of_life_keeps_the_lease():
    make.enqueue(1, 7)
    held = leases.take("files", worker="one")
    with later(seconds=50):
        leases.beat([held])
    with later(seconds=100):
        assert leases.reap() == []


def test_what_is_given_back_lost_no_attempt():
    make.enqueue(1, 7)
    leases.release(leases.take("files", worker="one"))
    assert Job.objects.get().attempts == 0
    assert run_all() == 1


def test_what_comes_round_waits_in_its_queue_one_turn_at_a_time():
    every(30, look_round)
    leases.ensure_turns()
    leases.ensure_turns()
    turn = leases.take("mail", worker="one")
    assert leases.take("mail", worker="two") is None
    leases.ensure_turns()
    leases.finish(turn)
    assert leases.take("mail", worker="two") is None
    with later(seconds=31):
        assert leases.take("mail", worker="two") is not None
    assert Job.objects.count() == 1


def test_a_turn_without_work_writes_nothing_until_there_is_some(django_assert_num_queries):
    work: list[str] = []
    every(1, look_round, when=lambda: work)
    leases.ensure_turns()
    worker = Worker(queues=["mail"])
    with django_assert_num_queries(3) as queries:
        worker.look()
        assert worker._take("mail", "one") is None
    assert all(query["sql"].startswith("SELECT") for query in queries)
    assert not worker._wake["mail"].is_set()
    with later(seconds=2):
        worker._idle = leases.IdleTurns()  # a second has passed
        work.append("a letter")
        worker.look()
        assert worker._wake["mail"].is_set()
        assert worker._take("mail", "one").job.task == look_round.module_path


def test_a_question_that_can_not_be_answered_leaves_the_turn_to_fail_where_it_is_seen():
    every(1, look_round, when=lambda: 1 / 0)
    assert run_all() == 1
    assert done == ["round"]


def test_what_no_longer_comes_round_is_gone():
    every(30, look_round)
    leases.ensure_turns()
    turns._items.clear()
    leases.ensure_turns()
    assert not Job.objects.exists()


def test_a_turn_that_fails_comes_again_and_is_never_given_up(monkeypatch):
    every(5, refuse)
    for hours in range(20):
        with later(hours=hours):
            run_all()
    row = Job.objects.get()
    assert not row.is_dead
    assert row.run_after - row.failed_at <= timedelta(minutes=11)


def test_a_job_that_this_version_does_not_have_says_so():
    make.enqueue(1, 7)
    Job.objects.update(task="milepost.core.tests.test_jobs.gone")
    run_all()
    assert "no job" in Job.objects.get().reason


def test_what_is_to_be_done_for_many_is_lined_up_in_few_rows_of_one_organisation_each():
    make_several.enqueue_each([(1, number) for number in range(60)] + [(2, number) for number in range(3)])
    assert sorted(Job.objects.values_list("organisation_id", flat=True)) == [1, 1, 1, 2]
    run_all()
    assert sorted(done) == [(1, number) for number in range(60)] + [(2, number) for number in range(3)]


def test_each_of_many_waits_once_whoever_else_waits_in_its_row():
    make_several.enqueue_each([(1, number) for number in range(30)])
    make_several.enqueue_each([(1, number) for number in range(20, 40)] + [(2, 7)])
    waiting = [(row.organisation_id, number) for row in Job.objects.all() for number in row.arguments["numbers"]]
    assert sorted(waiting) == [(1, number) for number in range(40)] + [(2, 7)]


def test_one_of_many_that_fails_holds_up_no_other_and_is_given_up_alone():
    broken.add(7)
    make_several.enqueue_each([(1, number) for number in range(25)])
    for hours in range(3):
        with later(hours=hours):
            run_all()
    assert len(done) == 24
    row = Job.objects.get()
    assert (row.is_dead, row.attempts, row.arguments["numbers"]) == (True, 3, [7])
    make_several.enqueue_each([(1, 7), (1, 8)])
    assert [row.arguments["numbers"] for row in Job.objects.exclude(pk=row.pk)] == [[8]]


def test_many_whose_worker_is_lost_are_done_one_by_one_for_one_of_them_may_have_killed_it():
    make_several.enqueue_each([(1, number) for number in range(25)])
    leases.take("files", worker="one")
    with later(minutes=2):
        assert run_all(make_several) == 25
    assert sorted(done) == [(1, number) for number in range(25)]


def test_many_wait_together_while_a_server_is_away():
    make_several.enqueue_each([(1, number) for number in range(25)])
    leases.fail(leases.take("files", worker="one"), ConnectionRefusedError("nobody there"))
    row = Job.objects.get()
    assert (row.attempts, len(row.arguments["numbers"])) == (1, 25)


# --- What machines do to it -----------------------------------------------------------------------------------


def test_while_the_disk_is_full_a_job_is_never_given_up_and_owners_see_it():
    broken.add(1)
    write_it.enqueue(1)
    instant = clock.now()
    for _attempt in range(30):
        with clock.at(instant):
            run_all()
        row = Job.objects.get()
        assert (row.state, row.fault) == ("waiting", Fault.FULL)
        assert row.run_after - instant < timedelta(seconds=40)
        instant = row.run_after
    assert Job.objects.failing().exists()
    broken.clear()
    with clock.at(instant):
        assert run_all() == 1


def test_when_a_clock_that_was_ahead_goes_back_nothing_waits_for_that_day(monkeypatch):
    every(5, look_round)
    broken.update({1, 2})
    make.enqueue(1, 1)
    with later(days=365):
        run_all()  # one turn, and one attempt that failed
        make.enqueue(1, 2)
        held = leases.take("files", worker="gone")
    done.clear()
    Worker()._keep()
    broken.clear()
    with later(seconds=1):
        run_all()
    assert sorted(map(str, done)) == ["(1, 1)", "round"]
    with later(seconds=70):  # nobody beats for what was taken then: its lease is over in a minute
        assert [job.pk for job in leases.reap()] == [held.pk]


def test_a_lease_of_a_worker_whose_clock_is_ahead_is_held_by_its_beats():
    make.enqueue(1, 1)
    with later(days=1):
        held = leases.take("files", worker="ahead")
        leases.beat([held])
    leases.forgive_clock()
    assert leases.reap() == []
    with later(days=1):
        leases.finish(held)
    assert not Job.objects.exists()


def test_what_is_far_ahead_by_intent_stays_there():
    make.using(run_after=clock.now() + timedelta(days=40)).enqueue(1, 1)
    assert leases.forgive_clock() == 0
