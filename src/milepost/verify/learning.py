"""Who did what in courses, as facts tell it."""

import sys
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from .completeness import without_uid
from .tables import COLUMNS
from .told_later import told_later

SITTING = timedelta(hours=1)  # between two steps of one sitting at most
STEPS = {"initialized", "progressed", "passed", "failed"}  # what somebody does at their screen

type Rows = tuple[set[tuple[str, ...]], Callable[..., dict[str, str]]]  # the keys of a table, and the row of each


@dataclass(slots=True)
class _Step:
    """An activity as somebody began it, and did it last; texts as tables have them, of which many are one."""

    title: str = ""
    version: str = ""
    began_at: str = ""
    done_at: str = ""
    score: str = ""
    caveat: str = ""
    digest: str = ""

    def begin_again(self) -> None:
        self.done_at = self.caveat = ""


@dataclass(slots=True)
class _Sitting:
    """Steps of somebody at a distance, of which each came at most an hour after the one before; activities by their keys."""

    start: str
    end: str
    opened: list[str] = field(default_factory=list)
    done: list[tuple[str, str]] = field(default_factory=list)  # with the caveat
    assessed: list[tuple[str, str, float]] = field(default_factory=list)  # with the verb and the score
    told_later: str = ""

    def holds(self, time: str) -> bool:
        """Whether a step at this time is one of it."""
        return self.start <= time and datetime.fromisoformat(time) - datetime.fromisoformat(self.end) <= SITTING


@dataclass(slots=True)
class _Learner:
    """What somebody did in a round of a course; texts as tables have them."""

    registered_at: str = ""
    launched_at: str = ""
    completed_at: str = ""
    score: str = ""
    steps: dict[str, _Step] = field(default_factory=dict)
    sittings: list[_Sitting] = field(default_factory=list)


