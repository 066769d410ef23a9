"""What the facts in a dossier say of what people did in a course, for its records. `milepost verify` derives the same by itself."""

import sys
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from milepost.courses.facts import COURSE_PUBLISHED
from milepost.learning import facts

FACTS = (
    COURSE_PUBLISHED,
    facts.COURSE_REGISTERED,
    facts.COURSE_WITHDREW,
    facts.COURSE_LAUNCHED,
    facts.COURSE_COMPLETED,
    facts.COURSE_REOPENED,
    facts.ACTIVITY_INITIALISED,
    facts.ACTIVITY_PASSED,
    facts.ACTIVITY_FAILED,
    facts.ACTIVITY_PROGRESSED,
    facts.ACTIVITY_REOPENED,
)
COMPLETIONS = ("person", "name", "round", "registered_at", "launched_at", "completed_at", "score")
PROGRESS = ("person", "name", "round", "activity", "title", "version", "began_at", "done_at", "score", "caveat")


@dataclass(slots=True)
class Step:
    """An activity as somebody began it, and did it last."""

    title: str
    version: int
    began_at: str = ""
    done_at: str = ""
    score: float | str = ""
    caveat: str = ""

    def begin_again(self) -> None:
        self.done_at, self.caveat = "", ""


@dataclass(slots=True)
class Learner:
    """What somebody did in a round of the course, by the facts."""

    registered_at: str = ""
    launched_at: str = ""
    completed_at: str = ""
    score: float | str = ""
    steps: dict[str, Step] = field(default_factory=dict)


class Telling:
    """What everybody did in one course, in the order of the facts."""

    def __init__(self, course: str, statements: Iterable[Mapping[str, Any]]) -> None:
        self.learners: dict[str, dict[int, Learner]] = defaultdict(lambda: defaultdict(Learner))  # by person and round
        for statement in statements:
            if statement["object"]["type"] == "activity":
                if statement["context"]["course"] == course:
                    self._hear_of_activity(statement)
            elif statement["object"]["id"] == course:
                self._hear_of_course(statement)

    def completions(self, people: Iterable[tuple[str, str]]) -> Iterator[list[Any]]:
        """A row for each round of these people (uid and name), as `COMPLETIONS` heads them; one at least."""
        yield list(COMPLETIONS)
        for person, name in people:
            for number, learner in sorted((self.learners.get(person) or {1: Learner()}).items()):
                yield [person, name, number, *(getattr(learner, column) for column in COMPLETIONS[3:])]

    def progress(self, people: Iterable[tuple[str, str]]) -> Iterator[list[Any]]:
        """A row for each activity that each of them began in each round, as `PROGRESS` heads them."""
        yield list(PROGRESS)
        for person, name in people:
            for number, learner in sorted(self.learners.get(person, {}).items()):
                for key, step in learner.steps.items():
                    yield [person, name, number, key, *(getattr(step, column) for column in PROGRESS[4:])]

    def _hear_of_course(self, fact: Mapping[str, Any]) -> None:
        result, person, time, number = fact.get("result", {}), fact["actor"]["id"], fact["time"], _round_of(fact)
        match fact["verb"]:
            case "published":
                self._ask_again(result.get("asked_again", ()))
            case "registered":
                self.learners[person][number].registered_at = time
            case "withdrew":
                self.learners[person].pop(number, None)
            case "launched":
                self.learners[person][number].launched_at = time
            case "completed":
                learner = self.learners[person][number]
                learner.completed_at, learner.score = time, result.get("score", "")
            case "reopened":
                self.learners[person][number].completed_at = ""

    def _ask_again(self, keys: Collection[str]) -> None:
        """Whoever has not completed the round that they are in does these anew."""
        for rounds in self.learners.values() if keys else ():
            if rounds and not (learner := rounds[max(rounds)]).completed_at:
                for key in learner.steps.keys() & set(keys):
                    learner.steps[key].begin_again()
                    learner.steps[key].score = ""

    def _hear_of_activity(self, fact: Mapping[str, Any]) -> None:
        result, activity, time = fact.get("result", {}), fact["object"], fact["time"]
        steps, version = self.learners[fact["actor"]["id"]][_round_of(fact)].steps, fact["context"]["version"]
        step = steps.setdefault(sys.intern(activity["id"]), Step(activity["name"], version))
        step.title, step.version = (
            sys.intern(activity["name"]),
            version,
        )  # there are a quarter of a million, of few titles
        match fact["verb"]:
            case "initialized":
                step.began_at = time
            case "passed" | "failed":
                step.score = result["score"] if isinstance(step.score, str) else max(step.score, result["score"])
            case "progressed":
                step.done_at, step.caveat = time, fact["context"].get("caveat", "")
            case "reopened":
                step.begin_again()


def _round_of(fact: Mapping[str, Any]) -> int:
    return int(fact.get("context", {}).get("round", 1))
