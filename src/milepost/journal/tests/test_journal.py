import json

import pytest
import rfc8785
from django.db import DatabaseError, connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from milepost.core.canonical import canonical_json
from milepost.journal.leaves import leaf_hash
from milepost.journal.models import Entry
from milepost.journal.recording import Fact, NoTransaction, Reference, record, record_many
from milepost.journal.tests.exercises import EXERCISE_COMPLETED, identity_of
from milepost.journal.verification import verify

ANNA = Reference("member", "anna", "Anna")
LADDERS = Reference("exercise", "ladders", "Ladders", "ab" * 32)


def write(count=1, organisation_id=7):
    with transaction.atomic():
        for number in range(count):
            record(
                EXERCISE_COMPLETED,
                organisation=identity_of(organisation_id),
                actor=ANNA,
                object=LADDERS,
                result={"score": number},
            )


@pytest.mark.django_db
def test_an_entry_says_who_did_what_to_which_version_when():
    write()
    told = Entry.objects.get().content
    assert told["actor"] == {"type": "member", "id": "anna", "name": "Anna"}
    assert told["verb"] == "completed"
    assert told["object"]["version"] == "ab" * 32
    assert told["time"].endswith("Z")


@pytest.mark.django_db
def test_the_words_are_kept_as_canonical_json():
    write()
    entry = Entry.objects.get()
    assert entry.statement.encode() == canonical_json(json.loads(entry.statement))


@pytest.mark.django_db
def test_the_same_fact_twice_has_two_different_leaves():
    write(2)
    one, other = Entry.objects.all()
    assert bytes(one.leaf) != bytes(other.leaf)


def test_a_fact_outside_of_a_transaction_is_refused():
    with pytest.raises(NoTransaction):
        record_many([Fact(EXERCISE_COMPLETED, ANNA, LADDERS)], organisation=identity_of(7))


@pytest.mark.django_db
@pytest.mark.parametrize("sql", ["UPDATE journal_entry SET verb = 'failed'", "DELETE FROM journal_entry"])
def test_the_database_refuses_to_change_or_delete_an_entry(sql):
    write()
    with pytest.raises(DatabaseError, match="never changed"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)
    assert Entry.objects.get().verb == "completed"


def tamper(sql, *parameters):
    """As somebody with full access to the database would: without the triggers."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("ALTER TABLE journal_entry DISABLE TRIGGER USER")
        else:
            cursor.execute("DROP TRIGGER journal_entry_no_update")
        cursor.execute(sql, parameters)


@pytest.mark.django_db
def test_a_journal_that_nobody_touched_holds():
    write(5)
    assert verify(7).checked == 5
    assert verify(7).finding is None


@pytest.mark.django_db
def test_an_entry_whose_words_were_changed_is_named():
    write(5)
    third = Entry.objects.order_by("id")[2]
    tamper("UPDATE journal_entry SET statement = %s WHERE id = %s", third.statement.replace("Anna", "Otto"), third.id)
    found = verify(7)
    assert (found.checked, found.finding.entry_id) == (2, third.id)
    assert "words" in found.finding.reason


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("verb", "failed"),
        ("actor_id", "otto"),
        ("object_id", "x"),
        ("fact", "course.completed"),
        ("about", "x"),
        ("time", "2020-01-01 00:00:00+00:00"),
    ],
)
def test_a_column_that_was_changed_beside_the_words_is_named(column, value):
    write(3)
    second = Entry.objects.order_by("id")[1]
    tamper(f"UPDATE journal_entry SET {column} = %s WHERE id = %s", value, second.id)
    assert verify(7).finding.entry_id == second.id


@pytest.mark.django_db
def test_one_organisation_s_journal_is_verified_without_the_others():
    write(2, organisation_id=7)
    write(3, organisation_id=8)
    assert verify(8).checked == 3


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(json_values)
def test_canonical_json_survives_a_round_trip(value):
    assert canonical_json(json.loads(canonical_json(value))) == canonical_json(value)


@given(json_values)
def test_canonical_json_is_what_the_standard_s_implementation_writes(value):
    assert canonical_json(value) == rfc8785.dumps(value)


@pytest.mark.parametrize(
    "value", [float("nan"), 2**53, {1: "a"}, "\ud800", ["\udfff"], {"é": 1.5, "a": "\x1f\u2028\x7f/"}]
)
def test_canonical_json_refuses_and_escapes_as_the_standard_says(value):
    try:
        expected = rfc8785.dumps(value)
    except ValueError:
        with pytest.raises(ValueError):
            canonical_json(value)
    else:
        assert canonical_json(value) == expected


@given(st.binary(min_size=16, max_size=16), st.binary(max_size=50), st.binary(max_size=50))
def test_no_two_statements_share_a_leaf(salt, one, other):
    assert (leaf_hash(salt=salt, statement=one) == leaf_hash(salt=salt, statement=other)) == (one == other)
