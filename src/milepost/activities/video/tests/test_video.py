import json
from datetime import timedelta

import pytest

from milepost.activities.video import webvtt
from milepost.core import clock
from milepost.journal.models import Entry
from milepost.learning.enrolling import enrol
from milepost.learning.models import Progress
from tests.worlds import SMALL_COURSE, make_course

VTT = "WEBVTT\n\n00:00.000 --> 00:30.000\nHello <b>you</b>\n\nx\n00:31.000 --> 01:00.000\nBye\n"
TREE = SMALL_COURSE | {
    "01-first/05-film.video.md": '---\ntitle: Film\nsource: ../media/f.mp4\nduration: 100\ncoverage: 80\ncaptions: {en: ../media/f.vtt}\nchapters: [{at: 0, title: Start}, {at: "0:50", title: Half}]\n---\n',
    "media/f.mp4": b"\x00" * 500,
    "media/f.vtt": VTT,
}
ADDRESS = "/aldermoor/learn/ladders/01-first/05-film/"


@pytest.fixture
def client(visit, learner, organisation, lead):
    enrol(member=learner, course=make_course(organisation, TREE), by=lead)
    client = visit(learner)
    with clock.at(clock.now() - timedelta(hours=1)):
        client.get(ADDRESS)
    return client


def later(**span):
    return clock.at(clock.now() + timedelta(**span))


def beat(client, *ranges, position=0.0):
    return client.post(
        ADDRESS + "beat/", json.dumps({"position": position, "ranges": ranges}), content_type="application/json"
    )


def test_what_is_watched_adds_up_to_completion(client):
    assert beat(client, [0, 50], position=50).json() == {"percent": 50, "complete": False}
    with later(seconds=15):
        assert beat(client, [40, 80], position=80).json()["complete"] is True
    fact = Entry.objects.filter(verb="progressed").get().content
    assert fact["result"]["ranges"] == [[0, 80]]


def test_the_record_says_that_a_browser_reported_it(client, visit, lead, learner):
    beat(client, [0, 100])
    assert Entry.objects.filter(verb="progressed").get().content["context"]["caveat"] == "reported"
    assert "Finished “Film”, as the browser reported" in visit(lead).get(f"/aldermoor/people/{learner.uid}/").text


def test_a_film_that_was_never_opened_is_not_watched_by_a_post(visit, learner, organisation, lead):
    enrol(member=learner, course=make_course(organisation, TREE), by=lead)
    client, told = visit(learner), json.dumps({"position": 100, "ranges": [[0, 100]]})
    assert client.post(ADDRESS + "beat/", told, content_type="application/json").status_code == 302
    by_script = {"content_type": "application/json", "headers": {"Milepost-Person": str(learner.uid)}}
    assert client.post(ADDRESS + "beat/", told, **by_script).status_code == 409
    assert not Progress.objects.exists()


def test_no_beat_claims_more_than_was_played_since_the_one_before(client):
    assert beat(client, [0, 10], position=10).json()["percent"] == 10
    with later(seconds=15):
        assert beat(client, [10, 70], position=70).json()["percent"] == 10
    with later(seconds=30):
        assert (
            beat(client, [10, 60], position=60).json()["percent"] == 60
        )  # at twice the speed, and a clock that is off


def test_a_clock_that_may_be_off_is_off_once_and_not_with_each_beat(client):
    beat(client, [0, 1])
    percents = [beat(client, [start, start + 15]).json()["percent"] for start in range(1, 90, 15)]
    assert percents == [16] * 6


def test_two_beats_one_after_the_other_share_the_time_that_passed(client):
    for _both in range(2):
        beat(client, [0, 1])
    with later(seconds=20):
        assert beat(client, [1, 55]).json()["percent"] == 55
        assert beat(client, [55, 100]).json()["percent"] == 55


