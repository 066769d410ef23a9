"""Races about audiences: no circle, no two of one name, nobody in twice, whoever saves and looks at the same moment."""

from itertools import count

from milepost.audiences.evaluating import keep_current
from milepost.audiences.models import Audience, Membership
from milepost.audiences.ordering import refuse_circle
from milepost.audiences.saving import change_audience, make_audience
from milepost.journal.models import Entry
from milepost.people.models import Member, Organisation
from milepost.people.organisations import create_organisation
from tests.racing import Pair, Race

NUMBERS = count(1)
EVERYBODY = {"all": []}


def nothing() -> None:
    """Each pair makes its own."""


def _house() -> Organisation:
    number = next(NUMBERS)
    organisation = create_organisation(slug=f"audiences-{number}", name=f"House {number}")
    Member.objects.bulk_create(
        Member(organisation=organisation, given_name="Ida", family_name="Moe", employee_number=str(at))
        for at in range(20)
    )
    return organisation


def _on(audience: Audience) -> dict[str, object]:
    return {"condition": "audience", "value": str(audience.uid)}


def _each_on_the_other(_world: None) -> Pair:
    organisation = _house()
    one, two = (make_audience(organisation=organisation, name=name, rule=EVERYBODY, by=None) for name in ("One", "Two"))

    def no_circle(answers: list[str]) -> None:
        assert sorted(answers) == ["StandsOnItself", "done"], answers
        rules = {str(audience.uid): audience.rule for audience in Audience.objects.filter(organisation=organisation)}
        for uid, rule in rules.items():
            refuse_circle(uid, rule, rules)

    return [
        lambda: change_audience(audience=one, name="One", rule=_on(two), by=None),
        lambda: change_audience(audience=two, name="Two", rule=_on(one), by=None),
    ], no_circle


def _one_name(_world: None) -> Pair:
    organisation = _house()

    def one_is_there(answers: list[str]) -> None:
        assert sorted(answers) == ["NameTaken", "done"], answers
        assert Audience.objects.filter(organisation=organisation).count() == 1

    return [
        lambda name=name: make_audience(organisation=organisation, name=name, rule=EVERYBODY, by=None)
        for name in ("Oslo", "OSLO")
    ], one_is_there


def _look_twice(_world: None) -> Pair:
    organisation = _house()
    audience = make_audience(organisation=organisation, name="All", rule=EVERYBODY, by=None)

    def everybody_once(answers: list[str]) -> None:
        assert answers == ["done", "done"], answers
        assert Membership.objects.filter(audience=audience).count() == 20
        assert Entry.objects.filter(organisation_id=organisation.pk, fact="audience.entered").count() == 20
        assert Audience.objects.get(pk=audience.pk).size == 20

    return [lambda: keep_current(organisation)] * 2, everybody_once


RACES = {
    "two audiences on each other": Race(nothing, _each_on_the_other),
    "two audiences of one name": Race(nothing, _one_name),
    "looking twice who is in an audience": Race(nothing, _look_twice),
}
