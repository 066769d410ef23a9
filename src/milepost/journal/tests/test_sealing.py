import base64
import errno
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID
from django.core.cache import cache
from django.db import DatabaseError, connection, transaction
from programs import run

from milepost.core import clock, encryption
from milepost.core.jobs import run_all
from milepost.journal import jobs, keys, measures, merkle, second_memory, tiles
from milepost.journal.folding import fold
from milepost.journal.leaves import leaf_hash
from milepost.journal.models import Entry, Seal, SigningKey, Tile, Timestamp, Unfolded
from milepost.journal.proofs import NotSealedYet, consistency_proof, inclusion_proof
from milepost.journal.recording import Fact, Reference, record_many
from milepost.journal.sealing import seal
from milepost.journal.tests.exercises import EXERCISE_COMPLETED, identity_of
from milepost.journal.verification import Verification, verify

pytestmark = pytest.mark.django_db
LADDERS = Reference("exercise", "ladders", "Ladders")


def write(count, organisation_id=7):
    facts = (
        Fact(EXERCISE_COMPLETED, Reference("member", f"m{number}", "Anna"), LADDERS, {"score": number})
        for number in range(count)
    )
    with transaction.atomic():
        record_many(facts, organisation=identity_of(organisation_id))


def entry(number):
    return Entry.objects.order_by("id")[number]


def test_a_seal_signs_the_root_over_all_entries():
    write(300)
    made = seal(7)
    leaves = [bytes(leaf) for leaf in Entry.objects.order_by("id").values_list("leaf", flat=True)]
    frontier = merkle.Frontier()
    for leaf in leaves:
        frontier.append(leaf)
    assert (made.number, made.size, bytes(made.root)) == (1, 300, frontier.root)
    public = made.key.x509.public_key()
    public.verify(bytes(made.signature), made.statement.encode(), padding.PKCS1v15(), hashes.SHA256())
    assert json.loads(made.statement)["root"] == frontier.root.hex()


def test_sealing_again_adds_only_what_is_new():
    write(10)
    seal(7)
    assert seal(7).number == 1
    write(600)
    assert (seal(7).number, seal(7).size, verify(7).seals) == (2, 610, 2)
    assert Unfolded.objects.count() == 0


def test_each_organisation_has_a_tree_and_a_key_of_its_own():
    write(3, organisation_id=7)
    write(4, organisation_id=8)
    assert run_all(jobs.seal) == 2
    assert [verify(number).sealed for number in (7, 8)] == [3, 4]
    assert SigningKey.objects.filter(organisation_id=8).count() == 1


@pytest.mark.parametrize("size", [1, 255, 256, 257, 700])
def test_every_entry_is_proved_by_the_proof_alone(size):
    write(size)
    seal(7)
    for number in {0, size // 2, size - 1}:
        proof = inclusion_proof(entry(number))
        words = proof["entry"]
        leaf = leaf_hash(salt=bytes.fromhex(words["salt"]), statement=words["statement"].encode())
        told = json.loads(proof["seal"]["statement"])
        path = [bytes.fromhex(step) for step in proof["path"]]
        assert merkle.is_included(leaf, proof["index"], told["size"], path, bytes.fromhex(told["root"]))
        certificate = x509.load_pem_x509_certificate(proof["seal"]["certificate"].encode())
        signature = base64.b64decode(proof["seal"]["signature"])
        certificate.public_key().verify(
            signature, proof["seal"]["statement"].encode(), padding.PKCS1v15(), hashes.SHA256()
        )


def test_an_entry_that_waits_for_its_seal_has_no_proof_yet():
    write(1)
    with pytest.raises(NotSealedYet):
        inclusion_proof(entry(0))


def test_two_seals_are_proved_consistent():
    write(100)
    first = seal(7)
    write(500)
    second = seal(7)
    path = [bytes.fromhex(step) for step in consistency_proof(first, second)["path"]]
    assert merkle.is_consistent(first.size, bytes(first.root), second.size, bytes(second.root), path)


def killed(*_args, **_kwargs):
    raise KeyboardInterrupt


def test_a_worker_killed_while_it_folds_leaves_nothing_and_the_next_one_does_its_work(monkeypatch):
    write(300)
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr("milepost.journal.tiles.Tile.objects.bulk_create", killed)
        seal(7)
    assert (Seal.objects.count(), Tile.objects.count(), Unfolded.objects.count()) == (0, 0, 300)
    assert seal(7).size == 300
    assert verify(7).finding is None


def test_what_is_in_the_tree_without_a_seal_holds_is_counted_as_waiting_and_gets_the_next_seal(monkeypatch):
    write(100)
    seal(7)
    write(300)
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr("milepost.journal.sealing._sign", killed)
        seal(7)
    assert (Seal.objects.count(), Unfolded.objects.count()) == (1, 0)
    assert verify(7) == Verification(checked=400, sealed=100, seals=1, finding=None)
    with pytest.raises(NotSealedYet):
        inclusion_proof(entry(100))
    assert inclusion_proof(entry(99))["index"] == 99
    assert seal(7).size == 400
    assert verify(7) == Verification(checked=400, sealed=400, seals=2, finding=None)


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE journal_seal SET size = 9",
        "DELETE FROM journal_seal",
        "DELETE FROM journal_tile",
        "UPDATE journal_tile SET hashes = entries",
    ],
)
def test_the_database_refuses_to_change_what_was_sealed(sql):
    write(5)
    seal(7)
    with pytest.raises(DatabaseError, match="never changed"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)
    assert verify(7).finding is None


