"""Reads of learning that are more than a filter; each with a query budget in its test."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date

from django.db.models import Avg, Count, F, Max, Q, QuerySet

from milepost.core import clock
from milepost.core.prepared import Prepared
from milepost.courses.models import Course
from milepost.courses.outline import Activity, Outline
from milepost.learning.models import Enrolment, Progress
from milepost.people.models import Member, Organisation

DONE_SHOWN = 30


@dataclass
class Step:
    """An enrolment with the next thing to do in it."""

    enrolment: Enrolment
    next: Activity | None
    before: Enrolment | None = None  # the last round of it that the person completed

    @property
    def outline(self) -> Outline:
        return self.enrolment.outline

    @property
    def module_number(self) -> int:
        return self.outline.module_of(self.next).position + 1 if self.next else len(self.outline.modules)

    @property
    def module_title(self) -> str:
        return self.outline.module_of(self.next).title if self.next else self.outline.title

    @property
    def days_left(self) -> int | None:
        return (self.enrolment.due - clock.today()).days if self.enrolment.due else None


@dataclass
class MyLearning:
    """What a person has before them (due first, then in progress, then new) and behind them."""

    todo: list[Step] = field(default_factory=list)
    done: list[Enrolment] = field(default_factory=list)

    @property
    def first(self) -> Step | None:
        return self.todo[0] if self.todo else None


def my_learning(member: Member) -> MyLearning:
    """Everything on the page “My learning”. Two queries, and one a version the first time a process meets it."""
    enrolments = _enrolments.all(member=member.pk)
    todo = [enrolment for enrolment in enrolments if enrolment.is_current and enrolment.completed_at is None]
    done = sorted(
        (e for e in enrolments if e.completed_at), key=lambda e: e.completed_at or e.enrolled_at, reverse=True
    )
    complete: dict[int, set[str]] = defaultdict(set)
    for enrolment_id, key in _completed_todo.all(member=member.pk):
        complete[enrolment_id].add(key)
    before = {row.course_id: row for row in reversed(done)}
    steps = [
        Step(enrolment, next_activity(enrolment.outline, complete[enrolment.pk]), before.get(enrolment.course_id))
        for enrolment in todo
    ]
    return MyLearning(steps, done[:DONE_SHOWN])


def enrolment_of(member: Member, course: str) -> Enrolment | None:
    """The member's current round in the course with this slug, with course, member and organisation. One query."""
    enrolment = _enrolment.get(member=member.pk, course=course)
    if enrolment is not None:
        enrolment.member, enrolment.organisation = member, member.organisation  # a fact names its organisation
    return enrolment


def progress_by_key(enrolment: Enrolment) -> dict[str, Progress]:
    """Everything that was begun in the enrolment, by activity. One query."""
    return {progress.activity_key: progress for progress in _progress.all(enrolment=enrolment.pk)}


def progress_of(enrolment: Enrolment, activity: Activity) -> Progress | None:
    """What was begun in one activity. One query."""
    return _one_progress.get(enrolment=enrolment.pk, key=activity.key)


_with_course = Enrolment.objects.select_related("course")
_enrolment = Prepared(
    lambda member, course: _with_course.current().filter(member=member, course__slug=course).order_by(),
    member=int,
    course=str,
)
_progress = Prepared(lambda enrolment: Progress.objects.filter(enrolment=enrolment).order_by(), enrolment=int)
_one_progress = Prepared(
    lambda enrolment, key: Progress.objects.filter(enrolment=enrolment, activity_key=key).order_by(),
    enrolment=int,
    key=str,
)
_by_urgency = (F("due").asc(nulls_last=True), F("last_seen_at").desc(nulls_last=True), "id")
_enrolments = Prepared(lambda member: _with_course.filter(member=member).order_by(*_by_urgency), member=int)


_completed = Progress.objects.filter(status=Progress.Status.COMPLETED).order_by()
_completed_keys = Prepared(
    lambda enrolment: _completed.filter(enrolment=enrolment).values_list("activity_key", flat=True), enrolment=int
)
_completed_todo = Prepared(
    lambda member: _completed.filter(
        enrolment__member=member, enrolment__is_current=True, enrolment__completed_at=None
    ).values_list("enrolment_id", "activity_key"),
    member=int,
)


def completed_keys(enrolment: Enrolment) -> set[str]:
    """The keys of the enrolment's complete activities. One query."""
    return set(_completed_keys.all(enrolment=enrolment.pk))


def next_activity(outline: Outline, complete: set[str]) -> Activity | None:
    """The first activity in order that is not complete and counts; then any that is not complete; None at the end."""
    waiting = [activity for activity in outline.activities if activity.key not in complete]
    return next((a for a in waiting if a.key in outline.counted), waiting[0] if waiting else None)


def catalogue(organisation: Organisation, *, text: str = "", language: str = "") -> QuerySet[Course]:
    """The published courses of the organisation that anyone may join, by title."""
    courses = Course.objects.filter(organisation=organisation, published__is_open=True).select_related("published")
    if language:
        courses = courses.filter(published__language=language)
    for word in text.split():
        courses = courses.filter(Q(title__icontains=word) | Q(published__summary__icontains=word))
    return courses.order_by("title")


@dataclass(frozen=True)
class CourseNumbers:
    """How a course stands. Shares are per cent of those enrolled."""

    enrolled: int = 0
    launched: int = 0
    completed: int = 0
    overdue: int = 0
    score: float | None = None

    @property
    def completion(self) -> int:
        return round(100 * self.completed / self.enrolled) if self.enrolled else 0

    @property
    def launch(self) -> int:
        return round(100 * self.launched / self.enrolled) if self.enrolled else 0


def course_numbers(
    organisation: Organisation, today: date, members: QuerySet[Member] | None = None
) -> dict[int, CourseNumbers]:
    """The numbers of every course of the organisation that has people, over everybody or `members`, by their current rounds. One query."""
    enrolments = Enrolment.objects.current().filter(organisation=organisation)
    if members is not None:
        enrolments = enrolments.filter(member__in=members)
    rows = enrolments.values("course").annotate(
        enrolled=Count("pk"),
        launched=Count("launched_at"),
        completed=Count("completed_at"),
        overdue=Count("pk", filter=Q(completed_at=None, due__lt=today)),
        score=Avg("score"),
        latest=Max("last_seen_at"),
    )
    return {
        row["course"]: CourseNumbers(row["enrolled"], row["launched"], row["completed"], row["overdue"], row["score"])
        for row in rows
    }


def enrolments_of(
    course: Course,
    *,
    today: date,
    status: str = "",
    site: int | None = None,
    text: str = "",
    members: QuerySet[Member] | None = None,
) -> QuerySet[Enrolment]:
    """The current rounds of people in a course (of `members`, if given), by name; `status` is late, open, unseen, done or empty for all."""
    rows = (
        Enrolment.objects.current().filter(course=course).select_related("member", "member__site", "member__department")
    )
    if members is not None:
        rows = rows.filter(member__in=members)
    filters = {
        "late": Q(completed_at=None, due__lt=today),
        "open": Q(completed_at=None),
        "unseen": Q(launched_at=None),
        "done": Q(completed_at__isnull=False),
    }
    if status in filters:
        rows = rows.filter(filters[status])
    if site:
        rows = rows.filter(member__site=site)
    if text:
        rows = rows.filter(member__in=Member.objects.filter(organisation=course.organisation_id).matching(text))
    return rows.order_by("member__family_name", "member__given_name", "pk")
