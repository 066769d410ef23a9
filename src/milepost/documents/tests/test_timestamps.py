"""Time stamps and long-term proofs, with a real authority (openssl ts) and a real issuer with a revocation list."""

import contextlib
import io
import shutil
import tempfile
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from asn1crypto import pem, tsp
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from django.core.cache import cache
from django.core.files.storage import default_storage
from programs import run
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.timestamps import TimestampRequestError
from pyhanko.sign.validation.ades import ades_lta_validation
from pyhanko.sign.validation.policy_decl import PdfSignatureValidationSpec, SignatureValidationSpec
from pyhanko_certvalidator.context import CertValidationPolicySpec
from pyhanko_certvalidator.policy_decl import REQUIRE_REVINFO, CertRevTrustPolicy
from pyhanko_certvalidator.registry import SimpleTrustManager

from milepost import verify as verifier
from milepost.core import blobs, clock
from milepost.core.fetching import fetch
from milepost.core.jobs import run_all
from milepost.documents.composing import compose
from milepost.documents.jobs import date_file
from milepost.documents.kinds import KINDS
from milepost.documents.models import Document, Signatory
from milepost.documents.requesting import Party, Terms, request_signatures
from milepost.documents.sealing import seal_pdf
from milepost.documents.signatures import Signature
from milepost.documents.signing import Act, sign
from milepost.documents.tests.agreements import a_pdf
from milepost.documents.timestamps import date_pdf
from milepost.documents.typesetting import render
from milepost.journal import keys, timestamping
from milepost.journal.models import Entry
from milepost.verify.pdf_seals import seals_in
from tests.readers import pdfsig_accepts, stamps_in

pytestmark = pytest.mark.django_db
DRAWN = Signature(strokes=((10, 80, 60, 40, 90, 120, 140, 60),), width=300, height=160)
NOBODY = "http://127.0.0.1:9/"


@pytest.fixture
def agreement(organisation, lead):
    made = compose(
        organisation=organisation, kind=KINDS["agreement"], values={"title": "Ladders"}, language="en", by=lead
    )
    run_all(queues=["files"])
    parties = [Party("Claire", "claire@aldermoor.example"), Party("Maud", "maud@one.example")]
    request_signatures(document=Document.objects.get(pk=made.pk), parties=parties, terms=Terms(), by=lead)
    return Document.objects.get(pk=made.pk)


def sign_all(document):
    for who in Signatory.objects.filter(request__document=document).select_related(
        "request__document__organisation", "member"
    ):
        sign(signatory=who, act=Act(DRAWN, {}, "10.0.0.8", "Desk"))
    document.refresh_from_db()


def file_of(document):
    return blobs.read(document.organisation.uid, document.pdf)


def test_with_the_authority_at_hand_each_signature_is_dated_as_it_is_made(settings, authority, agreement):
    settings.TIMESTAMP_URL = authority[0]
    sign_all(agreement)
    content = file_of(agreement)
    assert all(
        seal.compute_integrity_info() is None and seal.signer_info["unsigned_attrs"]
        for seal in PdfFileReader(io.BytesIO(content)).embedded_regular_signatures
    )
    assert run_all(date_file, queues=["outside"]) == 1
    assert file_of(agreement) == content  # nothing was lacking
    assert pdfsig_accepts(content, seals=2)


def test_while_it_does_not_answer_people_sign_and_the_stamp_is_pending_until_it_does(
    settings, authority, agreement, lead, visit
):
    settings.TIMESTAMP_URL = NOBODY
    sign_all(agreement)
    before = file_of(agreement)
    assert agreement.request.status == "completed"
    assert run_all(date_file, queues=["outside"]) == 0
    page = f"/aldermoor/documents/{agreement.uid}/"
    assert "The time stamp of an authority is pending." in visit(lead).get(page).text
    settings.TIMESTAMP_URL = authority[0]
    cache.clear()  # it has rested
    with clock.at(clock.now() + timedelta(minutes=2)):
        assert (run_all(date_file), run_all(date_file)) == (1, 0)
    agreement.refresh_from_db()
    content = file_of(agreement)
    assert content.startswith(before)
    assert stamps_in(content) == 1
    assert pdfsig_accepts(content, seals=2)
    assert "pending" not in visit(lead).get(page).text
    assert Entry.objects.filter(verb="sealed", object_id=str(agreement.uid)).count() == 1


