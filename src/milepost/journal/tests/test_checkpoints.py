"""The head of a tree as a transparency log says it. Notes are held against the examples of the specifications, and laws
of reading and writing against whatever Hypothesis makes.
"""

from contextlib import suppress

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import DatabaseError, connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from milepost.core import encryption
from milepost.journal import checkpoints, keys, log_keys
from milepost.journal.models import LogKey, SealCheckpoint
from milepost.journal.notes import (
    COSIGNATURE,
    MOST,
    NOTE,
    Checkpoint,
    NotANote,
    Note,
    Signature,
    VerifierKey,
    cosign,
    is_name,
    public_of,
    sign,
)
from milepost.journal.sealing import seal
from milepost.journal.tests.test_sealing import certificate_for, pkcs12_file, tamper, write
from milepost.journal.verification import verify

# signed-note 1.0, section “Verifier keys”; tlog-cosignature 1.0, its first example; tlog-checkpoint 1.0, likewise.
FOO = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
SIGNED_BY_FOO = (
    "This is an example message.\n\n— example.com/foo"
    " Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)
SOFA = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
SOFA_SIGNED = (
    SOFA
    + "\n— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
    "— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n"
)
PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


def test_the_examples_of_the_specifications_are_read_and_written_to_the_byte():
    key, note = VerifierKey.parse(FOO), Note.parse(SIGNED_BY_FOO.encode())
    assert (str(key), str(note)) == (FOO, SIGNED_BY_FOO)
    assert note.signature_of(key) == note.signatures[0]
    sofa = Note.parse(SOFA_SIGNED.encode())
    assert (str(sofa), sofa.signatures[1].time) == (SOFA_SIGNED, 1679315147)
    assert str(Checkpoint.parse(sofa.text)) == SOFA


names = st.text(st.characters(exclude_categories=("Cs", "Cc", "Z"), exclude_characters="+"), min_size=1).filter(is_name)
lines = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1)
signatures = st.builds(Signature, names, st.binary(min_size=4, max_size=4), st.binary(min_size=1, max_size=80))
heads = st.builds(
    Checkpoint,
    lines,
    st.integers(0, 2**63 - 1),
    st.binary(min_size=32, max_size=32),
    st.lists(lines, max_size=2).map(tuple),
)


@given(heads, st.lists(signatures, min_size=1, max_size=16).map(tuple))
def test_what_is_written_is_read_again(head, below):
    note = Note(str(head), below)
    assert Note.parse(str(note).encode()) == note
    assert Checkpoint.parse(note.text) == head


@given(st.binary(max_size=300) | heads.map(lambda head: str(head).encode()), st.integers(0, 400), st.binary(max_size=3))
def test_whatever_is_read_is_either_written_again_to_the_byte_or_refused(content, at, other):
    content = content[:at] + other + content[at + len(other) :]
    with suppress(NotANote):
        assert str(Note.parse(content)).encode() == content
    with suppress(NotANote, UnicodeDecodeError):
        assert str(Checkpoint.parse(content.decode())).encode() == content


@given(heads, names, st.integers(1, 2**63 - 1))
def test_a_signature_is_of_one_text_one_key_and_one_time(head, name, time):
    text, other = str(head), str(head) + "more\n"
    log, witness = (VerifierKey(name, kind, public_of(PRIVATE)) for kind in (NOTE, COSIGNATURE))
    note = Note(text, (sign(PRIVATE, log, text), cosign(PRIVATE, witness, text, time=time)))
    assert (note.signature_of(log), note.signature_of(witness).time) == (note.signatures[0], time)
    for key in (log, witness):
        assert VerifierKey.parse(str(key)) == key
        with pytest.raises(NotANote):
            Note(other, note.signatures).signature_of(key)
    later = Signature(name, witness.id, (time - 1).to_bytes(8) + note.signatures[1].content[8:])
    assert not witness.has_signed(text, later)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n— a AAAAAAA=\n",
        SOFA_SIGNED.replace("\n\n", "\n"),
        SOFA_SIGNED.rstrip("\n"),
        SOFA_SIGNED.replace("— example", "- example"),
        SOFA_SIGNED.replace("YQ8=", "YQ9="),  # the same bytes, written otherwise
        SOFA_SIGNED.replace("— example", "—  example"),
        SOFA_SIGNED.replace("sofa\n", "sofa\r\n"),
        SOFA + "\n" + "— a AAAAAAA=\n" * 65,
        SOFA + "x" * MOST + "\n\n— a AAAAAAA=\n",
        SOFA + "\n— a+b AAAAAAA=\n",
        SOFA + "\n— a AAAA\n",
    ],
)
def test_what_is_no_note_is_refused(text):
    with pytest.raises(NotANote):
        Note.parse(text.encode())


