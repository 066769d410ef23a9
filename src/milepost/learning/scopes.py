"""A role can be held for one course: it reaches the course, what belongs to it, and its people as far as they are in it."""

from collections.abc import Collection

from django.db.models import Model, Q
from django.utils.translation import gettext_lazy

from milepost.courses.models import Course
from milepost.courses.permissions import COURSE
from milepost.learning.models import Enrolment
from milepost.people.models import Organisation
from milepost.people.scopes import PEOPLE, SUGGESTED, Named, ScopeKind, one_of


class CourseScope(ScopeKind):
    """One course."""

    label = gettext_lazy("A course")
    phrase = gettext_lazy("course “%(name)s”")
    about = frozenset({PEOPLE, COURSE})

    def people(self, keys: Collection[int]) -> Q:
        return Q(pk__in=Enrolment.objects.filter(course__in=sorted(keys)).values("member"))

    def covers(self, key: int, thing: Model) -> bool:
        return thing.pk == key if isinstance(thing, Course) else getattr(thing, "course_id", None) == key

    def find(self, organisation: Organisation, text: str) -> int:
        courses = Course.objects.filter(organisation=organisation)
        exact = list(courses.filter(slug=text.strip())[:2])
        return one_of(exact or list(courses.filter(title__iexact=text.strip())[:2]), text)

    def names(self, organisation: Organisation) -> list[str]:
        courses = Course.objects.filter(organisation=organisation).order_by("title")
        return list(courses.values_list("title", flat=True)[:SUGGESTED])

    def named(self, keys: Collection[int]) -> dict[int, Named]:
        return {course.pk: Named(course.title, str(course.uid)) for course in Course.objects.filter(pk__in=keys)}