def test_a_file_that_is_gone_holds_up_no_other(settings, authority, organisation, lead):
    for title in ("Lost", "Kept"):
        compose(organisation=organisation, kind=KINDS["programme"], values={"title": title}, language="en", by=lead)
    run_all(queues=["files"])
    lost, kept = Document.objects.order_by("pk")
    default_storage.delete(blobs.path_of(organisation.uid, lost.pdf))
    settings.TIMESTAMP_URL = authority[0]
    assert run_all(date_file, queues=["outside"]) == 1
    lost.refresh_from_db()
    kept.refresh_from_db()
    assert (lost.dated_at, stamps_in(file_of(kept))) == (None, 1)


def test_nobody_waits_twice_for_an_authority_that_does_not_answer(settings, agreement, monkeypatch):
    settings.TIMESTAMP_URL = NOBODY
    asked = []
    from milepost.documents import sealing

    usual = sealing._stamped
    monkeypatch.setattr(sealing, "_stamped", lambda *args: asked.append(1) or usual(*args))
    sign_all(agreement)
    assert asked == [1]


@pytest.fixture
def liar(authority, settings, monkeypatch):
    """An authority that answers as it is told: `liar(kind)`."""
    url, folder = authority
    told = []

    class Liar(BaseHTTPRequestHandler):
        def do_POST(self):
            asked = tsp.TimeStampReq.load(self.rfile.read(int(self.headers["Content-Length"])))
            content_type, answer = "application/timestamp-reply", lies(url, asked, folder)[told[-1]]()
            if told[-1] == "a page":
                content_type = "text/html"
            self.send_response(200)
            self.send_header("Content-Type", content_type)
            self.end_headers()
            with contextlib.suppress(OSError):
                self.wfile.write(answer)

        def log_message(self, *_args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Liar)
    Thread(target=server.serve_forever, daemon=True).start()
    settings.TIMESTAMP_URL = f"http://127.0.0.1:{server.server_port}/"
    monkeypatch.setattr(timestamping, "PATIENCE_AT_HAND", 0.4)
    yield told.append
    server.shutdown()


