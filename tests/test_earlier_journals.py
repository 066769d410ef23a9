"""A journal from before the index keeps its entries and what guards them, and gets its index."""

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.migrations.executor import MigrationExecutor

from milepost.journal import folding
from milepost.journal.erasing import erase
from milepost.journal.leaves import leaf_hash, new_salt
from milepost.journal.models import Entry, IndexPage, Tree
from milepost.journal.recording import Fact, Reference, record_many
from milepost.journal.sealing import index_of, seal
from milepost.journal.tests.test_index import root_of_entries
from milepost.journal.verification import verify
from milepost.learning.facts import COURSE_COMPLETED
from milepost.people.models import Organisation
from tests.backup.steps import other_database

BEFORE = [("journal", "0010_revocations")]
COLUMNS = "organisation_id, time, fact, verb, actor_id, object_id, about, statement, salt, leaf"


@pytest.fixture
def organisation(django_db_setup, django_db_blocker, own_database, tmp_path):
    """In a database of the test's own, in which transactions end."""
    url = own_database.get("MILEPOST_DATABASE_URL", f"sqlite:///{tmp_path / 'milepost.sqlite3'}")
    with django_db_blocker.unblock(), other_database(url):
        yield Organisation.objects.get()


def test_a_journal_from_before_the_index_goes_on(organisation):
    number, newest = organisation.pk, MigrationExecutor(connection).loader.graph.leaf_nodes("journal")
    people = [Reference("member", f"m{each}", "Anna") for each in range(20)]
    course = Reference("course", "ladders", "Ladders")
    with transaction.atomic():
        facts = [Fact(COURSE_COMPLETED, person, course, {}, {"version": 1}) for person in people]
        record_many(facts, organisation=organisation)
    folding.fold(number)
    MigrationExecutor(connection).migrate(BEFORE)
    with connection.cursor() as cursor:  # as the version before records one: it waits for its place, and gets its mark
        salt, names = new_salt(), COLUMNS.removesuffix(", salt, leaf")
        cursor.execute("SELECT statement FROM journal_entry WHERE actor_id = 'm1'")
        leaf = leaf_hash(salt=salt, statement=cursor.fetchone()[0].encode())
        one = f"SELECT {names}, %s, %s FROM journal_entry WHERE actor_id = 'm1'"
        cursor.execute(f"INSERT INTO journal_entry ({COLUMNS}) {one}", [salt, leaf])
    MigrationExecutor(connection).migrate(newest)

    assert (Tree.objects.get(pk=number).indexed, IndexPage.objects.count()) == (0, 0)
    made = seal(number)
    assert made.size == Entry.objects.count()
    assert index_of(made) == root_of_entries(number)
    assert verify(number).finding is None
    for change in (
        "UPDATE journal_entry SET holder = 'm2'",
        "UPDATE journal_entry SET also = 'm2'",
        "UPDATE journal_entry SET statement = '', salt = '', also = 'm2'",
        "DELETE FROM journal_entry",
    ):
        with pytest.raises(DatabaseError, match="never changed"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(change)
    some = Entry.objects.filter(object_id="ladders").values_list("id", flat=True)[:3]
    with transaction.atomic():
        assert erase(some, organisation=organisation, by=people[0], about=people[0], reason="Asked for") == 3
    assert index_of(seal(number)) == root_of_entries(number)
    assert verify(number).finding is None
