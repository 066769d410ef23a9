"""Races about requirements: each person gets one place and one round, whoever sets, looks, completes and exempts at the same moment."""

from typing import Any

from milepost.audiences.evaluating import keep_current as keep_audiences
from milepost.audiences.models import Audience
from milepost.audiences.saving import make_audience
from milepost.core import clock
from milepost.learning.enrolling import enrol
from milepost.learning.models import Enrolment
from milepost.learning.progressing import complete_activity
from milepost.requirements.models import Exemption, Requirement, Standing
from milepost.requirements.setting import Asked, end_requirement, exempt, set_requirement
from milepost.requirements.standing import keep_current, stand
from tests.racing import Pair, Race, facts, house
from tests.worlds import SMALL_COURSE, make_course


def _nothing() -> None:
    """Each pair makes its own."""


def _house(name: str) -> tuple[Any, Any, list[Any], Audience, Any]:
    organisation, lead, people = house(6)
    course = make_course(organisation, SMALL_COURSE, by=lead)
    audience = make_audience(organisation=organisation, name=name, rule={"all": []}, by=lead)
    keep_audiences(organisation)
    return organisation, lead, people, audience, course


def _asked(audience: Audience, course: Any) -> Asked:
    return Asked("Ladders", audience, course, starts_on=clock.today(), days=30, every_months=12)


def _set_twice(_world: None) -> Pair:
    organisation, lead, _people, audience, course = _house("All")
    asked = _asked(audience, course)

    def count(answers: list[str]) -> None:
        assert sorted(answers) == ["NameTaken", "done"], answers
        assert Requirement.objects.filter(organisation=organisation).count() == 1

    return [lambda: set_requirement(organisation=organisation, asked=asked, by=lead) for _time in range(2)], count


def _send_twice(_world: None) -> Pair:
    organisation, lead, _people, audience, course = _house("All")
    asked = _asked(audience, course)

    def count(answers: list[str]) -> None:
        assert answers == ["done", "done"], answers
        assert Requirement.objects.filter(organisation=organisation).count() == 1

    return [
        lambda: set_requirement(organisation=organisation, asked=asked, by=lead, key="a") for _time in range(2)
    ], count


def _look_twice(_world: None) -> Pair:
    """Two workers look at one requirement: everybody gets one place."""
    organisation, lead, people, audience, course = _house("All")
    requirement = set_requirement(organisation=organisation, asked=_asked(audience, course), by=lead)

    def count(answers: list[str]) -> None:
        assert answers == ["done", "done"], answers
        everybody = len(people) + 1
        assert Standing.objects.filter(requirement=requirement).count() == everybody
        assert Enrolment.objects.filter(course=course).count() == facts("registered", course.uid) == everybody

    return [lambda: stand(requirement.pk) for _time in range(2)], count


def _look_while_somebody_is_enrolled(_world: None) -> Pair:
    organisation, lead, people, audience, course = _house("All")
    requirement = set_requirement(organisation=organisation, asked=_asked(audience, course), by=lead)

    def count(answers: list[str]) -> None:
        assert answers == ["done", "done"], answers
        assert Enrolment.objects.filter(course=course, member=people[0]).count() == 1
        assert facts("registered", course.uid) == len(people) + 1

    return [lambda: stand(requirement.pk), lambda: enrol(member=people[0], course=course, by=lead)], count


def _look_while_somebody_completes(_world: None) -> Pair:
    """However they come, the next look finds them done, and nobody is put into a second round."""
    organisation, lead, people, audience, course = _house("All")
    requirement = set_requirement(organisation=organisation, asked=_asked(audience, course), by=lead)
    stand(requirement.pk)
    enrolment = Enrolment.objects.select_related("member", "course", "organisation").get(
        course=course, member=people[0]
    )
    *before, last = sorted(enrolment.outline.counted)
    for key in before:
        complete_activity(enrolment=enrolment, activity=enrolment.outline.by_key[key], score=100, is_passed=True)
    step = enrolment.outline.by_key[last]

    def count(answers: list[str]) -> None:
        assert answers == ["done", "done"], answers
        Requirement.objects.filter(pk=requirement.pk).update(stale_at=clock.now())
        keep_current(organisation)
        assert Standing.objects.get(requirement=requirement, member=people[0]).state == "compliant"
        assert Enrolment.objects.filter(course=course, member=people[0]).count() == 1

    return [
        lambda: stand(requirement.pk),
        lambda: complete_activity(enrolment=enrolment, activity=step, score=100, is_passed=True),
    ], count


def _exempt_twice(_world: None) -> Pair:
    organisation, lead, people, audience, course = _house("All")
    requirement = set_requirement(organisation=organisation, asked=_asked(audience, course), by=lead)

    def count(answers: list[str]) -> None:
        assert sorted(answers) == ["ExemptionRefused", "done"], answers
        assert Exemption.objects.filter(requirement=requirement).count() == 1

    return [
        lambda: exempt(requirement=requirement, member=people[0], reason="Trains others", by=lead) for _time in range(2)
    ], count


def _end_twice(_world: None) -> Pair:
    organisation, lead, _people, audience, course = _house("All")
    requirement = set_requirement(organisation=organisation, asked=_asked(audience, course), by=lead)

    def count(answers: list[str]) -> None:
        assert answers == ["done", "done"], answers
        assert facts("ended", requirement.uid) == 1

    return [lambda: end_requirement(requirement=requirement, by=lead) for _time in range(2)], count


RACES = {
    "setting a requirement": Race(_nothing, _set_twice),
    "sending a requirement twice": Race(_nothing, _send_twice),
    "looking at a requirement": Race(_nothing, _look_twice),
    "looking at a requirement while somebody is enrolled": Race(_nothing, _look_while_somebody_is_enrolled),
    "looking at a requirement while somebody completes": Race(_nothing, _look_while_somebody_completes),
    "exempting somebody": Race(_nothing, _exempt_twice),
    "ending a requirement": Race(_nothing, _end_twice),
}
