"""Races about the log of security events and what an organisation may use."""

from contextlib import suppress
from itertools import count

from django.conf import settings
from django.db import transaction
from django.test import RequestFactory

from milepost.core.models import Tries
from milepost.core.quotas import QuotaReached, measure, stored_by, take, take_bytes, usage_of, waiting_jobs
from milepost.evidence.actions import open_action
from milepost.evidence.dossiers import ask_for
from milepost.people.granting import grant
from milepost.people.happenings import REFUSED, tell
from milepost.people.limits import Limit, Per, Rate, limits, refuse_over_limit
from milepost.people.members import add_member
from milepost.people.models import Member, Organisation
from milepost.people.organisations import create_organisation
from milepost.people.roles import Role
from milepost.security import keeping
from milepost.security.models import SecurityEvent, SecurityLog
from tests.races_of_evidence import _plan
from tests.racing import Act, Pair, Race

NUMBERS = count(1)
AT_ONCE = 6


def _organisation(_world: None = None) -> tuple[Organisation, Member]:
    number = next(NUMBERS)
    organisation = create_organisation(slug=f"gate-{number}", name=f"Gate {number}")
    member = Member.objects.create(organisation=organisation, given_name="A", family_name="B", email="a@x.example")
    return organisation, member


def _refused_at_once(_world: None) -> Pair:
    """Six are refused at the same moment, three from one address: each is counted, and no number is given twice."""
    organisation, member = _organisation()
    keeping._counts.clear()

    def refused(address: str) -> Act:
        return lambda: tell(REFUSED, RequestFactory().get("/", REMOTE_ADDR=address), member=member, detail="people")

    def count_up(answers: list[str]) -> None:
        assert answers == ["done"] * AT_ONCE, answers
        rows = SecurityEvent.objects.filter(organisation=organisation)
        told = sorted(rows.values_list("count", "number"))
        assert [count for count, _number in told] == [1, 1, 1, 3], told
        assert len({number for _count, number in told}) == 4, told
        assert SecurityLog.objects.get(organisation=organisation).last == max(number for _count, number in told), told

    addresses = ["192.0.2.1"] * 3 + [f"192.0.2.{number}" for number in (2, 3, 4)]
    return [refused(address) for address in addresses], count_up


def _the_last_place(name: str) -> Race:
    """Six take at the same moment of what has room for two: two of them do."""

    def pair(_world: None) -> Pair:
        organisation, _member = _organisation()
        settings.QUOTAS = {(organisation.slug, name): {"people": 3, "storage": 250, "exports": 2}[name]}

        def taken(number: int) -> object:
            if name == "people":
                return add_member(
                    organisation=organisation, email=f"p{number}@x.example", given_name="P", family_name="Q"
                )
            return take_bytes(organisation, 100) if name == "storage" else take(organisation, name)

        def count_up(answers: list[str]) -> None:
            assert sorted(answers) == ["QuotaReached"] * 4 + ["done"] * 2, answers

        return [lambda number=number: taken(number) for number in range(AT_ONCE)], count_up

    return Race(lambda: None, pair, turns=5)


def _windows_over(_world: None) -> Pair:
    """Two take the first of a new day in transactions, when yesterday's counts of both still lie there: both may."""
    gates = [_organisation()[0] for _ in range(2)]
    settings.QUOTAS = {("", "exports"): 5}
    for gate in gates:
        take(gate, "exports")
    Tries.objects.update(ends_at=1)

    def taken(gate: Organisation) -> Act:
        def act() -> None:
            with transaction.atomic():
                take(gate, "exports")

        return act

    def count_up(answers: list[str]) -> None:
        assert answers == ["done"] * 2, answers
        assert [usage_of(gate)[0].used for gate in gates] == [1, 1]

    return [taken(gate) for gate in gates], count_up


def _too_many_and_one(_world: None) -> Pair:
    """Nine are asked for of eight, and one at a time beside it: none of the nine is counted, and who asks for one gets it."""
    organisation, _member = _organisation()
    settings.QUOTAS = {(organisation.slug, "uploads"): 8}

    def one_by_one() -> None:
        for _ in range(8):
            take(organisation, "uploads")

    def nine() -> None:
        for _ in range(8):
            with suppress(QuotaReached):
                take(organisation, "uploads", 9)

    def count_up(answers: list[str]) -> None:
        assert answers == ["done"] * 2, answers
        assert usage_of(organisation)[0].used == 8

    return [nine, one_by_one], count_up


def _measure_twice(_world: None) -> Pair:
    """Two workers measure what is stored: what was sent since is forgotten once."""
    organisation, _member = _organisation()
    settings.QUOTAS = {(organisation.slug, "storage"): 1_000}
    take_bytes(organisation, 400)

    def count_up(answers: list[str]) -> None:
        assert answers == ["done", "done"], answers
        assert stored_by(organisation.pk) == 0, stored_by(organisation.pk)

    return [lambda: measure(organisation.pk, organisation.uid)] * 2, count_up


def _the_last_tries(_world: None) -> Pair:
    """Of twelve tries at once five are counted within the limit."""
    name = f"try-{next(NUMBERS)}"
    limits.register(name, Limit(Rate(5, 3600, Per.LINK)))

    def tried() -> None:
        refuse_over_limit(RequestFactory().get("/"), name, link="x")

    def count_up(answers: list[str]) -> None:
        assert sorted(answers) == ["TooManyTries"] * 7 + ["done"] * 5, answers

    return [tried] * 12, count_up


def _the_last_jobs(_world: None) -> Pair:
    """Six dossiers are asked for where two pieces of work may wait."""
    organisation, member = _organisation()
    grant(member=member, role=Role.LEAD)
    made = [open_action(organisation=organisation, plan=_plan(organisation), by=member) for _ in range(AT_ONCE)]
    settings.QUOTAS = {(organisation.slug, "jobs"): waiting_jobs(organisation.pk) + 2}

    def count_up(answers: list[str]) -> None:
        assert sorted(answers) == ["QuotaReached"] * 4 + ["done"] * 2, answers

    return [lambda action=action: ask_for(action=action, by=member) for action in made], count_up


RACES = {
    "the first of a new day": Race(lambda: None, _windows_over, turns=5),
    "too many and one": Race(lambda: None, _too_many_and_one, turns=5),
    "the last work that may wait": Race(lambda: None, _the_last_jobs, turns=5),
    "the last tries": Race(lambda: None, _the_last_tries, turns=5),
    "measuring what is stored": Race(lambda: None, _measure_twice),
    "refused at once": Race(lambda: None, _refused_at_once, turns=5),
    "the last place": _the_last_place("people"),
    "the last bytes": _the_last_place("storage"),
    "the last export": _the_last_place("exports"),
}
