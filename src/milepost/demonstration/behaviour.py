"""How the people of the demonstration learn: by site and by chance, through the verbs of learning."""

import random
from dataclasses import dataclass
from typing import Any

from milepost.activities.quiz.finishing import finish
from milepost.activities.quiz.grading import right_response
from milepost.courses.outline import Activity, content_of
from milepost.learning.attempting import NoAttemptLeft, save_answers, start_attempt
from milepost.learning.facts import Caveat
from milepost.learning.models import Enrolment
from milepost.learning.progressing import complete_activity, open_activity
from milepost.people.models import Member


@dataclass(frozen=True)
class Habits:
    """How somebody learns: the chance to sit down on a day, activities a sitting, the share of right answers, and
    the position at which they lose interest (None: never).
    """

    diligence: float
    appetite: int
    knowledge: float
    gives_up_at: int | None


# Site: (diligence, knowledge, chance to give up in the middle)
_SITES = {
    "Lyon": (0.085, 0.93, 0.10),
    "Turin": (0.06, 0.90, 0.18),
    "Lille": (0.055, 0.91, 0.22),
    "Oslo": (0.04, 0.86, 0.62),
}
_NEVER_STARTS = {"Lyon": 0.05, "Turin": 0.11, "Lille": 0.13, "Oslo": 0.24}


def habits_of(member: Member, chance: random.Random) -> Habits:
    """A person's habits, drawn by site. Jonas of Oslo is always in the middle of things: people look at him first."""
    site = member.site.name if member.site else "Lyon"
    diligence, knowledge, gives_up = _SITES[site]
    drawn = (chance.random(), chance.random(), chance.random(), chance.randint(2, 5))
    if member.email == "jonas.nygard@aldermoor.example":
        return Habits(0.3, 2, 0.95, 4)
    if drawn[0] < _NEVER_STARTS[site]:
        return Habits(0.0, 0, 0.0, None)
    # Most who stop do so at the third module of a course.
    gives_up_at = (6 if drawn[2] < 0.7 else 3) if drawn[1] < gives_up else None
    return Habits(
        diligence * (0.5 + 1.5 * drawn[2]), drawn[3], min(0.99, knowledge + 0.08 * (drawn[1] - 0.5)), gives_up_at
    )


class Learner:
    """Somebody in a course, day by day."""

    def __init__(self, enrolment: Enrolment, habits: Habits) -> None:
        self.enrolment = enrolment
        self.habits = habits
        self.position = 0

    def live_a_day(self, chance: random.Random) -> None:
        """Sit down and learn a little, or do something else."""
        if chance.random() >= self.habits.diligence or self.enrolment.completed_at:
            return
        for _step in range(self.habits.appetite):
            activities = self.enrolment.outline.activities
            if self.position >= len(activities) or self.position == self.habits.gives_up_at:
                return
            if not self._do(activities[self.position], chance):
                return
            self.position += 1

    def _do(self, activity: Activity, chance: random.Random) -> bool:
        """Open an activity and work on it; whether it was finished."""
        open_activity(enrolment=self.enrolment, activity=activity, progress=None)
        definition = content_of(self.enrolment.organisation_id, activity.digest).definition
        if activity.kind == "quiz":
            return self._answer(activity, definition, chance)
        self.enrolment = complete_activity(
            enrolment=self.enrolment, activity=activity, **_evidence(activity, definition)
        )
        return True

    def _answer(self, activity: Activity, definition: dict[str, Any], chance: random.Random) -> bool:
        try:
            attempt = start_attempt(
                enrolment=self.enrolment,
                activity=activity,
                limit=definition["attempts"],
                seconds=definition["time_limit"],
            )
        except NoAttemptLeft:
            return False
        responses = {
            question["key"]: right_response(question)
            if chance.random() < self.habits.knowledge
            else _slip(question, chance)
            for question in definition["questions"]
        }
        save_answers(attempt=attempt, responses=responses)
        self.enrolment = finish(enrolment=self.enrolment, activity=activity, attempt=attempt)
        attempt.refresh_from_db()
        return bool(attempt.is_passed)


def _evidence(activity: Activity, definition: dict[str, Any]) -> dict[str, Any]:
    """What the players of the kinds hand over on completion."""
    if activity.kind == "video":
        watched = [[0.0, definition["duration"]]]
        return {
            "state": {"position": definition["duration"], "watched": watched},
            "result": {"watched": 100, "ranges": watched},
            "caveat": Caveat.REPORTED,
        }
    if activity.kind == "acknowledgement":
        return {"result": {"statement": definition["statement"], "text": definition["text"]}}
    return {}


def _slip(question: dict[str, Any], chance: random.Random) -> Any:
    """A response as somebody gives it who does not quite know."""
    match question["type"]:
        case "single" | "truefalse":
            return chance.choice(question["options"])["key"]
        case "multiple":
            return [option["key"] for option in question["options"] if chance.random() < 0.5]
        case "number":
            return str(chance.choice([18, 24, 911]))
        case "ordering":
            keys = [item["key"] for item in question["items"]]
            chance.shuffle(keys)
            return keys
        case "matching":
            rights = [pair["right_key"] for pair in question["pairs"]]
            return {pair["key"]: chance.choice(rights) for pair in question["pairs"]}
        case "gaps":
            return {part["key"]: "…" for part in question["parts"] if "key" in part}
        case _:
            return "not sure"
