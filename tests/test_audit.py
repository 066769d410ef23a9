"""Known weaknesses of what we use are told with what mends them; a server of ours answers as OSV does."""

import json
import socket
from contextlib import closing
from datetime import date
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import audit
import pytest

ADVISORY = {
    "id": "PYSEC-2026-1",
    "aliases": ["CVE-2026-1", "GHSA-aaaa-bbbb-cccc"],
    "summary": "Somebody reads what they must not",
    "affected": [
        {
            "package": {"name": "Django", "ecosystem": "PyPI"},
            "ranges": [
                {"type": "GIT", "events": [{"introduced": "0"}, {"fixed": "0a1b2c"}]},
                {"type": "ECOSYSTEM", "events": [{"introduced": "6.1"}, {"fixed": "6.1.99"}]},
            ],
        }
    ],
}
ACCEPTED = """
[[accepted]]
advisory = "CVE-2026-1"
reason = "the part that it is about is not used"
on = {on}
until = {until}
"""
TODAY = date.today()  # noqa: DTZ011


@pytest.fixture
def database():
    """OSV, which knows one advisory about Django; `asked` is what it was asked."""
    asked, advisories = [], {"PYSEC-2026-1": ADVISORY}

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            queries = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["queries"]
            asked.extend(queries)
            known = [{"id": name} for name in advisories]
            self._say({"results": [{"vulns": known} if one["package"]["name"] == "django" else {} for one in queries]})

        def do_GET(self):
            self._say(advisories[self.path.rpartition("/")[2]])

        def _say(self, what):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(what).encode())

        def log_message(self, *_args):
            """Nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    server.asked, server.advisories = asked, advisories
    server.url = f"http://127.0.0.1:{server.server_port}"
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def ask(database, tmp_path, capsys):
    def run(accepted="", url=database.url):
        (tmp_path / "accepted.toml").write_text(accepted)
        status = audit.main(["--database", url, "--accepted", str(tmp_path / "accepted.toml")])
        return status, capsys.readouterr().out

    return run


def test_a_known_weakness_fails_with_its_package_version_advisory_and_what_mends_it(ask):
    django = next(one for one in audit.packages() if one.name == "django")
    status, said = ask()
    words = (
        f"django {django.version}: PYSEC-2026-1 (CVE-2026-1, GHSA-aaaa-bbbb-cccc): Somebody reads what they must not"
    )
    assert (status, said.splitlines()[0]) == (1, f"{words} – mended in 6.1.99")


def test_every_package_of_the_locks_and_every_vendored_one_is_asked_about(ask, database):
    ask()
    asked = {(one["package"]["ecosystem"], one["package"]["name"]) for one in database.asked}
    assert {
        ("PyPI", "django"),
        ("PyPI", "pikepdf"),
        ("PyPI", "pytest"),
        ("npm", "htmx.org"),
        ("npm", "echarts"),
    } <= asked
    assert len(asked) == len(audit.packages()) > 120


def test_what_was_withdrawn_or_is_not_known_passes(ask, database):
    database.advisories["PYSEC-2026-1"] = ADVISORY | {"withdrawn": "2026-11-01T00:00:00Z"}
    status, said = ask()
    assert (status, "0 known weaknesses" in said) == (0, True)


def test_what_was_looked_at_and_accepted_passes_until_its_day(ask):
    status, said = ask(ACCEPTED.format(on=TODAY, until=TODAY))
    assert (status, "1 known weaknesses, 1 accepted" in said) == (0, True)


@pytest.mark.parametrize(
    ("accepted", "words"),
    [
        (ACCEPTED.format(on="2026-01-01", until="2026-06-01"), "was accepted until 2026-06-01: look at it again"),
        (ACCEPTED.format(on=TODAY, until="2099-01-01"), "was accepted until 2099-01-01: look at it again"),
        ('[[accepted]]\nadvisory = "CVE-2026-1"\n', "needs a reason"),
        (ACCEPTED.format(on=TODAY, until=TODAY).replace("CVE-2026-1", "CVE-1999-1"), "concerns nothing here any more"),
    ],
)
def test_an_exception_without_a_reason_after_its_day_or_without_a_cause_fails(ask, accepted, words):
    status, said = ask(accepted)
    assert (status, words in said) == (1, True)


def test_where_nobody_can_be_asked_it_says_so_and_passes(ask):
    with closing(socket.create_server(("127.0.0.1", 0))) as nobody:
        port = nobody.getsockname()[1]
    status, said = ask(url=f"http://127.0.0.1:{port}")
    assert (status, said.startswith("Not audited: no database (")) == (0, True)


def test_a_database_that_hangs_keeps_nobody(ask, monkeypatch):
    monkeypatch.setattr(audit, "PATIENCE", 0.3)
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        status, said = ask(url=f"http://127.0.0.1:{silent.getsockname()[1]}")
    assert (status, "Not audited: no database (timed out)" in said) == (0, True)


def test_an_answer_of_somebody_else_is_no_clean_bill(ask, database, monkeypatch):
    monkeypatch.setattr(audit, "_ask", lambda *_args: {"results": []})
    assert ask()[1].startswith("Not audited: no database")


def test_the_exceptions_that_stand_are_whole():
    accepted = audit.tomllib.loads(audit.ACCEPTED.read_text())
    assert [
        each for each in accepted.get("accepted", []) if not {"advisory", "reason", "on", "until"} <= set(each)
    ] == []
