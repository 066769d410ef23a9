"""Pages while the database is away, as far as no database need be taken away for it (tests/test_machine.py does)."""

import sqlite3

import pytest
from django.db import OperationalError, connection
from django.test import Client


@pytest.fixture
def busy_database(db):
    """One that another program keeps locked, as SQLite says it."""

    def refuse(*_query):
        cause = sqlite3.OperationalError("database is locked")
        cause.sqlite_errorcode = sqlite3.SQLITE_BUSY
        raise OperationalError("database is locked") from cause

    with connection.execute_wrapper(refuse):
        yield


@pytest.fixture
def client():
    browser = Client(raise_request_exception=False)
    browser.cookies["sessionid"] = "a" * 32
    return browser


def test_a_locked_database_is_a_page_that_waits_and_no_fault(busy_database, client):
    answer = client.get("/aldermoor/")
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert 'href="/aldermoor/" data-waiting' in answer.text


def test_what_was_typed_is_on_the_page_to_be_sent_again(busy_database, client):
    page = client.post("/aldermoor/people/", {"name": "first line\nsecond <b>", "tag": ["a", "b"]}).text
    assert 'action="/aldermoor/people/"' in page
    assert "first line\nsecond &lt;b&gt;</textarea>" in page
    assert page.count('name="tag"') == 2
    assert 'name="csrfmiddlewaretoken"' in page


def test_a_button_that_sends_nothing_else_is_pressed_again_by_the_page(busy_database, client):
    """“Done, next” of a course was told to be lost."""
    page = client.post("/aldermoor/learn/ladders/first/page/completion/").text
    assert '<form method="post" action="/aldermoor/learn/ladders/first/page/completion/" data-waiting>' in page


def test_no_page_holds_a_password(busy_database, client):
    here = {"Referer": "http://testserver/accounts/login/"}
    page = client.post("/accounts/login/", {"login": "jonas@example.org", "password": "secret-word"}, headers=here).text
    assert "is not saved. Go back" in page and 'href="http://testserver/accounts/login/"' in page
    assert "secret-word" not in page


def test_a_fault_of_our_own_is_still_one(db, client, monkeypatch):
    def break_off(*_arguments, **_keywords):
        raise ZeroDivisionError

    monkeypatch.setattr("milepost.people.sessions._session.get", break_off)
    assert client.get("/aldermoor/").status_code == 500
