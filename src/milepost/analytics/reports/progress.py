"""Who did what when: a row a person, a column an activity.

What somebody did stays in the table when a later version takes the activity out: it follows today's, with the last
version that had it.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import batched
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import F, Func, IntegerField, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from milepost.analytics.reports import Report, Row
from milepost.courses.models import Course
from milepost.courses.outline import outline_of, outlines_of
from milepost.learning.models import Enrolment
from milepost.learning.models import Progress as ActivityProgress
from milepost.people.models import Member

BATCH = 2_000  # people at once


class Progress(Report):
    """How far everybody is, for whoever works on with it in a spreadsheet."""

    name = "people"
    label = gettext_lazy("Who did what, and when")

    def rows(self, course: Course, members: QuerySet[Member] | None = None) -> Iterator[Row]:
        return people_rows(course, members)


class _Hours(Func):
    """Whole hours since 1970, so that a quarter of a million instants come out as small integers."""

    output_field = IntegerField()

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(
            compiler, connection, template="CAST(unixepoch(%(expressions)s) / 3600 AS INTEGER)", **context
        )

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(
            compiler, connection, template="(EXTRACT(EPOCH FROM %(expressions)s) / 3600)::int", **context
        )


def people_rows(course: Course, members: QuerySet[Member] | None = None) -> Iterator[Row]:
    """The heading, then a row for each person by name: who they are, how far, and the day of each activity.

    Days are those of the organisation's time zone, as ISO 8601. The version is the one that the person is in. Two
    queries for every 2,000 people, and two for what earlier versions had.
    """
    enrolments = Enrolment.objects.current().filter(course=course)
    if members is not None:
        enrolments = enrolments.filter(member__in=members)
    days = _Days(ZoneInfo(course.organisation.time_zone))
    titles = _titles(course, enrolments)
    place = {key: at for at, key in enumerate(titles)}
    who = [_("Number"), _("Name"), _("E-mail"), _("Site"), _("Department"), _("Seniority")]
    how_far = [_("Enrolled"), _("Version"), _("Due"), _("Launched"), _("Completed"), _("Score")]
    yield [*who, *how_far, *titles.values()]
    in_hours = enrolments.annotate(
        on=_Hours(F("enrolled_at")), launched=_Hours(F("launched_at")), completed=_Hours(F("completed_at"))
    )
    people = in_hours.order_by("member__family_name", "member__given_name", "pk").values_list("pk", *_WHO, *_HOW_FAR)
    for part in batched(people.iterator(BATCH), BATCH, strict=False):
        done = _done(part, place, days)
        for pk, number, given, family, email, site, department, seniority, *rest in part:
            on, version, due, launched, completed, score = rest
            who = [number or "", f"{given} {family}".strip(), email or "", site or "", department or "", seniority]
            due_on = due.isoformat() if due else ""
            how_far = [days[on], version, due_on, days[launched], days[completed], "" if score is None else score]
            yield [*who, *how_far, *done[pk]]


_WHO = (
    "member__employee_number",
    "member__given_name",
    "member__family_name",
    "member__email",
    "member__site__name",
    "member__department__path",
    "member__seniority",
)
_HOW_FAR = ("on", "version__number", "due", "launched", "completed", "score")


def _titles(course: Course, enrolments: QuerySet[Enrolment]) -> dict[str, str]:
    """The activities by key: those of the published version in its order, then what was done of earlier ones."""
    titles = {a.key: a.title for a in outline_of(course.published_or_raise().pk).activities}
    earlier = [outline for outline in outlines_of(course.pk) if outline.version_id != course.published_id]
    if not earlier:
        return titles
    done = ActivityProgress.objects.filter(enrolment__in=enrolments, status=ActivityProgress.Status.COMPLETED)
    left = set(done.order_by().values_list("activity_key", flat=True).distinct()) - titles.keys()
    for outline in earlier:
        for activity in outline.activities:
            if activity.key in left and activity.key not in titles:
                until = {"title": activity.title, "version": outline.number}
                titles[activity.key] = _("%(title)s (until version %(version)d)") % until
    return titles


def _done(part: tuple[Any, ...], place: dict[str, int], days: "_Days") -> dict[int, list[str]]:
    """For each of these enrolments the day of each activity, empty where it is not done."""
    done = {row[0]: [""] * len(place) for row in part}
    rows = ActivityProgress.objects.filter(
        enrolment__in=list(done), status=ActivityProgress.Status.COMPLETED
    ).order_by()
    for pk, key, hours in rows.values_list("enrolment_id", "activity_key", _Hours(F("completed_at"))).iterator(20_000):
        if key in place:
            done[pk][place[key]] = days[hours]
    return done


class _Days(dict[int | None, str]):
    """The local day of an hour since 1970; each hour is worked out once."""

    def __init__(self, zone: ZoneInfo) -> None:
        super().__init__({None: ""})
        self.zone = zone

    def __missing__(self, hours: int | None) -> str:
        assert hours is not None  # noqa: S101 (None is there from the start)
        day = datetime.fromtimestamp(hours * 3600, UTC).astimezone(self.zone).date().isoformat()
        self[hours] = day
        return day
