"""The verbs that end a quiz attempt: handed in, or when its time is up. It is judged by the content that was answered."""

from milepost.activities.quiz.grading import mark
from milepost.courses.outline import Activity, content_of, outlines_of
from milepost.learning.attempting import finish_attempt
from milepost.learning.models import Attempt, Enrolment


def finish(*, enrolment: Enrolment, activity: Activity, attempt: Attempt) -> Enrolment:
    """Judge and close the attempt; return the enrolment as it is now.

    The attempt names its content by digest: while it was under way, a newer version may have been published.
    """
    definition = content_of(attempt.organisation_id, attempt.digest).definition
    questions = {question["key"]: question for question in definition["questions"]}
    return finish_attempt(
        attempt=attempt,
        enrolment=enrolment,
        activity=activity,
        weights={key: question["points"] for key, question in questions.items()},
        pass_mark=definition["pass_mark"],
        marker=lambda key, response: mark(questions[key], response).fraction if key in questions else 0.0,
    )


def finish_overdue(attempt: Attempt) -> None:
    """Judge an attempt that nobody handed in, by what was answered in time. Raises `NotEnrolled`."""
    finish(enrolment=attempt.enrolment, activity=_activity_of(attempt), attempt=attempt)


def _activity_of(attempt: Attempt) -> Activity:
    """The activity as the person has it before them now; when a later version took it out, as it was answered."""
    outline = attempt.enrolment.outline
    if attempt.activity_key in outline.by_key:
        return outline.by_key[attempt.activity_key]
    before = (outline.by_key.get(attempt.activity_key) for outline in outlines_of(attempt.enrolment.course_id))
    return next(activity for activity in before if activity is not None and activity.digest == attempt.digest)
