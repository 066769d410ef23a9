"""The verbs on a requirement: setting it, changing it, ending it, resuming it; and exempting somebody."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from milepost.audiences.models import Audience
from milepost.core import clock, once
from milepost.core.jobs import named
from milepost.core.names import as_seen
from milepost.core.refusals import Refused
from milepost.courses.models import Course
from milepost.journal.recording import record
from milepost.journal.vocabulary import FactType
from milepost.people.models import Member, Organisation
from milepost.requirements.cycles import Counted, First
from milepost.requirements.facts import (
    PERSON_EXEMPTED,
    PERSON_EXEMPTION_ENDED,
    REQUIREMENT_CREATED,
    REQUIREMENT_ENDED,
    REQUIREMENT_RESUMED,
    REQUIREMENT_UPDATED,
)
from milepost.requirements.models import NAME_LENGTH, Exemption, Requirement

MOST_REQUIREMENTS = 200  # of an organisation that nobody ended
MOST_DAYS = 3_650  # in any of the numbers of days
MOST_MONTHS = 120  # between two times
LONGEST_REASON = 300  # characters


class RequirementRefused(Refused):
    """It can't be saved like this; the message says why."""

    status = 400


class NameTaken(Refused):
    """Another requirement has the name."""

    sentence = gettext_lazy("There is a requirement of this name already.")
    field = "name"


class ExemptionRefused(Refused):
    """Nobody can be exempt like this; the message says why."""

    status = 422


class OneOwn(Refused):
    """People do not decide about themselves."""

    sentence = gettext_lazy("This is about you. Ask somebody else to decide it.")
    status = 403


@dataclass(frozen=True)
class Asked:
    """What a requirement asks, of whom, by when and how often; see `cycles.Cycle` for the days and months."""

    name: str
    audience: Audience
    course: Course
    starts_on: date
    first: First = First.ENTRY
    day: date | None = None
    days: int = 30
    least_days: int = 0
    every_months: int | None = None
    counted: Counted = Counted.COMPLETION
    opens_days: int = 60
    accepts_days: int | None = None
    equivalents: Sequence[Course] = ()

    def fields(self) -> dict[str, Any]:
        """The values of the row but its name."""
        names = ("audience", "course", "starts_on", "first", "days", "least_days", "every_months", "counted")
        day = self.day if self.first is First.DAY else None
        more = {"day": day, "opens_days": self.opens_days, "accepts_days": self.accepts_days}
        return {name: getattr(self, name) for name in names} | more


def set_requirement(*, organisation: Organisation, asked: Asked, by: Member, key: str = "") -> Requirement:
    """Set a requirement; how everybody stands is known within seconds. Sent twice with the same `key`, it is made once.

    Raises `RequirementRefused`, `NameTaken`, `NotPublished`. Records `created`.
    """
    asked = checked(asked, organisation)
    with transaction.atomic():
        organisation = Organisation.locked(organisation.pk)
        uid = once.uid_of(key, organisation.uid, "requirement", asked)
        if made := Requirement.objects.filter(uid=uid).first():
            return made
        _refuse_taken(organisation, asked.name)
        if Requirement.objects.current().filter(organisation=organisation).count() >= MOST_REQUIREMENTS:
            words = _("There are %(most)d requirements already. End one.")
            raise RequirementRefused(words % {"most": MOST_REQUIREMENTS})
        common = {"uid": uid, "organisation": organisation, "made_by": by}
        requirement = Requirement.objects.create(name=asked.name, **common, **asked.fields())
        requirement.equivalents.set(asked.equivalents)
        _tell(REQUIREMENT_CREATED, requirement, by, _as_result(requirement, asked))
        look_again(organisation.pk)
    return requirement