def test_what_was_watched_without_a_network_counts_when_it_arrives(client):
    """Beats that wait are one with all their ranges; an answer that was lost has the same sent again, with more."""
    beat(client, [0, 5])
    with later(seconds=60):
        assert beat(client, [0, 5], [5, 30], [30, 62]).json()["percent"] == 62
        assert beat(client, [0, 5], [5, 30], [30, 62]).json()["percent"] == 62


def test_a_clock_that_went_back_makes_nobody_wait_for_the_day_that_it_showed(client):
    with later(days=2):
        beat(client, [0, 10])
    beat(client, [0, 10])
    with later(seconds=30):
        assert beat(client, [10, 60]).json()["percent"] == 60


def test_a_film_that_was_replaced_is_opened_before_it_is_watched(client, organisation, lead):
    other = TREE["01-first/05-film.video.md"].replace("Film", "Another film")
    make_course(organisation, TREE | {"01-first/05-film.video.md": other}, by=lead)
    assert beat(client, [0, 30]).status_code == 409
    client.get(ADDRESS)
    with later(seconds=15):
        assert beat(client, [0, 30]).json()["percent"] == 30


def test_seeking_to_the_end_does_not_count(client):
    assert beat(client, [0, 5], [99, 100], position=100).json() == {"percent": 6, "complete": False}


def test_the_same_beat_twice_changes_nothing(client):
    beat(client, [0, 30])
    assert beat(client, [0, 30]).json()["percent"] == 30


def test_watching_goes_on_where_it_stopped(client):
    beat(client, [0, 42], position=42.4)
    assert 'data-position="42.4"' in client.get(ADDRESS).text


def test_nobody_watches_an_hour_in_a_minute(visit, learner, organisation, lead):
    enrol(member=learner, course=make_course(organisation, TREE), by=lead)
    client = visit(learner)
    client.get(ADDRESS)
    assert beat(client, [0, 100]).json()["percent"] == 0
    assert beat(client, [0, 15]).json()["percent"] == 15


@pytest.mark.parametrize(
    "body",
    [
        "",
        "[]",
        "{}",
        '{"position": "x", "ranges": []}',
        '{"position": 1, "ranges": [[1]]}',
        '{"position": NaN, "ranges": []}',
        '{"position": 1e999, "ranges": [[0, 1e999]]}',
        '{"position": 1, "ranges": 7}',
        '{"position": 1' + "0" * 400 + ', "ranges": []}',
        "[" * 100_000,
    ],
)
def test_a_broken_beat_is_refused_and_changes_nothing(client, body):
    assert client.post(ADDRESS + "beat/", body, content_type="application/json").status_code == 400
    assert Progress.objects.get().state == {}


def test_beats_are_not_facts(client):
    before = Entry.objects.count()
    beat(client, [0, 10])
    assert Entry.objects.count() == before


def test_going_on_without_watching_does_not_complete(client):
    client.post(ADDRESS + "completion/")
    assert not Progress.objects.get().is_complete


def test_a_film_that_was_watched_says_so(client):
    assert "hidden data-done" in client.get(ADDRESS).text
    beat(client, [0, 95], position=95)
    page = client.get(ADDRESS).text
    assert "data-done" in page
    assert "hidden data-done" not in page


def test_captions_chapters_and_transcript_are_on_the_page(client):
    html = client.get(ADDRESS).text
    assert '<track kind="captions" srclang="en"' in html
    assert "Hello you" in html
    assert 'data-at="50.0"' in html


def test_captions_are_read_with_their_times():
    assert webvtt.parse(VTT)[1] == webvtt.Cue(31.0, 60.0, "Bye")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", 1),
        ("SRT", 1),
        ("WEBVTT\n\n1 --> 2\nx", 3),
        ("WEBVTT\n\n00:05.000 --> 00:04.000\nx", 3),
        ("WEBVTT\n\nnothing", 1),
    ],
)
def test_broken_captions_say_where(text, line):
    with pytest.raises(webvtt.BadCaptions) as error:
        webvtt.parse(text)
    assert error.value.line == line
