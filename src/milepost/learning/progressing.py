"""The verbs of progress: opening a course and its activities, and completing them. Attempts at a quiz are in
`attempting`, joining a course in `enrolling`, what becomes of progress with a new version in `carrying_over`.

An activity's completion may complete its module and the course; all of it is one transaction, with its facts. What
follows from a completion hangs on its fact (see `milepost.journal.subscriptions`), so nobody waits for it.
"""

from collections.abc import Iterator
from typing import Any

from django.db import transaction

from milepost.core import clock
from milepost.courses.outline import Activity, Outline
from milepost.journal.recording import Fact, Reference, record_many
from milepost.learning.facts import (
    ACTIVITY_FAILED,
    ACTIVITY_INITIALISED,
    ACTIVITY_PASSED,
    ACTIVITY_PROGRESSED,
    ACTIVITY_REOPENED,
    COURSE_COMPLETED,
    COURSE_LAUNCHED,
    COURSE_REOPENED,
    MODULE_COMPLETED,
    Caveat,
)
from milepost.learning.models import Enrolment, Progress
from milepost.learning.queries import progress_by_key


def open_activity(*, enrolment: Enrolment, activity: Activity, progress: Progress | None) -> Progress:
    """Note that the person opened the activity; `progress` is what is known already (None: nothing).

    Content that a new version changed is opened anew. Raises `NotEnrolled`. Records `launched` when it is the first of the
    course, and `initialized` when it is new to the person.
    """
    if progress is not None and enrolment.last_key == activity.key and progress.was_shown(activity.digest):
        return progress  # nothing is new, so nobody who writes has to wait for a look at a page
    now = clock.now()
    facts = []
    with transaction.atomic():
        enrolment.launched_at = enrolment.locked().launched_at
        if progress is None:
            progress, is_new = Progress.objects.get_or_create(
                enrolment=enrolment,
                activity_key=activity.key,
                defaults={"organisation_id": enrolment.organisation_id, "digest": activity.digest, "started_at": now},
            )
            if enrolment.launched_at is None:
                enrolment.launched_at = now
                facts.append(_launched(enrolment))
            if is_new:
                member, step = enrolment.member.as_reference(), activity.as_reference()
                facts.append(Fact(ACTIVITY_INITIALISED, member, step, context=_context(enrolment)))
        elif not progress.was_shown(activity.digest):
            progress.digest, progress.started_at = activity.digest, now
            shown = Progress.objects.filter(pk=progress.pk).exclude(status=Progress.Status.COMPLETED)
            shown.update(digest=activity.digest, started_at=now)
        enrolment.last_key, enrolment.last_seen_at = activity.key, now
        enrolment.save(update_fields=["last_key", "last_seen_at", "launched_at"])
        record_many(facts, organisation=enrolment.organisation)
    return progress


def save_state(*, progress: Progress, state: dict[str, Any]) -> None:
    """Keep what a kind wants to find again (a video's position). Telemetry, not a fact: nothing is recorded."""
    progress.state = state
    Progress.objects.filter(pk=progress.pk).update(state=state)


def complete_activity(
    *,
    enrolment: Enrolment,
    activity: Activity,
    score: float | None = None,
    is_passed: bool | None = None,
    result: dict[str, Any] | None = None,
    state: dict[str, Any] | None = None,
    caveat: Caveat | None = None,
) -> Enrolment:
    """Note that the person did the activity; doing it again changes nothing but may raise the score.

    `is_passed` is None for what is not judged; a judged activity is complete only when passed. `caveat` says what whoever
    reads the record must know of how little stands behind it. Returns the
    enrolment as it is now. Records `launched` if nothing was opened before, `passed` or `failed` for what is
    judged, `progressed` for the activity, and `completed` for the module and the course that it completes. Raises
    `NotEnrolled`.
    """
    with transaction.atomic():
        held = enrolment.locked()
        complete_held(held, activity, score=score, is_passed=is_passed, result=result, state=state, caveat=caveat)
    return held


def complete_held(
    enrolment: Enrolment,
    activity: Activity,
    *,
    score: float | None = None,
    is_passed: bool | None = None,
    result: dict[str, Any] | None = None,
    state: dict[str, Any] | None = None,
    caveat: Caveat | None = None,
) -> None:
    """What `complete_activity` does, for a verb whose transaction holds the enrolment as `Enrolment.locked` gave it."""
    rows = progress_by_key(enrolment)
    progress = rows.get(activity.key) or Progress(
        organisation_id=enrolment.organisation_id,
        enrolment=enrolment,
        activity_key=activity.key,
        digest=activity.digest,
        started_at=clock.now(),
    )
    was_complete = progress.is_complete
    was_launched, was_done = enrolment.launched_at is not None, enrolment.completed_at is not None
    _apply(progress, activity, score=score, is_passed=is_passed, state=state)
    rows[activity.key] = progress
    finished_module = _tally(enrolment, rows, activity, was_complete=was_complete)
    facts = []
    if not was_launched:  # done without having been opened before, by an old tab for instance
        facts.append(_launched(enrolment))
    is_new = progress.is_complete and not was_complete
    facts += _facts_of_activity(enrolment, activity, is_passed, score or 0.0, result or {}, caveat, is_new=is_new)
    if finished_module:
        facts.append(_module_completed(enrolment, activity))
    if enrolment.completed_at is not None and not was_done:
        facts.append(_course_completed(enrolment))
    record_many(facts, organisation=enrolment.organisation)


