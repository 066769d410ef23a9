"""What analytics bring to the rooms below."""

from django.utils.translation import gettext_lazy as _

from milepost.analytics import facts
from milepost.analytics.reports import reports
from milepost.analytics.reports.progress import Progress
from milepost.courses.models import Course
from milepost.design import navigation
from milepost.design.navigation import Link
from milepost.journal import vocabulary


def register() -> None:
    """Hang everything on its seam; called once, when Django starts."""
    vocabulary.register(facts)

    numbers = Link(_("Numbers"), "numbers", order=20, permission="see_results", shown=Course.is_published)
    navigation.links("course").register("numbers", numbers)

    reports.register(Progress.name, Progress())
