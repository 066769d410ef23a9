"""The addresses of learning, for the templates of kinds and of all rooms that lead to an activity."""

from django import template

from milepost.courses.models import Course
from milepost.courses.outline import Activity
from milepost.learning import addresses

register = template.Library()


@register.simple_tag(takes_context=True)
def activity_url(context: template.Context, course: Course, activity: Activity) -> str:
    """Where the activity of a course is learnt, in the page's organisation."""
    return addresses.activity_url(context["organisation"].slug, course.slug, activity.key)
