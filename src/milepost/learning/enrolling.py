"""The verbs that put people into courses and take them out. Whoever is to do a course again has another round of it: see `rounds`."""

from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID, uuid4

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from milepost.core import clock
from milepost.core.refusals import Refused
from milepost.courses.models import Course, Version
from milepost.courses.outline import outline_of
from milepost.journal.recording import Fact, Reference, record, record_many
from milepost.learning.facts import COURSE_REGISTERED, COURSE_RESCHEDULED, COURSE_WITHDREW
from milepost.learning.models import Enrolment
from milepost.people.bulk_acts import Done, in_act, remember
from milepost.people.doing import do_to_many
from milepost.people.models import BulkAct, Member, MemberQuerySet

BATCH = 2_000


class NotOpen(Refused):
    """People can't enrol themselves in this course."""

    sentence = gettext_lazy("People don’t join this course by themselves. Ask the training team for a place.")


class AlreadyCompleted(Refused):
    """What was completed stays on record."""

    sentence = gettext_lazy("The course is completed; that stays on record.")


def enrol(*, member: Member, course: Course, due: date | None = None, by: Member | None = None) -> Enrolment:
    """Enrol `member` in the published version of `course`; enrolling twice is a no-op, and so it is after completing.

    Without `by` the person enrols themselves, which the course must allow. Raises `NotPublished` or `NotOpen`.
    Records `registered`.
    """
    with transaction.atomic():
        version = version_to_join(course)
        if by is None and not version.is_open:
            raise NotOpen
        enrolment, is_new = Enrolment.objects.current().get_or_create(
            member=member,
            course=course,
            defaults={
                "organisation_id": course.organisation_id,
                "version": version,
                "due": due,
                "total": len(outline_of(version.pk).counted),
                "enrolled_at": clock.now(),
            },
        )
        if is_new:
            fact = registered(enrolment, course.as_reference(version), by=by)
            record_many([fact], organisation=course.organisation)
    return enrolment


def enrol_many(
    *,
    members: MemberQuerySet,
    course: Course,
    due: date | None = None,
    by: Member | None = None,
    act: UUID | None = None,
) -> int:
    """Enrol everybody of `members` who is not in the course yet; return how many were.

    Those who are in it keep their due date. All or nothing. With `act` it can be undone (`undoing`). Raises `NotPublished`.
    Records `registered` for each.
    """
    with transaction.atomic():
        version = version_to_join(course)
        total = len(outline_of(version.pk).counted)
        already = Enrolment.objects.filter(course=course).values("member")
        waiting = members.filter(organisation_id=course.organisation_id).exclude(pk__in=already)
        new = list(waiting.only("uid", "given_name", "family_name").order_by())
        common = {"course": course, "version": version, "due": due, "total": total, "enrolled_at": clock.now()}
        enrolments = Enrolment.objects.bulk_create(
            (Enrolment(organisation_id=course.organisation_id, member=member, **common) for member in new),
            batch_size=BATCH,
        )
        joined = course.as_reference(version)  # the same for all of them
        facts = (registered(enrolment, joined, by=by, act=act) for enrolment in enrolments)
        record_many(facts, organisation=course.organisation)
        if act and by:
            done = Done("enrolment", act, joined, {"due": due.isoformat() if due else None})
            remember(done, to=[(row.member_id, row.pk) for row in enrolments], by=by)
    return len(new)


def enrol_required(*, dues: Mapping[int, date | None], course: Course, because: Reference) -> int:
    """Enrol each of these members (by key) who is not in the course, due on their day, as the requirement asks; return how many.

    All or nothing. Raises `NotPublished`. Records `registered` for each.
    """
    if not dues:
        return 0
    with transaction.atomic():
        version = version_to_join(course)
        already = Enrolment.objects.filter(course=course).values("member")
        waiting = Member.objects.filter(pk__in=list(dues), organisation=course.organisation_id).exclude(pk__in=already)
        common = {"course": course, "version": version, "total": len(outline_of(version.pk).counted)}
        common |= {"organisation_id": course.organisation_id, "enrolled_at": clock.now()}
        enrolments = Enrolment.objects.bulk_create(
            (Enrolment(member=member, due=dues[member.pk], **common) for member in waiting.order_by("pk")),
            batch_size=BATCH,
        )
        joined = course.as_reference(version)
        facts = (registered(row, joined, by=None, because=because) for row in enrolments)
        record_many(facts, organisation=course.organisation)
    return len(enrolments)


