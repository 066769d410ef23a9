from contextlib import suppress
from datetime import timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from milepost.core import clock
from milepost.core.jobs import run_all
from milepost.core.models import Job
from milepost.journal import jobs, subscriptions
from milepost.journal.erasing import erase
from milepost.journal.folding import fold, fold_all
from milepost.journal.models import Cursor, Entry, Unfolded
from milepost.journal.recording import SYSTEM, Fact, Reference, record, record_many
from milepost.journal.subscriptions import EVERY_FACT, NotReplayable, Subscription, deliver_all, having_news, replay
from milepost.journal.tests.exercises import (
    BADGE_ISSUED,
    EXERCISE_COMPLETED,
    EXERCISE_PUBLISHED,
    LESSON_COMPLETED,
    identity_of,
)
from milepost.journal.tiles import leaves_of
from milepost.journal.verification import verify

pytestmark = pytest.mark.django_db
ANNA = Reference("member", "anna", "Anna")


def write(count, organisation_id=7, *, fact_type=EXERCISE_COMPLETED):
    of = fact_type.object_type
    with transaction.atomic():
        facts = [Fact(fact_type, ANNA, Reference(of, f"{of}-{number}", of)) for number in range(count)]
        record_many(facts, organisation=identity_of(organisation_id))


class Listener:
    """A room made for the test: it hears completions of exercises, and writes a fact of its own for each."""

    def __init__(self, name="listener", *, is_replayable=False):
        self.told, self.fails_at = [], set()
        facts = frozenset({EXERCISE_COMPLETED.name})
        self.subscription = Subscription(name, facts, self.handle, is_replayable)

    def handle(self, facts):
        for fact in facts:
            self.told.append(fact.pk)
            if fact.pk in self.fails_at:
                raise RuntimeError("the badge printer is on fire")
            answer = Reference("badge", f"badge-{fact.pk}", "Badge")
            record(BADGE_ISSUED, organisation=identity_of(fact.organisation_id), actor=SYSTEM, object=answer)


@pytest.fixture(autouse=True)
def nobody_else(monkeypatch):
    monkeypatch.setattr(subscriptions.subscriptions, "_items", {})


@pytest.fixture
def listener():
    with subscriptions.subscriptions.holding("listener", Listener().subscription) as held:
        yield held.handle.__self__


def answers(organisation_id=7):
    """To which entries the listener answered, in the order in which it did."""
    issued = Entry.objects.filter(organisation_id=organisation_id, fact=BADGE_ISSUED.name).order_by("id")
    return [int(entry.object_id.removeprefix("badge-")) for entry in issued]


def completions(organisation_id=7):
    """The completions of exercises in the order of the tree."""
    kinds = dict(Entry.objects.values_list("id", "fact"))
    numbers = [number for tile in leaves_of(organisation_id) for number, _leaf in tile]
    return [number for number in numbers if kinds.get(number) == EXERCISE_COMPLETED.name]


def test_facts_come_in_the_order_of_the_tree_each_once(listener):
    write(700)
    write(3, fact_type=LESSON_COMPLETED)
    write(5, fact_type=EXERCISE_PUBLISHED)
    assert deliver_all() == 700
    assert deliver_all() == 0
    assert answers() == completions() == sorted(completions())
    assert Unfolded.objects.count() == 0
    assert verify(7).sealed == 1408


def test_an_entry_that_commits_late_comes_after_those_that_overtook_it(listener):
    write(3)
    late = Entry.objects.order_by("id").first()
    Unfolded.objects.filter(pk=late.pk).delete()  # its transaction is not over
    deliver_all()
    Unfolded.objects.create(entry_id=late.pk, organisation_id=7)
    deliver_all()
    assert answers()[-1] == late.pk
    assert answers() == completions()


