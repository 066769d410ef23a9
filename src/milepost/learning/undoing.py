"""Enrolling many people in one act, and taking them out of the course again, unless they have begun."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from milepost.courses.models import Course
from milepost.learning.enrolling import enrol_many, withdraw_many
from milepost.learning.models import Enrolment
from milepost.learning.permissions import ENROL_PEOPLE
from milepost.learning.rounds import begin_rounds
from milepost.people.bulk_acts import BulkKind, keys_of
from milepost.people.models import BulkAct, BulkActPerson, Member
from milepost.people.permissions import Permission


class EnrolmentsInBulk(BulkKind):
    """`key` is the enrolment's, of whichever round."""

    permission: ClassVar[Permission] = ENROL_PEOPLE
    explains: ClassVar[str | Promise] = _(
        "They are taken out of the course. Whoever has begun it, or was given another due date since, stays in it."
    )
    reasons: ClassVar[Mapping[str, str | Promise]] = {
        "begun": _("has begun the course"),
        "rescheduled": _("was given another due date"),
        "gone": _("was taken out before"),
    }
    undone: ClassVar[str | Promise] = _("Undid enrolments in “%(object)s”: %(taken_back)s taken back, %(kept)s kept")

    def title(self, act: BulkAct) -> str:
        words = ngettext(
            "%(count)d person enrolled in “%(course)s”", "%(count)d people enrolled in “%(course)s”", act.number
        )
        return words % {"count": act.number, "course": act.about_name}

    def subject(self, act: BulkAct) -> Course | None:
        return Course.objects.filter(organisation=act.organisation_id, uid=act.about_id).first()

    def do(self, act: BulkAct, members: Sequence[Member], by: Member) -> None:
        course, due = self.subject(act), act.data["due"]
        if course is not None:
            rows = Member.objects.filter(pk__in=[member.pk for member in members])
            enrol_many(members=rows, course=course, due=date.fromisoformat(due) if due else None, by=by, act=act.uid)

    def hold(self, act: BulkAct, people: Sequence[BulkActPerson]) -> None:
        """The course first, as whoever enrols and publishes; then the enrolments, as whoever learns."""
        list(Course.objects.select_for_update(no_key=True).filter(uid=act.about_id).values_list("pk", flat=True))
        rows = Enrolment.objects.select_for_update(no_key=True).filter(pk__in=keys_of(people)).order_by("pk")
        list(rows.values_list("pk", flat=True))

    def kept(self, act: BulkAct, people: Sequence[BulkActPerson]) -> dict[int, str]:
        rows = Enrolment.objects.filter(pk__in=keys_of(people)).values_list("pk", "launched_at", "due")
        now = {key: (launched_at, due.isoformat() if due else None) for key, launched_at, due in rows}
        kept = {}
        for person in people:
            if person.key not in now:
                kept[person.pk] = "gone"
            elif now[person.key][0]:
                kept[person.pk] = "begun"
            elif now[person.key][1] != act.data["due"]:
                kept[person.pk] = "rescheduled"
        return kept

    def take_back(self, act: BulkAct, people: Sequence[BulkActPerson], by: Member) -> None:
        course = self.subject(act)
        if course is not None:
            enrolments = {person.key: person.member for person in people}
            withdraw_many(enrolments=enrolments, course=course, by=by, act=act.uid)


class RoundsInBulk(EnrolmentsInBulk):
    """Having many do a course again; `key` is the enrolment's of the round that begins."""

    explains: ClassVar[str | Promise] = _(
        "Their new round ends, and the one before counts again. Whoever has begun it, or was given another due date since, stays in it."
    )
    undone: ClassVar[str | Promise] = _("Undid new rounds of “%(object)s”: %(taken_back)s taken back, %(kept)s kept")

    def title(self, act: BulkAct) -> str:
        words = ngettext(
            "%(count)d person is to do “%(course)s” again", "%(count)d people are to do “%(course)s” again", act.number
        )
        return words % {"count": act.number, "course": act.about_name}

    def do(self, act: BulkAct, members: Sequence[Member], by: Member) -> None:
        course, due = self.subject(act), act.data["due"]
        if course is not None:
            day = date.fromisoformat(due) if due else None
            begin_rounds(dues={member.pk: day for member in members}, course=course, by=by, act=act.uid)
