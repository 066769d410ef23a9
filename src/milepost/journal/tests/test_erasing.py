import pytest
from django.db import DatabaseError, transaction
from hypothesis import given
from hypothesis import strategies as st

from milepost.journal.erasing import Erased, as_ranges, erase, ranges_in
from milepost.journal.models import Entry
from milepost.journal.phrases import phrase
from milepost.journal.proofs import inclusion_proof
from milepost.journal.recording import Fact, Reference, record_many
from milepost.journal.sealing import seal
from milepost.journal.sparse import without_uid
from milepost.journal.tests.exercises import EXERCISE_COMPLETED, identity_of
from milepost.journal.verification import verify

ANNA, BORIS = Reference("member", "anna", "Anna"), Reference("member", "boris", "Boris")
LEAD = Reference("member", "lead", "Claire")


def write(*people):
    facts = [Fact(EXERCISE_COMPLETED, person, Reference("exercise", "ladders", "Ladders")) for person in people]
    with transaction.atomic():
        record_many(facts, organisation=identity_of(7))


def erase_anna():
    entries = Entry.objects.filter(actor_id="anna").values_list("id", flat=True)
    return erase(entries, organisation=identity_of(7), by=LEAD, about=ANNA, reason="Asked for")


@given(st.sets(st.integers(1, 400)))
def test_numbers_come_back_from_their_ranges(numbers):
    assert [number for part in ranges_in(as_ranges(sorted(numbers))) for number in part] == sorted(numbers)


@given(st.sets(st.integers(0, 60)), st.lists(st.sets(st.integers(0, 60)), max_size=4))
def test_what_no_erasure_names_is_found(wordless, erasures):
    erased = Erased()
    for places in erasures:
        erased.add({"places": as_ranges(sorted(places))})
    found = erased.left_out({100 + place: (b"leaf", place) for place in wordless})
    assert sorted(found) == sorted(100 + place for place in wordless.difference(*erasures))


def test_an_erasure_that_claims_to_name_everything_is_read_at_once():
    erased = Erased()
    erased.add({"places": "0-999999999999999"})
    assert erased.left_out({1: (b"leaf", 10**14)}) == []


@pytest.mark.django_db
def test_an_erasure_takes_the_words_and_leaves_every_proof():
    write(ANNA, BORIS, ANNA)
    seal(7)
    before = inclusion_proof(Entry.objects.get(actor_id="boris"))
    assert erase_anna() == 2
    assert not Entry.objects.filter(statement__contains="Anna", verb="completed").exists()
    assert Entry.objects.get(actor_id="boris").statement == before["entry"]["statement"]
    seal(7)
    assert verify(7).finding is None
    assert verify(7).checked == 4
    erased = Entry.objects.filter(statement="").earliest("id")
    assert not Entry.objects.filter(actor_id="anna").exists()
    assert (erased.verb, erased.object_id, erased.whose) == ("", "", without_uid("anna"))
    assert inclusion_proof(erased)["leaf"] == bytes(erased.leaf).hex()
    assert phrase(erased, "anna") == "Erased, as the law asks"


@pytest.mark.django_db
def test_what_waits_for_its_seal_can_be_erased_as_well():
    write(ANNA, BORIS)
    erase_anna()
    assert verify(7).finding is None
    seal(7)
    assert verify(7).finding is None


@pytest.mark.django_db
def test_erasing_again_erases_nothing_and_says_nothing():
    write(ANNA)
    erase_anna()
    assert erase_anna() == 0
    assert Entry.objects.filter(verb="erased").count() == 1


@pytest.mark.django_db
def test_words_that_vanish_without_an_erasure_are_found():
    write(ANNA, BORIS)
    seal(7)
    boris = Entry.objects.get(actor_id="boris")
    Entry.objects.filter(pk=boris.pk).update(statement="", salt=b"")
    erase_anna()
    assert verify(7).finding.entry_id == boris.pk
    assert "no erasure in the journal names it" in verify(7).finding.reason


@pytest.mark.django_db
@pytest.mark.parametrize(
    "change",
    [
        {"statement": "", "salt": b"", "verb": "failed"},
        {"statement": ""},
        {"statement": "{}", "salt": b""},
        {"leaf": b"1"},
    ],
)
def test_the_database_takes_no_change_but_a_whole_erasure(change):
    write(ANNA)
    with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
        Entry.objects.update(**change)


@pytest.mark.django_db
def test_what_was_erased_can_not_be_given_other_words():
    write(ANNA)
    erase_anna()
    with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
        Entry.objects.filter(actor_id="anna").update(statement='{"a": 1}', salt=b"0" * 16)
