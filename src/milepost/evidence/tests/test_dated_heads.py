"""How early facts were sealed, and who says so: the stamped heads in a dossier, and `verify --tsa`."""

import base64
import json
import re
import time
from datetime import UTC, datetime, timedelta
from threading import Thread

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given
from hypothesis import strategies as st

from milepost import verify as verifier
from milepost.core import clock
from milepost.core.canonical import canonical_json
from milepost.evidence.actions import add_piece
from milepost.evidence.dossiers import build
from milepost.evidence.tests.archives import contents, rewritten
from milepost.evidence.tests.authorities import Authority, certified, root
from milepost.evidence.tests.test_tampering import as_the_insider, signed
from milepost.journal import timestamping
from milepost.journal.dated_heads import choose
from milepost.journal.models import Seal
from milepost.journal.sealing import seal
from milepost.journal.verification import verify as verify_journal

pytestmark = pytest.mark.django_db
HEADS = "journal/heads.json"
NOBODY = "http://127.0.0.1:9/"


def sealed_in_parts(action, lead, authority, *, at=None):
    """The facts so far under one stamped seal, and two more pieces under one each, of which the last has no stamp."""
    made = [seal(action.organisation_id)]
    authority.stamp(made[0], at)
    for name in ("one.csv", "two.csv"):
        add_piece(action=action, key="hot-evaluation", name=name, content=name.encode(), by=lead)
        made.append(seal(action.organisation_id))
    authority.stamp(made[1], at)
    return made


def packed(action, tmp_path):
    path = tmp_path / "dossier.zip"
    with path.open("w+b") as file:
        build(action=action, file=file)
    return path


def run(path, *options):
    said = []
    return verifier.main([str(path), *map(str, options)], say=said.append), "\n".join(said)


@pytest.fixture
def in_parts(complete, lead, tmp_path):
    sealed_in_parts(complete, lead, certified())
    return packed(complete, tmp_path)


@pytest.fixture
def tsa(tmp_path):
    def write(authority):
        path = tmp_path / "tsa.pem"
        path.write_bytes(authority.pem)
        return path

    return write


def anew(path, files, private_key):
    """The dossier with these files, by somebody with the organisation's key."""
    return rewritten(path, signed(files, as_the_insider(files), private_key))


# --- What a dossier shows ---------------------------------------------------------------------------------


def test_a_dossier_shows_how_early_each_fact_was_sealed(in_parts):
    heads = json.loads(contents(in_parts)[HEADS])
    sizes = [json.loads(head["statement"])["size"] for head in heads]
    assert sizes == sorted(sizes)
    assert len(sizes) == 2
    status, said = run(in_parts)
    assert status == 3
    assert re.search(r"\d+ facts were under a seal that an authority had stamped within \d+ days after they", said)
    assert "No authority dates the last 1 facts" in said or "No authority dates the last 2 facts" in said
    assert "is one that nobody vouched for here" in said


def test_the_head_on_which_a_dossier_is_packed_is_stamped_first(settings, authority, complete, tmp_path, tsa):
    settings.TIMESTAMP_URL, folder = authority
    path = packed(complete, tmp_path)
    assert json.loads(contents(path)["journal/seal.json"])["timestamp"]
    status, said = run(path, "--tsa", folder / "tsa.pem")
    assert (status, "A time-stamping authority dates the seal" in said) == (3, True), said
    assert "is one whose stamps count for you" in said
    assert "signed its own certificate" in said
    assert run(path, "--tsa", tsa(certified()))[0] == 1


def test_an_authority_that_does_not_answer_holds_no_dossier_up(settings, complete, lead, tmp_path):
    sealed_in_parts(complete, lead, certified())
    settings.TIMESTAMP_URL = NOBODY
    path = packed(complete, tmp_path)
    assert timestamping.is_resting()
    assert json.loads(contents(path)["journal/seal.json"])["timestamp"] is None
    status, said = run(path)
    assert (status, "No authority dates the last" in said) == (3, True), said


def test_an_authority_that_hangs_is_waited_for_once_and_briefly(settings, hanging, complete, tmp_path, monkeypatch):
    monkeypatch.setattr(timestamping, "PATIENCE_AT_HAND", 0.3)
    settings.TIMESTAMP_URL = hanging
    seal(complete.organisation_id)
    began = time.monotonic()
    assert not timestamping.stamp_at_hand(Seal.objects.last())
    assert not timestamping.stamp_at_hand(Seal.objects.last())
    assert time.monotonic() - began < 3
    assert timestamping.is_resting()


@pytest.fixture
def hanging():
    import socket

    server = socket.create_server(("127.0.0.1", 0))
    kept = []
    Thread(target=lambda: kept.append(server.accept()), daemon=True).start()
    yield f"http://127.0.0.1:{server.getsockname()[1]}/"
    server.close()


