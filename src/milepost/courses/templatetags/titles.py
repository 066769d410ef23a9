"""Titles of courses among words of another language, told apart for whoever hears the page."""

from django import template
from django.utils.safestring import SafeString

from milepost.courses.models import Course
from milepost.courses.outline import outline_of
from milepost.design.templatetags.design import said_in

register = template.Library()


@register.filter
def title_of(course: Course) -> str | SafeString:
    """The course's title in the language of the version that people see. One query a version, the first time a process asks."""
    return said_in(course.title, outline_of(course.published_id).language if course.published_id else "")
