"""Races about what others hold of journals: cosigning, the keys of logs, and seals that are sent out."""

from itertools import count

from aics_tlog import MerkleTree
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings

from milepost.anchors import keepers, witnessing
from milepost.anchors.models import SentSeal, WitnessedLog, WitnessKey
from milepost.anchors.settings import SEAL_KEEPERS
from milepost.journal import log_keys, sealing
from milepost.journal.models import LogKey, LogKeyEndorsement, Seal, SealCheckpoint
from milepost.journal.notes import NOTE, Checkpoint, Note, VerifierKey, in_base64, public_of, sign
from milepost.notices.models import Notice
from milepost.people import settings as organisation_settings
from milepost.people.models import Organisation
from milepost.people.organisations import create_organisation
from tests.racing import Act, Pair, Race, no_fault

NUMBERS = count(1)


class _Log:
    """A log of somebody else that forked: up to `common` both histories are the same."""

    def __init__(self, common: int) -> None:
        self.private, name = Ed25519PrivateKey.generate(), f"log.example/{next(NUMBERS)}"
        self.key = VerifierKey(name, NOTE, public_of(self.private))
        begin = [b"%d" % number for number in range(common)]
        self.trees = [MerkleTree([*begin, *(fork + b"%d" % n for n in range(40))]) for fork in (b"a", b"b")]
        settings.WITNESSED_LOGS = [str(self.key)]
        self.signed: list[tuple[int, int]] = []

    def asks(self, old: int, size: int, *, fork: int = 0) -> Act:
        """Ask the witness for this head; what it signs is noted, what it refuses is no fault."""
        tree = self.trees[fork]
        text = str(Checkpoint(self.key.name, size, tree.root(size)))
        proof = tree.consistency_proof(old, size) if 0 < old < size else []
        note = Note(text, (sign(self.private, self.key, text),))
        body = "\n".join([f"old {old}", *map(in_base64, proof), "", str(note)]).encode()

        def ask() -> None:
            try:
                witnessing.add_checkpoint(body)
            except witnessing.NotCosigned as why:
                assert why.status in (409, 422), why
            else:
                self.signed.append((size, fork))

        return ask


def _two_histories(_world: None) -> Pair:
    """Two heads of one size, both signed by their log, both right by themselves: one is cosigned."""
    log = _Log(common=5)
    log.asks(0, 5)()

    def count_up(answers: list[str]) -> None:
        no_fault(answers)
        [_first, second] = log.signed
        seen = WitnessedLog.objects.get(origin=log.key.name)
        assert (second[0], seen.size) == (20, 20), log.signed
        assert bytes(seen.root) == log.trees[second[1]].root(20)

    return [log.asks(5, 20, fork=0), log.asks(5, 20, fork=1)], count_up


def _the_first_head(_world: None) -> Pair:
    """The same of a log that was never seen before."""
    log = _Log(common=0)

    def count_up(answers: list[str]) -> None:
        no_fault(answers)
        assert len(log.signed) == 1, log.signed
        assert WitnessedLog.objects.get(origin=log.key.name).size == 9

    return [log.asks(0, 9, fork=0), log.asks(0, 9, fork=1)], count_up


def _no_way_back(_world: None) -> Pair:
    """A larger and a smaller head at once, each proved from what was seen: whichever is second is refused."""
    log = _Log(common=5)
    log.asks(0, 5)()

    def count_up(answers: list[str]) -> None:
        no_fault(answers)
        assert len(log.signed) == 2, log.signed
        assert WitnessedLog.objects.get(origin=log.key.name).size == log.signed[-1][0]

    return [log.asks(5, 9), log.asks(5, 30)], count_up


def _the_key_of_the_witness(_world: None) -> Pair:
    WitnessKey.objects.all().delete()
    made: list[bytes] = []

    def count_up(answers: list[str]) -> None:
        no_fault(answers)
        assert made[0] == made[1] == bytes(WitnessKey.objects.get().public)

    return [lambda: made.append(bytes(witnessing.witness_key().public))] * 2, count_up


def _organisation(**decided: str) -> Organisation:
    organisation = create_organisation(slug=f"anchor-{next(NUMBERS)}", name="Anchor")
    organisation_settings.change(organisation=organisation, values=decided)
    return organisation


def _the_first_seal(_world: None) -> Pair:
    """Two workers seal an organisation for the first time: one key of its log, signed once, and a checkpoint for each seal."""
    organisation = _organisation()

    def count_up(answers: list[str]) -> None:
        no_fault(answers)
        key = LogKey.objects.get(organisation_id=organisation.pk)
        assert LogKeyEndorsement.objects.filter(log_key=key).count() == 1
        seals = Seal.objects.filter(organisation_id=organisation.pk)
        assert seals.count() == SealCheckpoint.objects.filter(seal__in=seals, key=key).count() == 1

    return [lambda: sealing.seal(organisation.pk)] * 2, count_up


def _a_new_key_of_the_log(_world: None) -> Pair:
    """A worker seals while somebody renews the key of the log: each checkpoint is by a key that was signed."""
    organisation = _organisation()
    sealing.seal(organisation.pk)
    organisation_settings.change(organisation=organisation, values={SEAL_KEEPERS.name: "a@x.example"})

    def count_up(answers: list[str]) -> None:
        no_fault(answers)
        assert LogKey.objects.filter(organisation_id=organisation.pk, is_current=True).count() == 1
        for made in SealCheckpoint.objects.filter(seal__organisation_id=organisation.pk):
            assert log_keys.endorsement_by(made.key, made.seal.key)

    return [lambda: sealing.seal(organisation.pk), lambda: log_keys.renew(organisation.pk)], count_up


def _the_seal_of_the_day(_world: None) -> Pair:
    """Two workers find that the seal of the day is due: it is sent once to each."""
    organisation = _organisation(**{SEAL_KEEPERS.name: "a@x.example\nb@x.example"})
    sealing.seal(organisation.pk)

    def count_up(answers: list[str]) -> None:
        no_fault(answers)
        assert SentSeal.objects.filter(organisation=organisation).count() == 1
        assert Notice.objects.filter(organisation=organisation, kind=keepers.KIND).count() == 2

    return [lambda: keepers.send(organisation.pk)] * 2, count_up


RACES = {
    "cosigning two histories": Race(lambda: None, _two_histories),
    "cosigning the first head": Race(lambda: None, _the_first_head),
    "cosigning a way back": Race(lambda: None, _no_way_back),
    "the key of the witness": Race(lambda: None, _the_key_of_the_witness),
    "the first seal": Race(lambda: None, _the_first_seal),
    "a new key of the log": Race(lambda: None, _a_new_key_of_the_log),
    "the seal of the day": Race(lambda: None, _the_seal_of_the_day),
}
