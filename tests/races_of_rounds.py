"""Rounds of a course: whoever has people do it again, takes a completion back or takes people out at the same moment."""

from typing import Any

from milepost.learning.enrolling import withdraw
from milepost.learning.models import Enrolment
from milepost.learning.progressing import take_back_activity
from milepost.learning.rounds import begin_round
from tests.races_of_learning import PAGE, again, completed, world_of_learning
from tests.racing import Pair, Race, facts


def _next_round_twice(world: Any) -> Pair:
    """Of two who have somebody do a course again, one begins the round."""
    enrolment = again(completed(world))
    first, second, lead = again(enrolment), again(enrolment), world[1]

    def count(answers: list[str]) -> None:
        assert sorted(answers) == ["RoundUnderWay", "done"], answers
        rounds = Enrolment.objects.filter(course=enrolment.course)
        assert sorted(rounds.values_list("round", "is_current")) == [(1, False), (2, True)]
        assert facts("registered", enrolment.course.uid) == 2

    return [lambda: begin_round(enrolment=first, by=lead), lambda: begin_round(enrolment=second, by=lead)], count


def _next_round_and_take_back(world: Any) -> Pair:
    """The next round begins after a completion, or the completion is taken back: never a round beside one that is open."""
    enrolment = again(completed(world))
    first, second, lead = again(enrolment), again(enrolment), world[1]
    step = enrolment.outline.by_key[PAGE]

    def count(answers: list[str]) -> None:
        assert answers in (["done", "done"], ["RoundUnderWay", "done"]), answers
        assert Enrolment.objects.current().filter(course=enrolment.course).count() == 1
        assert Enrolment.objects.filter(course=enrolment.course).count() == (1 if answers[0] != "done" else 2)

    return [
        lambda: begin_round(enrolment=first, by=lead),
        lambda: take_back_activity(enrolment=second, activity=step),
    ], count


def _next_round_and_leave(world: Any) -> Pair:
    """Who is taken out of a round while another would begin it is in the course by the round before, or in a new one."""
    enrolment = begin_round(enrolment=again(completed(world)), by=world[1])
    first, second, lead = again(enrolment), again(enrolment), world[1]

    def count(answers: list[str]) -> None:
        assert answers[0] == "done", answers
        rounds = Enrolment.objects.filter(course=enrolment.course)
        assert rounds.filter(is_current=True).count() == 1
        assert rounds.count() == (2 if answers[1] == "done" else 1), answers

    return [lambda: withdraw(enrolment=first, by=lead), lambda: begin_round(enrolment=second, by=lead)], count


RACES = {
    "beginning the next round": Race(world_of_learning, _next_round_twice),
    "beginning the next round while a completion is taken back": Race(world_of_learning, _next_round_and_take_back),
    "leaving a round while the next is to begin": Race(world_of_learning, _next_round_and_leave),
}
