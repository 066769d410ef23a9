"""What a dossier says of its journal as a transparency log, and which witnesses must have seen it: `verify --witness`, `--policy`."""

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from milepost import verify as verifier
from milepost.evidence.tests.archives import complaint, contents, rewritten
from milepost.evidence.tests.test_tampering import as_the_insider, signed
from milepost.journal.models import Entry
from milepost.journal.notes import COSIGNATURE, Note, VerifierKey, cosign, public_of
from milepost.journal.proofs import inclusion_proof

pytestmark = pytest.mark.django_db


class Witness:
    def __init__(self, name):
        self.private = Ed25519PrivateKey.generate()
        self.key = VerifierKey(name, COSIGNATURE, public_of(self.private))

    def on(self, note, *, time=None, text=None):
        time = int((time or datetime.now(UTC)).timestamp())
        return Note(note.text, (*note.signatures, cosign(self.private, self.key, text or note.text, time=time)))


W1, W2, W3 = (Witness(f"witness.example/{name}") for name in ("w1", "w2", "w3"))


def with_note(dossier, change, private_key):
    """The same dossier with another checkpoint, by somebody with the organisation's key."""
    files = contents(dossier)
    files["journal/checkpoint.txt"] = str(change(Note.parse(files["journal/checkpoint.txt"]))).encode()
    return rewritten(dossier, signed(files, as_the_insider(files), private_key))


def run(path, *options):
    said = []
    return verifier.main([str(path), *options], say=said.append), "\n".join(said)


def test_a_dossier_carries_its_head_as_a_checkpoint_and_verify_holds_it_to_the_seal(dossier, private_key):
    files = contents(dossier)
    note, log = Note.parse(files["journal/checkpoint.txt"]), json.loads(files["keys/log.json"])
    assert note.text.split("\n")[1] == str(json.loads(json.loads(files["journal/seal.json"])["statement"])["size"])
    assert log["vkey"].startswith(note.signatures[0].name + "+")
    assert run(dossier)[0] == 3
    other = with_note(dossier, lambda note: Note(note.text.replace("\n", "x\n", 1), note.signatures), private_key)
    assert "something else than its seal" in complaint(other)
    other = with_note(dossier, lambda note: Note(note.text, (W1.on(note).signatures[1],)), private_key)
    assert "the signature of its log does not fit" in complaint(other)


def test_a_log_key_that_the_organisation_did_not_sign_is_refused(dossier, private_key):
    files = contents(dossier)
    log = json.loads(files["keys/log.json"])
    for change in ({"endorsement": base64.b64encode(bytes(256)).decode()}, {"endorsed_by": "0" * 64}):
        files["keys/log.json"] = json.dumps(log | change).encode()
        other = rewritten(dossier, signed(files, as_the_insider(files), private_key))
        assert "a key that is not the organisation’s" in complaint(other)


def test_a_witness_that_was_asked_for_must_have_cosigned_and_its_time_is_told(dossier, private_key):
    cosigned = with_note(dossier, lambda note: W2.on(W1.on(note)), private_key)
    status, said = run(cosigned, "--witness", str(W1.key), "--witness", str(W2.key))
    assert (status, said.count("cosigned the head of the journal: 20")) == (3, 2), said
    status, said = run(cosigned, "--witness", str(W1.key))
    assert (status, "1 signatures of witnesses that nobody asked for" in said) == (3, True)
    status, said = run(cosigned, "--witness", str(W1.key), "--witness", str(W3.key))
    assert (status, "missing: witness.example/w3" in said) == (1, True)
    assert "missing: witness.example/w1" in run(dossier, "--witness", str(W1.key))[1]


def test_a_cosignature_over_something_else_or_from_before_the_seal_does_not_hold(dossier, private_key):
    forged = with_note(dossier, lambda note: W1.on(note, text=note.text + "x\n"), private_key)
    assert "does not fit the head" in run(forged, "--witness", str(W1.key))[1]
    early = datetime.now(UTC) - timedelta(days=3000)
    old = with_note(dossier, lambda note: W1.on(note, time=early), private_key)
    assert "before the journal was sealed" in run(old, "--witness", str(W1.key))[1]
    assert "is no key of a witness" in run(old, "--witness", str(W1.key)[:-4] + "AAAA")[1]


def test_a_policy_says_how_many_of_whom(dossier, private_key, tmp_path):
    policy = tmp_path / "policy"
    cosigned = with_note(dossier, lambda note: W2.on(W1.on(note)), private_key)
    head = f"# who\nwitness a {W1.key}\nwitness b\t{W2.key} https://w2.example/\n witness c {W3.key}\n\n"
    for rule, status in (
        ("quorum a", 3),
        ("quorum c", 1),
        ("group two 2 a b c\nquorum two", 3),
        ("group all all a b c\nquorum all", 1),
        ("group some any b c\ngroup both all some a\nquorum both", 3),
        ("quorum none", 3),
    ):
        policy.write_text(head + rule + "\n")
        assert run(cosigned, "--policy", str(policy))[0] == status, rule
    for wrong in (
        "",
        "quorum d",
        "quorum a\nquorum b",
        "group g 4 a b c\nquorum g",
        "group g 0 a\nquorum g",
        "gruop g any a",
    ):
        policy.write_text(head + wrong)
        assert "policy" in run(cosigned, "--policy", str(policy))[1], wrong
    policy.write_text(f"witness a {W1.key}\nwitness b {W1.key}\nquorum a")
    assert "second time" in run(cosigned, "--policy", str(policy))[1]


def test_the_proof_of_a_fact_carries_the_checkpoint_too(dossier, complete, tmp_path):
    entry = Entry.objects.filter(organisation_id=complete.organisation_id).order_by("id").first()
    proof = inclusion_proof(entry)
    path = tmp_path / "proof.json"
    path.write_text(json.dumps(proof))
    assert run(path)[0] == 3
    assert "missing: witness.example/w1" in run(path, "--witness", str(W1.key))[1]
    note = W1.on(Note.parse(proof["checkpoint"].encode()))
    path.write_text(json.dumps(proof | {"checkpoint": str(note)}))
    assert run(path, "--witness", str(W1.key))[0] == 3
    path.write_text(json.dumps({name: value for name, value in proof.items() if name != "checkpoint"}))
    assert "a checkpoint without the key of its log, or the key alone" in run(path)[1]
    path.write_text(json.dumps({name: value for name, value in proof.items() if name not in ("checkpoint", "log")}))
    assert run(path)[0] == 3
    assert "carries nothing that witnesses could have signed" in run(path, "--witness", str(W1.key))[1]


def test_what_no_witness_can_cosign_says_so(complete, tmp_path):
    path = tmp_path / "any.pdf"
    path.write_bytes(b"%PDF-1.7\n")
    assert "Witnesses cosign journals" in run(path, "--witness", str(W1.key))[1]
