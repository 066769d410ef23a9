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
COMPLETIONS = ("person", "name", "registered_at", "launched_at", "completed_at", "score")
PROGRESS = ("person", "name", "activity", "title", "version", "began_at", "done_at", "score", "caveat")


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
    """What somebody did in the course, by the facts."""

    registered_at: str = ""
    launched_at: str = ""
    completed_at: str = ""
    score: float | str = ""
    steps: dict[str, Step] = field(default_factory=dict)


class Telling:
    """What everybody did in one course, in the order of the facts."""

    def __init__(self, course: str, statements: Iterable[Mapping[str, Any]]) -> None:
        self.learners: dict[str, Learner] = defaultdict(Learner)
        for statement in statements:
            if statement["object"]["type"] == "activity":
                if statement["context"]["course"] == course:
                    self._hear_of_activity(statement)
            elif statement["object"]["id"] == course:
                self._hear_of_course(statement)

    def completions(self, people: Iterable[tuple[str, str]]) -> Iterator[list[Any]]:
        """A row for each of these people (uid and name), as `COMPLETIONS` heads them."""
        yield list(COMPLETIONS)
        for person, name in people:
            learner = self.learners.get(person, Learner())
            yield [person, name, *(getattr(learner, column) for column in COMPLETIONS[2:])]

    def progress(self, people: Iterable[tuple[str, str]]) -> Iterator[list[Any]]:
        """A row for each activity that each of them began, as `PROGRESS` heads them."""
        yield list(PROGRESS)
        for person, name in people:
            for key, step in self.learners[person].steps.items() if person in self.learners else ():
                yield [person, name, key, *(getattr(step, column) for column in PROGRESS[3:])]

    def _hear_of_course(self, fact: Mapping[str, Any]) -> None:
        result, person, time = fact.get("result", {}), fact["actor"]["id"], fact["time"]
        match fact["verb"]:
            case "published":
                self._ask_again(result.get("asked_again", ()))
            case "registered":
                self.learners[person].registered_at = time
            case "withdrew":
                self.learners.pop(person, None)
            case "launched":
                self.learners[person].launched_at = time
            case "completed":
                learner = self.learners[person]
                learner.completed_at, learner.score = time, result.get("score", "")
            case "reopened":
                self.learners[person].completed_at = ""

    def _ask_again(self, keys: Collection[str]) -> None:
        """Whoever has not completed the course does these anew."""
        for learner in self.learners.values() if keys else ():
            if not learner.completed_at:
                for key in learner.steps.keys() & set(keys):
                    learner.steps[key].begin_again()
                    learner.steps[key].score = ""

    def _hear_of_activity(self, fact: Mapping[str, Any]) -> None:
        result, activity, time = fact.get("result", {}), fact["object"], fact["time"]
        steps, version = self.learners[fact["actor"]["id"]].steps, fact["context"]["version"]
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