def change_requirement(*, requirement: Requirement, asked: Asked, by: Member) -> Requirement:
    """Have it ask something else; what was done stays done. Nothing happens where all is as it was.

    Raises as `set_requirement` does. Records `updated`.
    """
    organisation = requirement.organisation
    asked = checked(asked, organisation)
    with transaction.atomic():
        organisation = Organisation.locked(organisation.pk)
        held = Requirement.objects.select_for_update(of=("self",), no_key=True).get(pk=requirement.pk)
        others = set(held.equivalents.values_list("pk", flat=True)) != {course.pk for course in asked.equivalents}
        changed = {name: value for name, value in asked.fields().items() if getattr(held, name) != value}
        if held.name == asked.name and not changed and not others:
            return held
        if held.name != asked.name:
            _refuse_taken(organisation, asked.name)
        for name, value in {"name": asked.name, "stale_at": clock.now(), **changed}.items():
            setattr(held, name, value)
        held.save()
        held.equivalents.set(asked.equivalents)
        _tell(REQUIREMENT_UPDATED, held, by, _as_result(held, asked))
        look_again(organisation.pk)
    return held


def end_requirement(*, requirement: Requirement, by: Member) -> None:
    """Ask it of nobody any more; whoever is in the course stays in it. Twice is a no-op. Records `ended`."""
    with transaction.atomic():
        held = Requirement.objects.select_for_update(of=("self",), no_key=True).get(pk=requirement.pk)
        if held.ended_at is None:
            held.ended_at = clock.now()
            held.save(update_fields=["ended_at"])
            _tell(REQUIREMENT_ENDED, held, by)


def resume_requirement(*, requirement: Requirement, by: Member) -> None:
    """Ask it again, as it was asked. Raises `NameTaken`. Records `resumed`."""
    with transaction.atomic():
        organisation = Organisation.locked(requirement.organisation_id)
        held = Requirement.objects.select_for_update(of=("self",), no_key=True).get(pk=requirement.pk)
        if held.ended_at is not None:
            _refuse_taken(organisation, held.name)
            held.ended_at, held.stale_at = None, clock.now()
            held.save(update_fields=["ended_at", "stale_at"])
            _tell(REQUIREMENT_RESUMED, held, by)
            look_again(organisation.pk)


def exempt(*, requirement: Requirement, member: Member, reason: str, ends: date | None = None, by: Member) -> Exemption:
    """Have somebody be exempt from today, until the day `ends` if one is given: what is due moves on by these days.

    Raises `ExemptionRefused`, `OneOwn`. Records `exempted`.
    """
    reason, today = as_seen(reason)[:LONGEST_REASON], clock.today(requirement.organisation.time_zone)
    if member.pk == by.pk:
        raise OneOwn
    if not reason:
        raise ExemptionRefused(_("Give a reason: whoever reads the history asks why."), field="reason")
    if ends is not None and ends < today:
        raise ExemptionRefused(_("This day has passed. Choose today or later, or no date."), field="ends")
    with transaction.atomic():
        held = Requirement.objects.select_for_update(of=("self",), no_key=True).get(pk=requirement.pk)
        if exemptions_on(held, today).filter(member=member).exists():
            raise ExemptionRefused(_("%(person)s is exempt already.") % {"person": member})
        made = Exemption.objects.create(
            organisation=member.organisation,
            requirement=held,
            member=member,
            begins=today,
            ends=ends,
            reason=reason,
            decided_by=by,
        )
        result = {"reason": reason, "begins": today.isoformat(), "exemption": str(made.uid)}
        _tell_of_person(PERSON_EXEMPTED, made, by, result | ({"ends": ends.isoformat()} if ends else {}))
        _mark(held)
    return made


def end_exemption(*, exemption: Exemption, by: Member) -> None:
    """Have it end today: from now on the person is asked again. One that is over is a no-op. Raises `OneOwn`. Records `ended-exemption`."""
    if exemption.member_id == by.pk:
        raise OneOwn
    with transaction.atomic():
        requirement = Requirement.objects.select_for_update(of=("self",), no_key=True).get(pk=exemption.requirement_id)
        today = clock.today(requirement.organisation.time_zone)
        held = Exemption.objects.select_related("member").get(pk=exemption.pk)
        if held.ends is not None and held.ends <= today:
            return
        held.ends = max(today, held.begins)
        held.save(update_fields=["ends"])
        result = {"exemption": str(held.uid), "ends": held.ends.isoformat()}
        _tell_of_person(PERSON_EXEMPTION_ENDED, held, by, result)
        _mark(requirement)


