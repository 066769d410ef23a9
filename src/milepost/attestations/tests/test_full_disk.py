"""A disk that is full while an attestation is made, or sealed by a provider, leaves nothing half made; all is done once there is room."""

from datetime import timedelta

import pytest

from milepost.attestations.attesting import Wish, attest
from milepost.attestations.models import Attestation
from milepost.attestations.tests import test_seals_on_top
from milepost.attestations.tests.test_attestations import START, attested, certify, people_are
from milepost.core import blobs, clock
from milepost.core.jobs import run_all
from milepost.documents.tests.test_provider_seals import ask_provider
from milepost.journal.models import Entry
from milepost.verify.pdf_seals import seals_in
from tests.disks import room_for

pytestmark = pytest.mark.django_db
organisation, lead, course = test_seals_on_top.organisation, test_seals_on_top.lead, test_seals_on_top.course
running, provider, credential = (
    test_seals_on_top.running,
    test_seals_on_top.provider,
    test_seals_on_top.credential,
)


@pytest.fixture
def wish(organisation, course):
    people_are(organisation, {0: "Oslo", 1: "Nice"}, on=START)
    certify(organisation, course, 0)
    return Wish((course,), START.date().replace(day=5))


@pytest.mark.parametrize("files", [0, 1])
def test_an_attestation_is_made_once_there_is_room(organisation, lead, wish, files):
    with clock.at(START + timedelta(days=30)):
        wanted = attest(organisation=organisation, wish=wish, by=lead)
        with room_for(files):
            run_all(queues=["builds"])
        waiting = Attestation.objects.get(pk=wanted.pk)
        assert (waiting.made_at, waiting.pdf, waiting.annex, waiting.content) == (None, "", "", {})
        assert not Entry.objects.filter(fact="attestation.issued").exists()
    with clock.at(START + timedelta(days=31)):
        run_all(queues=["builds"])
    done = Attestation.objects.get(pk=wanted.pk)
    assert done.made_at
    assert len(seals_in(blobs.read(organisation.uid, done.pdf))) == 1
    assert Entry.objects.filter(fact="attestation.issued").count() == 1


def test_the_seal_of_a_provider_is_set_once_there_is_room(credential, organisation, lead, wish):
    paper = attested(organisation, lead, wish)
    before = paper.pdf
    with room_for(0):
        ask_provider()
    paper.refresh_from_db()
    assert (paper.pdf, paper.provider_sealed_at) == (before, None)
    assert not Entry.objects.filter(fact="attestation.sealed").exists()
    with clock.at(clock.now() + timedelta(hours=1)):
        ask_provider()
    paper.refresh_from_db()
    assert len(seals_in(blobs.read(organisation.uid, paper.pdf))) == 2
    assert Entry.objects.filter(fact="attestation.sealed").count() == 1
