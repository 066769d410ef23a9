"""Who did what when: a row a person, a column an activity."""

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
from milepost.courses.outline import outline_of
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

    Days are those of the organisation's time zone, as ISO 8601. Two queries for every 2,000 people.
    """
    outline = outline_of(course.published_or_raise().pk)
    days = _Days(ZoneInfo(course.organisation.time_zone))
    place = {activity.key: at for at, activity in enumerate(outline.activities)}
    who = [_("Number"), _("Name"), _("E-mail"), _("Site"), _("Department"), _("Seniority")]
    how_far = [_("Enrolled"), _("Due"), _("Launched"), _("Completed"), _("Score")]
    yield [*who, *how_far, *(activity.title for activity in outline.activities)]
    enrolments = Enrolment.objects.filter(course=course)
    if members is not None:
        enrolments = enrolments.filter(member__in=members)
    in_hours = enrolments.annotate(
        on=_Hours(F("enrolled_at")), launched=_Hours(F("launched_at")), completed=_Hours(F("completed_at"))
    )
    people = in_hours.order_by("member__family_name", "member__given_name", "pk").values_list("pk", *_WHO, *_HOW_FAR)
    for part in batched(people.iterator(BATCH), BATCH, strict=False):
        done = _done(part, place, days)
        for pk, number, given, family, email, site, department, seniority, *rest in part:
            on, due, launched, completed, score = rest
            who = [number or "", f"{given} {family}".strip(), email or "", site or "", department or "", seniority]
            due_on = due.isoformat() if due else ""
            how_far = [days[on], due_on, days[launched], days[completed], "" if score is None else score]
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
_HOW_FAR = ("on", "due", "launched", "completed", "score")


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