def test_a_journal_that_no_authority_dates_says_so(dossier, tsa):
    assert HEADS not in contents(dossier)
    assert "No authority dates this journal" in run(dossier)[1]
    assert (
        run(dossier, "--tsa", tsa(root()))[1]
        == "DOES NOT HOLD: The dossier carries no time stamp, and --tsa asks for one."
    )


# --- Whose stamps count -----------------------------------------------------------------------------------


def test_an_authority_counts_by_its_own_certificate_or_by_its_root(in_parts, tsa):
    for named in (root(), certified()):
        status, said = run(in_parts, "--tsa", tsa(named))
        assert (status, "Common Name: tsa.example is one whose stamps count for you" in said) == (3, True), said
        assert "signed its own" not in said
    other = Authority("another root", uses=())
    status, said = run(in_parts, "--tsa", tsa(other))
    assert (status, "no authority whose stamps count for you" in said) == (1, True), said
    in_parts.with_name("no.pem").write_text("no certificate")
    assert "holds no certificate" in run(in_parts, "--tsa", in_parts.with_name("no.pem"))[1]
    assert run(in_parts, "--tsa", in_parts.with_name("missing.pem"))[0] == 2


def test_several_authorities_may_be_named(in_parts, tmp_path):
    for number, one in enumerate((Authority("another root", uses=()), root())):
        (tmp_path / f"{number}.pem").write_bytes(one.pem)
    assert run(in_parts, "--tsa", tmp_path / "0.pem", "--tsa", tmp_path / "1.pem")[0] == 3


def test_an_authority_of_the_organisation_s_own_is_said_to_be_one(complete, lead, tmp_path, private_key, tsa):
    own = Authority("their own")
    sealed_in_parts(complete, lead, own)
    path = packed(complete, tmp_path)
    status, said = run(path, "--tsa", tsa(own))
    assert (status, "Common Name: their own signed its own certificate" in said) == (3, True), said


BAD = {
    "for something else": (
        lambda: Authority("web", root(), uses=(ExtendedKeyUsageOID.SERVER_AUTH,)),
        None,
        "not for time stamps alone",
    ),
    "for something else besides": (
        lambda: Authority("both", root(), uses=(ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.SERVER_AUTH)),
        None,
        "not for time stamps alone",
    ),
    "not said to be critical": (lambda: Authority("loose", root(), critical=False), None, "not for time stamps alone"),
    "expired": (lambda: Authority("old", root(), days=(-400, -10)), None, "was not valid then"),
    "before its time": (certified, timedelta(hours=-2), "is older than the seal that it dates"),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_stamp_that_is_none_is_refused_whoever_is_named(kind, complete, lead, tmp_path):
    make, shift, complaint = BAD[kind]
    sealed_in_parts(complete, lead, make(), at=shift and datetime.now(UTC).replace(microsecond=0) + shift)
    status, said = run(packed(complete, tmp_path))
    assert (status, complaint in said) == (1, True), said


def test_a_stamp_over_something_else_is_refused(in_parts, private_key):
    files = contents(in_parts)
    heads = json.loads(files[HEADS])
    heads[0]["timestamp"] = base64.b64encode(certified().token(b"something else")).decode()
    path = anew(in_parts, files | {HEADS: json.dumps(heads).encode()}, private_key)
    assert run(path)[1] == "DOES NOT HOLD: The time stamp speaks of another seal."


def test_a_stamp_of_long_after_the_seal_is_named(complete, lead, tmp_path):
    late = datetime.now(UTC).replace(microsecond=0) + timedelta(days=3)
    sealed_in_parts(complete, lead, certified(), at=late)
    status, said = run(packed(complete, tmp_path))
    assert (status, "2 seals were stamped long after they say that they were made" in said) == (3, True), said


def test_the_journal_itself_names_late_stamps_and_refuses_those_from_before_their_seals(complete, lead):
    made = [seal(complete.organisation_id)]
    now = datetime.now(UTC).replace(microsecond=0)
    certified().stamp(made[0], now + timedelta(days=2))
    verification = verify_journal(complete.organisation_id)
    assert (verification.finding, verification.late) == (None, (made[0].number,))
    add_piece(action=complete, key="hot-evaluation", name="one.csv", content=b"one", by=lead)
    certified().stamp(seal(complete.organisation_id), now - timedelta(hours=1))
    assert "over it is older than the seal" in str(verify_journal(complete.organisation_id).finding)


# --- Whoever holds the key --------------------------------------------------------------------------------


def swap_stamps(heads):
    heads[0]["timestamp"], heads[1]["timestamp"] = heads[1]["timestamp"], heads[0]["timestamp"]


def take_a_head_twice(heads):
    heads.append(heads[0])


def turn_around(heads):
    heads.reverse()


def bend_a_path(heads):
    heads[0]["path"][-1] = "00" * 32


def take_a_path_away(heads):
    heads[0]["path"] = []


def garble(heads):
    del heads[0]["signature"]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (swap_stamps, "speaks of another seal"),
        (take_a_head_twice, "not in order"),
        (turn_around, "not in order"),
        (bend_a_path, "is of another journal"),
        (take_a_path_away, "is of another journal"),
        (garble, "can’t be read"),
    ],
)
def test_whoever_holds_the_key_changes_nothing_in_the_heads(in_parts, private_key, change, complaint):
    files = contents(in_parts)
    heads = json.loads(files[HEADS])
    change(heads)
    status, said = run(anew(in_parts, files | {HEADS: json.dumps(heads).encode()}, private_key))
    assert (status, complaint in said) == (1, True), said


