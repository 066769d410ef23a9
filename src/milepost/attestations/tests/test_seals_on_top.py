"""A provider seals an attestation, too, and both verifiers take it for what the organisation attests; nobody else's becomes theirs so."""

import pytest

from milepost.attestations.tests import test_attestations
from milepost.attestations.tests.test_attestations import START, Wish, attested, certify, people_are
from milepost.core import blobs, clock
from milepost.documents.sealing import seal_pdf
from milepost.documents.tests import test_provider_seals
from milepost.documents.tests.test_provider_seals import ask_provider
from milepost.journal import keys
from milepost.people.organisations import create_organisation
from milepost.verify import Broken, verify
from milepost.verify.pdf_seals import seals_in
from tests.second_verifier import answers

pytestmark = pytest.mark.django_db
organisation, lead, course = test_attestations.organisation, test_attestations.lead, test_attestations.course
running, provider, credential = (
    test_provider_seals.running,
    test_provider_seals.provider,
    test_provider_seals.credential,
)


@pytest.fixture
def made(credential, organisation, lead, course):
    people_are(organisation, {0: "Oslo", 1: "Nice"}, on=START)
    certify(organisation, course, 0)
    made = attested(organisation, lead, Wish((course,), START.date().replace(day=5)))
    ask_provider()
    made.refresh_from_db()
    return made


@pytest.fixture
def page(made, tmp_path):
    path = tmp_path / "attestation.pdf"
    path.write_bytes(blobs.read(made.organisation.uid, made.pdf))
    return path


def test_an_attestation_with_the_seal_of_a_provider_on_top_holds(page, made, credential):
    own, theirs = seals_in(page.read_bytes())
    assert theirs.key == credential.fingerprint != own.key
    report = verify(page, keys=[own.key, theirs.key])
    assert report.key == own.key
    assert any("2 of" in line or "of 3" in line for line in report.holds)
    named = [str(page), "--key", own.key, "--key", theirs.key]
    assert [status for status, _said in answers([named, [str(page)]])] == [0, 3]


def test_an_attestation_of_others_that_the_organisation_sealed_on_top_is_not_its_own(page, tmp_path):
    above = keys.current_key(create_organisation(slug="above", name="Above").pk)
    brought = tmp_path / "brought.pdf"
    brought.write_bytes(seal_pdf(page.read_bytes(), key=above, time=clock.now(), reason="Agreement"))
    assert verify(brought).key == seals_in(brought.read_bytes())[0].key
    with pytest.raises(Broken, match="was not sealed as one"):
        verify(brought, keys=[above.fingerprint])
    assert [status for status, _said in answers([[str(brought), "--key", above.fingerprint]])] == [1]