# --- Somebody with full access to the database, who drops the triggers first --------------------------------


def tamper(sql, *parameters):
    with connection.cursor() as cursor:
        tables = ("journal_entry", "journal_tile", "journal_seal", "journal_sealcheckpoint", "journal_cosignature")
        if connection.vendor == "postgresql":
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            for table in tables:
                cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        else:
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name LIKE 'journal%%'")
            for (name,) in cursor.fetchall():
                cursor.execute(f"DROP TRIGGER {name}")
        cursor.execute(sql, parameters)


@pytest.fixture
def sealed():
    write(300)
    seal(7)
    write(300)
    seal(7)
    write(20)
    return [*Entry.objects.order_by("id")]


def told(position, sealed):
    found = verify(7).finding
    assert found is not None
    assert found.entry_id == sealed[position].id
    return found.reason


def forge(one):
    """An entry's words, hash and columns changed together, as somebody would who read this code."""
    statement = one.statement.replace("Anna", "Otto")
    return statement, leaf_hash(salt=bytes(one.salt), statement=statement.encode())


@pytest.mark.parametrize("column", ["first_entry", "last_entry"])
def test_a_tile_that_would_not_be_found_by_its_entries_is_named(sealed, column):
    tamper(
        f"UPDATE journal_tile SET {column} = {column} + 100 WHERE level = 0 AND {column} = {sealed[0].id} OR {column} = {sealed[255].id}"
    )
    assert "its tile says of other entries" in told(0, sealed)


def test_an_entry_altered_along_with_its_hash_is_named(sealed):
    statement, leaf = forge(sealed[400])
    tamper("UPDATE journal_entry SET statement = %s, leaf = %s WHERE id = %s", statement, leaf, sealed[400].id)
    assert "altered" in told(400, sealed)


def test_a_removed_entry_is_named(sealed):
    tamper("DELETE FROM journal_entry WHERE id = %s", sealed[123].id)
    assert "removed" in told(123, sealed)


def test_an_entry_removed_before_its_seal_is_named(sealed):
    tamper("DELETE FROM journal_entry WHERE id = %s", sealed[610].id)
    assert "removed before its seal" in told(610, sealed)


def test_an_entry_altered_before_its_seal_is_named(sealed):
    tamper("UPDATE journal_entry SET statement = %s WHERE id = %s", forge(sealed[610])[0], sealed[610].id)
    assert "altered before its seal" in told(610, sealed)


def test_swapped_entries_are_named(sealed):
    columns = "verb, time, actor_id, object_id, statement, salt, leaf"
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TEMPORARY TABLE other AS SELECT id, {columns} FROM journal_entry")
        swap = ", ".join(f"{name} = (SELECT {name} FROM other WHERE id = %s)" for name in columns.split(", "))
        one, two = sealed[10].id, sealed[20].id
        tamper(f"UPDATE journal_entry SET {swap} WHERE id = %s", *[two] * 7, one)
        cursor.execute(f"UPDATE journal_entry SET {swap} WHERE id = %s", [*[one] * 7, two])
        cursor.execute("DROP TABLE other")
    assert f"sealed as entry {two}: entries were reordered" in told(10, sealed)


def test_an_entry_inserted_past_the_journal_is_named(sealed):
    columns = "organisation_id, fact, verb, time, actor_id, object_id, about, statement, salt, leaf"
    tamper(f"INSERT INTO journal_entry ({columns}) SELECT {columns} FROM journal_entry WHERE id = %s", sealed[5].id)
    assert verify(7).finding.entry_id == Entry.objects.order_by("id").last().id
    assert "inserted" in verify(7).finding.reason


