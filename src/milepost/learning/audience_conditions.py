"""What audiences can ask about learning: whether somebody is in a course, and whether they completed it."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django import forms
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from milepost.audiences.conditions import Condition, Incomplete
from milepost.core.words import date_format
from milepost.courses.models import Course
from milepost.learning.facts import COURSE_COMPLETED, COURSE_REGISTERED, COURSE_REOPENED, COURSE_WITHDREW
from milepost.learning.models import Enrolment
from milepost.learning.permissions import SEE_RESULTS
from milepost.people.facts import MEMBER_MERGED, MEMBER_SEPARATED
from milepost.people.models import Member, Organisation

MOST_DAYS = 36_500


class OfCourse(Condition):
    """What a condition about a course has in common with others: the value is `{"course": uid, …}`."""

    def form_fields(self, organisation: Organisation, value: Any = None) -> dict[str, forms.Field]:
        there = Course.objects.filter(organisation=organisation, published__isnull=False).order_by("title")
        choices = [(str(uid), title) for uid, title in there.values_list("uid", "title")]
        return {"course": forms.ChoiceField(label=gettext_lazy("Course"), choices=[("", _("choose")), *choices])}

    def value_of(self, cleaned: Mapping[str, Any]) -> Any:
        return {"course": cleaned["course"]}

    def initial(self, value: Any) -> dict[str, Any]:
        return dict(value)

    def check(self, organisation: Organisation, value: Any) -> Any:
        return {"course": checked_course(organisation, value)}

    def course(self, organisation: Organisation, value: Any) -> str:
        """What the course is called."""
        course = Course.objects.filter(organisation=organisation, uid=value["course"]).first()
        return course.title if course else _("a course that is not there any more")


def checked_course(organisation: Organisation, value: Any) -> str:
    """The uid of the course that a value names. Raises `Incomplete` unless it is one of the organisation's."""
    try:
        uid = UUID(value["course"])
    except (TypeError, KeyError, ValueError, AttributeError) as error:
        raise Incomplete(_("Choose a course.")) from error
    if not Course.objects.filter(organisation=organisation, uid=uid).exists():
        raise Incomplete(_("Choose a course."))
    return str(uid)


def checked_days(days: Any) -> int:
    """A number of days. Raises `Incomplete` for anything else."""
    if type(days) is not int or not 0 <= days <= MOST_DAYS:
        raise Incomplete(_("Write a number of days from 0 to %(most)d.") % {"most": MOST_DAYS})
    return days


def of_either_record(rows: "QuerySet[Any]", member: str) -> Q:
    """Whether there is such a row of a member, or of an earlier record of the same person; `member` leads to whose it is."""
    own = rows.order_by().values(member)
    earlier = rows.filter(**{f"{member}__merge__isnull": False}).order_by().values(f"{member}__merge__stays")
    return Q(pk__in=own) | Q(pk__in=earlier)


class InCourse(OfCourse):
    """Is in the course, whether it is completed or not."""

    name, label = "enrolled", gettext_lazy("Is in a course")
    facts = (COURSE_REGISTERED, COURSE_WITHDREW)
    permission = SEE_RESULTS

    def q(self, organisation: Organisation, value: Any, today: date) -> Q:
        rows = Enrolment.objects.filter(organisation=organisation, course__uid=value["course"])
        return Q(pk__in=rows.order_by().values("member"))

    def tell(self, organisation: Organisation, value: Any) -> str:
        return _("is in the course “%(course)s”") % {"course": self.course(organisation, value)}

    def tell_not(self, organisation: Organisation, value: Any) -> str:
        return _("is not in the course “%(course)s”") % {"course": self.course(organisation, value)}


class CompletedCourse(OfCourse):
    """Completed the course, in whichever round: ever, or within so many days; the value is `{"course": uid, "days": n or None}`.

    What was completed elsewhere and recognised is no completion; what an earlier record of the same person completed is.
    """

    name, label = "completed", gettext_lazy("Completed a course")
    facts = (COURSE_COMPLETED, COURSE_REOPENED, COURSE_WITHDREW, MEMBER_MERGED, MEMBER_SEPARATED)
    permission = SEE_RESULTS

    def form_fields(self, organisation: Organisation, value: Any = None) -> dict[str, forms.Field]:
        days = forms.IntegerField(
            label=gettext_lazy("Within the last … days"),
            help_text=gettext_lazy("Empty: whenever that was."),
            min_value=0,
            max_value=MOST_DAYS,
            required=False,
        )
        return super().form_fields(organisation, value) | {"days": days}

    def value_of(self, cleaned: Mapping[str, Any]) -> Any:
        return {"course": cleaned["course"], "days": cleaned["days"]}

    def initial(self, value: Any) -> dict[str, Any]:
        return {"course": value["course"], "days": "" if value["days"] is None else value["days"]}

    def check(self, organisation: Organisation, value: Any) -> Any:
        course = checked_course(organisation, value)
        if {*value} != {"course", "days"}:
            raise Incomplete(_("Choose a course."))
        return {"course": course, "days": None if value["days"] is None else checked_days(value["days"])}

    def q(self, organisation: Organisation, value: Any, today: date) -> Q:
        return of_either_record(self._rows(organisation, value, today), "member")

    def _rows(self, organisation: Organisation, value: Any, today: date) -> "QuerySet[Enrolment]":
        done = Enrolment.objects.filter(organisation=organisation, course__uid=value["course"])
        if value["days"] is None:
            return done.exclude(completed_at=None)
        first = today - timedelta(days=value["days"])
        return done.filter(completed_at__gte=datetime.combine(first, time(), ZoneInfo(organisation.time_zone)))

    def tell(self, organisation: Organisation, value: Any) -> str:
        return self._told(organisation, value, _("completed “%(course)s”"))

    def tell_not(self, organisation: Organisation, value: Any) -> str:
        return self._told(organisation, value, _("has not completed “%(course)s”"))

    def _told(self, organisation: Organisation, value: Any, sentence: str) -> str:
        words = sentence % {"course": self.course(organisation, value)}
        if (days := value["days"]) is None:
            return words
        within = ngettext("within the last day", "within the last %(days)d days", days) % {"days": days}
        return f"{words} {within}"

    def seen(self, member: Member, value: Any, today: date) -> str:
        done = Enrolment.objects.filter(
            Q(member=member) | Q(member__merge__stays=member), course__uid=value["course"]
        ).exclude(completed_at=None)
        last = done.order_by("-completed_at").values_list("completed_at", flat=True).first()
        if last is None:
            return _("not completed")
        day = last.astimezone(ZoneInfo(member.organisation.time_zone)).date()
        return _("completed on %(day)s") % {"day": date_format(day)}
