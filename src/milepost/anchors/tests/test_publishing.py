"""What strangers read: the page, the keys, the checkpoint, the hashes of the tree; the last also as a monitor of others reads them."""

import base64
import hashlib
import json
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aics_tlog import audit_tiles
from aics_tlog.tiles import tile_path
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from django.test import Client
from django.urls import reverse

from milepost import verify
from milepost.anchors.publishing import place_of, zipapp_of
from milepost.core import clock
from milepost.journal import checkpoints, keys, log_keys
from milepost.journal.notes import Checkpoint, Note, VerifierKey
from milepost.journal.sealing import seal
from milepost.journal.tests.test_sealing import certificate_for, pkcs12_file
from milepost.people.organisations import create_organisation
from milepost.verify import Broken, online
from tests.servers import trouble

pytestmark = pytest.mark.django_db


@pytest.fixture
def log(organisation, grown):
    grown(70)
    return reverse("log", args=[organisation.uid])


@pytest.fixture
def stranger():
    return Client()


def test_a_log_is_called_by_the_address_at_which_it_is_found(organisation, log, settings):
    key = log_keys.current_log_key(organisation.pk)
    assert settings.BASE_URL.partition("://")[2] + log.rstrip("/") == key.name


def test_the_checkpoint_is_served_as_its_log_signed_it(organisation, log, stranger):
    answer = stranger.get(f"{log}checkpoint")
    note = Note.parse(answer.content)
    key = log_keys.verifier_key(log_keys.current_log_key(organisation.pk))
    assert note.signature_of(key)
    assert Checkpoint.parse(note.text).size == seal(organisation.pk).size
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


class OverHTTP:
    """The tiles of a log as a monitor fetches them."""

    def __init__(self, log, client):
        self.log, self.client, self.fetched = log, client, 0

    def read_tile(self, level, index, width):
        answer = self.client.get(self.log + tile_path(level, index, width))
        self.fetched += 1
        return answer.content if answer.status_code == 200 else None

    def read_entry_bundle(self, index, width):
        raise AssertionError("entries are not asked for")


@pytest.mark.parametrize("more", [0, 185, 186, 187, 700])
def test_a_monitor_that_others_wrote_comes_from_the_tiles_to_the_root(organisation, log, stranger, grown, more):
    grown(more)
    head = Checkpoint.parse(Note.parse(stranger.get(f"{log}checkpoint").content).text)
    over_http = OverHTTP(log, stranger)
    report = audit_tiles(over_http, head.size, head.root, entries=False)
    assert (report.size, report.tiles > 0, over_http.fetched > 0) == (head.size, True, True)


def test_a_tile_has_one_address_and_never_changes(organisation, log, stranger, grown):
    grown(700)
    size = seal(organisation.pk).size
    full, partial = stranger.get(f"{log}tile/0/000"), stranger.get(f"{log}tile/0/002.p/5")
    assert (len(full.content), len(partial.content)) == (256 * 32, 5 * 32)
    assert full.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert full.headers["Content-Type"] == "application/octet-stream"
    last, width = divmod(size, 256)
    assert stranger.get(f"{log}tile/0/{place_of(last)}.p/{width}").status_code == 200
    for wrong in (
        f"0/{place_of(last)}.p/{width + 1}",  # under no checkpoint yet
        f"0/{place_of(last)}",
        "0/000.p/0",
        "0/000.p/256",
        "0/000.p/01",
        "0/x000/000",
        "0/0",
        "0/0000",
        "0/x000",
        "1/000",
        "64/000",
        "99999999999999999999/000",
        "0/" + "x999/" * 9 + "999",
    ):
        assert stranger.get(f"{log}tile/{wrong}").status_code == 404, wrong


def test_what_is_not_under_a_checkpoint_is_not_served(organisation, log, stranger, grown):
    before = seal(organisation.pk).size
    grown(3, sealed=False)
    assert stranger.get(f"{log}tile/0/000.p/{before}").status_code == 200
    assert stranger.get(f"{log}tile/0/000.p/{before + 1}").status_code == 404


@pytest.mark.parametrize(("index", "place"), [(0, "000"), (67, "067"), (1000, "x001/000"), (1234067, "x001/x234/067")])
def test_tiles_are_numbered_as_the_specification_has_it(index, place):
    assert place_of(index) == place


def test_entries_are_refused_and_it_is_said_why(log, stranger):
    answer = stranger.get(f"{log}tile/entries/000")
    assert (answer.status_code, "personal data" in answer.text) == (403, True)


def test_a_tile_costs_the_same_however_large_the_log_is(
    organisation, log, stranger, grown, django_assert_max_num_queries
):
    grown(900)
    with django_assert_max_num_queries(3):
        stranger.get(f"{log}tile/0/001")


