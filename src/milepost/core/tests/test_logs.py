import json
import logging
import sqlite3
import uuid

import pytest
from django.core import signing
from django.db import OperationalError
from hypothesis import given
from hypothesis import strategies as st

from milepost.core import links, logs

TOKEN = links.token("sign", uuid.UUID(int=7))


def line_of(message, *args, error=None, formatter=None, **fields):
    exc_info = (type(error), error, None) if error else None
    record = logging.LogRecord("milepost", logging.WARNING, __file__, 1, message, args, exc_info)
    record.fields = fields
    return (formatter or logs.JSONFormatter()).format(record)


@given(st.uuids(), st.sampled_from(["sign", "d", "room", "audit", "unsubscribe"]))
def test_no_personal_link_is_ever_in_a_log(uid, use):
    token = links.token(use, uid)
    for text in (f"Not Found: /{use}/{token}/", f"https://learn.example.org/{use}/{token}/file/?x=1", f"({token})"):
        assert token not in logs.redacted(text)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Not Found: /sign/AB7-no-token/", "Not Found: /sign/…/"),
        ("GET /s/4711/secret-of-the-screen/ 500", "GET /s/…/…/ 500"),
        ("GET /verify/ABCD1234/proof/", "GET /verify/…/proof/"),
        ("/accounts/password/reset/key/1-abc/", "/accounts/password/reset/key/…/"),
        ("/x/?a=1&token=abc&b=2", "/x/?a=1&token=…&b=2"),
        ("Authorization: Bearer abcdefghijkl", "Authorization: Bearer …"),
        ("could not reach postgresql://milepost:geheim@db/x", "could not reach postgresql://milepost:…@db/x"),
        ("/aldermoor/courses/fire-safety/", "/aldermoor/courses/fire-safety/"),
    ],
)
def test_what_opens_something_is_cut_out_and_the_rest_stays(text, left):
    assert logs.redacted(text) == left


def test_what_django_signs_is_cut_out():
    signed = signing.dumps({"member": 1})
    assert signed not in logs.redacted(f"a cookie: {signed};")


def test_a_line_is_an_object_that_says_whose_it_is():
    with logs.about(request="r1", person="p1"):
        line = json.loads(line_of("Late: %s", "mail", status=503))
    assert (line["message"], line["level"], line["logger"]) == ("Late: mail", "warning", "milepost")
    assert (line["request"], line["person"], line["status"]) == ("r1", "p1", 503)
    assert "request" not in json.loads(line_of("Later."))


def test_a_traceback_tells_no_link_either():
    line = line_of("Broke.", error=ValueError(f"/sign/{TOKEN}/"))
    assert "ValueError" in json.loads(line)["error"]
    assert TOKEN not in line
    assert TOKEN not in line_of("/sign/%s/", TOKEN, formatter=logs.TextFormatter())


def test_an_outage_is_one_line_and_not_a_traceback_for_each_who_asked():
    cause = sqlite3.OperationalError()
    cause.sqlite_errorcode = sqlite3.SQLITE_BUSY
    error = OperationalError("database is locked")
    error.__cause__ = cause
    records = [
        logging.LogRecord("django.request", logging.ERROR, __file__, 1, "Oh: /x/", (), (type(error), error, None))
        for _ in range(3)
    ]
    quiet = logs.OutageFilter()
    assert [quiet.filter(record) for record in records] == [True, False, False]
    assert records[0].getMessage() == "The database does not answer: database is locked (Oh: /x/)"
    assert records[0].exc_info is None


def test_a_text_that_is_one_word_is_not_searched_for_secrets(monkeypatch):
    monkeypatch.setattr(logs, "_addresses", None)
    assert logs.redacted("0c8b6f4e-uid_of-a-person") == "0c8b6f4e-uid_of-a-person"
