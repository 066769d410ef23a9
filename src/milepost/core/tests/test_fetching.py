"""Other servers as they are: one that answers, and others that hang, drip, send too much or are not there."""

import re
import time
from contextlib import contextmanager
from threading import Thread

import pytest

from milepost.core.fetching import NoAnswer, fetch
from milepost.core.networks import is_inner
from tests.servers import hang, trouble

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: Text/XML; charset=utf-8\r\n"


def says(*parts, pause=0.0):
    """A server that reads the request and says these parts, with a pause before each."""

    def behaviour(connection, over):
        says.request = whole_request(connection)
        for part in parts:
            if over.wait(pause):
                return
            connection.sendall(part)

    return behaviour


def whole_request(connection):
    """Head and content, which may come in two pieces; nothing of a conversation that is not HTTP."""
    request = connection.recv(65536)
    head, _blank, content = request.partition(b"\r\n\r\n")
    length = re.search(rb"Content-Length: (\d+)", head)
    while length and len(content) < int(length[1]):
        content += connection.recv(65536)
    return request if length is None else b"\r\n\r\n".join((head, content))


@contextmanager
def server(behaviour):
    with trouble(behaviour) as port:
        yield f"http://127.0.0.1:{port}/api?secret=s3cret"


@contextmanager
def no_longer_than(seconds):
    began = time.monotonic()
    yield
    assert time.monotonic() - began < seconds


def test_an_answer_comes_in_full_with_its_type():
    with server(says(HEAD + b"Content-Length: 5\r\n\r\nhello")) as url:
        answer = fetch(url, within=2, at_most=5)
    assert (answer.content, answer.content_type) == (b"hello", "text/xml")
    assert says.request.startswith(b"GET /api?secret=s3cret HTTP/1.1\r\n")


@pytest.mark.parametrize("status", [b"301 Moved", b"302 Found", b"307 Temporary Redirect", b"308 Permanent Redirect"])
def test_nobody_is_followed_elsewhere(status):
    with server(says(HEAD + b"Content-Length: 5\r\n\r\nhello")) as elsewhere:
        says.request = b""
        told = b"HTTP/1.1 " + status + b"\r\nLocation: " + elsewhere.encode() + b"\r\nContent-Length: 0\r\n\r\n"
        for content in (None, b"what was meant for one"):
            with (
                server(says(told)) as url,
                pytest.raises(NoAnswer, match="leads elsewhere") as refused,
            ):
                fetch(url, within=2, at_most=100, content=content)
            assert "s3cret" not in str(refused.value)
            assert (
                b" /api" in says.request and elsewhere.rpartition(":")[2].partition("/")[0].encode() not in says.request
            )


def test_content_is_posted():
    with server(says(HEAD + b"Content-Length: 0\r\n\r\n")) as url:
        assert fetch(url, within=2, at_most=5, content=b"question", headers={"X-Kind": "q"}).content == b""
    assert says.request.startswith(b"POST /api") and b"\r\nX-Kind: q\r\n" in says.request
    assert says.request.endswith(b"\r\n\r\nquestion")