def enrol_in_bulk(*, members: MemberQuerySet, course: Course, due: date | None, by: Member) -> BulkAct | None:
    """Have everybody of `members` enrolled who is not in the course yet (see `doing`). Raises `NotPublished`."""
    course.published_or_raise()
    already = Enrolment.objects.filter(course=course).values("member")
    keys = list(members.exclude(pk__in=already).values_list("pk", flat=True))
    done = Done("enrolment", uuid4(), course.as_reference(), {"due": due.isoformat() if due else None})
    return do_to_many(done, to=keys, by=by)


def version_to_join(course: Course) -> Version:
    """What people who join now learn from; the course is locked. Raises `NotPublished`.

    One at a time decides who is new, and nobody publishes meanwhile: whoever joined the version before would stay with it.
    """
    return Course.objects.select_for_update(no_key=True).get(pk=course.pk).published_or_raise()


def withdraw(*, enrolment: Enrolment, by: Member) -> None:
    """Take a person out of a course they have not completed, or out of a further round of it: the one before counts again then.

    Raises `AlreadyCompleted`, `NotEnrolled`. Records `withdrew`.
    """
    with transaction.atomic():
        enrolment = enrolment.locked()
        if enrolment.completed_at or not enrolment.is_current:
            raise AlreadyCompleted(
                _("%(person)s has completed the course; that stays on record.") % {"person": enrolment.member}
            )
        member, course = enrolment.member, enrolment.course
        enrolment.delete()
        _back_to_the_round_before([enrolment])
        record(
            COURSE_WITHDREW,
            organisation=course.organisation,
            actor=member.as_reference(),
            object=course.as_reference(),
            context=_by(by, member) | enrolment.in_round,
        )


def withdraw_many(*, enrolments: Mapping[int, Member], course: Course, by: Member, act: UUID) -> None:
    """Take many out of the course who have not begun it, as whoever undoes `act` has seen and holds them: by their keys.

    Records `withdrew` for each.
    """
    with transaction.atomic():
        rows = list(Enrolment.objects.filter(pk__in=list(enrolments), course=course, launched_at=None, is_current=True))
        Enrolment.objects.filter(pk__in=[row.pk for row in rows]).delete()
        _back_to_the_round_before(rows)
        left = course.as_reference()
        facts = (
            Fact(COURSE_WITHDREW, member.as_reference(), left, {}, _by(by, member) | in_act(act) | row.in_round)
            for row in rows
            for member in [enrolments[row.pk]]
        )
        record_many(facts, organisation=course.organisation)


def _back_to_the_round_before(left: Sequence[Enrolment]) -> None:
    """The rounds before these, which are gone, are the current ones again; of one course."""
    for number in {row.round for row in left} - {1}:
        members = [row.member_id for row in left if row.round == number]
        earlier = Enrolment.objects.filter(course=left[0].course_id, member__in=members, round=number - 1)
        earlier.update(is_current=True)


def reschedule_required(*, enrolment: Enrolment, due: date, because: Reference) -> None:
    """Give an enrolment the due date that a requirement asks for now. Raises `NotEnrolled`. Records `rescheduled`."""
    _reschedule(enrolment, due, _asked_by(because))


def reschedule(*, enrolment: Enrolment, due: date | None, by: Member) -> None:
    """Give an enrolment another due date, or none; the same date is a no-op. Raises `NotEnrolled`. Records `rescheduled`."""
    _reschedule(enrolment, due, _by(by, enrolment.member))


def _reschedule(enrolment: Enrolment, due: date | None, context: dict[str, object]) -> None:
    with transaction.atomic():
        enrolment = enrolment.locked()
        if enrolment.due == due or not enrolment.is_current:
            return
        enrolment.due = due
        enrolment.save(update_fields=["due"])
        record(
            COURSE_RESCHEDULED,
            organisation=enrolment.organisation,
            actor=enrolment.member.as_reference(),
            object=enrolment.course.as_reference(),
            result={"due": due.isoformat()} if due else {},
            context=context | enrolment.in_round,
        )


def registered(
    enrolment: Enrolment,
    course: Reference,
    *,
    by: Member | None,
    act: UUID | None = None,
    because: Reference | None = None,
) -> Fact:
    """The fact of this round, to be recorded in the transaction that makes it."""
    return Fact(
        COURSE_REGISTERED,
        enrolment.member.as_reference(),
        course,
        result={"due": enrolment.due.isoformat()} if enrolment.due else {},
        context=_by(by, enrolment.member) | in_act(act) | _asked_by(because) | enrolment.in_round,
    )


def _asked_by(requirement: Reference | None) -> dict[str, object]:
    """What asks for it, where a requirement does."""
    return {"requirement": requirement.as_json()} if requirement else {}


def _by(by: Member | None, member: Member) -> dict[str, object]:
    """Who did it, when it was not the person themselves."""
    if by is None or by.pk == member.pk:
        return {}
    return {"instructor": by.as_reference().as_json()}
