"""A demonstration is one from birth, says so in each fact and each seal, and nothing else tells stories of other days."""

import json
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction

import tests
from milepost.core import clock
from milepost.journal.models import Entry, Seal
from milepost.journal.organisations import identity_of
from milepost.journal.recording import MovedClock, record
from milepost.journal.sealing import seal
from milepost.journal.tiles import BrokenTree
from milepost.journal.verification import verify
from milepost.people.facts import MEMBER_JOINED
from milepost.people.models import Organisation
from milepost.people.organisations import create_organisation

pytestmark = pytest.mark.django_db
YESTERDAY = clock.now() - timedelta(days=1)


@pytest.fixture
def demonstration(db):
    return create_organisation(slug="stories", name="Stories", is_demonstration=True)


@pytest.fixture
def _as_it_runs(monkeypatch):
    monkeypatch.setattr(clock, "may_be_recorded", tests.may_be_recorded)


def join(organisation, name="anna"):
    from milepost.journal.recording import Reference

    anna = Reference("member", name, "Anna")
    with transaction.atomic():
        return record(MEMBER_JOINED, organisation=organisation, actor=anna, object=anna)


@pytest.fixture
def turn(db):
    """Have the database say something else of an organisation, as whoever owns it can."""

    def run(organisation, value):
        with connection.cursor() as cursor:
            on = " ON people_organisation" if connection.vendor == "postgresql" else ""
            cursor.execute(f"DROP TRIGGER people_demonstration_stays{on}")
        Organisation.objects.filter(pk=organisation.pk).update(is_demonstration=value)

    return run


@pytest.mark.usefixtures("_as_it_runs")
def test_nothing_is_recorded_or_sealed_in_a_moved_clock_but_of_a_demonstration(organisation, demonstration):
    join(organisation)
    with clock.at(YESTERDAY):
        assert join(demonstration).content["demonstration"] is True
        assert seal(demonstration.pk).size == 2
        with pytest.raises(MovedClock):
            join(organisation)
        with pytest.raises(MovedClock):
            seal(organisation.pk)
    assert seal(organisation.pk).size == 2


def test_each_fact_and_each_seal_of_a_demonstration_says_so_and_no_other(organisation, demonstration):
    for each in (organisation, demonstration):
        join(each)
        seal(each.pk)
    for each in (organisation, demonstration):
        said = [entry.content for entry in Entry.objects.filter(organisation_id=each.pk)]
        said.append(json.loads(Seal.objects.get(organisation_id=each.pk).statement))
        assert {"demonstration" in one for one in said} == {each == demonstration}
        assert verify(each.pk).finding is None


@pytest.mark.parametrize("is_one", [True, False])
def test_no_organisation_becomes_one_or_ceases_to_be_one(is_one):
    made = create_organisation(slug="stories", name="Stories", is_demonstration=is_one)
    made.is_demonstration = not is_one
    with pytest.raises(DatabaseError, match="from birth or never"), transaction.atomic():
        made.save()
    with pytest.raises(DatabaseError, match="from birth or never"), transaction.atomic():
        Organisation.objects.update(is_demonstration=not is_one)
    Organisation.objects.update(name="Other stories", is_demonstration=is_one)


@pytest.mark.parametrize("is_one", [True, False])
def test_an_organisation_that_is_turned_past_the_database_s_refusal_is_found_and_sealed_no_more(turn, is_one):
    made = create_organisation(slug="stories", name="Stories", is_demonstration=is_one)
    seal(made.pk)
    turn(made, not is_one)
    first = Entry.objects.get()
    assert verify(made.pk).finding.entry_id == first.id
    assert "turned" in verify(made.pk).finding.reason
    join(identity_of(made.pk))
    with pytest.raises(BrokenTree):
        seal(made.pk)


def test_the_demonstration_of_an_earlier_version_is_marked_from_now_on_and_holds(turn):
    made = create_organisation(slug="aldermoor", name="Aldermoor")
    seal(made.pk)
    turn(made, True)  # as the update does
    join(identity_of(made.pk))
    assert json.loads(seal(made.pk).statement)["demonstration"] is True
    assert verify(made.pk).finding is None
