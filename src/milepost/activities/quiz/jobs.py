"""What the background does for quizzes: it ends attempts on time, whether their learners come back or not."""

from contextlib import suppress

from django.utils.translation import gettext_lazy as _

from milepost.activities.quiz.finishing import finish_overdue
from milepost.core.jobs import job
from milepost.learning.attempting import overdue
from milepost.learning.models import NotEnrolled

AT_ONCE = 1_000  # attempts that one turn asks for; the next one follows within seconds


@job(queue="facts", title=_("Judge a quiz whose time is up"))
def judge(organisation_id: int, attempt_id: int) -> None:
    """Judge it unless it was handed in meanwhile, or its learner taken out of the course."""
    waiting = overdue().filter(organisation_id=organisation_id, pk=attempt_id)
    for attempt in waiting.select_related("enrolment__course", "enrolment__member", "enrolment__organisation"):
        with suppress(NotEnrolled):
            finish_overdue(attempt)


@job(queue="facts")
def find_overdue() -> None:
    """Find the attempts whose time is up."""
    judge.enqueue_many(overdue().order_by("expires_at").values_list("organisation_id", "pk")[:AT_ONCE])