def test_a_head_that_is_dated_back_is_before_the_one_before_it_or_after_its_stamp(in_parts, private_key):
    """Signed anew, and stamped anew: the time of the one before it stays, and an authority says what time it is."""
    files = contents(in_parts)
    heads = json.loads(files[HEADS])
    for at, shift, complaint in (
        (1, -10_000_000, "dated before the one before it"),
        (0, -10_000_000, "stamped long after"),
    ):
        changed = [dict(head) for head in heads]
        head = json.loads(heads[at]["statement"])
        head["time"] = (
            (datetime.fromisoformat(head["time"]) + timedelta(seconds=shift)).isoformat().replace("+00:00", "Z")
        )
        signature = private_key.sign(canonical_json(head), padding.PKCS1v15(), hashes.SHA256())
        stamp = base64.b64encode(certified().token(signature)).decode()
        changed[at] |= {
            "statement": canonical_json(head).decode(),
            "signature": base64.b64encode(signature).decode(),
            "timestamp": stamp,
        }
        said = run(anew(in_parts, files | {HEADS: json.dumps(changed).encode()}, private_key))[1]
        assert complaint in said, said


def test_an_early_stamp_that_is_left_out_makes_the_facts_look_later(complete, lead, tmp_path, private_key):
    first, *_more = sealed_in_parts(complete, lead, certified())
    path = packed(complete, tmp_path)
    files = contents(path)
    heads = json.loads(files[HEADS])
    counted = int(re.search(r"(\d+) facts were under a seal that an authority", run(path)[1])[1])
    without = anew(path, files | {HEADS: json.dumps(heads[:1]).encode()}, private_key)
    left = int(re.search(r"(\d+) facts were under a seal that an authority", run(without)[1])[1])
    assert left < counted
    assert json.loads(heads[0]["statement"])["size"] == first.size
    none = {name: content for name, content in files.items() if name != HEADS}
    assert "No authority dates this journal" in run(anew(path, none, private_key))[1]
    assert run(anew(path, none, private_key), "--tsa", path)[0] == 1


def test_a_fact_that_says_it_was_recorded_before_a_seal_that_lacks_it_is_named(complete, lead, tmp_path):
    """Somebody sets the clock back and tells of the past: the seals of then do not hold it."""
    sealed_in_parts(complete, lead, certified())
    with clock.at(clock.now() - timedelta(hours=5)):
        add_piece(action=complete, key="hot-evaluation", name="then.csv", content=b"then", by=lead)
    status, said = run(packed(complete, tmp_path))
    assert (status, "1 facts were told later than they say" in said) == (3, True), said


# --- The rule ---------------------------------------------------------------------------------------------

START = datetime(2026, 11, 1, tzinfo=UTC)


@given(
    gaps=st.lists(st.tuples(st.integers(1, 50), st.integers(1, 100_000)), min_size=1, max_size=60),
    places=st.lists(st.integers(0, 2_000), max_size=100),
    most=st.integers(1, 20),
)
def test_each_place_has_a_head_after_it_and_the_first_one_where_there_is_room(gaps, places, most):
    stamped, size, seconds = [], 0, 0
    for more, later in gaps:
        size, seconds = size + more, seconds + later
        stamped.append((size, START + timedelta(seconds=seconds)))
    places = sorted(set(places))
    covered = [place for place in places if place < size]
    firsts = sorted({next(at for at, (end, _time) in enumerate(stamped) if end > place) for place in covered})
    chosen = choose(stamped, places, most)
    assert len(chosen) <= most
    assert set(chosen) <= set(firsts)
    assert chosen == firsts or len(firsts) > most
    assert all(any(stamped[at][0] > place for at in chosen) for place in covered)
