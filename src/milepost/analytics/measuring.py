"""Measuring a course from the state of its enrolments: three queries, whatever the number of people."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.db.models import Avg, Count, Max, Min, Q, QuerySet, StringAgg, Value

from milepost.courses.models import Course
from milepost.courses.outline import Activity, Outline, outline_of
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
    scores: list[float] = field(default_factory=list)

    @property
    def launch(self) -> int:
        return share(self.launched, self.enrolled)

    @property
    def completion(self) -> int:
        return share(self.completed, self.enrolled)

    @property
    def score(self) -> float | None:
        return sum(self.scores) / len(self.scores) if self.scores else None

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

    key: str
    title: str
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

    @property
    def stop(self) -> ModuleMeasure | None:
        """The module in which most people stop."""
        found = max(self.modules, key=lambda module: module.stopped, default=None)
        return found if found and found.stopped else None


def share(part: int, whole: int) -> int:
    """Per cent, rounded; 0 of nothing."""
    return round(100 * part / whole) if whole else 0


def measure(course: Course, members: QuerySet[Member] | None = None) -> CourseMeasure:
    """The numbers of a published course, over all enrolments or those of `members`.

    Modules and assessments are those of the version that people learn from now. Who completed the course counts as
    having completed its modules, whichever version they did it on.
    """
    outline = outline_of(course.published_or_raise().pk)
    enrolments = Enrolment.objects.filter(course=course)
    if members is not None:
        enrolments = enrolments.filter(member__in=members)
    rows = enrolments.order_by().values_list(
        "pk", "launched_at", "completed_at", "score", "member__site__name", "member__department__path", "member__seniority"
    )  # fmt: skip
    complete = _complete_keys(enrolments)
    total, modules = (
        Measure(),
        [ModuleMeasure(number, module.title, 0) for number, module in enumerate(outline.modules, 1)],
    )
    segments: list[dict[str, Measure]] = [defaultdict(Measure) for _ in range(3)]
    walk = _Walk(outline)
    for pk, launched, completed, score, site, department, seniority in rows:
        sets = [total, segments[0][site or ""], segments[1][_top(department)], segments[2][seniority or ""]]
        for one in sets:
            _count(one, launched=launched is not None, completed=completed is not None, score=score)
        walk.add(complete.get(pk, ""), is_launched=launched is not None, is_complete=completed is not None)
    for module, done, stopped in zip(modules, walk.completed, walk.stopped, strict=True):
        module.enrolled, module.completed, module.stopped = total.enrolled, done, stopped
    return CourseMeasure(total, modules, _assessments(enrolments, outline), *map(_named, segments))


def _complete_keys(enrolments: QuerySet[Enrolment]) -> dict[int, str]:
    """For each enrolment the keys of its complete activities in one text: a row a person, not one an activity."""
    rows = Progress.objects.filter(enrolment__in=enrolments.values("pk"), status=Progress.Status.COMPLETED)
    return dict(rows.order_by().values_list("enrolment_id").annotate(keys=StringAgg("activity_key", Value(","))))


def _count(one: Measure, *, launched: bool, completed: bool, score: float | None) -> None:
    one.enrolled += 1
    one.launched += launched
    one.completed += completed
    if score is not None:
        one.scores.append(score)


def _top(department: str | None) -> str:
    """The uppermost department: those below it count there."""
    return (department or "").partition(" / ")[0]


def _named(measures: dict[str, Measure]) -> list[Measure]:
    for name, one in measures.items():
        one.name = name
    return sorted(measures.values(), key=lambda one: (not one.name, one.name.casefold()))


def furthest_behind(rows: Sequence[Measure]) -> Measure | None:
    """The named set with the lowest completion; None when all are equal."""
    named = [one for one in rows if one.name]
    if len({one.completion for one in named}) < 2:
        return None
    return min(named, key=lambda one: (one.completion, -one.enrolled))


class _Walk:
    """Walks everybody through the modules, in order: what each completed, and where each stands."""

    def __init__(self, outline: Outline) -> None:
        self.modules = [module.counted for module in outline.modules]
        self.completed = [0] * len(self.modules)
        self.stopped = [0] * len(self.modules)

    def add(self, keys: str, *, is_launched: bool, is_complete: bool) -> None:
        done = set(keys.split(","))
        stands_at = None
        for at, counted in enumerate(self.modules):
            if is_complete or counted <= done:
                self.completed[at] += 1
            elif stands_at is None:
                stands_at = at
        if is_launched and stands_at is not None:
            self.stopped[stands_at] += 1


def _assessments(enrolments: QuerySet[Enrolment], outline: Outline) -> list[AssessmentMeasure]:
    scored = Progress.objects.filter(
        enrolment__in=enrolments.values("pk"), activity_key__in=sorted(outline.assessments), score__isnull=False
    )
    rows = scored.order_by().values_list("activity_key").annotate(
        people=Count("pk"), passed=Count("pk", filter=Q(status=Progress.Status.COMPLETED)),
        mean=Avg("score"), lowest=Min("score"), highest=Max("score"),
    )  # fmt: skip
    found = {key: numbers for key, *numbers in rows}
    return [
        AssessmentMeasure(activity.key, activity.title, *found[activity.key])
        for activity in outline.activities
        if activity.key in found
    ]


@dataclass(frozen=True)
class QuestionMeasure:
    """How people answered one question: how many, and how much of its points they got, in per cent."""

    number: int
    title: str
    answers: int
    mean: float | None


def questions_of(course: Course, activity: Activity, definition: dict[str, list[dict[str, str]]], members: QuerySet[Member] | None = None) -> Sequence[QuestionMeasure]:  # fmt: skip
    """The questions of an assessment as it is now, over all finished attempts at it. One query."""
    answers = Answer.objects.filter(
        attempt__enrolment__course=course, attempt__activity_key=activity.key, attempt__digest=activity.digest,
        attempt__finished_at__isnull=False,
    )  # fmt: skip
    if members is not None:
        answers = answers.filter(attempt__enrolment__member__in=members)
    rows = answers.order_by().values_list("question").annotate(n=Count("pk"), mean=Avg("fraction"))
    found: dict[str, tuple[int, float | None]] = {key: (count, mean) for key, count, mean in rows}
    return list(_questions(definition.get("questions", []), found))


def _questions(
    questions: list[dict[str, str]], found: dict[str, tuple[int, float | None]]
) -> Iterable[QuestionMeasure]:
    for number, question in enumerate(questions, 1):
        count, mean = found.get(question["key"], (0, None))
        yield QuestionMeasure(number, question["title"], count, None if mean is None else 100 * mean)