def lies(url, asked, folder=None):
    def real(**changed):
        other = asked.copy()
        for name, value in changed.items():
            other[name] = value
        return fetch(url, within=10, at_most=100_000, content=other.dump(), headers={"Content-Type": "x"}).content

    def padded():
        made = tsp.TimeStampResp.load(real())
        certificates = made["time_stamp_token"]["content"]["certificates"]
        for _more in range(20):
            certificates.append(certificates[0])
        return made.dump(force=True)

    def forged():
        made = bytearray(real())
        made[-1] ^= 1  # the end of its signature
        return bytes(made)

    def outdated():
        with tempfile.TemporaryDirectory() as own:
            for name in ("serial", "tsa.cnf", "tsa.key"):
                shutil.copy(folder / name, own)
            key = serialization.load_pem_private_key(Path(own, "tsa.key").read_bytes(), None)
            Path(own, "tsa.pem").write_bytes(expired(key).public_bytes(serialization.Encoding.PEM))
            Path(own, "query").write_bytes(asked.dump())
            reply = "openssl ts -reply -config tsa.cnf -queryfile query -out reply"
            run(reply, cwd=own, check=True, capture_output=True)
            return Path(own, "reply").read_bytes()

    def slow():
        time.sleep(0.8)
        return real()

    imprint = {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": b"x" * 32}
    return {
        "garbage": lambda: b"\xff" * 400,
        "nothing": lambda: b"",
        "half a stamp": lambda: real()[:-700],
        "a stamp and more": lambda: real() + b"more",
        "another sequence": lambda: b"\x30\x03\x02\x01\x00",
        "a stamp that was asked for before": lambda: real(nonce=7),
        "a stamp for something else": lambda: real(message_imprint=imprint),
        "a stamp larger than its place": padded,
        "megabytes": lambda: b"\x30\x84\x7f\xff\xff\xff" + bytes(2_000_000),
        "a page": lambda: b"<html>",
        "a forged stamp": forged,
        "a stamp under a certificate that has expired": outdated,
        "late": slow,
    }


def expired(key):
    """A certificate for time stamps that ended a year ago."""
    name, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tsa")]), datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(now - timedelta(days=730))
    use = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
    return (
        builder.not_valid_after(now - timedelta(days=365)).add_extension(use, critical=True).sign(key, hashes.SHA256())
    )


@pytest.mark.parametrize("lie", lies("", None))
def test_whatever_an_authority_answers_documents_are_sealed_without_waiting(organisation, liar, lie):
    liar(lie)
    cache.clear()
    key, began = keys.current_key(organisation.pk), time.monotonic()
    sealed = seal_pdf(a_pdf(), key=key, time=datetime(2026, 1, 1, tzinfo=UTC))
    assert time.monotonic() - began < 5
    assert stamps_in(sealed) == 0
    assert [seal.holds for seal in seals_in(sealed)] == [True]
    if lie != "late":  # there is time in the background
        with pytest.raises((OSError, TimestampRequestError)):
            date_pdf(sealed, key=key)


def test_any_changed_byte_of_a_dated_document_is_refused(settings, authority, agreement, tmp_path):
    settings.TIMESTAMP_URL = NOBODY
    sign_all(agreement)
    settings.TIMESTAMP_URL = authority[0]
    run_all(queues=["outside"])
    agreement.refresh_from_db()
    content = file_of(agreement)
    path = tmp_path / "it.pdf"
    path.write_bytes(content)
    verifier.verify(path)
    for at in (200, len(content) // 2, content.rindex(b"/ByteRange") + 14):
        path.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
        with pytest.raises(verifier.Broken):
            verifier.verify(path)


# --- An issuer that says what it revoked --------------------------------------------------------------------


@pytest.fixture
def issuer():
    """A root that issues the organisation's key and serves a revocation list over HTTP."""
    lists, asked = {}, []

    class Server(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            if self.path == lists.get("moved"):
                self.send_response(302)
                self.send_header("Location", "/elsewhere.crl")
                self.end_headers()
                return
            self.send_response(200)
            self.send_header("Content-Type", "application/pkix-crl")
            self.end_headers()
            with suppress(OSError):  # whoever asked has heard enough
                self.wfile.write(lists["crl"])
                for _part in range(lists.get("more", 0)):
                    self.wfile.write(bytes(1 << 20))

        def log_message(self, *_args):
            pass

    server = HTTPServer(("127.0.0.1", 0), Server)
    Thread(target=server.serve_forever, daemon=True).start()
    made = Issuer(f"http://127.0.0.1:{server.server_port}/ca.crl")
    lists["crl"] = made.revocations()
    made.lists, made.asked = lists, asked
    yield made
    server.shutdown()


class Issuer:
    def __init__(self, address):
        from cryptography.hazmat.primitives.asymmetric import rsa

        self.address, self.now = address, datetime.now(UTC)
        self.root_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.root = self._certificate("Root", self.root_key, is_root=True)
        self.leaf = self._certificate("Aldermoor", self.key, is_root=False)

    def _certificate(self, name, key, *, is_root):
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .issuer_name(subject if is_root else self.root.subject)
            .not_valid_before(self.now - timedelta(days=1))
            .not_valid_after(self.now + timedelta(days=365))
            .add_extension(x509.BasicConstraints(ca=is_root, path_length=None), critical=True)
            .add_extension(
                x509.KeyUsage(
                    digital_signature=not is_root,
                    content_commitment=not is_root,
                    key_encipherment=False,
                    data_encipherment=False,
                    key_agreement=False,
                    key_cert_sign=is_root,
                    crl_sign=is_root,
                    encipher_only=False,
                    decipher_only=False,
                ),
                critical=True,
            )
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self.root_key.public_key()), critical=False
            )
        )
        if not is_root:
            point = x509.DistributionPoint([x509.UniformResourceIdentifier(self.address)], None, None, None)
            builder = builder.add_extension(x509.CRLDistributionPoints([point]), critical=False)
        return builder.sign(self.root_key, hashes.SHA256())

    def revocations(self, *revoked):
        builder = x509.CertificateRevocationListBuilder().issuer_name(self.root.subject)
        builder = builder.last_update(self.now - timedelta(hours=1)).next_update(self.now + timedelta(days=7))
        builder = builder.add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(self.root_key.public_key()), critical=False
        )
        builder = builder.add_extension(x509.CRLNumber(1), critical=False)
        for certificate in revoked:
            entry = (
                x509.RevokedCertificateBuilder()
                .serial_number(certificate.serial_number)
                .revocation_date(self.now - timedelta(hours=2))
            )
            builder = builder.add_revoked_certificate(entry.build())
        return builder.sign(self.root_key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)

    def bring_key(self, organisation):
        file = pkcs12.serialize_key_and_certificates(
            b"k", self.key, self.leaf, [self.root], serialization.NoEncryption()
        )
        return keys.import_pkcs12(organisation.pk, file, password="")