def exemptions_on(requirement: Requirement, day: date) -> Any:
    """The exemptions from it that hold on the day."""
    rows = Exemption.objects.filter(requirement=requirement, begins__lte=day)
    return rows.exclude(ends__lt=day)


def look_again(organisation_id: int) -> None:
    """Have the background look at what is due."""
    named("requirements.keep_current").enqueue(organisation_id)


def checked(asked: Asked, organisation: Organisation) -> Asked:
    """What is asked, as it is kept. Raises `RequirementRefused`, `NotPublished`."""
    name = as_seen(asked.name)
    if not name:
        raise RequirementRefused(_("Give it a name."), field="name")
    if len(name) > NAME_LENGTH:
        raise RequirementRefused(_("Longer than %(count)d characters.") % {"count": NAME_LENGTH}, field="name")
    if {asked.course.organisation_id, asked.audience.organisation_id} != {organisation.pk}:
        raise RequirementRefused(_("Choose a course and an audience of this organisation."))
    if asked.audience.is_archived:
        raise RequirementRefused(_("This audience was archived. Choose another."), field="audience")
    asked.course.published_or_raise()
    if asked.first is First.DAY and asked.day is None:
        raise RequirementRefused(_("Choose the day by which it is due."), field="day")
    for field in ("days", "least_days", "opens_days", "accepts_days"):
        value = getattr(asked, field)
        if value is not None and not 0 <= value <= MOST_DAYS:
            words = _("Write a number of days from 0 to %(most)d.")
            raise RequirementRefused(words % {"most": MOST_DAYS}, field=field)
    if asked.every_months is not None and not 1 <= asked.every_months <= MOST_MONTHS:
        words = _("Write a number of months from 1 to %(most)d.")
        raise RequirementRefused(words % {"most": MOST_MONTHS}, field="every_months")
    return replace(asked, name=name, equivalents=[one for one in asked.equivalents if one.pk != asked.course.pk])


def _refuse_taken(organisation: Organisation, name: str) -> None:
    names = Requirement.objects.current().filter(organisation=organisation).values_list("name", flat=True)
    if name.casefold() in {known.casefold() for known in names}:
        raise NameTaken


def _mark(requirement: Requirement) -> None:
    Requirement.objects.filter(pk=requirement.pk).update(stale_at=clock.now())
    look_again(requirement.organisation_id)


def _as_result(requirement: Requirement, asked: Asked) -> dict[str, Any]:
    told = {
        "course": str(asked.course.uid),
        "equivalents": sorted(str(course.uid) for course in asked.equivalents),
        "audience": str(asked.audience.uid),
        "starts_on": requirement.starts_on.isoformat(),
        "first": str(requirement.first),
        "day": requirement.day.isoformat() if requirement.day else None,
        "days": requirement.days,
        "least_days": requirement.least_days,
        "every_months": requirement.every_months,
        "counted": str(requirement.counted),
        "opens_days": requirement.opens_days,
        "accepts_days": requirement.accepts_days,
    }
    return {name: value for name, value in told.items() if value is not None}


def _tell(fact_type: FactType, requirement: Requirement, by: Member, result: dict[str, Any] | None = None) -> None:
    record(
        fact_type,
        organisation=requirement.organisation,
        actor=by.as_reference(),
        object=requirement.as_reference(),
        result=result,
    )


def _tell_of_person(fact_type: FactType, exemption: Exemption, by: Member, result: dict[str, Any]) -> None:
    requirement = exemption.requirement
    record(
        fact_type,
        organisation=requirement.organisation,
        actor=exemption.member.as_reference(),
        object=requirement.as_reference(),
        result=result,
        context={"instructor": by.as_reference().as_json()},
    )
