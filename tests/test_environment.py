"""Settings come from `MILEPOST_*` variables: all of them documented, each complaint naming what to set."""

import errno
import re
from pathlib import Path

import pytest

from milepost.config import environment
from milepost.config.variables import Misconfigured

ROOT = Path(__file__).parent.parent
NAME = re.compile(r"MILEPOST_[A-Z0-9_]+[A-Z0-9]")


@pytest.fixture
def read(tmp_path):
    return lambda **given: environment.read({"MILEPOST_DATA": str(tmp_path), **given})


def test_every_variable_is_told_to_operators_and_no_other():
    sources = (path for path in (ROOT / "src").rglob("*.py") if "tests" not in path.parts)
    used = {name for path in sources for name in NAME.findall(path.read_text(encoding="utf-8"))}
    guide = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1] for line in guide.splitlines() if line.startswith("| `MILEPOST_")]
    assert {name for row in rows for name in NAME.findall(row)} == used


def test_only_one_place_looks_into_the_environment():
    """For settings: where the host's fork server is, is what `milepost up` tells its own children."""
    reads = re.compile(r"os\.(environ(\.get\((?!AT_HOST)|\[)|getenv)")
    sources = (path for path in (ROOT / "src").rglob("*.py") if "tests" not in path.parts)
    assert [str(path) for path in sources if reads.search(path.read_text(encoding="utf-8"))] == []


def test_a_variable_that_is_set_to_nothing_is_not_set(read, tmp_path):
    names = NAME.findall((ROOT / "docs" / "operating.md").read_text(encoding="utf-8"))
    assert read(**{name: " " for name in names if name != "MILEPOST_DATA"}) == read()


def test_values_have_their_types(read, tmp_path):
    settings = read(
        MILEPOST_SECRET_KEY="s" * 40,
        MILEPOST_SECRET_KEY_FALLBACKS="one, two,",
        MILEPOST_TRUSTED_PROXIES="2",
        MILEPOST_DEBUG="Yes",
        MILEPOST_JITSI_URL="https://meet.example.org/",
    )
    assert settings.earlier_secrets == ["one", "two"]
    assert (settings.trusted_proxies, settings.debug, settings.data) == (2, True, tmp_path)
    assert settings.jitsi_url == "https://meet.example.org"


def test_mail_is_what_the_address_says(read):
    mail = read(MILEPOST_MAIL_URL="smtp://milepost:p%40ss@mail.example.org:587?starttls=1").mail
    assert (mail["username"], mail["password"], mail["port"], mail["use_tls"]) == ("milepost", "p@ss", 587, True)
    assert read(MILEPOST_MAIL_URL="smtps://mail.example.org").mail["port"] == 465
    assert read(MILEPOST_MAIL_URL="smtp://mail.example.org?patience=5").mail["patience"] == 5.0


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"MILEPOST_MAIL_URL": "smtp://mail.example.org:many"}, "MILEPOST_MAIL_URL: use smtp://"),
        ({"MILEPOST_MAIL_URL": "smtp://mail.example.org?patience=0"}, "MILEPOST_MAIL_URL: use smtp://"),
        ({"MILEPOST_FILES": "s3://key@host/bucket"}, "MILEPOST_FILES: use a folder, or s3://"),
        ({"MILEPOST_FILES": "s3://host"}, "MILEPOST_FILES: use a folder, or s3://"),
        ({"MILEPOST_QUEUE": "redis://host"}, "MILEPOST_QUEUE: use postgresql://"),
        ({"MILEPOST_LIMITS_URL": "memcached://host"}, "MILEPOST_LIMITS_URL: use redis://"),
        ({"MILEPOST_TRUSTED_PROXIES": "²"}, "MILEPOST_TRUSTED_PROXIES: '²' is not a whole number"),
        ({"MILEPOST_BASE_URL": "https://[learn"}, "MILEPOST_BASE_URL: 'https://[learn' is not an address like"),
        ({"MILEPOST_BASE_URL": "https://learn.example.org/here"}, r"MILEPOST_BASE_URL: .* \(no path after it\)"),
        ({"MILEPOST_TIMESTAMP_URL": "tsa.example.org"}, "MILEPOST_TIMESTAMP_URL: the address of an RFC 3161"),
        (
            {"MILEPOST_WITNESSES": "w.example+00000000+AAAA https://w.example"},
            "MILEPOST_WITNESSES: .* is no key of a witness",
        ),
        ({"MILEPOST_WITNESSED_LOGS": "l.example+00000000+AAAA"}, "MILEPOST_WITNESSED_LOGS: .* is no key of a log"),
        ({"MILEPOST_JITSI_APP_ID": "x"}, "MILEPOST_JITSI_APP_ID and MILEPOST_JITSI_APP_SECRET: set both, or neither"),
        ({"MILEPOST_BIGBLUEBUTTON_URL": "https://bbb.example.org"}, "MILEPOST_BIGBLUEBUTTON_SECRET: set both"),
        ({"MILEPOST_DATABASE_URL": "postgresql://user@host:5432x/name"}, "MILEPOST_DATABASE_URL: use sqlite:///PATH"),
    ],
)
def test_what_can_not_be_used_is_told_with_what_to_set(read, given, words):
    with pytest.raises(Misconfigured, match=words.replace("[", r"\[")):
        read(**given)


def test_an_extra_that_is_not_installed_is_named(read, monkeypatch):
    monkeypatch.setattr("milepost.config.variables.find_spec", lambda _name: None)
    with pytest.raises(Misconfigured, match=r"MILEPOST_LIMITS_URL: .* `pip install 'milepost\[redis\]'`"):
        read(MILEPOST_LIMITS_URL="redis://host:6379/0")


def test_on_a_disk_that_is_full_no_secret_is_begun(read, tmp_path, monkeypatch):
    def refuse(_handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as full, pytest.raises(Misconfigured, match=r"can’t be written into .* Make room there"):
        full.setattr("milepost.config.secret.os.fsync", refuse)
        read()
    assert list(tmp_path.iterdir()) == []
    assert len(read().secret_key) > 32
    assert read().secret_key == read().secret_key


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, None),
        ({"MILEPOST_BASE_URL": "http://127.0.0.1:9000"}, None),
        ({"MILEPOST_BASE_URL": "https://learn.example.org", "MILEPOST_TRUSTED_PROXIES": "1"}, None),
        ({"MILEPOST_BASE_URL": "https://learn.example.org"}, "MILEPOST_TRUSTED_PROXIES"),
        ({"MILEPOST_BASE_URL": "http://learn.example.org"}, "proxy with TLS"),
    ],
)
def test_a_proxy_that_is_not_counted_and_a_site_without_tls_are_told_of_at_the_start(read, given, said):
    warnings = read(**given).warnings
    assert [said in words for words in warnings] == ([True] if said else [])