@pytest.mark.parametrize("size", ["", "-1", "+1", "01", "1 ", "1.0", "９", str(2**63), "1" * 5000])
def test_a_size_is_written_in_one_way(size):
    with pytest.raises(NotANote):
        Checkpoint.parse(SOFA.replace("20852163", size))


@pytest.mark.parametrize(
    "text", ["", "a", "a+b+c", FOO.replace("530d903a", "530d903b"), FOO.replace("+A", "+B"), FOO + "AA"]
)
def test_a_key_that_is_none_is_refused(text):
    with pytest.raises(NotANote):
        VerifierKey.parse(text)


@pytest.mark.django_db
def test_a_seal_has_a_checkpoint_from_the_moment_it_is_made(settings):
    settings.BASE_URL = "https://learn.example.org"
    write(300)
    made = seal(7)
    checkpoint = checkpoints.newest(7)
    note, key = checkpoints.note_of(checkpoint), log_keys.verifier_key(checkpoint.key)
    head = Checkpoint.parse(Note.parse(str(note).encode()).text)
    assert (head.size, head.root) == (300, bytes(made.root))
    assert head.origin == key.name == "learn.example.org/log/00000000-0000-0000-0000-000000000007"
    assert note.signature_of(key)
    assert log_keys.endorsement_by(checkpoint.key, made.key)


@pytest.mark.django_db
def test_the_next_signing_key_signs_the_log_key_anew_and_the_log_stays_the_same():
    write(3)
    before = seal(7)
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    after = keys.import_pkcs12(7, pkcs12_file(private, certificate_for(private)), password="secret")
    write(3)
    assert seal(7).key == after
    key = LogKey.objects.get(organisation_id=7)
    assert before.key != after
    assert all(log_keys.endorsement_by(key, signing) for signing in (before.key, after))
    assert verify(7).finding is None


@pytest.mark.django_db
def test_a_new_log_key_takes_the_address_of_now_and_what_the_earlier_one_signed_still_holds(settings):
    write(3)
    seal(7)
    settings.BASE_URL = "https://elsewhere.example.org"
    log_keys.renew(7)
    write(3)
    seal(7)
    names = list(SealCheckpoint.objects.order_by("pk").values_list("key__name", flat=True))
    assert [name.partition("/")[0] for name in names] == ["localhost:8000", "elsewhere.example.org"]
    assert verify(7).finding is None


@pytest.mark.django_db
def test_a_copy_of_the_database_signs_no_checkpoint_and_a_new_secret_opens_what_is_kept(settings):
    write(1)
    seal(7)
    key = LogKey.objects.get()
    with connection.cursor() as cursor:
        cursor.execute("SELECT private FROM journal_logkey")
        [kept] = cursor.fetchone()
    assert kept.startswith(encryption.MARK)
    assert key.private not in kept
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another-" + "y" * 40
    assert encryption.keep_under_current_secret() >= 1
    settings.SECRET_KEY_FALLBACKS = []
    assert LogKey.objects.get().private == key.private


def test_rows_of_checkpoints_never_change(db):
    write(1)
    seal(7)
    for act in (lambda rows: rows.update(signature=b""), lambda rows: rows.delete()):
        with pytest.raises(DatabaseError), transaction.atomic():
            act(SealCheckpoint.objects.all())


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda rows: rows.filter(seal__number=2).delete(), "seal 2 over it has no checkpoint"),
        (lambda rows: rows.filter(seal__number=2).update(signature=bytes(64)), "whose signature does not hold"),
        (lambda _rows: LogKey.objects.update(public=bytes(32)), "a key that its own did not sign"),
        (lambda _rows: LogKey.objects.update(name="elsewhere"), "a key that its own did not sign"),
    ],
)
def test_verify_finds_a_checkpoint_that_was_changed_or_taken_away(change, words):
    for _seal in range(2):
        write(2)
        seal(7)
    tamper("SELECT 1")
    change(SealCheckpoint.objects.all())
    assert words in str(verify(7).finding)


@pytest.mark.django_db
def test_seals_of_before_have_none_and_hold():
    for _seal in range(2):
        write(2)
        seal(7)
    tamper("DELETE FROM journal_sealcheckpoint WHERE seal_id = (SELECT min(seal_id) FROM journal_sealcheckpoint)")
    assert (verify(7).seals, verify(7).finding) == (2, None)
