"""A later dossier is held against an earlier one: whoever keeps the key and the database could begin another journal."""

import pytest
from django.db import transaction

from milepost import verify as verifier
from milepost.classroom.correcting import Change, change_attendance
from milepost.classroom.models import Attendance
from milepost.evidence.dossiers import build
from milepost.evidence.tests.test_completeness import erase_some
from milepost.journal.sealing import seal

pytestmark = pytest.mark.django_db


def told(*arguments):
    said = []
    status = verifier.main([str(word) for word in arguments], say=said.append)
    return status, "\n".join(said)


def built(action, path, member=None):
    with path.open("w+b") as file:
        build(action=action, file=file, member=member)
    return path


@pytest.fixture
def correct(session, people, lead):
    """Say of one of the people that they were not there: two facts more about the session."""

    def say(which):
        row = Attendance.objects.select_related("slot__session__organisation", "participant__member").get(
            slot=session.slots.first(), participant__member=people[which]
        )
        change_attendance(attendance=row, change=Change("absent"), by=lead.as_reference(), why="Mixed up")

    return say


def test_a_later_dossier_has_all_that_the_earlier_one_counted_and_says_how_much(dossier, complete, correct, tmp_path):
    correct(0)
    later = built(complete, tmp_path / "later.zip")
    status, said = told(later, "--earlier", dossier)
    assert (status, "that the earlier dossier counted are in the journal of this one, as they were" in said) == (
        0,
        True,
    )
    status, said = told(dossier, "--earlier", later)
    assert (status, "give the older one as --earlier" in said) == (1, True)


def test_facts_that_were_erased_since_are_still_counted(complete, lead, dossier, tmp_path):
    assert erase_some(complete, lead) > 1
    later = built(complete, tmp_path / "later.zip")
    status, said = told(later, "--earlier", dossier)
    assert (status, "of them were erased" in said, "as they were" in said) == (0, True, True)


@pytest.mark.parametrize("after", [[1], [1, 2], [1, 2, 3], []])
def test_another_journal_that_was_begun_since_is_found_however_it_goes_on(complete, correct, dossier, after, tmp_path):
    """The database is put back to before the facts of the earlier dossier, and others are recorded and sealed in their place."""
    seal(complete.organisation_id)
    before = transaction.savepoint_create()
    correct(0)
    earlier = built(complete, tmp_path / "earlier.zip")
    transaction.savepoint_rollback(before)
    for which in after:
        correct(which)
    later = built(complete, tmp_path / "later.zip")
    assert verifier.verify(later).holds
    status, said = told(later, "--earlier", earlier)
    assert (status, "earlier dossier" in said) == (1, True)


def test_a_dossier_of_one_person_is_held_against_one_of_the_whole_action_in_what_both_count(
    complete, correct, people, dossier, tmp_path
):
    before = transaction.savepoint_create()
    correct(0)
    earlier = built(complete, tmp_path / "earlier.zip")
    one = built(complete, tmp_path / "one.zip", member=people[0])
    assert told(one, "--earlier", earlier)[0] == 0
    transaction.savepoint_rollback(before)
    for which in (1, 2):
        correct(which)
    another = built(complete, tmp_path / "another.zip", member=people[0])
    assert told(another, "--earlier", earlier)[0] == 1
