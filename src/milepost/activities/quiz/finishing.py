"""The verb that ends a quiz attempt: judged by the content that was answered."""

from milepost.activities.quiz.grading import mark
from milepost.courses.outline import Activity, content_of
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
