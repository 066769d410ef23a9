"""The verifiers of others, as they are, against a running server: what they accept, and what they refuse."""

import json
import os
import ssl
import subprocess
import sys
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from ipaddress import ip_address
from pathlib import Path
from shutil import copyfile

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.test import Client
from programs import MissingProgram, program

from milepost.core import clock
from milepost.credentials import badges
from milepost.credentials.issuing import reissue
from milepost.credentials.models import Certificate
from milepost.credentials.revoking import revoke
from milepost.journal import keys
from milepost.journal.models import SigningKey
from tests.prepared_databases import alone

pytestmark = pytest.mark.django_db

NODE = Path(__file__).parents[4] / "tests/node"
INSTALLED = Path(__file__).parents[4] / "build/node"
HOST = "academy.example"
# As it is, but that every host is the server of this test, which it may ask although it is on this machine.
OPENBADGES = """
import openbadgeslib.util
openbadgeslib.util._resolve_host = lambda host, port: ["127.0.0.1"]
openbadgeslib.util._ip_is_blocked = lambda address: False
from openbadgeslib.openbadges_verifier import main
main()
"""


@pytest.fixture
def served(settings, tmp_path):
    """The pages of this installation over TLS at a name of its own, for programs that are waited for by `run`."""
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, HOST)])
    names = [x509.DNSName(HOST), x509.IPAddress(ip_address("127.0.0.1"))]
    now = clock.now()
    certificate = (
        x509.CertificateBuilder(name, name, private.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(private, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    plain = serialization.NoEncryption()
    (tmp_path / "key.pem").write_bytes(private.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
    (tmp_path / "tls.pem").write_bytes(certificate.public_bytes(pem))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "tls.pem", tmp_path / "key.pem")
    with HTTPServer(("127.0.0.1", 0), Pages) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        server.timeout, server.asked = 0.05, []
        settings.BASE_URL = f"https://{HOST}:{server.server_port}"
        yield server


class Pages(BaseHTTPRequestHandler):
    """Whatever is asked, as the installation answers it."""

    def do_GET(self):
        self.server.asked.append(self.path)
        answer = Client().get(self.path, headers={"Accept": self.headers.get("Accept", "*/*")}, secure=True)
        self.send_response(answer.status_code)
        self.send_header("Content-Type", answer.headers["Content-Type"])
        self.end_headers()
        self.wfile.write(answer.content)

    def log_message(self, *_parts):
        pass


def run(server, command, **more):
    """What the program printed, served from this thread, which has the database, until it ends."""
    with subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more) as process:
        while process.poll() is None:
            server.handle_request()
        said, trouble = process.communicate()
    assert said, trouble.decode()
    return json.loads(said)


# --- openbadgeslib ------------------------------------------------------------------------------------------


def by_openbadgeslib(server, tmp_path, picture, certificate, *, trusted=()):
    """What `openbadges-verifier --check-status` says of a baked badge, whose issuer it looks up unless a key is trusted."""
    (tmp_path / "badge.svg").write_text(picture)
    who = badges.subject_id(certificate.enrolment.member)
    command = [sys.executable, "-c", OPENBADGES, "-i", tmp_path / "badge.svg", "-r", who, "--check-status", "--json"]
    environment = os.environ | {"SSL_CERT_FILE": str(tmp_path / "tls.pem")}
    return run(server, [*command, *(trusted or ["--resolve-did"])], env=environment)


def with_proof_in_it(certificate):
    """The picture with the other form of the badge baked into it (Open Badges 3.0, section 5.3.2.2)."""
    text = json.dumps(badges.document(certificate))
    baked = "https://purl.imsglobal.org/ob/v3p0"
    return f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:openbadges="{baked}"><openbadges:credential><![CDATA[{text}]]></openbadges:credential></svg>'


FORMS = {"token": badges.baked_svg, "proof": with_proof_in_it}


@pytest.mark.parametrize("form", FORMS)
def test_openbadgeslib_accepts_a_badge_with_its_state_and_refuses_a_revoked_one(form, served, earned, lead, tmp_path):
    picture = FORMS[form](earned)
    said = by_openbadgeslib(served, tmp_path, picture, earned)
    assert (said["valid"], said["trusted"], said["reason"]) == (True, True, None)
    assert (said["issuer"], said["achievement"]) == ("Aldermoor", "Ladders")
    assert any("/status/" in path for path in served.asked)
    revoke(certificate=earned, reason="Issued by mistake", by=lead)
    said = by_openbadgeslib(served, tmp_path, picture, earned)
    assert not said["valid"]
    assert "status 'revocation' is set" in said["reason"]


def test_openbadgeslib_refuses_a_badge_that_was_replaced_and_accepts_the_one_that_replaced_it(
    served, earned, lead, tmp_path
):
    old = badges.baked_svg(earned)
    new = reissue(certificate=earned, by=lead)
    assert not by_openbadgeslib(served, tmp_path, old, earned)["valid"]
    assert by_openbadgeslib(served, tmp_path, badges.baked_svg(new), new)["valid"]


@pytest.mark.parametrize("form", FORMS)
def test_openbadgeslib_accepts_one_that_was_signed_before_the_key_changed(form, served, earned, tmp_path):
    picture = FORMS[form](earned)
    SigningKey.objects.update(is_current=False)
    keys.current_key(earned.organisation_id)
    assert by_openbadgeslib(served, tmp_path, picture, earned)["valid"]


@pytest.mark.parametrize("form", FORMS)
def test_openbadgeslib_refuses_one_that_has_expired(form, served, earned, tmp_path):
    Certificate.objects.filter(pk=earned.pk).update(valid_until=clock.today() - timedelta(days=2))
    earned.refresh_from_db()
    said = by_openbadgeslib(served, tmp_path, FORMS[form](earned), earned)
    assert not said["valid"]
    assert "has expired" in said["reason"]


def test_openbadgeslib_accepts_one_by_a_key_that_it_was_given(served, earned, tmp_path):
    picture = badges.baked_svg(earned)
    public = keys.public_key(keys.current_key(earned.organisation_id))
    kind = serialization.PublicFormat.SubjectPublicKeyInfo
    (tmp_path / "public.pem").write_bytes(public.public_bytes(serialization.Encoding.PEM, kind))
    said = by_openbadgeslib(served, tmp_path, picture, earned, trusted=["--pubkey", tmp_path / "public.pem"])
    assert (said["valid"], said["trusted"]) == (True, True)


# --- @digitalbazaar/vc --------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def node():
    """Node with the packages of `tests/node`, which are installed once, as their lock file says."""
    try:
        found, npm = program("node"), program("npm")
    except MissingProgram as missing:
        pytest.skip(f"{missing} Then @digitalbazaar/vc checks badges, too.")
    lock = (NODE / "package-lock.json").read_bytes()
    mark = INSTALLED / "installed.json"
    with alone(INSTALLED.parent / "node-install"):
        if not mark.exists() or mark.read_bytes() != lock:
            install(npm)
            mark.write_bytes(lock)
    copyfile(NODE / "verify_badge.mjs", INSTALLED / "verify_badge.mjs")
    return found


def install(npm):
    INSTALLED.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        copyfile(NODE / name, INSTALLED / name)
    plain = ["--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1", "--fetch-timeout=20000"]
    try:
        done = subprocess.run([npm, "ci", *plain], cwd=INSTALLED, capture_output=True, text=True, timeout=120)
    except subprocess.TimeoutExpired:
        pytest.skip("npm did not answer within two minutes, so @digitalbazaar/vc could not be installed.")
    if done.returncode:
        pytest.skip(f"@digitalbazaar/vc could not be installed: {done.stderr.strip().splitlines()[-1:]}")


def by_digitalbazaar(server, node, tmp_path, badge):
    """What @digitalbazaar/vc and @digitalbazaar/vc-bitstring-status-list say of a badge that is JSON."""
    (tmp_path / "badge.json").write_text(json.dumps(badge))
    script = INSTALLED / "verify_badge.mjs"
    address = f"127.0.0.1:{server.server_port}"
    return run(server, [node, script, tmp_path / "badge.json", address, tmp_path / "tls.pem"])


def test_digitalbazaar_accepts_a_badge_with_its_state_and_sees_that_it_was_revoked(
    served, node, earned, lead, tmp_path
):
    badge = badges.document(earned)
    said = by_digitalbazaar(served, node, tmp_path, badge)
    assert said == {"verified": True, "state": [False], "list": "verified"}
    revoke(certificate=earned, reason="Issued by mistake", by=lead)
    said = by_digitalbazaar(served, node, tmp_path, badge)
    assert (said["state"], said["list"]) == ([True], "verified")


def test_digitalbazaar_refuses_a_badge_with_other_words(served, node, earned, tmp_path):
    badge = badges.document(earned)
    badge["credentialSubject"]["identifier"][0]["identityHash"] = "Otto Lie"
    said = by_digitalbazaar(served, node, tmp_path, badge)
    assert not said["verified"]
    assert "Invalid signature" in said["error"]
