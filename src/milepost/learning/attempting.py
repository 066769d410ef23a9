"""The verbs of attempts at an assessment: start one, save answers as they are given, finish.

What an answer is worth is the kind's business: it comes in as a marker, called only when the attempt is over.
"""

import secrets
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy

from milepost.core import clock
from milepost.core.prepared import Prepared
from milepost.core.refusals import Refused
from milepost.courses.outline import Activity
from milepost.learning.models import Answer, Attempt, Enrolment
from milepost.learning.progressing import complete_held

GRACE = timedelta(seconds=15)  # for the way from the browser when the time runs out

# From a question's key and the response to its worth, 0 to 1.
Marker = Callable[[str, Any], float]


class NoAttemptLeft(Refused):
    """Every attempt that the quiz allows was used, or the quiz was passed."""

    sentence = gettext_lazy("You have used every attempt. Your trainer can help you on.")


class AttemptOver(Refused):
    """The attempt was finished, or its time is up: nothing can be answered any more."""

    sentence = gettext_lazy("The time was up. What you had answered before was counted.")


def open_attempt(*, enrolment: Enrolment, activity: Activity) -> Attempt | None:
    """The attempt that is under way, or None."""
    return next((attempt for attempt in attempts_at(enrolment, activity) if not attempt.is_over), None)


def attempts_at(enrolment: Enrolment, activity: Activity) -> list[Attempt]:
    """The attempts that the person made, the newest first. One query."""
    return _attempts.all(enrolment=enrolment.pk, key=activity.key)


_attempts = Prepared(
    lambda enrolment, key: Attempt.objects.filter(enrolment=enrolment, activity_key=key).order_by("-number"),
    enrolment=int,
    key=str,
)


def overdue() -> QuerySet[Attempt]:
    """The attempts whose time is up and that nobody handed in: their browser was closed, or had no connection."""
    return Attempt.objects.filter(finished_at=None, expires_at__lt=clock.now() - GRACE)


def start_attempt(*, enrolment: Enrolment, activity: Activity, limit: int | None, seconds: int | None) -> Attempt:
    """Begin an attempt, or go on with the one under way. Raises `NoAttemptLeft`, `NotEnrolled`.

    `limit` is how many attempts there are (None: any number), `seconds` how long each may take (None: any time).
    """
    now = clock.now()
    with transaction.atomic():
        enrolment.locked()
        attempts = attempts_at(enrolment, activity)
        for attempt in attempts:
            if not attempt.is_over:
                return attempt
        if limit is not None and sum(attempt.digest == activity.digest for attempt in attempts) >= limit:
            raise NoAttemptLeft
        return Attempt.objects.create(
            organisation_id=enrolment.organisation_id,
            enrolment=enrolment,
            activity_key=activity.key,
            digest=activity.digest,
            number=max((attempt.number for attempt in attempts), default=0) + 1,
            seed=secrets.randbelow(2**48),
            started_at=now,
            expires_at=now + timedelta(seconds=seconds) if seconds else None,
        )


def save_answers(*, attempt: Attempt, responses: dict[str, Any]) -> None:
    """Keep what was answered so far; the newest answer to a question replaces the one before.

    Raises `AttemptOver` when the attempt is finished or its time (and a few seconds of grace) is up.
    """
    now = clock.now()
    with transaction.atomic():
        # The attempt's row is the lock: what is answered while it is being judged is judged with it, or refused.
        current = attempt.locked()
        if current is None or current.is_over or (current.expires_at and now > current.expires_at + GRACE):
            raise AttemptOver
        common = {"organisation_id": current.organisation_id, "attempt": current, "saved_at": now}
        Answer.objects.bulk_create(
            [Answer(question=question, response=response, **common) for question, response in responses.items()],
            update_conflicts=True,
            unique_fields=["attempt", "question"],
            update_fields=["response", "saved_at"],
        )


def finish_attempt(
    *,
    attempt: Attempt,
    enrolment: Enrolment,
    activity: Activity,
    weights: dict[str, int],
    pass_mark: int,
    marker: Marker,
) -> Enrolment:
    """Judge the answers, close the attempt, and complete the activity if it was passed; finishing twice is a no-op.

    `weights` gives the points of each question. Raises `NotEnrolled`. Records what `complete_activity` records, with every
    answer.
    """
    with transaction.atomic():
        # First of all, as whoever takes the person out does: in another order the two would wait for each other.
        enrolment = enrolment.locked()
        attempt_now = attempt.locked()
        if attempt_now is None or attempt_now.is_over:
            return enrolment
        answers = list(attempt_now.answers.all())
        for answer in answers:
            answer.fraction = marker(answer.question, answer.response)
        Answer.objects.bulk_update(answers, ["fraction"])
        gained = sum(weights.get(answer.question, 0) * (answer.fraction or 0.0) for answer in answers)
        attempt_now.score = round(100 * gained / max(sum(weights.values()), 1), 2)
        attempt_now.is_passed = attempt_now.score >= pass_mark
        attempt_now.finished_at = clock.now()
        attempt_now.save(update_fields=["score", "is_passed", "finished_at"])
        result = {
            "attempt": attempt_now.number,
            "answers": [
                {"question": answer.question, "response": answer.response, "fraction": round(answer.fraction or 0.0, 4)}
                for answer in sorted(answers, key=lambda answer: answer.question)
            ],
        }
        complete_held(enrolment, activity, score=attempt_now.score, is_passed=attempt_now.is_passed, result=result)
    return enrolment
