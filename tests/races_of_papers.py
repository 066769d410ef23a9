"""Races of what is made about people: attestations, certificates, declarations; of who makes it, and of keys that change meanwhile."""

import io
from datetime import date, timedelta
from itertools import count as numbers
from typing import Any

from milepost.attestations.attesting import Wish, attest, make
from milepost.attestations.models import Attestation
from milepost.core import blobs, clock
from milepost.credentials.issuing import issue_for_completions, issue_missing
from milepost.credentials.models import Certificate
from milepost.declarations.describing import describe, describe_trainee
from milepost.declarations.models import Described, Trainee
from milepost.declarations.proving import refresh
from milepost.evidence.actions import ActionPlan, open_action
from milepost.evidence.erasing import erase_person
from milepost.journal import keys
from milepost.journal.models import Entry, SigningKey
from milepost.people.models import Organisation
from milepost.people.organisations import create_organisation
from milepost.receipts.making import take_receipt
from milepost.verify.receipt import read_receipt
from tests.races_of_receipts import made_learner, make_world
from tests.racing import PAIRS, Pair, Race, facts
from tests.thorough import IS_THOROUGH

_numbers = numbers(1)
FEW = PAIRS if IS_THOROUGH else min(PAIRS, 3)  # each seals or packs


def _attest_and_erase(world: Any) -> Pair:
    """Whoever is erased while an attestation is made stands in no list of it."""
    learner = made_learner(world)
    asked = attest(organisation=world[0], wish=Wish((world[3],), clock.today(world[0].time_zone)), by=world[1])
    asked = Attestation.objects.select_related("organisation", "asked_by", "replaces").get(pk=asked.pk)

    def count(answers: list[str]) -> None:
        assert answers == ["done", "done"], answers
        kept = Attestation.objects.get(pk=asked.pk)
        assert kept.pdf
        assert not kept.annex or str(learner.uid).encode() not in blobs.read(world[0].uid, kept.annex)

    return [lambda: make(asked), lambda: erase_person(member=learner, by=world[1])], count


def _replace_twice(world: Any) -> Pair:
    """One counts instead of another, and the second is told in words."""
    wish = Wish((world[3],), clock.today(world[0].time_zone))
    made = attest(organisation=world[0], wish=wish, by=world[1])
    make(Attestation.objects.select_related("organisation", "asked_by", "replaces").get(pk=made.pk))
    again = Wish(wish.courses, wish.day, replaces=made)

    def count(answers: list[str]) -> None:
        assert sorted(answers) == ["InvalidAttestation", "done"], answers
        assert Attestation.objects.filter(replaces=made).count() == 1

    return [lambda: attest(organisation=world[0], wish=again, by=world[1])] * 2, count


def _described(world: Any) -> Any:
    organisation, lead, members, _course = world
    day = date(2026, 11, 26)
    plan = ActionPlan(title="T", profile="fr", starts_on=day, ends_on=day, minutes=60, members=members)
    action = open_action(organisation=organisation, plan=plan, by=lead)
    describe(action=action, said={"invoiced": 60_000, "invoiced_on": day}, by=lead)
    return action


def _prove_and_describe_a_trainee(world: Any) -> Pair:
    """What is counted of a person and what is said of them at once are both kept."""
    action, lead, member = _described(world), world[1], world[2][0]

    def count(answers: list[str]) -> None:
        assert answers == ["done", "done"], answers
        row = Trainee.objects.get(action=action, member=member)
        assert (row.category, row.unproven_minutes) == ("private", 60)

    return [
        lambda: refresh(action),
        lambda: describe_trainee(action=action, member=member, by=lead, category="private"),
    ], count


def _prove_and_describe(world: Any) -> Pair:
    action, lead = _described(world), world[1]

    def count(answers: list[str]) -> None:
        assert answers == ["done", "done"], answers
        row = Described.objects.get(action=action)
        assert (row.funding, row.people, row.unproven_minutes, row.at_risk) == ("cpf", 6, 360, 60_000), vars(row)

    return [lambda: refresh(action), lambda: describe(action=action, said={"funding": "cpf"}, by=lead)], count


def _make_one_organisation_twice(_world: Any) -> Pair:
    """It is for demonstration from birth or never, and says so by one fact; who it is, by another."""
    slug = f"born-{next(_numbers)}"

    def count(answers: list[str]) -> None:
        assert sorted(answers) == ["InvalidOrganisation", "done"], answers
        made = Organisation.objects.get(slug=slug)
        told = Entry.objects.filter(organisation_id=made.pk)
        assert sorted(told.values_list("fact", flat=True)) == ["identity.stated", "organisation.created"]
        fact = told.get(fact="organisation.created")
        assert made.is_demonstration == (answers[1] == "done") == bool(fact.content.get("demonstration"))

    return [
        lambda: create_organisation(slug=slug, name="Born"),
        lambda: create_organisation(slug=slug, name="Born", is_demonstration=True),
    ], count


def _issue_three_ways(world: Any) -> Pair:
    """By completing, by hand, and by hand again: one certificate."""
    learner = made_learner(world)
    completion = list(Entry.objects.filter(fact="course.completed", actor_id=str(learner.uid)))
    assert completion

    def count(answers: list[str]) -> None:
        assert answers == ["done"] * 3, answers
        [certificate] = Certificate.objects.filter(enrolment__member=learner)
        assert facts("issued", certificate.uid) == 1

    return [
        lambda: issue_for_completions(completion),
        lambda: issue_missing(course=world[3], by=world[1]),
        lambda: issue_missing(course=world[3], by=world[1]),
    ], count


def _take_and_change_keys(world: Any) -> Pair:
    """A receipt holds, whichever key it was sealed with."""
    learner, got = made_learner(world), io.BytesIO()

    def change() -> None:
        before = keys.current_key(world[0].pk)
        private, certificate = keys._self_made(world[0].pk)
        keys._keep(world[0].pk, keys._encrypted(private), certificate, [])
        keys.revoke(world[0].pk, before.fingerprint, since=clock.now() + timedelta(hours=1), reason="Left")

    def count(answers: list[str]) -> None:
        assert answers == ["done", "done"], answers
        assert SigningKey.objects.filter(organisation_id=world[0].pk, is_current=True).count() == 1
        read_receipt(got)

    return [lambda: take_receipt(member=learner, file=got, by=learner), change], count


RACES = {
    "making an attestation and erasing": Race(make_world, _attest_and_erase, FEW),
    "replacing an attestation twice": Race(make_world, _replace_twice, FEW),
    "counting and describing a trainee": Race(make_world, _prove_and_describe_a_trainee),
    "counting and describing an action": Race(make_world, _prove_and_describe),
    "making an organisation of both sorts": Race(lambda: None, _make_one_organisation_twice),
    "issuing a certificate in three ways": Race(make_world, _issue_three_ways),
    "taking a receipt while keys change": Race(make_world, _take_and_change_keys, FEW),
}
