"""Whoever has the database alone changes no entry before its seal without being found; a writer that fails raises no alarm."""

import pytest
from django.db import connection, transaction

from milepost.journal import chaining, folding
from milepost.journal.erasing import erase
from milepost.journal.facts import MISSED
from milepost.journal.models import Entry, Tree, Unfolded
from milepost.journal.recording import Fact, Reference, record, record_many
from milepost.journal.sealing import seal
from milepost.journal.tests.exercises import EXERCISE_COMPLETED, identity_of
from milepost.journal.tiles import BrokenTree
from milepost.journal.verification import _Checking, verify

ANNA = Reference("member", "anna", "Anna")
LADDERS = Reference("exercise", "ladders", "Ladders")


def write(count=1, organisation_id=7):
    """Entries one after another, each by a statement of its own."""
    with transaction.atomic():
        return [
            record(EXERCISE_COMPLETED, organisation=identity_of(organisation_id), actor=ANNA, object=LADDERS)
            for _number in range(count)
        ]


def write_at_once(count):
    with transaction.atomic():
        facts = [Fact(EXERCISE_COMPLETED, ANNA, LADDERS, {"score": number}) for number in range(count)]
        record_many(facts, organisation=identity_of(7))


@pytest.fixture
def tamper(db):
    """Run SQL as somebody with full access to the database would: nothing refuses it. What is inserted comes into the queue as ever."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            for trigger in ("journal_entry_frozen ON journal_entry", "journal_tile_grows ON journal_tile"):
                cursor.execute(f"DROP TRIGGER {trigger}")
        else:
            for trigger in ("entry_no_update", "entry_no_delete", "tile_no_update"):
                cursor.execute(f"DROP TRIGGER journal_{trigger}")
        yield lambda sql, *parameters: cursor.execute(sql, parameters)


def remove(tamper, *entries):
    for entry in entries:
        tamper("DELETE FROM journal_entry WHERE id = %s", entry.id)
        tamper("DELETE FROM journal_unsealed WHERE entry_id = %s", entry.id)


def forged(entry, words):
    """The leaf that anybody can compute for other words."""
    return chaining.leaf_hash(salt=bytes(entry.salt), statement=words.encode())


def test_an_entry_that_is_altered_before_its_seal_is_named_and_not_sealed(tamper):
    entries = write(3)
    words = entries[1].statement.replace("Anna", "Otto")
    tamper(
        "UPDATE journal_entry SET statement = %s, leaf = %s WHERE id = %s",
        words,
        forged(entries[1], words),
        entries[1].id,
    )
    assert verify(7).finding.entry_id == entries[1].id
    assert seal(7).size == 2
    assert list(Unfolded.objects.values_list("entry_id", flat=True)) == [entries[1].id]
    assert verify(7).finding.entry_id == entries[1].id


@pytest.mark.parametrize("column", ["fact", "verb", "actor_id", "object_id", "about", "holder", "also"])
def test_a_column_that_is_altered_before_its_seal_is_not_sealed(tamper, column):
    entries = write(2)
    tamper(f"UPDATE journal_entry SET {column} = 'otto' WHERE id = %s", entries[1].id)
    assert seal(7).size == 1
    assert verify(7).finding.entry_id == entries[1].id


def test_an_entry_that_is_removed_before_its_seal_with_its_place_in_the_queue_is_named_by_what_was_written_next(tamper):
    entries = write(4)
    remove(tamper, entries[1])
    finding = verify(7).finding
    assert (finding.entry_id, "removed before its seal" in finding.reason) == (entries[1].id, True)


def test_so_is_one_that_is_removed_with_all_that_its_writer_wrote_since(tamper):
    entries = write(4)
    remove(tamper, *entries[1:])
    assert verify(7).finding is None  # nobody knows of them yet
    write()
    assert verify(7).finding.entry_id == entries[3].id


def test_that_an_entry_is_gone_becomes_a_fact_as_soon_as_the_next_is_taken_into_the_tree(tamper):
    entries = write(4)
    remove(tamper, entries[1])
    folding.fold(7)
    seal(7)
    told = Entry.objects.get(fact=MISSED.name)
    assert told.content["object"]["name"] == str(entries[1].id)
    assert told.content["result"] == {"named_by": bytes(entries[2].leaf).hex()}
    found = verify(7)
    assert (found.finding, found.missed) == (None, (str(entries[1].id),))


def test_that_it_is_gone_is_told_once(tamper):
    entries = write(4)
    folding.fold(7)
    remove(tamper, entries[1])
    tile = tiles_without(entries[1])
    tamper("UPDATE journal_tile SET hashes = %s, entries = %s WHERE level = 0", *tile)
    tamper("UPDATE journal_tree SET size = 3, indexed = 0")
    seal(7)
    seal(7)
    write()
    seal(7)
    assert Entry.objects.filter(fact=MISSED.name).count() == 1


def tiles_without(entry):
    """The hashes and entries of the first tile, rewritten by somebody who takes an entry out of it."""
    from array import array

    left = [one for one in Entry.objects.order_by("id") if one.id != entry.id]
    return b"".join(bytes(one.leaf) for one in left), array("q", [one.id for one in left]).tobytes()


def test_an_entry_of_many_that_one_statement_wrote_is_missed(tamper):
    write()
    write_at_once(5)
    write()
    entries = list(Entry.objects.order_by("id"))
    remove(tamper, entries[3])
    assert verify(7).finding.entry_id == entries[3].id


def test_two_entries_that_are_swapped_before_their_seal_are_named(tamper):
    entries = write(4)
    one, other = entries[1].id, entries[2].id
    for before, after in ((one, -1), (other, one), (-1, other)):
        tamper("UPDATE journal_entry SET id = %s WHERE id = %s", after, before)
    assert verify(7).finding.entry_id in {one, other}


def test_an_entry_that_is_inserted_without_the_secret_is_named_and_not_sealed(tamper):
    entry = write(2)[1]
    columns = ", ".join(name for name in chaining.Row._fields if name not in ("id", "statement", "leaf"))
    words = entry.statement.replace("Anna", "Otto")
    tamper(
        f"INSERT INTO journal_entry ({columns}, statement, leaf) SELECT {columns}, %s, %s FROM journal_entry WHERE id = %s",
        words,
        forged(entry, words),
        entry.id,
    )
    inserted = Entry.objects.latest("id")
    assert verify(7).finding.entry_id == inserted.id
    assert seal(7).size == 2


@pytest.mark.parametrize("seals", [False, True])
def test_an_entry_that_is_written_a_second_time_as_it_is_is_named(tamper, seals):
    """Its mark is ours, and its leaf is that of its words."""
    entry = write(2)[1]
    columns = ", ".join(name for name in chaining.Row._fields if name != "id")
    tamper(f"INSERT INTO journal_entry ({columns}) SELECT {columns} FROM journal_entry WHERE id = %s", entry.id)
    if seals:
        seal(7)
    finding = verify(7).finding
    assert (finding.entry_id, "a copy" in finding.reason) == (Entry.objects.latest("id").id, True)


def test_an_entry_that_is_altered_together_with_the_tree_is_not_sealed(tamper):
    entries = write(2)
    folding.fold(7)
    words = entries[1].statement.replace("Anna", "Otto")
    leaf = forged(entries[1], words)
    tamper("UPDATE journal_entry SET statement = %s, leaf = %s WHERE id = %s", words, leaf, entries[1].id)
    tamper("UPDATE journal_tile SET hashes = %s WHERE level = 0", bytes(entries[0].leaf) + leaf)
    with pytest.raises(BrokenTree):
        seal(7)
    assert verify(7).finding.entry_id == entries[1].id


def test_an_entry_that_is_moved_to_another_journal_before_its_seal_is_named(tamper):
    entries = write(2)
    tamper("UPDATE journal_entry SET organisation_id = 8 WHERE id = %s", entries[1].id)
    tamper("UPDATE journal_unsealed SET organisation_id = 8 WHERE entry_id = %s", entries[1].id)
    assert verify(8).finding.entry_id == entries[1].id
    write()
    tamper("UPDATE journal_entry SET organisation_id = 999 WHERE id = %s", entries[1].id)  # of nobody
    tamper("DELETE FROM journal_unsealed WHERE entry_id = %s", entries[1].id)
    assert verify(7).finding.entry_id == entries[1].id


def test_entries_that_stay_in_the_queue_hold_up_no_others(tamper, monkeypatch):
    monkeypatch.setattr(folding, "BATCH", 2)
    entries = write(6)
    for entry in entries[:3]:
        tamper("UPDATE journal_entry SET about = 'x' WHERE id = %s", entry.id)
    assert folding.fold(7) == 3


@pytest.mark.django_db
def test_many_that_one_statement_wrote_hold_also_where_they_come_into_the_tree_in_parts(monkeypatch):
    monkeypatch.setattr(folding, "BATCH", 3)
    write_at_once(10)
    write(3)
    write_at_once(4)
    seal(7)
    assert (verify(7).finding, verify(7).missed) == (None, ())


@pytest.mark.django_db
def test_what_is_rolled_back_is_missed_by_nobody():
    write()
    with transaction.atomic():
        record(EXERCISE_COMPLETED, organisation=identity_of(7), actor=ANNA, object=LADDERS)
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            record(EXERCISE_COMPLETED, organisation=identity_of(7), actor=ANNA, object=LADDERS)
            with transaction.atomic():
                record(EXERCISE_COMPLETED, organisation=identity_of(7), actor=ANNA, object=LADDERS)
            raise ZeroDivisionError
        record(EXERCISE_COMPLETED, organisation=identity_of(7), actor=ANNA, object=LADDERS)
    assert verify(7).finding is None
    seal(7)
    assert verify(7).missed == ()


@pytest.mark.django_db
def test_a_writer_goes_on_from_what_it_committed_last(django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        first = write()[0]
    connection.run_on_commit.clear()  # as after the transaction
    second = write()[0]
    assert (second.after_id, bytes(second.after)) == (first.id, bytes(first.mark))


@pytest.mark.django_db
def test_an_entry_that_was_erased_before_its_seal_is_missed_by_nobody():
    entries = write(3)
    with transaction.atomic():
        erase([entries[1].id], organisation=identity_of(7), by=ANNA, about=ANNA, reason="Asked for")
    seal(7)
    assert (verify(7).finding, Tree.objects.get(pk=7).size) == (None, 4)


def erased_while_it_is_read(entry, monkeypatch, *, before=lambda: None):
    """Verify while the entry is erased, just before it is read, and the fact of that comes into the tree just after it was."""
    read, size = _Checking._entries, _Checking.size

    def erasing(self, numbers):
        before()
        with transaction.atomic():
            erase([entry.id], organisation=identity_of(7), by=ANNA, about=ANNA, reason="Asked for")
        return read(self, numbers)

    def folding_first(self):
        folding.fold(7)
        size(self)

    monkeypatch.setattr(_Checking, "_entries", erasing)
    monkeypatch.setattr(_Checking, "size", folding_first)
    return verify(7).finding


@pytest.mark.django_db
def test_what_is_erased_while_somebody_verifies_raises_no_alarm(monkeypatch):
    entries = write(3)
    seal(7)
    assert erased_while_it_is_read(entries[1], monkeypatch) is None


@pytest.mark.django_db
def test_nor_does_what_is_sealed_and_then_erased_while_somebody_verifies(monkeypatch):
    entries = write(3)
    seal(7)
    entries = write(3)
    folding.fold(7)
    assert erased_while_it_is_read(entries[1], monkeypatch, before=lambda: seal(7)) is None


@pytest.mark.django_db
def test_what_waited_when_the_secret_was_changed_is_sealed(settings):
    write(2)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another-secret-" + "y" * 40
    write(2)
    assert verify(7).finding is None
    assert folding.fold(7) == 4


@pytest.mark.django_db
def test_another_secret_marks_nothing_as_ours(settings):
    [entry] = write()
    settings.SECRET_KEY = "another-secret-" + "y" * 40
    assert folding.fold(7) == 0
    assert verify(7).finding.entry_id == entry.id
