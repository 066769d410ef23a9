"""The verbs of rounds: whoever completed a course and is to do it again has another round of it.

What was done in the rounds before stays as it was: answers, the version, the score, the certificate. A person has at most one
round that is to be done, and it is the newest: the next can begin only when that one is completed.
"""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils.translation import gettext_lazy

from milepost.core import clock
from milepost.core.refusals import Refused
from milepost.courses.models import Course
from milepost.courses.outline import outline_of
from milepost.journal.recording import Reference, record_many
from milepost.learning.enrolling import BATCH, registered, version_to_join
from milepost.learning.models import Enrolment, EnrolmentQuerySet
from milepost.people.bulk_acts import Done, remember
from milepost.people.contributions import Scope
from milepost.people.doing import do_to_many
from milepost.people.models import BulkAct, Member, MemberQuerySet, Organisation


class RoundUnderWay(Refused):
    """The person is still to complete the course."""

    sentence = gettext_lazy("This round of the course is not completed yet. The next one can begin after it.")


def begin_round(*, enrolment: Enrolment, due: date | None = None, by: Member | None = None) -> Enrolment:
    """Have the person of this completed round do the course again, in the version that is published now; return the next round.

    Raises `RoundUnderWay`, `NotPublished`. Records `registered` with the number of the round.
    """
    with transaction.atomic():
        if not begin_rounds(dues={enrolment.member_id: due}, course=enrolment.course, by=by):
            raise RoundUnderWay
    return Enrolment.objects.current().get(member=enrolment.member_id, course=enrolment.course_id)


def begin_rounds(
    *,
    dues: Mapping[int, date | None],
    course: Course,
    by: Member | None = None,
    act: UUID | None = None,
    because: Reference | None = None,
) -> int:
    """Begin the next round of each of these members (by key) who completed the course, due on their day; return for how many.

    Whoever is not in the course, or has not completed the round that they are in, is left alone. All or nothing. With `act` it can
    be undone (`undoing`); `because` is the requirement that asks for it. Raises `NotPublished`. Records `registered` for each.
    """
    if not dues:
        return 0
    with transaction.atomic():
        version = version_to_join(course)
        total = len(outline_of(version.pk).counted)
        held = Enrolment.objects.current().select_for_update(of=("self",), no_key=True).filter(course=course)
        # A completion that is being taken back at this moment is waited for, and then is none.
        before = [
            row
            for row in held.filter(member__in=list(dues)).select_related("member").order_by("pk")
            if row.completed_at is not None
        ]
        Enrolment.objects.filter(pk__in=[row.pk for row in before]).update(is_current=False)
        common = {"course": course, "version": version, "total": total, "enrolled_at": clock.now()}
        rounds = Enrolment.objects.bulk_create(
            (
                Enrolment(
                    organisation_id=course.organisation_id,
                    member=row.member,
                    due=dues[row.member_id],
                    round=row.round + 1,
                    **common,
                )
                for row in before
            ),
            batch_size=BATCH,
        )
        joined = course.as_reference(version)
        facts = (registered(row, joined, by=by, act=act, because=because) for row in rounds)
        record_many(facts, organisation=course.organisation)
        if act and by:
            due = next(iter(dues.values()), None)  # a bulk act gives everybody one day
            done = Done("round", act, joined, {"due": due.isoformat() if due else None})
            remember(done, to=[(row.member_id, row.pk) for row in rounds], by=by)
    return len(rounds)


def begin_rounds_in_bulk(*, members: MemberQuerySet, course: Course, due: date | None, by: Member) -> BulkAct | None:
    """Have everybody of `members` do the course again who has completed it (see `doing`). Raises `NotPublished`."""
    course.published_or_raise()
    keys = list(members.filter(pk__in=renewable(course).values("member")).values_list("pk", flat=True))
    done = Done("round", uuid4(), course.as_reference(), {"due": due.isoformat() if due else None})
    return do_to_many(done, to=keys, by=by)


def rounds_by(course: int, day: date, organisation: Organisation) -> EnrolmentQuerySet:
    """The round of each person in the course (by key) at the end of this day by the organisation's clock: that of what ended then."""
    end = datetime.combine(day + timedelta(days=1), time.min, ZoneInfo(organisation.time_zone))
    return Enrolment.objects.filter(course=course).at(end)


def rounds_in(scope: Scope) -> EnrolmentQuerySet:
    """The round in which each person of a training action does its course: the last that began before the action is over."""
    if scope.course_id is None:
        return Enrolment.objects.none()
    return rounds_by(scope.course_id, scope.ends_on, scope.organisation).filter(member__in=scope.seats)


def renewable(course: Course) -> EnrolmentQuerySet:
    """The rounds after which the next one can begin: the current ones that are completed."""
    return Enrolment.objects.current().filter(course=course, completed_at__isnull=False)