def test_erased_facts_are_told_to_nobody(listener):
    write(3)
    first, *others = Entry.objects.order_by("id").values_list("id", flat=True)
    with transaction.atomic():
        erase([first], organisation=identity_of(7), by=SYSTEM, about=ANNA, reason="asked")
    deliver_all()
    assert answers() == others


def test_what_a_handler_wrote_before_it_failed_is_not_kept_and_comes_once(listener):
    write(10)
    numbers = [*Entry.objects.order_by("id").values_list("id", flat=True)]
    listener.fails_at = {numbers[6]}
    with pytest.raises(RuntimeError, match="on fire"):
        deliver_all()
    assert answers() == numbers[:6]
    listener.fails_at = set()
    deliver_all()
    assert answers() == numbers


def wait(**length):
    """Let time pass, and the background work."""
    with clock.at(clock.now() + timedelta(**length)):
        return run_all(jobs.tell)


def test_a_failing_handler_is_seen_by_the_owner_and_goes_on_by_itself_once_it_can(listener):
    write(1)
    listener.fails_at = set(Entry.objects.values_list("id", flat=True))
    for minute in range(4):
        assert wait(minutes=20 * minute) == 0
    seen = Job.objects.failing().get()
    assert (seen.organisation_id, seen.arguments["name"], seen.attempts) == (7, "listener", 4)
    assert seen.reason == "RuntimeError: the badge printer is on fire"
    listener.fails_at = set()
    assert wait(seconds=1) == 0  # it rests
    assert wait(hours=2) == 1
    assert (len(answers()), Job.objects.failing().count()) == (1, 0)


def test_a_failing_handler_holds_up_neither_other_subscriptions_nor_other_organisations(listener):
    other = Listener("other")
    with subscriptions.subscriptions.holding("other", other.subscription):
        write(2, organisation_id=7)
        write(2, organisation_id=8)
        listener.fails_at = set(Entry.objects.filter(organisation_id=7).values_list("id", flat=True))
        assert run_all(jobs.tell) == 3
    assert (len(other.told), len(answers(7)), len(answers(8))) == (4, 2, 4)


def test_a_subscription_that_is_new_hears_everything_from_the_beginning():
    write(5)
    deliver_all()
    late = Listener()
    with subscriptions.subscriptions.holding("listener", late.subscription):
        assert deliver_all() == 5


def test_a_replay_tells_everything_again_in_the_same_order():
    listener = Listener(is_replayable=True)
    with subscriptions.subscriptions.holding("listener", listener.subscription):
        write(600)
        write(2, organisation_id=8)
        deliver_all()
        before = [number for number in listener.told if number in completions()]
        listener.told.clear()
        assert replay("listener", 7) == 600
    assert listener.told == before


def test_what_must_not_happen_twice_is_not_replayed(listener):
    write(1)
    deliver_all()
    with pytest.raises(NotReplayable, match="must not happen twice"):
        replay("listener", 7)
    assert deliver_all() == 0


def test_facts_for_nobody_cost_one_transaction_whatever_the_number_of_subscriptions(django_assert_num_queries):
    for number in range(20):
        one = Listener(f"listener-{number}").subscription
        subscriptions.subscriptions.register(one.name, one)
    write(400, fact_type=LESSON_COMPLETED)
    deliver_all()
    write(1, fact_type=LESSON_COMPLETED)
    fold(7)
    with django_assert_num_queries(9):
        assert having_news() == []
    assert set(Cursor.objects.values_list("position", flat=True)) == {401}


def test_that_nothing_is_new_costs_three_questions_whatever_the_number_of_organisations(
    listener, django_assert_num_queries
):
    for number in range(10):
        write(1, organisation_id=number)
    deliver_all()
    with django_assert_num_queries(3):
        fold_all()
        assert having_news() == []


def hear(name, facts, **choices):
    """A subscription for the test, and the list of what it is told."""
    told = []
    subscriptions.subscribe(name, facts, told.extend, **choices)
    return told


