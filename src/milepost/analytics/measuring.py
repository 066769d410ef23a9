"""Measuring a course from the state of its enrolments: four queries, whatever the number of people."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import (
    Avg,
    BooleanField,
    Count,
    ExpressionWrapper,
    Max,
    Min,
    Q,
    QuerySet,
    StringAgg,
    Sum,
    Value,
)

from milepost.courses.models import Course
from milepost.courses.outline import Activity, Outline, outline_of
from milepost.learning.equivalences import standing
from milepost.learning.models import Answer, Enrolment, Progress
from milepost.people.models import Member

WARNING_BELOW = 50  # per cent completed


@dataclass
class Measure:
    """How a set of people stands in a course. Shares are per cent of those enrolled; scores are means, 0 to 100."""

    name: str = ""
    enrolled: int = 0
    launched: int = 0
    completed: int = 0
    scored: int = 0
    points: float = 0.0  # the sum of the scores of those who have one

    @property
    def launch(self) -> int:
        return share(self.launched, self.enrolled)

    @property
    def completion(self) -> int:
        return share(self.completed, self.enrolled)

    @property
    def score(self) -> float | None:
        return self.points / self.scored if self.scored else None

    def add(self, enrolled: int, launched: int, completed: int, scored: int, points: float | None) -> None:
        """Count so many people more."""
        self.enrolled += enrolled
        self.launched += launched
        self.completed += completed
        self.scored += scored
        self.points += points or 0.0

    @property
    def is_low(self) -> bool:
        return self.enrolled > 0 and self.completion < WARNING_BELOW


@dataclass
class ModuleMeasure:
    """How many completed a module, and how many of those who launched the course have their next step in it."""

    number: int
    title: str
    enrolled: int
    completed: int = 0
    stopped: int = 0

    @property
    def completion(self) -> int:
        return share(self.completed, self.enrolled)


@dataclass(frozen=True)
class AssessmentMeasure:
    """The best scores of people in one assessment."""

    activity: Activity
    people: int
    passed: int
    mean: float
    lowest: float
    highest: float


@dataclass
class CourseMeasure:
    """Everything on the page of a course's numbers."""

    total: Measure
    modules: list[ModuleMeasure]
    assessments: list[AssessmentMeasure]
    sites: list[Measure]
    departments: list[Measure]
    seniorities: list[Measure]
    recognised: int = (
        0  # people of whom something from elsewhere is recognised as equivalent: in none of the other numbers
    )

    @property
    def stop(self) -> ModuleMeasure | None:
        """The module in which most people stop."""
        module = max(self.modules, key=lambda module: module.stopped, default=None)
        return module if module and module.stopped else None


def share(part: int, whole: int) -> int:
    """Per cent, rounded; 0 of nothing."""
    return round(100 * part / whole) if whole else 0


def measure(course: Course, members: QuerySet[Member] | None = None) -> CourseMeasure:
    """The numbers of a published course, over the current round of everybody or of `members`.

    Modules and assessments are those of the version that people learn from now. Who completed the course counts as
    having completed its modules, whichever version they did it on.
    """
    outline = outline_of(course.published_or_raise().pk)
    enrolments = Enrolment.objects.current().filter(course=course)
    if members is not None:
        enrolments = enrolments.filter(member__in=members)
    total = Measure()
    segments: tuple[dict[str, Measure], ...] = (defaultdict(Measure), defaultdict(Measure), defaultdict(Measure))
    for site, department, seniority, *numbers in _groups(enrolments):
        for group in (total, segments[0][site or ""], segments[1][_top(department)], segments[2][seniority]):
            group.add(*numbers)
    recognised = standing(course, None if members is None else members.values("pk"))
    return CourseMeasure(
        total,
        _modules(enrolments, outline, total.enrolled),
        _assessments(enrolments, outline),
        sites=_named(segments[0]),
        departments=_named(segments[1]),
        seniorities=_named(segments[2]),
        recognised=recognised.count(),
    )


def _groups(enrolments: QuerySet[Enrolment]) -> Iterable[tuple[Any, ...]]:
    """A row for each combination of site, department and seniority, with the numbers of those who are in it."""
    groups = enrolments.order_by().values_list("member__site__name", "member__department__path", "member__seniority")
    return groups.annotate(
        enrolled=Count("pk"),
        launched=Count("launched_at"),
        completed=Count("completed_at"),
        scored=Count("score"),
        points=Sum("score"),
    )


