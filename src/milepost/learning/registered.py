"""What learning brings to the rooms below."""

from django.utils.translation import gettext_lazy as _

from milepost.audiences import conditions
from milepost.courses import media, publishing
from milepost.courses.models import Course
from milepost.courses.permissions import COURSE
from milepost.design import navigation
from milepost.design.navigation import Link
from milepost.journal import vocabulary
from milepost.learning import facts
from milepost.learning.audience_conditions import CompletedCourse, InCourse
from milepost.learning.carrying_over import carry_over, touched
from milepost.learning.contribution import LearningContribution
from milepost.learning.media import learns_with
from milepost.learning.permissions import ENROL_PEOPLE, SEE_RESULTS
from milepost.learning.scopes import CourseScope
from milepost.learning.sections import courses_of
from milepost.learning.undoing import EnrolmentsInBulk, RoundsInBulk
from milepost.people import permissions, scopes
from milepost.people.bulk_acts import bulk_kinds
from milepost.people.contributions import contributions
from milepost.people.sections import sections


def register() -> None:
    """Hang everything on its seam; called once, when Django starts."""
    vocabulary.register(facts)

    permissions.register(SEE_RESULTS, ENROL_PEOPLE)
    scopes.kinds.register(COURSE, CourseScope())
    contributions.register("learning", LearningContribution())
    bulk_kinds.register("enrolment", EnrolmentsInBulk())
    bulk_kinds.register("round", RoundsInBulk())

    publishing.carry_overs.register("enrolments", carry_over)
    publishing.touchings.register("enrolments", touched)
    media.readers.register("enrolled", learns_with)
    sections.register("learning", courses_of)
    conditions.register(InCourse(), CompletedCourse())

    navigation.main.register("my_learning", Link(_("My learning"), "my_learning", order=10))
    navigation.main.register("catalogue", Link(_("Catalogue"), "catalogue", order=20))
    navigation.main.register("courses", Link(_("Courses"), "courses", order=50, permission="see_courses"))
    people = Link(_("People"), "enrolments", order=10, permission="see_results", shown=Course.is_published)
    navigation.links("course").register("people", people)
