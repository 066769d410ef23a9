"""This installation as a witness of others, asked as C2SP tlog-witness says: what it signs, and all that it does not."""

import hashlib
from datetime import UTC, datetime, timedelta

import pytest
from aics_tlog import MerkleTree
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.test import Client
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from milepost.anchors import witnessing
from milepost.anchors.models import WitnessedLog, WitnessKey
from milepost.core import clock, encryption
from milepost.core.fetching import Answer
from milepost.journal import checkpoints, cosigning, log_keys
from milepost.journal.notes import (
    NOTE,
    Checkpoint,
    Note,
    Signature,
    VerifierKey,
    in_base64,
    public_of,
    sign,
    signatures_in,
)
from milepost.people.limits import Limit, Per, Rate, limits

pytestmark = pytest.mark.django_db


class Log:
    """A log of somebody else: its tree is that of an independent implementation."""

    def __init__(self, origin="log.example/other", seed=b"leaf"):
        self.private = Ed25519PrivateKey.generate()
        self.key = VerifierKey(origin, NOTE, public_of(self.private))
        self.tree = MerkleTree(seed + bytes([number % 256, number // 256]) for number in range(1000))

    def note(self, size, *, root=None, origin=None):
        head = Checkpoint(origin or self.key.name, size, self.tree.root(size) if root is None else root)
        return Note(str(head), (sign(self.private, self.key, str(head)),))

    def request(self, old, size, *, note=None, proof=None):
        if proof is None:
            proof = self.tree.consistency_proof(old, size) if 0 < old < size else []
        lines = [f"old {old}", *map(in_base64, proof), "", str(note or self.note(size))]
        return "\n".join(lines).encode()


@pytest.fixture
def log(settings):
    made = Log()
    settings.WITNESSED_LOGS = [str(made.key)]
    return made


@pytest.fixture
def ask():
    client = Client(enforce_csrf_checks=True)
    return lambda body: client.post("/witness/add-checkpoint", body, content_type="text/plain; charset=utf-8")


def our_key():
    return witnessing.verifier_key(witnessing.witness_key())


def test_a_log_that_grows_is_cosigned_each_time_and_monitors_read_the_last(log, ask):
    for old, size in ((0, 1), (1, 1), (1, 300), (300, 301), (301, 1000)):
        answer = ask(log.request(old, size))
        assert answer.status_code == 200, answer.text
        [signature] = signatures_in(answer.text)
        note = log.note(size)
        assert Note(note.text, (signature,)).signature_of(our_key())
        assert abs(signature.time - clock.now().timestamp()) < 5
    origin = hashlib.sha256(log.key.name.encode()).hexdigest()
    served = Note.parse(Client().get(f"/witness/{origin}/checkpoint").content)
    assert served.text == log.note(1000).text
    assert served.signature_of(log.key)
    assert served.signature_of(our_key())
    assert Client().get(f"/witness/{'0' * 64}/checkpoint").status_code == 404


def test_whoever_is_elsewhere_is_told_how_far_this_witness_has_seen(log, ask):
    ask(log.request(0, 300))
    for old, size in ((0, 300), (0, 500), (299, 500), (301, 500)):
        answer = ask(log.request(old, size))
        assert (answer.status_code, answer.headers["Content-Type"], answer.text) == (409, "text/x.tlog.size", "300\n")


def test_a_history_other_than_the_one_that_was_seen_is_never_cosigned(log, ask):
    ask(log.request(0, 300))
    other = Log(seed=b"other")
    wrong = [
        log.request(300, 400, note=log.note(400, root=other.tree.root(400))),
        log.request(300, 400, proof=other.tree.consistency_proof(300, 400)),
        log.request(300, 400, proof=[]),
        log.request(300, 400, proof=[*log.tree.consistency_proof(300, 400), bytes(32)]),
        log.request(300, 300, note=log.note(300, root=bytes(32))),
        log.request(300, 300, proof=[bytes(32)]),
    ]
    assert [ask(body).status_code for body in wrong] == [422] * len(wrong)
    assert WitnessedLog.objects.get().size == 300


def test_an_empty_log_has_the_root_of_nothing(log, ask):
    empty = hashlib.sha256().digest()
    assert ask(log.request(0, 0, note=log.note(0, root=bytes(32)))).status_code == 422
    assert ask(log.request(0, 0, note=log.note(0, root=empty))).status_code == 200
    assert ask(log.request(0, 5, proof=[bytes(32)])).status_code == 422
    assert ask(log.request(0, 5)).status_code == 200
    assert ask(log.request(5, 4)).status_code == 400


def test_only_what_its_log_signed_is_looked_at(log, ask, settings):
    note, stranger = log.note(5), Log()
    by_stranger = Note(note.text, stranger.note(5).signatures)
    assert ask(log.request(0, 5, note=by_stranger)).status_code == 403
    broken = Note(note.text, (Signature(log.key.name, log.key.id, bytes(64)),))
    assert ask(log.request(0, 5, note=broken)).status_code == 403
    assert ask(log.request(0, 5, note=Note(note.text, (*note.signatures, *broken.signatures)))).status_code == 403
    assert ask(log.request(0, 5, note=log.note(5, origin="log.example/unknown"))).status_code == 404
    assert not WitnessedLog.objects.exists()
    also = Note(note.text, (*by_stranger.signatures, *note.signatures))  # of a key that nobody here knows: ignored
    assert ask(log.request(0, 5, note=also)).status_code == 200
    settings.WITNESSED_LOGS = [str(stranger.key), str(log.key)]  # a log that changed its key
    assert (
        ask(
            log.request(5, 6, note=Note(log.note(6).text, (sign(stranger.private, stranger.key, log.note(6).text),)))
        ).status_code
        == 200
    )


@pytest.mark.parametrize(
    "change",
    [
        lambda body: b"",
        lambda body: body[4:],
        lambda body: body.replace(b"old 0", b"old 00"),
        lambda body: body.replace(b"old 0", b"old -1"),
        lambda body: body.replace(b"old 0", b"old 0 "),
        lambda body: body.replace(b"old 0\n", b"old 0\nAAAA\n"),
        lambda body: body.replace(b"old 0\n", b"old 0\n" + b"A" * 43 + b"=\n" * 64),
        lambda body: body.rstrip(b"\n"),
        lambda body: body + b"more",
        lambda body: body.replace(b"old", b"\xff"),
        lambda body: body.replace(b"log.example", b"log.ex\x00mple"),
    ],
)
def test_what_is_no_request_is_refused(log, ask, change):
    assert ask(change(log.request(0, 5))).status_code == 400
    assert not WitnessedLog.objects.exists()


def test_a_body_that_is_too_large_and_a_form_are_refused(log, ask):
    assert ask(log.request(0, 5) + b"x" * 200_000).status_code == 413
    sent = Client().post("/witness/add-checkpoint", {"old": "0"})
    assert sent.status_code == 400
    assert Client().get("/witness/add-checkpoint").status_code == 405


def test_whoever_asks_without_end_is_stopped(log, ask, monkeypatch):
    monkeypatch.setitem(limits._items, "add-checkpoint", Limit(Rate(2, 60, Per.ADDRESS)))
    assert [ask(b"x").status_code for _try in range(3)] == [400, 400, 429]


def test_no_time_before_the_last_is_ever_signed(log, ask):
    with clock.at(datetime(2026, 11, 29, 12, tzinfo=UTC)):
        assert ask(log.request(0, 5)).status_code == 200
    with clock.at(datetime(2026, 11, 29, 11, tzinfo=UTC)):
        answer = ask(log.request(5, 6))
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "60")
    with clock.at(datetime(2026, 11, 29, 12, tzinfo=UTC) + timedelta(seconds=1)):
        assert ask(log.request(5, 6)).status_code == 200


def test_an_installation_that_is_nobody_s_witness_answers_nobody(settings, ask):
    settings.WITNESSED_LOGS = []
    assert ask(Log().request(0, 5)).status_code == 404
    assert "witness" not in Client().get("/.well-known/milepost.json").json()
    assert not WitnessKey.objects.exists()


def test_the_key_of_the_witness_is_told_and_kept_encrypted(log, settings):
    told = Client().get("/.well-known/milepost.json").json()["witness"]
    assert told == {"address": f"{settings.BASE_URL}/witness", "vkey": str(our_key())}
    key = WitnessKey.objects.get()
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another-" + "y" * 40
    assert encryption.keep_under_current_secret() == 1
    settings.SECRET_KEY_FALLBACKS = []
    assert WitnessKey.objects.get().private == key.private


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60), st.booleans()), max_size=12))
@hypothesis_settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_asked_in_whatever_order_only_one_history_is_cosigned(settings, ask, asked):
    """The law of a witness: the sizes that it signs never fall, and all their roots are of one tree."""
    WitnessedLog.objects.all().delete()
    log, fork = Log(), Log(seed=b"fork")
    fork.private, fork.key = log.private, log.key
    settings.WITNESSED_LOGS = [str(log.key)]
    signed = []
    for old, size, is_fork in asked:
        answer = ask((fork if is_fork else log).request(old, size))
        if answer.status_code == 200:
            signed.append((size, is_fork))
    sizes = [size for size, _is_fork in signed]
    assert sizes == sorted(sizes)
    assert len({is_fork for size, is_fork in signed if size}) <= 1


