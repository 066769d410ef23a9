"""What was completed elsewhere and counts here as much as a course: who said so, by which file, and why; it can be taken back.

An equivalence is no completion. It changes no progress and issues no certificate; whoever asks who meets a requirement asks for
completions and for `standing` beside them.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy

from milepost.core import clock
from milepost.core.refusals import Refused
from milepost.courses.models import Course
from milepost.journal.recording import record
from milepost.learning.facts import COURSE_RECOGNISED, COURSE_UNRECOGNISED
from milepost.learning.models import Equivalence, EquivalenceQuerySet
from milepost.people.models import Member

LONGEST = 300  # characters of a reason


class NoReason(Refused):
    """Somebody will ask why."""

    sentence = gettext_lazy("Give a reason: whoever reads the history asks why.")
    status = 422


class RecognisedAlready(Refused):
    """Something counts as equivalent to this course already."""

    sentence = gettext_lazy("Something is recognised as equivalent to this course already. Take that back first.")


class OneOwn(Refused):
    """People do not decide about themselves."""

    sentence = gettext_lazy("This is your own. Ask somebody else to decide about it.")
    status = 403


class TakenBack(Refused):
    """It does not count any more."""

    sentence = gettext_lazy("It was taken back already.")


@dataclass(frozen=True)
class Achievement:
    """What was completed elsewhere, as a file shows it: of which issuer, when, under which key; `is_checked` against its issuer's."""

    title: str
    issuer: str
    completed_on: date
    receipt_sha256: str
    key: str
    is_checked: bool


def recognise(*, member: Member, course: Course, achievement: Achievement, reason: str, by: Member) -> Equivalence:
    """Say that the achievement counts as much as the course. Records `recognised`.

    Raises `NoReason`, `OneOwn`, `RecognisedAlready`, `NotPublished`.
    """
    reason = _reason(reason)
    if member.pk == by.pk:
        raise OneOwn
    with transaction.atomic():
        Course.objects.select_for_update(no_key=True).get(pk=course.pk).published_or_raise()
        if Equivalence.objects.standing().filter(member=member, course=course).exists():
            raise RecognisedAlready
        made = Equivalence.objects.create(
            organisation=member.organisation,
            member=member,
            course=course,
            reason=reason,
            decided_by=by,
            **vars(achievement),
        )
        record(
            COURSE_RECOGNISED,
            organisation=member.organisation,
            actor=member.as_reference(),
            object=course.as_reference(),
            result={
                "equivalence": str(made.uid),
                "title": made.title,
                "issuer": made.issuer,
                "completed": made.completed_on.isoformat(),
                "receipt_sha256": made.receipt_sha256,
                "key": made.key,
                "key_checked": made.is_checked,
                "reason": reason,
            },
            context={"instructor": by.as_reference().as_json()},
        )
    return made


def take_back(*, equivalence: Equivalence, reason: str, by: Member) -> None:
    """Say that it does not count any more. Records `unrecognised`. Raises `NoReason`, `OneOwn`, `TakenBack`."""
    reason = _reason(reason)
    if equivalence.member_id == by.pk:
        raise OneOwn
    with transaction.atomic():
        locked = Equivalence.objects.select_for_update(of=("self",), no_key=True).get(pk=equivalence.pk)
        if locked.withdrawn_at:
            raise TakenBack
        Equivalence.objects.filter(pk=locked.pk).update(withdrawn_at=clock.now(), withdrawal_reason=reason)
        record(
            COURSE_UNRECOGNISED,
            organisation=locked.organisation,
            actor=locked.member.as_reference(),
            object=locked.course.as_reference(),
            result={"equivalence": str(locked.uid), "title": locked.title, "issuer": locked.issuer, "reason": reason},
            context={"instructor": by.as_reference().as_json()},
        )


def standing(course: Course, members: "Collection[int] | Any | None" = None) -> EquivalenceQuerySet:
    """What counts as much as the course now: of everybody, or of these members (keys, or a query for them)."""
    rows = Equivalence.objects.standing().filter(course=course)
    return rows if members is None else rows.filter(member__in=members)


def _reason(text: str) -> str:
    reason = text.strip()[:LONGEST]
    if not reason:
        raise NoReason
    return reason
