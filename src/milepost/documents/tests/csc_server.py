"""A provider of remote signing, as the API of the Cloud Signature Consortium (2.0, and 1.0.4 at /csc/v1) has it, for tests.

It was written from the specification; `test_provider_seals` also drives it with pyHanko's client, to see that another reads it the same.
"""

import base64
import json
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.x509.oid import NameOID

CLIENT, SECRET, PIN = "milepost", "between us", "2468"
SHA256, RSA_WITH_SHA256 = "2.16.840.1.101.3.4.2.1", "1.2.840.113549.1.1.11"


RUBBISH = {
    "shows a page": b"<!doctype html><title>Maintenance</title>",
    "answers a list": [{"access_token": "token-1"}],
    "answers brackets": b"[" * 200_000,
    "answers without end": b"{" + b" " * 2_000_000 + b"}",
}


class Provider:
    """One credential, `aldermoor-seal`; `trouble` is what is wrong with the provider, if anything."""

    def __init__(self):
        self.private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.certificate = certificate_of(self.private)
        self.trouble, self.mode, self.asked, self.signed = "", "explicit", [], 0

    def answer(self, path, body, authorization):
        """Status and JSON for a request."""
        method = path.partition("/csc/v")[2].partition("/")[2]
        self.asked.append(method)
        if self.trouble == "hangs":
            time.sleep(3)
        if self.trouble in RUBBISH:
            return 200, RUBBISH[self.trouble]
        if self.trouble == "is broken":
            return 500, {"error": "server_error", "error_description": "The module is out of order."}
        if method == "oauth2/token":
            pair = base64.b64decode(authorization.removeprefix("Basic ")).decode()
            if pair != f"{CLIENT}:{SECRET.replace(' ', '%20')}" or parse_qs(body.decode())["grant_type"] != [
                "client_credentials"
            ]:
                return 401, {"error": "invalid_client"}
            return 200, {"access_token": "token-1", "token_type": "Bearer", "expires_in": 300}
        if authorization != "Bearer token-1":
            return 401, {"error": "invalid_token"}
        given = json.loads(body)
        if given.get("credentialID") != "aldermoor-seal":
            return 400, {"error": "invalid_request", "error_description": "Invalid parameter credentialID"}
        if method == "credentials/info":
            der = self.certificate.public_bytes(serialization.Encoding.DER)
            return 200, {
                "key": {"status": "enabled", "algo": [RSA_WITH_SHA256], "len": 2048},
                "cert": {"status": "valid", "certificates": [base64.b64encode(der).decode()]},
                "auth": {"mode": self.mode},
                "authMode": self.mode,
                "SCAL": "2",
                "multisign": 1,
            }
        wanted = given.get("hashes") or given.get("hash")
        if method == "credentials/authorize":
            pin = given.get("PIN") or next(
                (one["value"] for one in given.get("authData", ()) if one["id"] == "PIN"), ""
            )
            if self.trouble == "refuses" or pin != PIN:
                return 400, {
                    "error": "invalid_pin",
                    "error_description": "The PIN is wrong, or the credential is suspended.",
                }
            return 200, {"SAD": f"for {wanted}", "expiresIn": 60}
        if method == "signatures/signHash":
            if given["SAD"] != f"for {wanted}" or given["signAlgo"] != RSA_WITH_SHA256:
                return 400, {"error": "invalid_request", "error_description": "Invalid SAD"}
            private = self.other if self.trouble == "signs with another key" else self.private
            digest = base64.b64decode(wanted[0])
            self.signed += 1
            made = base64.b64encode(private.sign(digest, padding.PKCS1v15(), Prehashed(hashes.SHA256()))).decode()
            if self.trouble == "hangs once it has signed":
                time.sleep(3)
            answers = {"talks nonsense": ["?"], "answers twice": [made, made], "answers nothing": []}
            return 200, {"signatures": answers.get(self.trouble, [made])}
        return 404, {"error": "not_found"}

    @contextmanager
    def serving(self):
        """Its address, without /csc/…"""
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status, told = provider.answer(self.path, body, self.headers.get("Authorization", ""))
                content = told if isinstance(told, bytes) else json.dumps(told).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_words):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            server.server_close()


def certificate_of(private, *, ends=None, serial=7):
    """One that an organisation would have of such a provider; self-signed here."""
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Aldermoor SAS"),
            x509.NameAttribute(NameOID.COMMON_NAME, "Aldermoor SAS"),
        ]
    )
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(private.public_key())
    builder = builder.serial_number(serial).not_valid_before(now - timedelta(days=300))
    builder = builder.not_valid_after(ends or now + timedelta(days=300))
    return builder.sign(private, hashes.SHA256())
