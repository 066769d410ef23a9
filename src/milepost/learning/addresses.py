"""Where a course is learnt. A player's outline shows a hundred of these addresses, so all but a step's key is worked out
once a process; templates write them with the tag `activity_url`.
"""

from functools import lru_cache

from django.urls import reverse

from milepost.courses.outline import Activity
from milepost.learning.models import Enrolment


def activity_url(organisation: str, course: str, key: str) -> str:
    """The address of the activity with this key (module/activity) in the course with this slug."""
    return f"{_learn_url(organisation, course)}{key}/"


def next_url(organisation: str, enrolment: Enrolment, activity: Activity) -> str:
    """What comes after `activity`: the next one in order, or the end when it was the last or all is done."""
    following = enrolment.outline.next_after(activity)
    if following is None or (enrolment.completed_at and enrolment.last_seen_at == enrolment.completed_at):
        return reverse("completion", args=[organisation, enrolment.course.slug])
    return activity_url(organisation, enrolment.course.slug, following.key)


@lru_cache(maxsize=4096)
def _learn_url(organisation: str, course: str) -> str:
    return reverse("learn", args=[organisation, course])