def test_an_entry_altered_along_with_the_tree_fails_the_seal_over_it(sealed):
    statement, leaf = forge(sealed[400])
    tile = Tile.objects.get(level=0, index=1)
    changed = bytes(tile.hashes).replace(bytes(sealed[400].leaf), leaf)
    tamper("UPDATE journal_entry SET statement = %s, leaf = %s WHERE id = %s", statement, leaf, sealed[400].id)
    tamper_more("UPDATE journal_tile SET hashes = %s WHERE id = %s", changed, tile.id)
    reason = told(300, sealed)
    assert f"between it and entry {sealed[599].id}" in reason
    assert "seal 2" in reason


def tamper_more(sql, *parameters):
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)


def take_away(number):
    """The seal of this number, with the checkpoint that says the same."""
    tamper(
        "DELETE FROM journal_sealcheckpoint WHERE seal_id IN (SELECT id FROM journal_seal WHERE number = %s)", number
    )
    tamper_more("DELETE FROM journal_seal WHERE number = %s", number)


def test_a_replaced_tree_head_is_named(sealed):
    root = bytes(32)
    second = Seal.objects.get(number=2)
    statement = second.statement.replace(bytes(second.root).hex(), root.hex())
    tamper("UPDATE journal_seal SET root = %s, statement = %s WHERE number = 2", root, statement)
    assert "the seal was replaced" in told(300, sealed)


def test_a_removed_seal_is_named(sealed):
    take_away(1)
    assert "seal 1" in told(0, sealed)


def test_the_newest_entries_taken_away_with_their_seal_are_told_by_this_machine_s_memory(sealed):
    """The database is as it was before the second seal: only what lies outside of it knows better."""
    take_away(2)
    tamper_more("DELETE FROM journal_unsealed")
    tamper_more("DELETE FROM journal_entry WHERE id > %s", sealed[299].id)
    tamper_more('DELETE FROM journal_tile WHERE level = 0 AND "index" = 2')
    tile = Tile.objects.get(level=0, index=1)
    sizes = (bytes(tile.hashes)[: 44 * 32], bytes(tile.entries)[: 44 * 8], sealed[299].id, tile.id)
    tamper_more("UPDATE journal_tile SET hashes = %s, entries = %s, last_entry = %s WHERE id = %s", *sizes)
    assert "entries are missing: a seal over 600 entries exists" in told(299, sealed)


def test_the_newest_seal_taken_away_alone_is_told_by_this_machine_s_memory(sealed):
    """Its entries look as if they waited for a seal; the memory knows that they had one."""
    take_away(2)
    assert "the seal over it was removed" in told(300, sealed)


def test_an_entry_altered_in_the_tree_before_its_seal_is_named(sealed):
    fold(7)
    tamper("UPDATE journal_entry SET statement = %s WHERE id = %s", forge(sealed[610])[0], sealed[610].id)
    assert "altered before its seal" in told(610, sealed)


def test_a_tree_that_is_said_to_be_smaller_than_it_is_is_told(sealed):
    tamper("UPDATE journal_tree SET size = 599")
    assert "said to have 599 leaves, and it has 600" in verify(7).finding.reason


def test_a_history_signed_anew_with_another_key_is_refused(sealed):
    """Somebody rewrites everything and signs it, with a key and a certificate of their own."""
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    before = Seal.objects.get(number=1)
    certificate = certificate_for(other)
    pem = certificate.public_bytes(serialization.Encoding.PEM).decode()
    signature = other.sign(before.statement.encode(), padding.PKCS1v15(), hashes.SHA256())
    tamper("UPDATE journal_seal SET signature = %s WHERE number = 1", signature)
    tamper_more("UPDATE journal_signingkey SET certificate = %s", pem)
    assert "a key that is not this organisation's" in told(0, sealed)


# --- Keys -------------------------------------------------------------------------------------------------


def certificate_for(private, *, days=365, begins=0):
    now = datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Aldermoor seal")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(private.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now + timedelta(days=begins))
    return builder.not_valid_after(now + timedelta(days=begins + days)).sign(private, hashes.SHA256())


def pkcs12_file(private, certificate, password=b"secret"):
    return pkcs12.serialize_key_and_certificates(
        b"seal", private, certificate, None, serialization.BestAvailableEncryption(password)
    )


