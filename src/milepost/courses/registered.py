"""What courses bring to the rooms below."""

from django.utils.translation import gettext_lazy as _

from milepost.design import navigation
from milepost.design.navigation import Link


def register() -> None:
    """Hang everything on its seam; called once, when Django starts."""
    navigation.links("course").register("content", Link(_("Content and versions"), "course_admin", order=40))
