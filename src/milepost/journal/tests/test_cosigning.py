"""Asking witnesses: one that is written from the specification, in a process of its own, which can also be in a bad mood."""

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
import requests

from milepost.core import clock
from milepost.core.jobs import run_all
from milepost.journal import checkpoints, cosigning, jobs, log_keys, measures, sealing, tiles
from milepost.journal.cosigning import NotCosigned, cosign_at_hand, cosign_newest, trouble_of, witnesses
from milepost.journal.models import Cosignature, Entry, Seal
from milepost.journal.sealing import seal
from milepost.journal.tests.test_sealing import tamper, write

pytestmark = pytest.mark.django_db
PROGRAM = Path(__file__).parents[4] / "tests/witness_from_the_specification.py"


class Running:
    """The witness of the tests, and what it is told."""

    def __init__(self):
        self.process = subprocess.Popen(
            [sys.executable, str(PROGRAM), "witness.example/w1"], stdout=subprocess.PIPE, text=True
        )
        port, self.key = self.process.stdout.readline().split()
        self.url = f"http://127.0.0.1:{port}"

    def tell(self, path, content=""):
        requests.post(f"{self.url}/{path}", data=content.encode(), timeout=5).raise_for_status()

    def trusts(self, organisation_id):
        self.tell("trust/", str(log_keys.verifier_key(log_keys.current_log_key(organisation_id))))


@pytest.fixture(scope="module")
def program():
    running = Running()
    yield running
    running.process.kill()
    running.process.wait()
    running.process.stdout.close()


@pytest.fixture
def witness(program, settings, monkeypatch):
    monkeypatch.setattr(cosigning, "PATIENCE", 1.0)
    settings.WITNESSES = [(program.key, program.url)]
    program.tell("mood/good")
    write(3)
    program.trusts(7)
    return program


def cosigned():
    [known] = witnesses()
    note = checkpoints.cosigned(checkpoints.newest(7))
    return note.signature_of(known.key) is not None


def test_the_newest_checkpoint_is_cosigned_in_the_background_and_again_when_the_tree_has_grown(witness):
    for grown in (0, 1, 300, 5):
        write(grown)
        seal(7)
        assert not cosigned()
        assert run_all(jobs.cosign) == 1
        assert cosigned()
    assert Cosignature.objects.count() == 4
    assert (cosigning.is_owed(), measures.checkpoint_without_witness()) == (False, None)


def test_only_the_newest_is_asked_for_and_what_lies_between_is_proved(witness):
    for _seal in range(5):
        write(100)
        seal(7)
    [known] = witnesses()
    cosign_newest(7, known)
    write(150)
    seal(7)
    cosign_newest(7, known)
    assert list(Cosignature.objects.order_by("pk").values_list("checkpoint__seal__size", flat=True)) == [503, 653]
    assert cosign_newest(7, known) is None


def test_a_witness_that_has_seen_more_than_is_written_here_says_how_far_and_is_followed(witness):
    """The database was killed between its signature and our row."""
    seal(7)
    [known] = witnesses()
    cosign_newest(7, known)
    write(5)
    seal(7)
    cosign_newest(7, known)
    newest = Cosignature.objects.latest("pk")
    tamper("DELETE FROM journal_cosignature WHERE id = %s", newest.pk)
    cosign_newest(7, known)
    assert cosigned()


def test_entries_that_were_taken_away_are_noticed_by_the_witness(witness):
    write(5)
    seal(7)
    [known] = witnesses()
    cosign_newest(7, known)
    tamper("DELETE FROM journal_cosignature")
    tamper("DELETE FROM journal_sealcheckpoint")
    tamper("DELETE FROM journal_seal")
    tamper("UPDATE journal_tree SET size = 6")
    tamper("DELETE FROM journal_tile")
    leaves = [(number, bytes(leaf)) for number, leaf in Entry.objects.order_by("id").values_list("id", "leaf")[:6]]
    tiles.append(7, leaves, size=0)
    sealing._seal_head(7)
    with pytest.raises(NotCosigned, match="has seen 8 entries of this journal, and it has 6: entries were taken away"):
        cosign_newest(7, known)
    assert "entries were taken away" in trouble_of(known).reason


def write_anew():
    """Turn the journal round, as somebody with the database and the key would, and let it grow by one."""
    for table in ("cosignature", "sealcheckpoint", "seal", "tile"):
        tamper(f"DELETE FROM journal_{table}")
    leaves = [(number, bytes(leaf)) for number, leaf in Entry.objects.order_by("-id").values_list("id", "leaf")]
    tamper("UPDATE journal_tree SET size = %s", len(leaves) + 1)
    tiles.append(7, [*leaves, leaves[0]], size=0)
    sealing._seal_head(7)


def test_a_history_that_was_written_anew_is_noticed_by_the_witness(witness):
    write(5)
    seal(7)
    [known] = witnesses()
    cosign_newest(7, known)
    write_anew()
    with pytest.raises(NotCosigned, match="this journal does not hold what it saw before"):
        cosign_newest(7, known)


@pytest.mark.parametrize(
    ("mood", "words"),
    [
        ("garbage", "something that is no signature"),
        ("stranger", "no signature by its key"),
        ("wrong", "no signature by its key"),
        ("old", "another time than now"),
        ("elsewhere", "leads elsewhere"),
        ("large", "sends more than"),
        ("silent", "127.0.0.1"),
        ("forgetful", "another size each time"),
    ],
)
def test_a_witness_that_is_no_good_is_left_alone_for_growing_pauses_and_told_of(witness, mood, words):
    witness.tell(f"mood/{mood}")
    made, [known] = seal(7), witnesses()
    with clock.at(made.time + timedelta(minutes=1)):
        run_all()
        assert Cosignature.objects.count() == 0
        assert words in trouble_of(known).reason
        assert (0 < trouble_of(known).pause <= 60, cosigning.is_owed()) == (True, False)
    with clock.at(made.time + timedelta(hours=2)):
        assert measures.checkpoint_without_witness() == 7200.0
        assert cosigning.is_owed()
        assert seal(7).number == 1  # nobody waited
        witness.tell("mood/good")


def test_a_dossier_waits_some_seconds_for_witnesses_and_goes_on_without_those_in_trouble(witness, monkeypatch):
    monkeypatch.setattr(cosigning, "PATIENCE_AT_HAND", 0.5)
    made = seal(7)
    witness.tell("mood/silent")
    cosign_at_hand(made)
    [known] = witnesses()
    assert (cosigned(), trouble_of(known).pause > 0) == (False, True)
    cosign_at_hand(made)  # at once: it is left alone
    witness.tell("mood/good")
    trouble_of(known).succeeded()
    cosign_at_hand(made)
    assert cosigned()


def test_a_head_that_a_newer_one_has_overtaken_is_signed_no_more_and_that_is_no_trouble(witness):
    old, [known] = seal(7), witnesses()
    write(5)
    seal(7)
    cosign_newest(7, known)
    cosign_at_hand(old)
    assert (trouble_of(known).reason, Cosignature.objects.count()) == ("", 1)


def test_a_witness_that_is_configured_no_more_is_asked_no_more(witness, settings):
    seal(7)
    jobs.cosign.enqueue(7, witness.key)
    settings.WITNESSES = []
    assert run_all(jobs.cosign) == 1
    assert (Cosignature.objects.count(), Seal.objects.count()) == (0, 1)
