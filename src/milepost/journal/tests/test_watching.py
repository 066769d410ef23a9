"""What a process wrote last is looked after until a seal covers it: nothing that is written later names it."""

import pytest

from milepost.journal import folding, watching
from milepost.journal.erasing import erase
from milepost.journal.facts import MISSED
from milepost.journal.models import Entry
from milepost.journal.sealing import seal
from milepost.journal.tests.exercises import identity_of
from milepost.journal.tests.test_chaining import ANNA, remove, tamper, write
from milepost.journal.tiles import BrokenTree
from milepost.journal.verification import verify

__all__ = ("tamper",)


@pytest.fixture
def committed(django_capture_on_commit_callbacks):
    """Write so many entries, one after another, and hear that they were committed."""

    def written(count=1):
        with django_capture_on_commit_callbacks(execute=True):
            return [entry for _number in range(count) for entry in write()]

    return written


def told():
    return list(Entry.objects.filter(fact=MISSED.name).values_list("object_id", flat=True))


def test_the_last_entry_that_a_process_wrote_is_told_of_when_it_is_gone_before_its_seal(tamper, committed):
    entries = committed(3)
    remove(tamper, entries[2])
    watching.look()
    watching.look()
    assert told() == [bytes(entries[2].mark).hex()]
    assert seal(7).size == 3
    assert (verify(7).finding, verify(7).missed) == (None, (str(entries[2].id),))


def test_one_that_was_folded_already_is_told_of_and_nothing_is_sealed_over_it(tamper, committed):
    [entry] = committed()
    folding.fold(7)
    remove(tamper, entry)
    watching.look()
    assert told() == [bytes(entry.mark).hex()]
    with pytest.raises(BrokenTree):
        seal(7)


def test_another_entry_in_its_place_is_not_taken_for_it(tamper, committed):
    first, last = committed(2)
    remove(tamper, last)
    tamper(
        "UPDATE journal_entry SET id = %s WHERE id = %s",
        last.id,
        first.id,
    )
    watching.look()
    assert bytes(last.mark).hex() in told()


def test_what_is_there_is_told_of_by_nobody_and_once_it_is_sealed_no_more_looked_after(
    tamper, committed, django_assert_num_queries
):
    committed(2)
    watching.look()
    seal(7)
    watching.look()
    assert told() == []
    with django_assert_num_queries(0):
        watching.look()


def test_an_entry_that_was_erased_after_its_seal_is_not_missed(tamper, committed):
    [entry] = committed()
    seal(7)
    erase([entry.id], organisation=identity_of(7), by=ANNA, about=ANNA, reason="Asked for")
    watching.look()
    assert told() == []