def sealed_by(issuer, organisation):
    key = issuer.bring_key(organisation)
    pdf = render("cover", COVER, time=datetime.now(UTC))
    return key, seal_pdf(pdf, key=key, time=clock.now().replace(microsecond=0))


COVER = {
    "numbers": "{}",
    "language": "en",
    "organisation": "Aldermoor",
    "colour": "#0f5c4d",
    "organisation_facts": [],
    "logo": None,
    "heading": "Dossier",
    "title": "Ladders",
    "reference": "A-1",
    "facts": [],
    "percent": 100,
    "readiness": "",
    "labels": ["", "", ""],
    "findings": [],
    "how": "",
    "check": [],
    "made": "",
    "sealed": "",
}


def test_a_key_whose_issuer_vouches_for_it_reaches_b_lta(settings, authority, issuer, organisation):
    settings.TIMESTAMP_URL, folder = authority
    key, sealed = sealed_by(issuer, organisation)
    dated = date_pdf(sealed, key=key)
    reader = PdfFileReader(io.BytesIO(dated))
    assert len(reader.root["/DSS"]["/CRLs"]) == 1
    assert stamps_in(dated) == 1
    roots = [issuer.root.public_bytes(serialization.Encoding.DER), pem.unarmor((folder / "tsa.pem").read_bytes())[2]]
    policy = CertValidationPolicySpec(
        SimpleTrustManager.build([asn1.Certificate.load(root) for root in roots]), CertRevTrustPolicy(REQUIRE_REVINFO)
    )
    spec = PdfSignatureValidationSpec(SignatureValidationSpec(policy))
    import asyncio

    validated = asyncio.run(ades_lta_validation(reader.embedded_regular_signatures[0], spec))
    assert validated.ades_subindic.standard_name == "OK"
    assert pdfsig_accepts(dated, seals=1)


@pytest.mark.parametrize("trouble", [{"moved": "/ca.crl"}, {"more": 64}])
def test_an_issuer_that_leads_elsewhere_or_sends_without_end_is_not_followed_and_the_document_stays_dated(
    settings, authority, issuer, trouble, organisation
):
    settings.TIMESTAMP_URL = authority[0]
    key, sealed = sealed_by(issuer, organisation)
    issuer.lists |= trouble
    dated = date_pdf(sealed, key=key)
    assert "/DSS" not in PdfFileReader(io.BytesIO(dated)).root
    assert set(issuer.asked) == {"/ca.crl"}


def test_a_key_that_its_issuer_revoked_is_dated_but_not_vouched_for(settings, authority, issuer, organisation):
    settings.TIMESTAMP_URL = authority[0]
    key, sealed = sealed_by(issuer, organisation)
    issuer.lists["crl"] = issuer.revocations(issuer.leaf)
    dated = date_pdf(sealed, key=key)
    assert "/DSS" not in PdfFileReader(io.BytesIO(dated)).root
