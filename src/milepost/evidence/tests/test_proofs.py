import json
from datetime import timedelta

import pytest
from django.db import transaction

from milepost import verify as verifier
from milepost.core import clock
from milepost.evidence.tests.archives import complaint
from milepost.evidence.tests.authorities import certified
from milepost.journal.erasing import erase
from milepost.journal.models import Entry
from milepost.journal.proofs import inclusion_proof
from milepost.journal.recording import SYSTEM
from milepost.journal.sealing import seal
from milepost.journal.timestamping import NoStamp, stamp_newest
from milepost.people.granting import grant
from milepost.people.roles import Role

pytestmark = pytest.mark.django_db


@pytest.fixture
def proof(complete, tmp_path):
    seal(complete.organisation_id)
    path = tmp_path / "proof.json"
    path.write_text(json.dumps(inclusion_proof(Entry.objects.filter(verb="closed").first())))
    return path


def test_the_proof_of_a_fact_is_checked_without_us(proof):
    assert "Tess Okafor closed" in verifier.verify(proof).holds[0]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            lambda proof_content: proof_content["entry"].update(
                statement=proof_content["entry"]["statement"].replace("closed", "signed")
            ),
            "The fact was changed",
        ),
        (lambda proof_content: proof_content.update(index=proof_content["index"] + 1), "does not lead from the fact"),
        (lambda proof_content: proof_content["path"].pop(), "does not lead from the fact"),
        (
            lambda proof_content: proof_content["seal"].update(
                statement=proof_content["seal"]["statement"].replace('"time":"20', '"time":"19')
            ),
            "The seal was changed",
        ),
        (lambda proof_content: proof_content.update(type="other"), "not the proof of a fact"),
        (lambda proof_content: proof_content["entry"].pop("salt"), "can’t be read"),
    ],
)
def test_a_proof_that_was_altered_is_refused_and_says_where(proof, change, words):
    proof_content = json.loads(proof.read_text())
    change(proof_content)
    proof.write_text(json.dumps(proof_content))
    assert words in complaint(proof)


def test_the_proof_of_a_fact_that_was_erased_still_stands_for_it(complete, tmp_path):
    fact = Entry.objects.filter(verb="closed").first()
    with transaction.atomic():
        erase([fact.pk], organisation=complete.organisation, by=SYSTEM, about=complete.as_reference(), reason="Law")
    seal(complete.organisation_id)
    path = tmp_path / "proof.json"
    path.write_text(json.dumps(inclusion_proof(Entry.objects.get(pk=fact.pk))))
    assert (
        verifier.verify(path)
        .holds[0]
        .startswith("A fact whose words are not told (erased, or left out of the proof) is number")
    )


def test_a_time_stamp_may_be_anybodys_so_its_certificate_is_told_and_it_is_not_older_than_the_seal(
    course, organisation, tmp_path, settings, authority
):
    """Whoever has the proof can put a stamp of their own beside the seal, under any name: it must not date it back."""
    settings.TIMESTAMP_URL, path = authority[0], tmp_path / "proof.json"
    entry = Entry.objects.earliest("pk")  # of a journal of today: the authority knows no other clock
    seal(organisation.pk)
    stamp_newest(organisation.pk)
    path.write_text(json.dumps(inclusion_proof(entry)))
    report = verifier.verify(path)
    assert any("dates the seal" in line for line in report.holds)
    assert any("is one that nobody vouched for here" in line for line in report.notes)
    with clock.at(clock.now() + timedelta(hours=1)), transaction.atomic():
        erase(
            [entry.pk],
            organisation=organisation,
            by=SYSTEM,
            about=course.as_reference(),
            reason="Law",
        )
        newest = seal(organisation.pk)
        with pytest.raises(NoStamp, match="a clock is wrong"):
            stamp_newest(organisation.pk)
    certified().stamp(newest)
    path.write_text(json.dumps(inclusion_proof(entry)))
    assert "is older than the seal that it dates" in complaint(path)


def test_a_seal_that_stays_in_order_after_a_clock_went_back_may_be_dated_by_what_the_clock_said(
    organisation, lead, tmp_path, settings, authority
):
    settings.TIMESTAMP_URL, path = authority[0], tmp_path / "proof.json"
    with clock.at(clock.now() + timedelta(days=1)):
        seal(organisation.pk)
    grant(member=lead, role=Role.AUTHOR)
    seal(organisation.pk)
    stamp_newest(organisation.pk)
    path.write_text(json.dumps(inclusion_proof(Entry.objects.latest("pk"))))
    assert any("dates the seal" in line for line in verifier.verify(path).holds)
