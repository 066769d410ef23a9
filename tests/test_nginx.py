"""docs/nginx.conf as an operator copies it, run by nginx in front of something that says what it was asked."""

import json
import re
import socket
import ssl
import subprocess
import time
from contextlib import suppress
from http.client import HTTPConnection, HTTPSConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import SimpleNamespace

import pytest
from programs import program, run
from running import free_port

pytestmark = pytest.mark.one_database("sqlite")
CONFIGURATION = Path(__file__).parent.parent / "docs/nginx.conf"


class Mirror(BaseHTTPRequestHandler):
    """Answers what it was asked."""

    def do_GET(self):
        said = json.dumps(dict(self.headers)).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(said)))
        self.send_header("Strict-Transport-Security", "max-age=31536000")
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *_words):
        pass


@pytest.fixture(scope="module")
def nginx(tmp_path_factory):
    """nginx with our configuration: its ports, certificate and log are ours, every other line is as it stands."""
    folder = tmp_path_factory.mktemp("nginx")
    names = "-subj /CN=learn.example.org -addext subjectAltName=DNS:learn.example.org"
    run(
        f"openssl req -x509 -newkey rsa:2048 -nodes -days 2 {names} -keyout {folder}/privkey.pem -out {folder}/fullchain.pem",
        capture_output=True,
    )
    behind = ThreadingHTTPServer(("127.0.0.1", 0), Mirror)
    Thread(target=behind.serve_forever, daemon=True).start()
    plain, secure = free_port(), free_port()
    text = CONFIGURATION.read_text()
    for ours, theirs in (
        ("listen 80 default_server", f"listen 127.0.0.1:{plain} default_server"),
        ("listen 443 ssl", f"listen 127.0.0.1:{secure} ssl"),
        ("server 127.0.0.1:8000", f"server 127.0.0.1:{behind.server_port}"),
        ("/etc/letsencrypt/live/learn.example.org", str(folder)),
        ("/var/log/nginx", str(folder)),
    ):
        assert ours in text
        text = text.replace(ours, theirs)
    kept = " ".join(
        f"{name}_temp_path {folder}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    whole = folder / "nginx.conf"
    whole.write_text(f"pid {folder}/pid; events {{}} daemon off; http {{ {kept}\n{text}\n}}")
    process = subprocess.Popen([program("nginx"), "-c", whole, "-e", folder / "errors"], stderr=subprocess.PIPE)
    context = ssl.create_default_context(cafile=str(folder / "fullchain.pem"))
    server = SimpleNamespace(plain=plain, secure=secure, context=context, log=folder / "milepost.log", behind=behind)
    until = time.monotonic() + 20
    while time.monotonic() < until:
        with suppress(OSError), socket.create_connection(("127.0.0.1", secure), 1):
            break
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.1)
    yield server
    process.terminate()
    process.wait()
    behind.server_close()


class Secure(HTTPSConnection):
    """To this machine, under the name that the certificate has."""

    def connect(self):
        plain = socket.create_connection(("127.0.0.1", self.port), 10)
        self.sock = self._context.wrap_socket(plain, server_hostname="learn.example.org")


def ask(nginx, path="/", **headers):
    connection = Secure("learn.example.org", nginx.secure, context=nginx.context)
    connection.request("GET", path, headers={"Host": "learn.example.org"} | headers)
    answer = connection.getresponse()
    return answer, answer.read()


def test_only_tls_that_is_safe_today_is_spoken(nginx):
    spoken = {}
    for version in (ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = context.maximum_version = version
        try:
            with (
                socket.create_connection(("127.0.0.1", nginx.secure), 10) as plain,
                context.wrap_socket(plain) as secure,
            ):
                spoken[version.name] = secure.cipher()[0]
        except (ssl.SSLError, ConnectionError):
            spoken[version.name] = None
    assert spoken["TLSv1_1"] is None
    assert re.search("ECDHE.*(GCM|CHACHA20)", spoken["TLSv1_2"])
    assert spoken["TLSv1_3"]
    weak = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    weak.check_hostname, weak.verify_mode, weak.maximum_version = False, ssl.CERT_NONE, ssl.TLSVersion.TLSv1_2
    weak.set_ciphers("AES128-SHA:AES256-SHA:ECDHE-RSA-AES128-SHA:@SECLEVEL=0")
    with (
        socket.create_connection(("127.0.0.1", nginx.secure), 10) as plain,
        pytest.raises((ssl.SSLError, ConnectionError)),
    ):
        weak.wrap_socket(plain)


def test_over_plain_http_the_entrance_leads_to_https_and_nothing_else_is_there(nginx):
    answers = []
    for path in ("/", "/aldermoor/security/events.jsonl", "/sign/a.b/"):
        connection = HTTPConnection("127.0.0.1", nginx.plain, timeout=10)
        connection.request("GET", path, headers={"Host": "evil.example"})
        answer = connection.getresponse()
        answers.append((answer.status, answer.headers["Location"]))
    assert answers == [(301, "https://learn.example.org/"), (404, None), (404, None)]


def test_what_somebody_writes_of_their_address_and_scheme_is_replaced(nginx):
    forged = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "http", "X-Request-ID": "forged-forged"}
    answer, content = ask(nginx, **forged)
    told = json.loads(content)
    assert (told["X-Forwarded-For"], told["X-Forwarded-Proto"]) == ("127.0.0.1", "https")
    assert told["Host"] == "learn.example.org"
    assert re.fullmatch("[0-9a-f]{32}", told["X-Request-ID"])
    assert answer.headers.get_all("Strict-Transport-Security") == ["max-age=31536000"]


def test_no_personal_link_is_in_its_log(nginx):
    ask(
        nginx,
        "/sign/AAAAAAAAAAAAAAAAAAAAAA.BBBBBBBBBBBBBBBBBBBBBB/?code=123456",
        Referer="https://learn.example.org/d/CCCC/",
    )
    until = time.monotonic() + 10
    while "GET 200" not in nginx.log.read_text() and time.monotonic() < until:
        time.sleep(0.1)
    text = nginx.log.read_text()
    assert "GET 200" in text
    assert not re.search("sign|AAAA|BBBB|CCCC|123456", text)


def test_while_milepost_is_away_it_says_so_and_keeps_browsers_on_https(nginx):
    nginx.behind.shutdown()
    nginx.behind.server_close()
    answer, content = ask(nginx)
    assert (answer.status, b"One moment" in content) == (503, True)
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert answer.headers["Cache-Control"] == "no-store"
