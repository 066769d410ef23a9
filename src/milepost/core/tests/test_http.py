import pytest
from django.test import RequestFactory

from milepost.core.http import next_of, page_before, ranged_response, read_json

DATA = bytes(range(100))


def ask(**headers):
    request = RequestFactory().get("/", headers=headers)
    return ranged_response(
        request,
        lambda first, length: iter([DATA[first : first + length]]),
        size=100,
        content_type="video/mp4",
        etag="abc",
    )


@pytest.mark.parametrize(
    ("wanted", "first", "last"),
    [("bytes=0-9", 0, 9), ("bytes=90-", 90, 99), ("bytes=-5", 95, 99), ("bytes=50-1000", 50, 99)],
)
def test_the_bytes_asked_for_are_sent(wanted, first, last):
    response = ask(Range=wanted)
    assert response.status_code == 206
    assert b"".join(response.streaming_content) == DATA[first : last + 1]
    assert response.headers["Content-Range"] == f"bytes {first}-{last}/100"


@pytest.mark.parametrize("wanted", ["", "bytes=", "bytes=-", "bytes=0-1,5-6", "rows=1-2"])
def test_without_one_clear_range_the_whole_file_is_sent(wanted):
    response = ask(Range=wanted)
    assert response.status_code == 200
    assert b"".join(response.streaming_content) == DATA


@pytest.mark.parametrize("wanted", ["bytes=100-", "bytes=60-50", "bytes=-0"])
def test_a_range_outside_of_the_file_is_refused(wanted):
    response = ask(Range=wanted)
    assert response.status_code == 416
    assert response.headers["Content-Range"] == "bytes */100"


def test_a_range_of_another_entity_gets_the_whole_file():
    assert ask(**{"Range": "bytes=0-9", "If-Range": '"other"'}).status_code == 200
    assert ask(**{"Range": "bytes=0-9", "If-Range": '"abc"'}).status_code == 206


def test_what_the_browser_has_is_not_sent_again():
    assert ask(**{"If-None-Match": '"abc"'}).status_code == 304


def test_json_is_read_as_it_was_sent():
    assert read_json('{"a": ["\\ud83d\\ude00", 1]}') == {"a": ["😀", 1]}


@pytest.mark.parametrize("sent", ["", "[" * 100_000, '"a\\u0000"', '{"\\u0000": 1}', '["\\ud83d"]', b"\xff"])
def test_json_that_is_none_or_that_no_database_keeps_is_refused(sent):
    with pytest.raises(ValueError):
        read_json(sent)


@pytest.mark.parametrize(
    "address", ["https://evil.example/x", "//evil.example/x", r"/\evil.example", "javascript:alert(1)", ""]
)
def test_nobody_goes_on_to_another_site_nor_comes_back_from_one(address):
    request = RequestFactory().get("/", {"next": address}, headers={"referer": address})
    assert (next_of(request), page_before(request)) == ("/", "")


def test_one_goes_on_to_a_page_of_ours():
    request = RequestFactory().get("/", {"next": "/aldermoor/"}, headers={"referer": "http://testserver/a/"})
    assert (next_of(request), page_before(request)) == ("/aldermoor/", "http://testserver/a/")
