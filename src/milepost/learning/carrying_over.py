"""What a new version means for people in flight."""

from collections.abc import Collection, Mapping

from django.db.models import Avg, Count, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce

from milepost.courses.models import Version
from milepost.courses.outline import outline_of
from milepost.courses.publishing import Touched
from milepost.learning.models import Enrolment, Progress


def carry_over(version: Version, previous: Version | None, asked_again: Collection[str]) -> None:
    """Move everybody who has not completed the course to the new version, in a bounded number of queries.

    Work on activities that are the same carries over. Work on changed ones is kept too, except on those that are
    `asked_again` (their keys), which must be done anew. People who completed stay with the version they completed.
    """
    if previous is None:
        return
    outline = outline_of(version.pk)
    moving = Enrolment.objects.open().filter(course=version.course_id)
    if asked_again:
        Progress.objects.filter(enrolment__in=moving, activity_key__in=asked_again).update(
            status=Progress.Status.STARTED, completed_at=None, score=None, state={}
        )
    mine = Progress.objects.filter(enrolment=OuterRef("pk")).order_by().values("enrolment")
    done = mine.annotate(n=Count("pk", filter=Q(status="completed", activity_key__in=outline.counted))).values("n")
    score = mine.annotate(mean=Avg("score", filter=Q(activity_key__in=outline.assessments))).values("mean")
    moving.update(
        version=version,
        total=len(outline.counted),
        done=Coalesce(Subquery(done), Value(0)),
        # Of no assessment at all Django asks for NULL, which PostgreSQL takes for a text and refuses.
        score=Subquery(score) if outline.assessments else None,
    )


def touched(previous: Version, changed: Mapping[str, Collection[str]]) -> Touched:
    """How many people `carry_over` would move, and how many of them have done changed work, by module."""
    moving = Enrolment.objects.open().filter(course=previous.course_id)
    done = Progress.objects.filter(enrolment__in=moving, status=Progress.Status.COMPLETED)
    again = {
        module: done.filter(activity_key__in=keys).aggregate(n=Count("enrolment", distinct=True))["n"]
        for module, keys in changed.items()
    }
    return Touched(moving.count(), again)