class Learning:
    """What facts say of who did what in a course, the last one last, and of the minutes that its versions state."""

    def __init__(self) -> None:
        self._learners: dict[str, dict[str, dict[int, _Learner]]] = {}  # by course, person and round
        self._recognised: dict[tuple[str, str], dict[str, Any]] = {}  # by course and person: the fact that says so
        self._named: dict[str, set[int]] = {}  # by course: the versions in which somebody did something
        self._stated: dict[str, dict[int, dict[tuple[str, str], int]]] = {}  # by course, version, activity and content
        self._live: dict[str, set[str]] = {}  # by course: the activities that are live sessions
        self._erased: set[tuple[str, str]] = set()  # of whose facts about what the words are gone

    def hear(self, fact: dict[str, Any]) -> None:
        """Take the next fact; those about anything else say nothing here."""
        match fact["object"].get("type"):
            case "course":
                self._course(fact, fact["object"]["id"])
            case "activity":
                self._activity(fact, self._learner(fact["context"]["course"], fact["actor"]["id"], round_of(fact)))

    def hear_erased(self, about: str, whose: str) -> None:
        """Take a fact of which the words are gone."""
        self._erased.add((without_uid(about), without_uid(whose)))

    def is_whole(self, course: str, person: str) -> bool:
        """Whether all facts of the person about the course that were heard have their words."""
        return (without_uid(course), without_uid(person)) not in self._erased

    def recognised(self, course: str) -> list[str]:
        """What of elsewhere is recognised as equivalent to the course, in words: it is in no table, since nobody completed it here."""
        return [
            f"“{fact['result']['title']}”, completed by {fact['actor']['name']} at “{fact['result']['issuer']}”, is recognised as equivalent "
            f"to “{fact['object']['name']}”, by {fact['context']['instructor']['name']}: it is no completion here."
            for (about, _person), fact in self._recognised.items()
            if about == course
        ]

    def unpublished(self, course: str) -> list[int]:
        """The versions in which people did something, and of which no fact tells that they were published."""
        return sorted(self._named.get(course, set()) - self._stated.get(course, {}).keys())

    def completions(self, course: str, people: Collection[str]) -> Rows:
        """records/completions.csv, by person and round; who is in none has a row, too, as of the first."""
        known = self._learners.get(course, {})

        def row(person: str, number: str) -> dict[str, str]:
            learner = known.get(person, {}).get(int(number), _Learner())
            columns = COLUMNS["completions.csv"][3:]
            return {"person": person, "round": number} | {column: getattr(learner, column) for column in columns}

        return {(person, str(number)) for person in people for number in known.get(person) or (1,)}, row

    def progress(self, course: str, people: Collection[str]) -> Rows:
        """records/progress.csv, by person, round and activity."""
        known = self._learners.get(course, {})

        def row(person: str, number: str, key: str) -> dict[str, str]:
            step = known[person][int(number)].steps[key]
            whose = {"person": person, "round": number, "activity": key}
            return whose | {column: getattr(step, column) for column in COLUMNS["progress.csv"][4:]}

        return {
            (person, str(number), key)
            for person in people
            for number, learner in known.get(person, {}).items()
            for key in learner.steps
        }, row

    def last_completed(self, course: str, person: str) -> int:
        """The newest round that the person completed, or else the newest; 1 of whoever is in none."""
        rounds = self._learners.get(course, {}).get(person) or {1: _Learner()}
        return max(rounds, key=lambda number: (bool(rounds[number].completed_at), number))

    def span(self, course: str, person: str, number: int) -> tuple[str, str]:
        """From when to when sessions count in this round: after it began, until the next did; "" for ever on that side."""
        rounds = self._learners.get(course, {}).get(person, {})
        later = [one.registered_at for other, one in rounds.items() if other > number and one.registered_at]
        return rounds[number].registered_at if number > 1 and number in rounds else "", min(later, default="")

    def minutes_at_a_distance(self, course: str, person: str, version: int, number: int = 1) -> int | None:
        """The minutes that the course states for what the person did in their own time; None where no fact tells what it states.

        By the version that they are in, or, for what that has not as it was done, by the last before it that had it.
        """
        stated = self._minutes(course, person, version, number)
        return None if stated is None else sum(stated.values())

    def sittings(self, course: str, person: str, version: int, number: int = 1) -> list[dict[str, Any]] | None:
        """When the person was at the course in this round, and what they did there, a sitting each, as a connection record has them.

        An activity counts with its minutes where it was done last, if it still is. None where no fact tells what the version states.
        """
        stated = self._minutes(course, person, version, number)
        if stated is None:
            return None
        learner = self._learner(course, person, number)
        counted = {
            key: at for at, sitting in enumerate(learner.sittings) for key, _caveat in sitting.done if key in stated
        }
        return [
            _as_row(learner, sitting, {k: n for k, n in stated.items() if counted.get(k) == at})
            for at, sitting in enumerate(learner.sittings)
        ]

    def _minutes(self, course: str, person: str, version: int, number: int) -> dict[str, int] | None:
        """The minutes of each activity that the person has done; see `minutes_at_a_distance`."""
        versions = self._stated.get(course, {})
        if version not in versions:
            return None
        steps = self._learner(course, person, number).steps
        done = {key: (key, step.digest) for key, step in steps.items() if step.done_at}
        before = sorted((number for number in versions if number <= version), reverse=True)
        return {key: next((versions[n][what] for n in before if what in versions[n]), 0) for key, what in done.items()}

    def has_completed(self, course: str, person: str, number: int = 1) -> bool:
        """Whether facts tell so, as far as they were heard."""
        return bool(self._learner(course, person, number).completed_at)

    def _learner(self, course: str, person: str, number: int) -> _Learner:
        return self._learners.setdefault(course, {}).setdefault(person, {}).setdefault(number, _Learner())

    def _course(self, fact: dict[str, Any], course: str) -> None:
        result, time = fact.get("result") or {}, fact["time"]
        if fact["verb"] == "published":
            self._publish(course, result)
            return
        if fact["verb"] == "withdrew":
            self._learners.get(course, {}).get(fact["actor"]["id"], {}).pop(round_of(fact), None)
            return
        if fact["verb"] in ("recognised", "unrecognised"):
            self._recognise(fact, course)
            return
        learner = self._learner(course, fact["actor"]["id"], round_of(fact))
        match fact["verb"]:
            case "registered":
                learner.registered_at = time
            case "launched":
                learner.launched_at = time
            case "completed":
                learner.completed_at, learner.score = time, str(result.get("score", ""))
            case "reopened":
                learner.completed_at = ""

    def _recognise(self, fact: dict[str, Any], course: str) -> None:
        if fact["verb"] == "recognised":
            self._recognised[course, fact["actor"]["id"]] = fact
        else:
            self._recognised.pop((course, fact["actor"]["id"]), None)

    def _publish(self, course: str, result: Mapping[str, Any]) -> None:
        self._stated.setdefault(course, {})[result["version"]] = {
            (activity["key"], activity["digest"]): 0 if activity["is_live"] else activity["minutes"]
            for activity in result.get("activities", ())
        }
        self._live.setdefault(course, set()).update(
            activity["key"] for activity in result.get("activities", ()) if activity["is_live"]
        )
        for rounds in self._learners.get(course, {}).values():
            learner = rounds[max(rounds)] if rounds else _Learner()
            if not learner.completed_at:  # who completed it stays with what they completed
                for key in result.get("asked_again", ()):
                    if key in learner.steps:
                        learner.steps[key].begin_again()
                        learner.steps[key].score = ""

    def _activity(self, fact: dict[str, Any], learner: _Learner) -> None:
        activity, result, context = fact["object"], fact.get("result") or {}, fact["context"]
        self._named.setdefault(context["course"], set()).add(context["version"])
        step = learner.steps.setdefault(sys.intern(activity["id"]), _Step())
        step.title, step.version = sys.intern(activity["name"]), sys.intern(str(context["version"]))
        if fact["verb"] in STEPS and activity["id"] not in self._live.get(context["course"], ()):
            _sit(learner, fact)
        match fact["verb"]:
            case "initialized":
                step.began_at = fact["time"]
            case "passed" | "failed":
                step.score = max(step.score, sys.intern(str(result["score"])), key=lambda text: float(text or "-inf"))
            case "progressed":
                step.done_at, step.digest = fact["time"], sys.intern(activity["version"])
                step.caveat = sys.intern(context.get("caveat", ""))
            case "reopened":
                step.begin_again()