# --- One Milepost witnesses another ---------------------------------------------------------------------------


@pytest.fixture
def partner(organisation, grown, settings, ask, monkeypatch):
    """Here both are one installation, which asks itself over its own address."""
    key = log_keys.verifier_key(log_keys.current_log_key(organisation.pk))
    settings.WITNESSED_LOGS = [str(key)]
    settings.WITNESSES = [(str(our_key()), "http://partner.example/witness")]

    def fetch(url, *, content, errors, **_bounds):
        assert url == "http://partner.example/witness/add-checkpoint"
        answer = ask(content)
        assert answer.status_code in (200, *errors)
        return Answer(answer.content, answer.headers["Content-Type"].partition(";")[0], answer.status_code)

    monkeypatch.setattr(cosigning, "fetch", fetch)
    return cosigning.witnesses()[0]


def test_one_milepost_cosigns_the_journal_of_another(organisation, grown, partner):
    for count in (1, 5, 300, 2):
        grown(count)
        made = cosigning.cosign_newest(organisation.pk, partner)
        assert checkpoints.cosigned(made.checkpoint).signature_of(partner.key)


def test_the_page_of_the_keys_says_who_else_signed(organisation, grown, partner, settings):
    page = f"/log/{organisation.uid}/"
    grown(3)
    assert "nothing yet" in Client().get(page).text
    cosigning.cosign_newest(organisation.pk, partner)
    text = Client().get(page).text
    assert "Who else has signed it" in text
    assert "nothing yet" not in text
    assert f"\n— {partner.key.name} " in Client().get(f"{page}checkpoint").text


def test_killed_before_its_state_is_kept_nothing_leaves_and_killed_after_it_nothing_else_is_signed(
    log, ask, monkeypatch
):
    ask(log.request(0, 5))
    with monkeypatch.context() as killed:
        killed.setattr(WitnessedLog, "save", lambda *_args, **_more: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            witnessing.add_checkpoint(log.request(5, 9))
    assert WitnessedLog.objects.get().size == 5
    witnessing.add_checkpoint(log.request(5, 9))  # the answer was lost on its way
    fork = Log(seed=b"fork")
    fork.private, fork.key = log.private, log.key
    assert ask(fork.request(5, 9)).text == "9\n"
    assert ask(log.request(9, 9)).status_code == 200