HUNDRED_DRIPS = [b"x"] * 100
TROUBLES = {
    "that hangs": hang,
    "that drips its head": says(HEAD, *[b"X: y\r\n"] * 100, pause=0.1),
    "that drips a line": says(*HUNDRED_DRIPS, pause=0.1),
    "that drips what has a length": says(HEAD + b"Content-Length: 100\r\n\r\n", *HUNDRED_DRIPS, pause=0.1),
    "that drips what has no length": says(HEAD + b"\r\n", *HUNDRED_DRIPS, pause=0.1),
    "that drips in chunks": says(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", *[b"1\r\nx\r\n"] * 100, pause=0.1),
}


@pytest.mark.parametrize("behaviour", TROUBLES.values(), ids=TROUBLES)
def test_a_server_that_takes_too_long_is_left(behaviour):
    with server(behaviour) as url, no_longer_than(3), pytest.raises(NoAnswer, match=r"^127\.0\.0\.1") as caught:
        fetch(url, within=1, at_most=1000)
    assert "s3cret" not in f"{caught.value}{caught.value.__cause__}"


def test_a_server_that_drips_over_tls_is_left():
    with trouble(says(*HUNDRED_DRIPS, pause=0.1)) as port, no_longer_than(3), pytest.raises(NoAnswer):
        fetch(f"https://127.0.0.1:{port}/", within=1, at_most=1000)


@pytest.mark.parametrize("length", [b"Content-Length: 9000000\r\n", b""])
def test_a_server_that_sends_too_much_is_left(length):
    told = pytest.raises(NoAnswer, match=r"^127\.0\.0\.1 sends more than 200000 bytes\.$")
    with server(says(HEAD + length + b"\r\n", *[b"x" * 100_000] * 90)) as url, told:
        fetch(url, within=5, at_most=200_000)


def test_an_answer_that_breaks_off_is_none():
    with server(says(HEAD + b"Content-Length: 50\r\n\r\nhel")) as url, pytest.raises(NoAnswer):
        fetch(url, within=2, at_most=100)


def test_an_error_is_no_answer():
    told = pytest.raises(NoAnswer, match=r"answers with status 503")
    with server(says(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")) as url, told:
        fetch(url, within=2, at_most=100)


def test_nobody_there_is_told_without_the_address():
    with pytest.raises(NoAnswer, match=r"^127\.0\.0\.1: Connection refused\.$"):
        fetch("http://127.0.0.1:9/api?secret=s3cret", within=2, at_most=100)


def test_a_name_that_nobody_has_is_told():
    with pytest.raises(NoAnswer, match=r"^nobody\.invalid: "):
        fetch("http://nobody.invalid/", within=5, at_most=100)


def test_two_calls_at_once_have_each_its_own_time():
    results = []

    def ask(url):
        results.append(fetch(url, within=2, at_most=100).content)

    with server(says(HEAD + b"Content-Length: 2\r\n\r\n", b"ok", pause=0.2)) as url:
        asking = [Thread(target=ask, args=(url,)) for _each in range(5)]
        for thread in asking:
            thread.start()
        for thread in asking:
            thread.join()
    assert results == [b"ok"] * 5


@pytest.mark.parametrize(
    ("address", "inner"),
    [
        ("127.0.0.1", True),
        ("10.1.2.3", True),
        ("169.254.169.254", True),
        ("100.64.0.1", True),
        ("0.0.0.1", True),
        ("224.0.0.1", True),
        ("::1", True),
        ("fe80::1%eth0", True),
        ("fd00::1", True),
        ("::ffff:10.1.2.3", True),
        ("64:ff9b::a01:203", True),
        ("2002:a01:203::1", True),
        ("::10.1.2.3", True),
        ("93.184.216.34", False),
        ("2606:2800:220:1::1", False),
        ("64:ff9b::5db8:d822", False),
        ("10.9.0.7", False),
        ("::ffff:10.9.0.7", False),
    ],
)
def test_what_lies_in_this_network_is_known_in_each_way_to_write_it(settings, address, inner):
    settings.INNER_NETWORKS = ["10.9.0.0/16"]
    assert is_inner(address) == inner


def test_what_others_name_is_not_asked_within_this_network(settings):
    with server(says(HEAD + b"Content-Length: 2\r\n\r\nhi")) as url:
        says.request = None
        with pytest.raises(NoAnswer, match="no server outside of this network"):
            fetch(url, within=2, at_most=5, only_outside=True)
        assert says.request is None
        settings.INNER_NETWORKS = ["127.0.0.0/8"]
        assert fetch(url, within=2, at_most=5, only_outside=True).content == b"hi"


def test_an_error_that_says_something_is_an_answer_where_it_is_asked_for():
    with server(
        says(b"HTTP/1.1 409 Conflict\r\nContent-Type: text/x.tlog.size\r\nContent-Length: 3\r\n\r\n20\n")
    ) as url:
        answer = fetch(url, within=2, at_most=5, errors=(409,))
        assert (answer.status, answer.content) == (409, b"20\n")
        with pytest.raises(NoAnswer, match="status 409"):
            fetch(url, within=2, at_most=5)