def round_of(fact: Mapping[str, Any]) -> int:
    """In which round of its person in its course something was done; facts of the first do not say so."""
    return int((fact.get("context") or {}).get("round", 1))


def _sit(learner: _Learner, fact: dict[str, Any]) -> None:
    """Take a step of somebody at a distance into the sitting that it belongs to."""
    key, time, result = sys.intern(fact["object"]["id"]), fact["time"], fact.get("result") or {}
    if not learner.sittings or not learner.sittings[-1].holds(time):
        learner.sittings.append(_Sitting(time, time))
    sitting = learner.sittings[-1]
    sitting.end = max(sitting.end, time)
    sitting.told_later = max(sitting.told_later, told_later(fact) or "")
    match fact["verb"]:
        case "initialized":
            sitting.opened.append(key)
        case "progressed":
            sitting.done.append((key, sys.intern(fact["context"].get("caveat", ""))))
        case verb:
            sitting.assessed.append((key, sys.intern(verb), result["score"]))


def _as_row(learner: _Learner, sitting: _Sitting, counted: Mapping[str, int]) -> dict[str, Any]:
    """A sitting as a connection record has it; activities that count there have their minutes, others none."""
    titles = {key: step.title for key, step in learner.steps.items()}
    done = [
        {
            "title": titles[key],
            "minutes": 0 if key in dict(sitting.done[at + 1 :]) else counted.get(key, 0),
            "caveat": caveat,
        }
        for at, (key, caveat) in enumerate(sitting.done)
    ]
    return {
        "from": sitting.start,
        "to": sitting.end,
        "opened": [titles[key] for key in sitting.opened],
        "done": done,
        "assessed": [
            {"title": titles[key], "passed": verb == "passed", "score": score} for key, verb, score in sitting.assessed
        ],
        "minutes": sum(row["minutes"] for row in done),
        "told_later": sitting.told_later,
    }
