"""Races of the journal: whoever folds, seals, or makes the index of an earlier journal at the same moment."""

from uuid import uuid4

from django.db import transaction

from milepost.journal import folding
from milepost.journal.models import IndexPage, Tree
from milepost.journal.recording import Fact, Reference, record_many
from milepost.journal.sealing import index_of, seal
from milepost.journal.verification import verify
from milepost.learning.facts import COURSE_COMPLETED
from tests.racing import Pair, Race, house, no_fault


def _catch_up_while_facts_come(_world: object) -> Pair:
    """A journal from before the index catches up while facts are folded and sealed: its index is that of all of them."""
    organisation, _lead, people = house()
    number = organisation.pk

    def write() -> None:
        course = Reference("course", str(uuid4()), "Ladders")
        done = [Fact(COURSE_COMPLETED, person.as_reference(), course, {}, {"version": 1}) for person in people] * 20
        with transaction.atomic():
            record_many(done, organisation=organisation)

    def fold() -> None:
        write()
        folding.fold(number)

    write()
    folding.fold(number)
    with transaction.atomic():
        folding.lock(number)
        IndexPage.objects.filter(organisation_id=number).delete()
        Tree.objects.filter(pk=number).update(indexed=0)

    def count(answers: list[str]) -> None:
        no_fault(answers)
        assert folding.catch_up(number)
        write()
        made = seal(number)
        assert made
        assert index_of(made)
        assert verify(number).finding is None, verify(number)

    return [lambda: folding.catch_up(number), fold, lambda: seal(number), lambda: folding.catch_up(number)], count


RACES = {"catching up with an earlier journal": Race(lambda: None, _catch_up_while_facts_come)}