def test_a_key_of_before_is_revoked_by_the_one_of_now_and_no_other_is(sealed):
    first = keys.current_key(7)
    since = datetime(2026, 11, 20, tzinfo=UTC)
    with pytest.raises(keys.KeyRefused, match="Bring another one first"):
        keys.revoke(7, first.fingerprint, since=since, reason="lost")
    with pytest.raises(keys.KeyRefused, match="never signed with"):
        keys.revoke(7, "0" * 64, since=since, reason="lost")
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    second = keys.import_pkcs12(7, pkcs12_file(private, certificate_for(private)), password="secret")
    made = keys.revoke(7, first.fingerprint, since=since, reason=" A laptop was stolen. ")
    assert made.content == {
        "type": "milepost-key-revocation/1",
        "key": first.fingerprint,
        "since": "2026-11-20T00:00:00.000000Z",
        "reason": "A laptop was stolen.",
        "by": second.fingerprint,
    }
    assert keys.is_signed(second, made.statement.encode(), bytes(made.signature))
    assert keys.revoke(7, first.fingerprint, since=since, reason="again") == made


def test_a_key_of_one_s_own_signs_from_then_on_and_old_seals_still_hold():
    write(3)
    seal(7)
    private = rsa.generate_private_key(public_exponent=65537, key_size=3072)
    keys.import_pkcs12(7, pkcs12_file(private, certificate_for(private)), password="secret")
    write(3)
    assert "Aldermoor seal" in seal(7).key.subject
    assert (verify(7).finding, verify(7).seals) == (None, 2)


def test_key_files_that_can_t_be_used_say_why(private_key):
    good = pkcs12_file(private_key, certificate_for(private_key))
    curve = ec.generate_private_key(ec.SECP256R1())
    small = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    for content, password, words in (
        (good, "wrong", "password"),
        (b"not a key", "secret", "not a PKCS#12 file"),
        (b"", "secret", "not a PKCS#12 file"),
        (pkcs12_file(private_key, certificate_for(private_key, begins=-30, days=20)), "secret", "not today"),
        (pkcs12_file(private_key, certificate_for(private_key, begins=30)), "secret", "not today"),
        (pkcs12_file(curve, certificate_for(curve)), "secret", "not RSA"),
        (pkcs12_file(small, certificate_for(small)), "secret", "2048 bits"),
        (pkcs12_file(None, certificate_for(private_key)), "secret", "no private key"),
    ):
        with pytest.raises(keys.KeyRefused, match=words):
            keys.import_pkcs12(7, content, password=password)
    assert SigningKey.objects.count() == 0


def test_the_kept_key_does_not_open_with_another_secret(settings):
    write(1)
    keys.current_key(7)
    keys._opened.cache_clear()
    settings.SECRET_KEY = "another" * 10
    with pytest.raises(keys.KeyLocked, match="MILEPOST_SECRET_KEY"):
        seal(7)
    assert Unfolded.objects.count() == 1


def test_a_key_that_is_made_here_has_3072_bits(monkeypatch):
    monkeypatch.undo()  # tests share one that is made quickly
    assert keys._new_private_key().key_size == 3072


def test_the_private_key_is_nowhere_in_the_clear():
    key = keys.current_key(7)
    assert key.private.startswith(encryption.MARK) and encryption.is_current(key.private)
    assert "PRIVATE KEY" not in key.private


# --- Time stamps, by a real authority made with openssl -----------------------------------------------------


def test_the_authority_dates_the_newest_seal_and_openssl_agrees(settings, authority, tmp_path):
    settings.TIMESTAMP_URL, folder = authority
    write(3)
    made = seal(7)
    assert (run_all(jobs.stamp), run_all(jobs.stamp)) == (1, 0)
    (tmp_path / "token").write_bytes(bytes(Timestamp.objects.get().token))
    (tmp_path / "signature").write_bytes(bytes(made.signature))
    command = f"openssl ts -verify -data signature -in token -token_in -CAfile {folder}/tsa.pem"
    assert "OK" in run(command, cwd=tmp_path, capture_output=True, text=True).stdout
    assert verify(7).finding is None


def test_an_authority_that_does_not_answer_holds_up_nothing_and_is_asked_again(settings, authority):
    settings.TIMESTAMP_URL = "http://127.0.0.1:9/"
    write(3)
    assert seal(7).size == 3
    assert run_all(jobs.stamp) == 0
    settings.TIMESTAMP_URL = authority[0]
    cache.clear()  # the authority has rested
    with clock.at(clock.now() + timedelta(minutes=2)):
        assert run_all(jobs.stamp) == 1


