"""A demonstration is one from birth, says so in each fact and each seal, and nothing else tells stories of other days."""

import json
from datetime import timedelta
from unittest.mock import patch

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import translation

import tests
from milepost import verify as verifier
from milepost.core import clock
from milepost.core.jobs import run_all
from milepost.credentials import badges
from milepost.credentials.models import Certificate
from milepost.credentials.tests.conftest import complete
from milepost.credentials.typesetting import page_of, pdf_of
from milepost.journal import sealing
from milepost.journal.models import Entry, Seal
from milepost.journal.organisations import identity_of
from milepost.journal.proofs import inclusion_proof
from milepost.journal.recording import MovedClock, Reference, record
from milepost.journal.sealing import seal
from milepost.journal.subscriptions import tell_all
from milepost.journal.tiles import BrokenTree
from milepost.journal.verification import verify
from milepost.learning.enrolling import enrol
from milepost.people.facts import MEMBER_JOINED
from milepost.people.models import Organisation
from milepost.people.organisations import create_organisation
from tests.worlds import SMALL_COURSE, make_course, make_member

pytestmark = pytest.mark.django_db
YESTERDAY = clock.now() - timedelta(days=1)


@pytest.fixture
def demonstration(db):
    return create_organisation(slug="stories", name="Stories", is_demonstration=True)


@pytest.fixture
def _as_it_runs(monkeypatch):
    monkeypatch.setattr(clock, "may_be_recorded", tests.may_be_recorded)


def join(organisation, name="anna"):
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
        assert seal(demonstration.pk).size == 3
        with pytest.raises(MovedClock):
            join(organisation)
        with pytest.raises(MovedClock):
            seal(organisation.pk)
    assert seal(organisation.pk).size == 3


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
    first = Entry.objects.earliest("id")
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


# --- What people and verifiers see ---


@pytest.fixture
def shown(db):
    """Of a demonstration and of another organisation alike: its lead, a learner, their certificate, and a closed session."""

    def of(*, is_demonstration):
        organisation = create_organisation(slug="shown", name="Shown", is_demonstration=is_demonstration)
        lead, learner = make_member(organisation, "claire", roles=["lead", "owner"]), make_member(organisation, "jonas")
        course = make_course(organisation, SMALL_COURSE, by=lead)
        complete(enrol(member=learner, course=course, by=lead))
        run_all()
        tell_all(organisation.pk)
        run_all()
        return lead, Certificate.objects.select_related("organisation", "enrolment__member").get(
            organisation=organisation
        )

    return of


@pytest.mark.parametrize("is_one", [True, False])
def test_pages_papers_and_badges_of_a_demonstration_say_so_and_no_others(shown, visit, client, is_one):
    lead, certificate = shown(is_demonstration=is_one)
    uid = lead.organisation.uid
    pages = [
        visit(lead).get(lead.organisation.home),
        client.get(f"/verify/{certificate.code}/"),
        client.get(f"/log/{uid}/"),
    ]
    for page in pages:
        assert page.status_code == 200
        assert ('class="demonstration"' in page.content.decode()) is is_one
    with translation.override(certificate.content["language"]):
        assert (
            page_of(certificate)["organisation_facts"][:1] == ["Demonstration: nothing of this took place"]
        ) is is_one
    badge = badges.credential(certificate)
    assert ("demonstration" in badge["issuer"]["name"]) is is_one
    assert (badge["credentialSubject"]["achievement"]["achievementType"] == "ext:Demonstration") is is_one


@pytest.mark.parametrize("is_one", [True, False])
def test_verify_says_of_a_demonstration_that_it_is_one_with_a_status_of_its_own(shown, tmp_path, is_one):
    lead, certificate = shown(is_demonstration=is_one)
    seal(lead.organisation.pk)
    (tmp_path / "badge.svg").write_text(badges.baked_svg(certificate))
    told = inclusion_proof(Entry.objects.filter(organisation_id=lead.organisation_id, verb="completed").first())
    (tmp_path / "fact.json").write_text(json.dumps(told))
    (tmp_path / "certificate.pdf").write_bytes(pdf_of(certificate))
    for name in ("badge.svg", "fact.json", "certificate.pdf"):
        said = []
        status = verifier.main([str(tmp_path / name)], say=said.append)
        assert (status, any(line.startswith("This is a demonstration") for line in said)) == (
            4 if is_one else 3,
            is_one,
        )


def test_a_seal_that_says_nothing_of_the_demonstration_over_facts_that_do_is_found(demonstration, tmp_path):
    entry = join(demonstration)
    with patch.object(sealing, "whose_of", lambda organisation: {"organisation": str(organisation.uid)}):
        seal(demonstration.pk)  # as whoever holds the key could
    (tmp_path / "fact.json").write_text(json.dumps(inclusion_proof(entry)))
    said = []
    assert verifier.main([str(tmp_path / "fact.json")], say=said.append) == 1
    assert "the seal over them does not" in said[0]