def test_who_wants_every_fact_is_told_those_of_all_types_but_no_erased_ones():
    told = hear("all", EVERY_FACT)
    write(3)
    write(2, fact_type=LESSON_COMPLETED)
    first = Entry.objects.order_by("id").first()
    with transaction.atomic():
        erase([first.pk], organisation=identity_of(7), by=SYSTEM, about=ANNA, reason="asked")
    deliver_all()
    assert [fact.pk for fact in told] == list(Entry.objects.exclude(statement="").values_list("id", flat=True))
    assert {fact.fact for fact in told} == {EXERCISE_COMPLETED.name, LESSON_COMPLETED.name, "erased"}


def test_a_new_subscription_that_hears_from_now_on_is_told_nothing_of_the_past_and_all_that_comes():
    hear("always", [EXERCISE_COMPLETED])
    write(5)
    deliver_all()
    told, past = hear("mails", [EXERCISE_COMPLETED], from_now=True), hear("tallies", [EXERCISE_COMPLETED])
    assert (deliver_all(), len(told), len(past)) == (5, 0, 5)
    write(2)
    deliver_all()
    assert (len(told), len(past)) == (2, 7)


def test_of_a_new_organisation_it_is_told_everything():
    hear("always", [LESSON_COMPLETED])
    told = hear("mails", [EXERCISE_COMPLETED], from_now=True)
    write(3, organisation_id=9)
    deliver_all()
    assert len(told) == 3


def test_it_begins_at_the_same_place_when_it_is_told_by_itself_first():
    hear("always", [EXERCISE_COMPLETED])
    write(4)
    deliver_all()
    told = hear("mails", [EXERCISE_COMPLETED], from_now=True)
    assert (subscriptions.tell("mails", 7), told) == (0, [])


def test_a_long_history_is_told_in_transactions_of_a_bounded_size():
    sizes = []
    one = Subscription("sizes", frozenset({EXERCISE_COMPLETED.name}), lambda facts: sizes.append(len(facts)))
    with subscriptions.subscriptions.holding("sizes", one):
        write(450)
        assert deliver_all() == 450
    assert sizes == [200, 200, 50]


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.integers(1, 40)),
        st.tuples(st.just("fold"), st.just(0)),
        st.tuples(st.just("deliver"), st.just(0)),
        st.tuples(st.just("fail"), st.integers(0, 60)),
        st.tuples(st.just("replay"), st.just(0)),
    ),
    max_size=12,
)
_organisations = iter(range(1_000, 1_000_000))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_the_laws_of_a_cursor(steps, monkeypatch):
    """It moves forwards only but for a replay; what was done is a prefix of the tree's order, each once; in the end all is."""
    monkeypatch.setattr(subscriptions, "BATCH", 16)
    monkeypatch.setattr(subscriptions.subscriptions, "_items", {})
    listener, number = Listener(is_replayable=True), next(_organisations)
    handle = listener.subscription.handle
    done = []

    def once(facts):
        handle([fact for fact in facts if fact.pk not in set(answers(number))])

    held = Subscription("laws", listener.subscription.facts, once, is_replayable=True, at_once=7)
    with subscriptions.subscriptions.holding("laws", held):
        for what, count in [*steps, ("deliver", 0)]:
            if what == "write":
                write(count, organisation_id=number)
            elif what == "fold":
                fold(number)
            elif what == "fail":
                unanswered = Entry.objects.filter(organisation_id=number, fact=EXERCISE_COMPLETED.name).order_by("id")
                listener.fails_at = set(unanswered.values_list("id", flat=True)[count : count + 1])
                with suppress(RuntimeError):
                    deliver_all()
                listener.fails_at = set()
            elif what == "deliver":
                deliver_all()
            else:
                replay("laws", number)
            assert answers(number)[: len(done)] == done
            done = answers(number)
            assert done == completions(number)[: len(done)]
        assert done == completions(number)