def _modules(enrolments: QuerySet[Enrolment], outline: Outline, enrolled: int) -> list[ModuleMeasure]:
    walk = _Walk(outline)
    complete = _complete_keys(enrolments)
    states = enrolments.order_by().values_list("pk", _is_there("launched_at"), _is_there("completed_at"))
    # Many people stand at the same place: each place is walked to once.
    places = Counter((complete.get(pk, ""), launched, done) for pk, launched, done in states)
    for (keys, launched, done), count in places.items():
        walk.add(keys, is_launched=launched, is_complete=done, count=count)
    return [
        ModuleMeasure(number, module.title, enrolled, completed, stopped)
        for number, (module, completed, stopped) in enumerate(
            zip(outline.modules, walk.completed, walk.stopped, strict=True), 1
        )
    ]


def _is_there(column: str) -> "ExpressionWrapper[Q]":
    return ExpressionWrapper(Q(**{f"{column}__isnull": False}), output_field=BooleanField())


def _complete_keys(enrolments: QuerySet[Enrolment]) -> dict[int, str]:
    """For each enrolment the keys of its complete activities in one text: a row a person, not one an activity."""
    rows = Progress.objects.filter(enrolment__in=enrolments.values("pk"), status=Progress.Status.COMPLETED)
    return dict(rows.order_by().values_list("enrolment_id").annotate(keys=StringAgg("activity_key", Value(","))))


def _top(department: str | None) -> str:
    """The uppermost department: those below it count there."""
    return (department or "").partition(" / ")[0]


def _named(measures: dict[str, Measure]) -> list[Measure]:
    for name, group in measures.items():
        group.name = name
    return sorted(measures.values(), key=lambda group: (not group.name, group.name.casefold()))


def furthest_behind(rows: Sequence[Measure]) -> Measure | None:
    """The named set with the lowest completion; None when all are equal."""
    named = [group for group in rows if group.name]
    if len({group.completion for group in named}) < 2:
        return None
    return min(named, key=lambda group: (group.completion, -group.enrolled))


class _Walk:
    """Walks everybody through the modules, in order: what each completed, and where each stands."""

    def __init__(self, outline: Outline) -> None:
        self.modules = [module.counted for module in outline.modules]
        self.completed = [0] * len(self.modules)
        self.stopped = [0] * len(self.modules)

    def add(self, keys: str, *, is_launched: bool, is_complete: bool, count: int) -> None:
        """Walk so many people who stand at the same place."""
        done = set(keys.split(","))
        stands_at = None
        for at, counted in enumerate(self.modules):
            if is_complete or counted <= done:
                self.completed[at] += count
            elif stands_at is None:
                stands_at = at
        if is_launched and stands_at is not None:
            self.stopped[stands_at] += count


def _assessments(enrolments: QuerySet[Enrolment], outline: Outline) -> list[AssessmentMeasure]:
    scored = Progress.objects.filter(
        enrolment__in=enrolments.values("pk"), activity_key__in=sorted(outline.assessments), score__isnull=False
    )
    of_activity = scored.order_by().values_list("activity_key")
    rows = of_activity.annotate(
        people=Count("pk"),
        passed=Count("pk", filter=Q(status=Progress.Status.COMPLETED)),
        mean=Avg("score"),
        lowest=Min("score"),
        highest=Max("score"),
    )
    measured = {key: numbers for key, *numbers in rows}
    return [
        AssessmentMeasure(activity, *measured[activity.key])
        for activity in outline.activities
        if activity.key in measured
    ]


@dataclass(frozen=True)
class QuestionMeasure:
    """How people answered one question: how many, and how much of its points they got, in per cent."""

    number: int
    title: str
    answers: int
    mean: float | None


def questions_of(
    course: Course,
    activity: Activity,
    definition: dict[str, list[dict[str, str]]],
    members: QuerySet[Member] | None = None,
) -> Sequence[QuestionMeasure]:
    """The questions of an assessment as it is now, over all finished attempts at it. One query."""
    answers = Answer.objects.filter(
        attempt__enrolment__course=course,
        attempt__activity_key=activity.key,
        attempt__digest=activity.digest,
        attempt__finished_at__isnull=False,
    )
    if members is not None:
        answers = answers.filter(attempt__enrolment__member__in=members)
    rows = answers.order_by().values_list("question").annotate(n=Count("pk"), mean=Avg("fraction"))
    answered: dict[str, tuple[int, float | None]] = {key: (count, mean) for key, count, mean in rows}
    return list(_questions(definition.get("questions", []), answered))


def _questions(
    questions: list[dict[str, str]], answered: dict[str, tuple[int, float | None]]
) -> Iterable[QuestionMeasure]:
    for number, question in enumerate(questions, 1):
        count, mean = answered.get(question["key"], (0, None))
        yield QuestionMeasure(number, question["title"], count, None if mean is None else 100 * mean)
