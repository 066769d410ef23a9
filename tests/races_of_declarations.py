"""Races of declarations and attestations: what is said once is recorded once, and what is attested counts or does not."""

from datetime import date
from typing import Any

from milepost.attestations.attesting import Wish, attest, make
from milepost.attestations.models import Attestation
from milepost.attestations.revoking import revoke
from milepost.core import clock
from milepost.core.once import new_key
from milepost.declarations.describing import describe, describe_trainee
from milepost.declarations.drawing_up import draw_up
from milepost.declarations.models import Draft, Trainee
from milepost.evidence.actions import ActionPlan, open_action
from milepost.evidence.models import TrainingAction
from milepost.journal.models import Entry
from tests.racing import PAIRS, Pair, Race, facts, house
from tests.thorough import IS_THOROUGH
from tests.worlds import SMALL_COURSE, make_course


def _world() -> Any:
    organisation, lead, members = house()
    return organisation, lead, members, make_course(organisation, SMALL_COURSE, by=lead)


def _action(world: Any) -> TrainingAction:
    organisation, lead, members, _course = world
    day = date(2026, 11, 26)
    plan = ActionPlan(title="T", profile="fr", starts_on=day, ends_on=day, minutes=60, members=members)
    return open_action(organisation=organisation, plan=plan, by=lead)


def _describe_twice(world: Any) -> Pair:
    """“Save” pressed twice: it is said once."""
    action, lead = _action(world), world[1]

    def count(answers: list[str]) -> None:
        assert answers == ["done", "done"], answers
        assert facts("described", action.uid) == 1

    return [lambda: describe(action=action, said={"funding": "cpf"}, by=lead)] * 2, count


def _describe_a_trainee_twice(world: Any) -> Pair:
    action, lead, member = _action(world), world[1], world[2][0]

    def count(answers: list[str]) -> None:
        assert answers == ["done", "done"], answers
        assert Trainee.objects.filter(action=action, member=member).count() == 1
        assert Entry.objects.filter(fact="trainee.described", about=str(action.uid)).count() == 1

    return [lambda: describe_trainee(action=action, member=member, by=lead, category="private")] * 2, count


def _draw_up_twice(world: Any) -> Pair:
    """One declaration of a year has one draft, whoever asks."""
    organisation, lead, _members, _course = world
    year = 2020 + Draft.objects.filter(organisation=organisation).count()

    def count(answers: list[str]) -> None:
        assert answers == ["done", "done"], answers
        assert Draft.objects.filter(organisation=organisation, name="bpf", year=year).count() == 1

    return [lambda: draw_up(organisation=organisation, name="bpf", year=year, by=lead)] * 2, count


def _wish(world: Any) -> Wish:
    return Wish((world[3],), clock.today(world[0].time_zone))


def _attest_twice(world: Any) -> Pair:
    """One form, pressed twice: one attestation."""
    organisation, lead, key = world[0], world[1], new_key()
    before = Attestation.objects.filter(organisation=organisation).count()

    def count(answers: list[str]) -> None:
        assert answers == ["done", "done"], answers
        assert Attestation.objects.filter(organisation=organisation).count() == before + 1

    return [lambda: attest(organisation=organisation, wish=_wish(world), by=lead, key=key)] * 2, count


def _asked_for(world: Any) -> Attestation:
    made = attest(organisation=world[0], wish=_wish(world), by=world[1])
    return Attestation.objects.select_related("organisation", "asked_by", "replaces").get(pk=made.pk)


def _make_twice(world: Any) -> Pair:
    """Two workers at one attestation: it is recorded once, with the files that are kept."""
    attestation = _asked_for(world)

    def count(answers: list[str]) -> None:
        assert answers == ["done", "done"], answers
        kept = Attestation.objects.get(pk=attestation.pk)
        [said] = Entry.objects.filter(fact="attestation.issued", object_id=str(kept.uid))
        assert (said.content["result"]["sha256"], said.content["result"]["annex_sha256"]) == (kept.pdf, kept.annex)

    return [lambda: make(Attestation.objects.select_related("organisation").get(pk=attestation.pk))] * 2, count


def _revoke_twice(world: Any) -> Pair:
    attestation = _asked_for(world)
    make(attestation)

    def count(answers: list[str]) -> None:
        assert sorted(answers) == ["NotValid", "done"], answers
        assert facts("revoked", attestation.uid) == 1

    return [lambda: revoke(attestation=attestation, by=world[1], reason="It was wrong.")] * 2, count


def _replace_and_revoke(world: Any) -> Pair:
    """Of one that is replaced and revoked at once, it counts no more either way, and each says what it found."""
    attestation = _asked_for(world)
    make(attestation)
    other = attest(organisation=world[0], wish=Wish((world[3],), attestation.day, replaces=attestation), by=world[1])
    other = Attestation.objects.select_related("organisation", "asked_by", "replaces").get(pk=other.pk)

    def count(answers: list[str]) -> None:
        assert answers[0] == "done", answers
        kept = Attestation.objects.get(pk=attestation.pk)
        assert bool(kept.revoked_at) == (answers[1] == "done")
        assert kept.revoked_at or kept.superseded_at

    return [lambda: make(other), lambda: revoke(attestation=attestation, by=world[1], reason="Wrong.")], count


FEW = PAIRS if IS_THOROUGH else min(PAIRS, 3)  # each typesets and seals pages
RACES = {
    "describing an action": Race(_world, _describe_twice),
    "describing a trainee": Race(_world, _describe_a_trainee_twice),
    "drawing up a declaration": Race(_world, _draw_up_twice),
    "attesting": Race(_world, _attest_twice),
    "making an attestation": Race(_world, _make_twice, FEW),
    "revoking an attestation": Race(_world, _revoke_twice, FEW),
    "replacing an attestation and revoking it": Race(_world, _replace_and_revoke, FEW),
}