def test_keys_lead_from_the_first_to_the_one_of_now_and_to_the_log(organisation, log, stranger):
    first = keys.current_key(organisation.pk)
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    second = keys.import_pkcs12(organisation.pk, pkcs12_file(private, certificate_for(private)), password="secret")
    log_keys.current_log_key(organisation.pk)
    keys.revoke(
        organisation.pk, first.fingerprint, since=datetime(2026, 11, 20, tzinfo=UTC), reason="A laptop was stolen."
    )
    told = stranger.get(f"{log}keys.json").json()
    assert [key["fingerprint"] for key in told["keys"]] == [first.fingerprint, second.fingerprint]

    def is_signed(key, text, signature):
        public = x509.load_pem_x509_certificate(key["certificate"].encode()).public_key()
        public.verify(base64.b64decode(signature), text.encode(), padding.PKCS1v15(), hashes.SHA256())

    before, now = told["keys"]
    is_signed(before, f"milepost-key-endorsement/1:{now['fingerprint']}", now["endorsement"])
    is_signed(now, before["revocation"]["statement"], before["revocation"]["signature"])
    assert json.loads(before["revocation"]["statement"])["reason"] == "A laptop was stolen."
    [of_log] = told["logs"]
    assert VerifierKey.parse(of_log["vkey"]).name in checkpoints.newest(organisation.pk).key.name
    for key in told["keys"]:
        is_signed(key, f"milepost-log-key/1:{of_log['vkey']}", of_log["endorsements"][key["fingerprint"]])


def test_a_stranger_reads_in_plain_words_which_key_is_right_and_how_to_check(organisation, log, stranger):
    first = keys.current_key(organisation.pk)
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    second = keys.import_pkcs12(organisation.pk, pkcs12_file(private, certificate_for(private)), password="secret")
    keys.revoke(
        organisation.pk, first.fingerprint, since=datetime(2026, 11, 20, tzinfo=UTC), reason="A laptop was stolen."
    )
    page = stranger.get(log, headers={"Accept-Language": "en"}).text
    for words in (
        organisation.name,
        first.fingerprint,
        second.fingerprint,
        "Revoked: what it signed from 20 November 2026, 00:00 on is not to be believed. A laptop was stolen.",
        checkpoints.line_of(checkpoints.newest(organisation.pk)),
        f"python verify.pyz FILE --key {second.fingerprint}",
    ):
        assert words in page, words
    assert "Avec quoi Aldermoor signe" in stranger.get(log, headers={"Accept-Language": "fr"}).text


def test_the_program_that_checks_is_served_to_the_byte_and_runs(log, stranger, tmp_path):
    answer = stranger.get(reverse("verify_program"))
    assert answer.content == zipapp_of(Path(verify.__file__).parent)
    digest = hashlib.sha256(answer.content).hexdigest()
    assert digest in stranger.get(log).text
    assert stranger.get("/.well-known/milepost.json").json()["verify"]["sha256"] == digest
    path = tmp_path / "verify.pyz"
    path.write_bytes(answer.content)
    done = subprocess.run([sys.executable, "-I", str(path), "--help"], capture_output=True, text=True, check=True)
    assert "--witness" in done.stdout


def test_a_site_that_drips_its_answer_is_left_within_the_bound(monkeypatch):
    """Each header comes within the time that one may take; all of them took hours."""

    def drip(connection, over):
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        while not over.wait(0.1):
            connection.sendall(b"X-More: yes\r\n")

    monkeypatch.setattr(online, "SECONDS", 0.5)
    with trouble(drip) as port, pytest.raises(Broken, match="answers for more than"):
        online.fetch(f"http://127.0.0.1:{port}/keys.json")


def test_a_file_that_names_another_place_than_a_uid_is_not_looked_up(tmp_path):
    """It would be an address on the same site, where others may put files."""
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"seal": {"statement": json.dumps({"organisation": "../media/keys-of-mine.json?"})}}))
    with pytest.raises(Broken, match="does not say whose it is"):
        online.Site("https://learn.example", path)


def test_the_program_says_in_words_which_package_is_missing_and_nothing_of_the_file(tmp_path):
    """A status of its own: who reads “does not hold” because something is not installed accuses somebody."""
    path = tmp_path / "verify.pyz"
    path.write_bytes(zipapp_of(Path(verify.__file__).parent))
    certificate = Path(__file__).parents[4] / "tests" / "vectors" / "certificate.pdf"
    done = subprocess.run([sys.executable, "-I", "-S", str(path), str(certificate)], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (2, "")
    assert done.stdout == "Nothing was checked: install cryptography (pip install cryptography).\n"
    without = f"import sys, runpy; sys.modules['pyhanko'] = None; sys.argv = ['v', {str(certificate)!r}]; runpy.run_path({str(path)!r}, run_name='__main__')"
    done = subprocess.run([sys.executable, "-I", "-c", without], capture_output=True, text=True)
    assert (done.returncode, "install pyHanko" in done.stdout, "HOLD" in done.stdout) == (2, True, False)


def test_an_organisation_that_has_sealed_nothing_has_a_page_and_no_checkpoint(stranger, db):
    new = create_organisation(slug="new", name="New & Co")
    page = stranger.get(reverse("log", args=[new.uid]))
    assert (page.status_code, "New &amp; Co" in page.text) == (200, True)
    assert stranger.get(reverse("log_checkpoint", args=[new.uid])).status_code == 404
    assert stranger.get(reverse("log_tile", args=[new.uid, 0, "000"])).status_code == 404


def test_nothing_that_is_published_says_what_is_in_the_journal(organisation, log, stranger):
    with clock.at(datetime(2026, 11, 26, tzinfo=UTC)):
        told = "".join(stranger.get(log + path).text for path in ("", "keys.json", "checkpoint"))
    assert re.search("Anna|Jonas|@", told.replace("@context", "")) is None
