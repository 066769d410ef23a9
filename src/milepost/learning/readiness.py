"""What is ready of the part of a training action that is learnt at a distance: activities with their duration, connections, assessments."""

from collections.abc import Callable, Iterator, Mapping

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from milepost.core.words import duration
from milepost.courses.kinds import kinds
from milepost.courses.models import Course
from milepost.courses.outline import Activity, Outline, outline_of
from milepost.learning.models import Attempt, Progress
from milepost.learning.rounds import rounds_in
from milepost.people.contributions import Actor, Finding, Need, Scope, State, for_each

SHOWN = 5  # activities that are named


def _course(scope: Scope) -> Course:
    assert scope.course_id is not None  # noqa: S101 (whoever asks has seen its activities)
    return Course.objects.only("slug", "published_id").get(pk=scope.course_id)


def _outline(scope: Scope) -> Outline | None:
    def read() -> Outline | None:
        if scope.course_id is None:
            return None
        course = _course(scope)
        return outline_of(course.published_id) if course.published_id else None

    return scope.once("learning: outline", read)


def at_a_distance(scope: Scope) -> list[Activity]:
    """The activities of the action's course that are done in one's own time; none where all of it is live."""
    outline = _outline(scope)
    return [activity for activity in outline.activities if not kinds.get(activity.kind).is_live] if outline else []


def _page_of(scope: Scope) -> str:
    return reverse("enrolments", args=[scope.organisation.slug, _course(scope).slug])


def _activities(scope: Scope, need: Need) -> Iterator[Finding]:
    """The list of what is to be done at a distance, each with its average duration; nothing is asked where all is live."""
    activities = at_a_distance(scope)
    if not activities:
        return
    without = [activity.title for activity in activities if not activity.minutes]
    if without:
        words = ngettext(
            "%(count)d activity states no duration: %(names)s. Write its minutes in the course.",
            "%(count)d activities state no duration: %(names)s. Write their minutes in the course.",
            len(without),
        ) % {"count": len(without), "names": ", ".join(without[:SHOWN]) + (" …" if len(without) > SHOWN else "")}
        yield Finding(need.key, need.name, State.MISSING, words, Actor.LEAD, article=need.article)
        return
    words = ngettext("%(count)d activity, %(time)s in all.", "%(count)d activities, %(time)s in all.", len(activities))
    told = words % {"count": len(activities), "time": duration(sum(activity.minutes for activity in activities))}
    yield Finding(need.key, need.name, State.READY, told, article=need.article, ready=1)


def _connections(scope: Scope, need: Need) -> Iterator[Finding]:
    """That somebody came to what is learnt at a distance, and did some of it: the journal has each step with its time."""
    activities = at_a_distance(scope)
    if not activities:
        return
    done = Progress.objects.filter(
        enrolment__in=rounds_in(scope),
        activity_key__in=[activity.key for activity in activities],
        status=Progress.Status.COMPLETED,
    )
    there = set(done.values_list("enrolment__member", flat=True))
    yield for_each(scope, need, there, Actor.LEARNER, link=_page_of(scope))


def _assessments(scope: Scope, need: Need) -> Iterator[Finding]:
    """That assessments mark out or conclude what is learnt at a distance, and that everybody has a result in each."""
    activities = at_a_distance(scope)
    outline = _outline(scope)
    if not activities or outline is None:
        return
    wanted = {activity.key for activity in activities if activity.is_assessment}
    if not wanted:
        words = _("The course assesses nothing. Add a quiz or another assessment to it.")
        yield Finding(need.key, need.name, State.MISSING, words, Actor.LEAD, article=need.article)
        return
    theirs = Q(enrolment__in=rounds_in(scope), activity_key__in=wanted)
    attempts = Attempt.objects.filter(theirs, finished_at__isnull=False).order_by()
    scored = Progress.objects.filter(theirs, score__isnull=False).order_by()
    results = {
        *attempts.values_list("enrolment__member", "activity_key").distinct(),
        *scored.values_list("enrolment__member", "activity_key"),
    }
    counts: dict[int, int] = {}
    for member, _key in results:
        counts[member] = counts.get(member, 0) + 1
    finished = rounds_in(scope).filter(completed_at__isnull=False)
    completed = set(finished.values_list("member", flat=True))  # in whichever version: that had its own assessments
    there = {member for member, count in counts.items() if count >= len(wanted) or member in completed}
    yield for_each(scope, need, there, Actor.LEARNER, link=_page_of(scope))


SOURCES: Mapping[str, Callable[[Scope, Need], Iterator[Finding]]] = {
    "activities": _activities,
    "connections": _connections,
    "assessments": _assessments,
}
