"""Whom to tell of a weakness of this installation: RFC 9116."""

from datetime import UTC, datetime, timedelta

import pytest

from milepost.config import environment
from milepost.config.variables import Misconfigured
from milepost.core import clock


@pytest.fixture
def contacts(tmp_path):
    def read(text):
        given = {"MILEPOST_DATA": str(tmp_path), "MILEPOST_SECURITY_CONTACT": text}
        return environment.read(given).security_contacts

    return read


def test_it_says_whom_to_tell_in_which_languages_and_until_when_it_holds(client, settings, contacts):
    settings.SECURITY_CONTACTS = contacts("security@example.org, https://example.org/security, tel:+33-1-23-45-67-89")
    settings.BASE_URL = "https://learn.example.org"
    with clock.at(datetime(2026, 11, 26, 9, 30, tzinfo=UTC)):
        answer = client.get("/.well-known/security.txt")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.text.splitlines() == [
        "Contact: mailto:security@example.org",
        "Contact: https://example.org/security",
        "Contact: tel:+33-1-23-45-67-89",
        "Expires: 2027-05-25T00:00:00Z",
        "Preferred-Languages: en, fr",
        "Canonical: https://learn.example.org/.well-known/security.txt",
    ]


@pytest.mark.parametrize("days", [0, 100, 1_000])
def test_it_never_expires_while_it_is_served_nor_holds_for_a_year(client, settings, days):
    settings.SECURITY_CONTACTS = ["mailto:security@example.org"]
    now = datetime(2026, 11, 26, 23, 59, tzinfo=UTC) + timedelta(days=days)
    with clock.at(now):
        text = client.get("/.well-known/security.txt").text
    expires = datetime.fromisoformat(text.partition("Expires: ")[2].splitlines()[0])
    assert timedelta(days=170) < expires - now < timedelta(days=365)


def test_without_a_contact_there_is_no_such_file(client, db):
    assert client.get("/.well-known/security.txt").status_code == 404


@pytest.mark.parametrize(
    "text", ["security", "http://example.org/", "mailto:nobody", "a@b.example\x0aContact: x", "tel:12"]
)
def test_what_is_no_contact_stops_the_start_in_words(contacts, text):
    with pytest.raises(Misconfigured, match=r"MILEPOST_SECURITY_CONTACT: .* is no contact like security@example\.org"):
        contacts(text)