def test_without_an_authority_there_are_no_stamps():
    write(1)
    seal(7)
    assert run_all(jobs.stamp) == 0


def test_a_stamp_moved_from_another_seal_is_named(settings, authority):
    settings.TIMESTAMP_URL = authority[0]
    write(3)
    seal(7)
    run_all()
    write(3)
    second = seal(7)
    tamper("SELECT 1")
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("ALTER TABLE journal_timestamp DISABLE TRIGGER USER")
        cursor.execute("UPDATE journal_timestamp SET seal_id = %s", [second.id])
    assert "time stamp" in verify(7).finding.reason


# --- What machines do to it -----------------------------------------------------------------------------------


@pytest.fixture
def memory(settings, tmp_path):
    """The file in which this machine remembers the seals of organisation 7."""
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, data=tmp_path)
    write(3)
    return tmp_path / "seals" / f"{seal(7).key.fingerprint}.jsonl"


def test_half_a_line_of_the_memory_is_mended_and_told(memory, caplog):
    with memory.open("a") as file:
        file.write('{"seal": "{')
    assert verify(7).finding is None
    write(1)
    seal(7)
    assert "ended in half a line of 11 bytes" in caplog.text
    assert [one.size for one in second_memory.all_of(7)] == [3, 4]
    assert verify(7).finding is None


@pytest.mark.parametrize("line", ["not json", "{}", "[" * 90_000, '{"seal": "[]"}', "\x80"])
def test_a_line_of_the_memory_that_can_not_be_read_is_told_with_its_place(memory, line):
    memory.write_bytes(line.encode("latin-1") + b"\n" + memory.read_bytes())
    assert f"{memory.name}, line 1: what is remembered" in str(verify(7).finding)


def test_two_roots_for_one_size_are_the_finding(memory):
    line = json.loads(memory.read_text())
    other = json.loads(line["seal"]) | {"root": "00" * 32}
    with memory.open("a") as file:
        file.write(json.dumps(line | {"seal": json.dumps(other)}) + "\n")
    assert "two seals over 3 entries say different things" in str(verify(7).finding)


@pytest.mark.parametrize("level", [0, 1])
def test_nothing_is_built_on_a_level_of_the_tree_that_does_not_hold(level):
    write(300)
    seal(7)
    changed = Tile.objects.get(organisation_id=7, level=level, index=0)
    tamper("UPDATE journal_tile SET hashes = %s WHERE id = %s", bytes(32) + bytes(changed.hashes)[32:], changed.pk)
    write(300)
    waiting = Entry.objects.order_by("id")[300:]  # the trigger that queues them is gone as well
    Unfolded.objects.bulk_create([Unfolded(entry_id=one.pk, organisation_id=7) for one in waiting])
    with pytest.raises(tiles.BrokenTree):
        seal(7)
    assert Seal.objects.count() == 1


def test_seals_that_could_not_be_remembered_on_a_full_disk_are_with_the_next(memory, monkeypatch):
    def refuse(*_arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    write(1)
    with monkeypatch.context() as full, pytest.raises(OSError, match="No space"):
        full.setattr(second_memory.json, "dumps", refuse)
        seal(7)
    assert Seal.objects.count() == 2  # the seal is in the database
    assert [one.size for one in second_memory.all_of(7)] == [3]
    seal(7)  # the job tries again, and nothing is new
    assert [one.size for one in second_memory.all_of(7)] == [3, 4]
    seal(7)
    assert [one.size for one in second_memory.all_of(7)] == [3, 4]
    assert verify(7).finding is None


def test_facts_that_wait_for_a_seal_are_told_of_after_a_clock_was_ahead():
    write(1)
    with clock.at(clock.now() + timedelta(days=365)):
        seal(7)
    write(1)
    seal(7)  # dated after the one before, and says what the clock said
    write(1)
    with clock.at(clock.now() + timedelta(minutes=10)):
        assert 590 < measures.oldest_unsealed_fact() < 700


def test_a_clock_that_goes_backwards_leaves_seals_in_order_and_they_say_so(caplog):
    now = clock.now()
    write(1)
    with clock.at(now):
        first = seal(7)
    write(1)
    with clock.at(now - timedelta(hours=1)):
        second = seal(7)
    assert second.time > first.time
    assert json.loads(second.statement)["clock"] < json.loads(second.statement)["time"]
    assert "it went backwards" in caplog.text
    assert verify(7).finding is None
