"""What courses bring to the rooms below."""

from django.utils.translation import gettext_lazy as _

from milepost.courses import facts
from milepost.courses.permissions import AUTHOR_COURSES, SEE_COURSES, SEE_DRAFTS
from milepost.design import navigation
from milepost.design.navigation import Link
from milepost.journal import vocabulary
from milepost.people import permissions


def register() -> None:
    """Hang everything on its seam; called once, when Django starts."""
    vocabulary.register(facts)

    permissions.register(SEE_COURSES, SEE_DRAFTS, AUTHOR_COURSES)

    navigation.links("course").register("content", Link(_("Content and versions"), "course_admin", order=40))
