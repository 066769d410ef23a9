"""Reports about a course, to take along as CSV or as a workbook: a file each, with what it tells of whom.

A room adds one by its own file and a line in its `registered.py`; the page of numbers offers every report there is:

    reports.register(Progress.name, Progress())
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, ClassVar

from django.db import transaction
from django.db.models import QuerySet
from django.utils.functional import Promise

from milepost.analytics.facts import COURSE_EXPORTED
from milepost.core.irrevocable import irrevocable
from milepost.core.quotas import take
from milepost.core.registry import Registry
from milepost.courses.models import Course
from milepost.journal.recording import record
from milepost.people.models import Member

Row = list[Any]  # texts, numbers and ISO 8601 dates


class Report(ABC):
    """One report. `name` is what its file is called in an address: letters, digits and hyphens."""

    name: ClassVar[str]
    label: ClassVar[str | Promise]

    @abstractmethod
    def rows(self, course: Course, members: QuerySet[Member] | None = None) -> Iterator[Row]:
        """The heading, then the rows, over all who are enrolled or those of `members`; in bounded memory."""


reports: Registry[Report] = Registry("report")


@irrevocable
def export(*, report: Report, course: Course, members: QuerySet[Member] | None, by: Member) -> Iterator[Row]:
    """The rows of a report that somebody takes along. Records `exported`: personal data left the organisation."""
    take(course.organisation, "exports")
    with transaction.atomic():
        exported = course.as_reference(course.published)
        record(COURSE_EXPORTED, organisation=course.organisation, actor=by.as_reference(), object=exported)
    return report.rows(course, members)