def take_back_activity(*, enrolment: Enrolment, activity: Activity) -> Enrolment:
    """What the activity was completed by turned out not to be so: it is to be done, and so is a course that rested on it.

    Returns the enrolment as it is now; an activity that is not complete is a no-op. Records `reopened` for the activity, and for
    the course that was completed. Raises `NotEnrolled`.
    """
    with transaction.atomic():
        held = enrolment.locked()
        rows = progress_by_key(held)
        progress = rows.get(activity.key)
        if progress is None or not progress.is_complete:
            return held
        progress.status, progress.completed_at, progress.state = Progress.Status.STARTED, None, {}
        progress.save()
        outline = held.outline
        held.done = len(outline.counted & {key for key, row in rows.items() if row.is_complete})
        was_done = held.completed_at is not None
        if not is_complete(outline, held):
            held.completed_at = None
        held.save(update_fields=["done", "completed_at"])
        member = held.member.as_reference()
        facts = [Fact(ACTIVITY_REOPENED, member, activity.as_reference(), context=_context(held))]
        if was_done and held.completed_at is None:
            facts.append(Fact(COURSE_REOPENED, member, _course(held), {}, {"version": outline.number} | held.in_round))
        record_many(facts, organisation=held.organisation)
    return held


def _apply(
    progress: Progress, activity: Activity, *, score: float | None, is_passed: bool | None, state: dict[str, Any] | None
) -> None:
    if score is not None:
        progress.score = max(score, progress.score or 0.0)
    if state is not None:
        progress.state = state
    if is_passed is False:
        if not progress.is_complete:
            progress.status = Progress.Status.FAILED
    elif not progress.is_complete:
        progress.status = Progress.Status.COMPLETED
        progress.completed_at = clock.now()
        progress.digest = activity.digest
    progress.save()


def _tally(enrolment: Enrolment, rows: dict[str, Progress], activity: Activity, *, was_complete: bool) -> bool:
    """Bring the enrolment's sums up to date; return whether the activity's module was completed by it."""
    outline = enrolment.outline
    complete = {key for key, progress in rows.items() if progress.is_complete}
    now = clock.now()
    enrolment.launched_at = enrolment.launched_at or now
    enrolment.last_seen_at = now
    enrolment.done = len(outline.counted & complete)
    enrolment.score = course_score(outline, rows)
    if enrolment.completed_at is None and is_complete(outline, enrolment):
        enrolment.completed_at = now
    enrolment.save(update_fields=["launched_at", "last_seen_at", "done", "score", "completed_at"])
    if activity.key not in outline.by_key:
        return False  # a later version took it out: it was done, and completes nothing any more
    module = outline.module_of(activity)
    return (
        activity.key in complete and not was_complete and activity.key in module.counted and module.counted <= complete
    )


def course_score(outline: Outline, rows: dict[str, Progress]) -> float | None:
    """The mean of the best scores of the assessments done so far, in per cent; None before the first."""
    scores = [p.score for key in outline.assessments if (p := rows.get(key)) is not None and p.score is not None]
    return round(sum(scores) / len(scores), 2) if scores else None


def is_complete(outline: Outline, enrolment: Enrolment) -> bool:
    """Whether everything that counts is done, and well enough where the course has a pass mark."""
    is_good_enough = outline.pass_mark is None or (enrolment.score or 0.0) >= outline.pass_mark
    return enrolment.done == len(outline.counted) and is_good_enough


def _facts_of_activity(
    enrolment: Enrolment,
    activity: Activity,
    is_passed: bool | None,
    score: float,
    work: dict[str, Any],
    caveat: Caveat | None,
    *,
    is_new: bool,
) -> Iterator[Fact]:
    """What is recorded of the activity itself; `is_new` says that it was not complete before, and is now."""
    member, step, context = enrolment.member.as_reference(), activity.as_reference(), _context(enrolment)
    if is_passed is not None:
        judged = ACTIVITY_PASSED if is_passed else ACTIVITY_FAILED
        yield Fact(judged, member, step, {"score": score} | work, context)
    if is_new:
        progress = {"progress": enrolment.percent} | (work if is_passed is None else {})
        known = context | ({"caveat": caveat.value} if caveat else {})
        yield Fact(ACTIVITY_PROGRESSED, member, step, progress, known)


def _module_completed(enrolment: Enrolment, activity: Activity) -> Fact:
    module = enrolment.outline.module_of(activity).as_reference(enrolment.outline.digest)
    return Fact(MODULE_COMPLETED, enrolment.member.as_reference(), module, {}, _context(enrolment))


def _launched(enrolment: Enrolment) -> Fact:
    return Fact(COURSE_LAUNCHED, enrolment.member.as_reference(), _course(enrolment), {}, enrolment.in_round)


def _course_completed(enrolment: Enrolment) -> Fact:
    score = {"score": enrolment.score} if enrolment.score is not None else {}
    version = {"version": enrolment.outline.number} | enrolment.in_round
    return Fact(COURSE_COMPLETED, enrolment.member.as_reference(), _course(enrolment), score, version)


def _course(enrolment: Enrolment) -> Reference:
    return Reference("course", str(enrolment.course.uid), enrolment.course.title, enrolment.outline.digest)


def _context(enrolment: Enrolment) -> dict[str, Any]:
    return {"course": str(enrolment.course.uid), "version": enrolment.outline.number} | enrolment.in_round
