"""A key in a token (SoftHSM): everything is signed there, and nothing of it is here."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pkcs11
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from django.db import transaction
from programs import run

from milepost import verify as verifier
from milepost.documents.facts import DOCUMENT_VIEWED
from milepost.documents.sealing import seal_pdf
from milepost.documents.tests.test_timestamps import COVER
from milepost.documents.typesetting import render
from milepost.journal import keys, tokens
from milepost.journal.recording import SYSTEM, Reference, record
from milepost.journal.sealing import seal
from milepost.journal.tests.exercises import identity_of
from milepost.journal.verification import verify
from tests.readers import pdfsig_accepts

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("elsewhere")]
LIBRARY = next(iter(sorted(Path("/usr/lib").rglob("libsofthsm2.so"))), Path("libsofthsm2.so"))
NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)


@pytest.fixture(scope="session")
def hsm(tmp_path_factory):
    """A token called aldermoor with a key and a certificate labelled seal, and another certificate that fits no key."""
    folder = tmp_path_factory.mktemp("hsm")
    (folder / "softhsm2.conf").write_text(f"directories.tokendir = {folder}\nobjectstore.backend = file\n")
    os.environ["SOFTHSM2_CONF"] = str(folder / "softhsm2.conf")
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "key.pem").write_bytes(pem)
    for command in (
        "softhsm2-util --init-token --free --label aldermoor --pin 1234 --so-pin 5678",
        "softhsm2-util --import key.pem --token aldermoor --label seal --id 01 --pin 1234",
    ):
        run(command, cwd=folder, check=True, capture_output=True)
    session = pkcs11.lib(str(LIBRARY)).get_token(token_label="aldermoor").open(rw=True, user_pin="1234")
    put(session, "seal", certificate(private))
    session.close()
    return private


def certificate(private):
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Aldermoor seal")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(private.public_key())
    builder = (
        builder.serial_number(1).not_valid_before(NOW - timedelta(days=365)).not_valid_after(NOW + timedelta(days=3650))
    )
    return builder.sign(private, hashes.SHA256())


def put(session, label, made):
    session.create_object(
        {
            pkcs11.Attribute.CLASS: pkcs11.ObjectClass.CERTIFICATE,
            pkcs11.Attribute.CERTIFICATE_TYPE: pkcs11.CertificateType.X_509,
            pkcs11.Attribute.TOKEN: True,
            pkcs11.Attribute.LABEL: label,
            pkcs11.Attribute.SUBJECT: made.subject.public_bytes(),
            pkcs11.Attribute.SERIAL_NUMBER: b"\x02\x01\x01",
            pkcs11.Attribute.VALUE: made.public_bytes(serialization.Encoding.DER),
        }
    )


@pytest.fixture
def token(hsm, settings, elsewhere):
    settings.PKCS11_MODULE, settings.PKCS11_PIN = str(LIBRARY), "1234"
    tokens.opened.cache_clear()
    return keys.use_token(7, token="aldermoor", label="seal", chain=[])


def test_the_key_stays_in_the_token_and_seals_documents(token, tmp_path):
    assert token.private == "pkcs11:token=aldermoor;object=seal"
    path = tmp_path / "sealed.pdf"
    sealed = seal_pdf(render("cover", COVER, time=NOW), key=token, time=NOW)
    path.write_bytes(sealed)
    assert verifier.verify(path, keys=[token.fingerprint]).holds == [
        "Seal 1: by Common Name: Aldermoor seal; unchanged since.",
        f"Its key is one that you expect: {token.fingerprint}",
    ]
    assert pdfsig_accepts(sealed, seals=1)


def test_it_seals_the_journal_too(token):
    with transaction.atomic():
        record(
            DOCUMENT_VIEWED,
            organisation=identity_of(7),
            actor=SYSTEM,
            object=Reference("document", "ladders", "Ladders"),
            context={"request": str(UUID(int=1))},
        )
    assert seal(7).key == token
    assert verify(7).finding is None


def test_the_key_before_it_hands_over(hsm, settings):
    settings.PKCS11_MODULE, settings.PKCS11_PIN = str(LIBRARY), "1234"
    before = keys.current_key(7)
    after = keys.use_token(7, token="aldermoor", label="seal", chain=[])
    assert after.endorsed_by == before.fingerprint
    assert keys.is_signed(before, keys.endorsement_of(after.fingerprint), bytes(after.endorsement))


@pytest.mark.parametrize(
    ("module", "name", "label", "words"),
    [
        ("", "aldermoor", "seal", "MILEPOST_PKCS11_MODULE"),
        ("/nowhere.so", "aldermoor", "seal", "can’t be opened with /nowhere.so"),
        (str(LIBRARY), "other", "seal", "The token other can’t be opened"),
        (str(LIBRARY), "aldermoor", "other", "no certificate labelled other"),
    ],
)
def test_what_can_not_be_reached_is_said_and_nothing_changes(hsm, settings, module, name, label, words):
    settings.PKCS11_MODULE, settings.PKCS11_PIN = module, "1234"
    tokens.opened.cache_clear()
    before = keys.current_key(7)
    with pytest.raises(tokens.TokenRefused, match=words):
        keys.use_token(7, token=name, label=label, chain=[])
    assert keys.current_key(7) == before
