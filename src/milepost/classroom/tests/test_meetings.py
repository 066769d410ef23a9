import hashlib
import threading
import time
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest

from milepost.classroom import jobs
from milepost.classroom.connection_logs import connected_minutes, take_log
from milepost.classroom.meetings import Guest, MeetingRefused, bigbluebutton, meeting_tools
from milepost.classroom.scheduling import Plan, change_session
from milepost.core import clock
from milepost.core.jobs import run_all
from milepost.core.refusals import Refused
from milepost.journal.models import Entry
from tests.servers import drip, hang, trouble

pytestmark = pytest.mark.django_db
SECRET = "shared-by-both-servers"
TESS, OTTO = Guest("Tess Okafor", "t1", is_trainer=True), Guest("Otto Ølund", "p7", "otto@example.org")


class BigBlueButton(BaseHTTPRequestHandler):
    """As much of a BigBlueButton server as it documents: it refuses what does not carry the right checksum."""

    meetings: dict[str, list[str]] = {}

    def do_GET(self):
        parts = urlsplit(self.path)
        call = parts.path.rpartition("/")[2]
        query, _mark, checksum = parts.query.rpartition("&checksum=")
        query_words = {name: values[0] for name, values in parse_qs(query).items()}
        if hashlib.sha256(f"{call}{query}{SECRET}".encode()).hexdigest() != checksum:
            return self.answer("<returncode>FAILED</returncode><messageKey>checksumError</messageKey>")
        meeting = query_words["meetingID"]
        if call == "create":
            self.meetings.setdefault(meeting, [])
        elif meeting not in self.meetings:
            return self.answer(
                "<returncode>FAILED</returncode><message>We could not find a meeting with that meeting ID</message>"
            )
        elif call == "join":
            self.meetings[meeting].append(
                f"<attendee><userID>{query_words['userID']}</userID><fullName>{query_words['fullName']}</fullName><role>{query_words['role']}</role></attendee>"
            )
        elif call == "end":
            del self.meetings[meeting]
        return self.answer(
            f"<returncode>SUCCESS</returncode><attendees>{''.join(self.meetings.get(meeting, []))}</attendees>"
        )

    def answer(self, inner):
        body = f"<response>{inner}</response>".encode()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args):
        pass


@pytest.fixture
def server(settings):
    BigBlueButton.meetings = {}
    running = ThreadingHTTPServer(("127.0.0.1", 0), BigBlueButton)
    threading.Thread(target=running.serve_forever, daemon=True).start()
    settings.BIGBLUEBUTTON_URL = f"http://127.0.0.1:{running.server_port}/bigbluebutton"
    settings.BIGBLUEBUTTON_SECRET = SECRET
    yield running
    running.shutdown()


def test_bigbluebutton_opens_on_the_first_join_tells_who_is_there_and_ends(session, server):
    import urllib.request

    provider = meeting_tools.get("bigbluebutton")
    for guest in (TESS, OTTO):
        urllib.request.urlopen(provider.join(session.as_meeting(), guest)).read()  # noqa: S310 (our own server)
    there = provider.connections(session.as_meeting())
    assert [(one.name, one.id) for one in there] == [("Tess Okafor", "t1"), ("Otto Ølund", "p7")]
    assert "<role>MODERATOR</role>" in BigBlueButton.meetings[str(session.uid)][0]
    provider.end(session.as_meeting())
    with pytest.raises(MeetingRefused, match="could not find a meeting"):
        provider.end(session.as_meeting())


def test_who_is_in_the_meeting_is_seen_each_minute_and_kept_as_a_log_when_it_is_over(session, server, lead):
    import urllib.request

    spans = [(slot.starts_at, slot.ends_at) for slot in session.slots.all()]
    change_session(session=session, plan=Plan(title="T", spans=spans, provider="bigbluebutton"), by=lead)
    session.refresh_from_db()
    seat = session.participants.select_related("member").first()
    start = spans[0][0]
    with clock.at(start):
        assert run_all(jobs.watch) == 1
    session.refresh_from_db()
    assert "seen" not in session.meeting  # nobody has opened it
    address = meeting_tools.get("bigbluebutton").join(session.as_meeting(), Guest("Somebody", str(seat.member.uid)))
    urllib.request.urlopen(address).read()  # noqa: S310
    for minute in (1, 2, 3, 30, 31):
        with clock.at(start + timedelta(minutes=minute)):
            assert run_all(jobs.watch) == 1
    with clock.at(spans[-1][1] + timedelta(minutes=16)):
        assert [run_all(jobs.keep_log) for _twice in range(2)] == [1, 0]
    session.refresh_from_db()
    assert [row["minutes"] for row in session.logs.get().rows] == [2, 1]
    assert connected_minutes(session) == {str(seat.uid): 3}
    assert Entry.objects.filter(verb="imported", object_id=str(session.uid), actor_id="milepost").count() == 1


def test_a_wrong_secret_is_told_in_words(session, server, settings):
    settings.BIGBLUEBUTTON_SECRET = "another"
    with pytest.raises(MeetingRefused, match="checksumError"):
        meeting_tools.get("bigbluebutton").join(session.as_meeting(), TESS)


def test_a_bigbluebutton_that_does_not_answer_is_told_in_words(session, settings):
    settings.BIGBLUEBUTTON_URL, settings.BIGBLUEBUTTON_SECRET = "http://127.0.0.1:9/bigbluebutton", SECRET
    with pytest.raises(MeetingRefused, match="does not answer"):
        meeting_tools.get("bigbluebutton").join(session.as_meeting(), TESS)


@pytest.mark.parametrize("behaviour", [hang, drip], ids=["hangs", "drips"])
def test_a_bigbluebutton_that_hangs_or_drips_is_left_and_told_in_words(session, settings, monkeypatch, behaviour):
    monkeypatch.setattr(bigbluebutton, "PATIENCE", 0.5)
    settings.BIGBLUEBUTTON_SECRET = SECRET
    with trouble(behaviour) as port, pytest.raises(MeetingRefused, match="does not answer"):
        settings.BIGBLUEBUTTON_URL = f"http://127.0.0.1:{port}/bigbluebutton"
        began = time.monotonic()
        meeting_tools.get("bigbluebutton").join(session.as_meeting(), TESS)
    assert time.monotonic() - began < 3


def test_jitsi_gets_a_room_that_nobody_guesses_and_a_token_where_the_server_asks_for_one(session, settings):
    settings.JITSI_URL = "https://meet.example.org"
    settings.JITSI_APP_ID = settings.JITSI_APP_SECRET = ""
    plain = meeting_tools.get("jitsi").join(session.as_meeting(), OTTO)
    assert plain.startswith(f"https://meet.example.org/milepost-{session.uid.hex}#")
    settings.JITSI_APP_ID, settings.JITSI_APP_SECRET = "milepost", "s" * 40
    token = meeting_tools.get("jitsi").join(session.as_meeting(), TESS).partition("jwt=")[2]
    claims = jwt.decode(token, "s" * 40, algorithms=["HS256"], audience="jitsi", issuer="milepost")
    assert claims["room"] == f"milepost-{session.uid.hex}"
    assert claims["context"]["user"] == {"id": "t1", "name": "Tess Okafor", "moderator": True}


@pytest.mark.parametrize("address", ["", "javascript:alert(1)", "http://insecure.example", "meet"])
def test_a_video_link_is_a_whole_https_address(session, lead, address):
    spans = [(slot.starts_at, slot.ends_at) for slot in session.slots.all()]
    with pytest.raises(MeetingRefused, match="https://"):
        change_session(session=session, plan=Plan(title="T", spans=spans, provider="link", address=address), by=lead)


TEAMS = (
    "1. Summary\nMeeting title\tEvacuation drill\nAttended participants\t3\n\n2. Participants\n"
    "Name\tFirst Join\tLast Leave\tIn-Meeting Duration\tEmail\tParticipant ID (UPN)\tRole\n"
    "Given0 Family0\t11/26/26, 9:02:11 AM\t11/26/26, 12:29:50 PM\t3h 27m 39s\tN0@aldermoor.example\tn0\tPresenter\n"
    "Family1, Given1\t11/26/26, 9:00:01 AM\t11/26/26, 10:00:01 AM\t1h\t\t\tAttendee\n"
    "Somebody (Guest)\t11/26/26, 9:00:01 AM\t11/26/26, 9:05:01 AM\t5m\t\t\tAttendee\n\n3. In-Meeting Activities\nName\tJoin\n"
).encode("utf-16")
ZOOM = (
    b"Meeting ID,Topic,Start Time\n123,Drill,26/11/2026 08:55:00\n\n"
    b"Name (Original Name),User Email,Join Time,Leave Time,Duration (Minutes),Guest\n"
    b"Given0 Family0,n0@aldermoor.example,26/11/2026 09:00:00,26/11/2026 10:00:00,60,No\n"
    b"Given0 Family0,n0@aldermoor.example,26/11/2026 10:10:00,26/11/2026 10:40:00,30,No\n"
)
DASHBOARD = b"Name,Moderator,Activity Score,Join,Left,Duration\nGiven2 Family2,FALSE,3,2026-11-26 09:00:00,2026-11-26 09:45:00,00:45:00\n"


@pytest.mark.parametrize(
    ("content", "expected"),
    [(TEAMS, {"n0": 208, "n1": 60}), (ZOOM, {"n0": 90}), (DASHBOARD, {"n2": 45})],
    ids=["Teams", "Zoom", "BigBlueButton"],
)
def test_a_connection_log_is_read_and_matched_with_the_participants(session, lead, content, expected):
    take_log(session=session, content=content, name="report.csv", by=lead)
    names = {
        str(seat.uid): seat.member.email.partition("@")[0] for seat in session.participants.select_related("member")
    }
    assert {names[uid]: minutes for uid, minutes in connected_minutes(session).items()} == expected


def test_a_log_that_is_taken_twice_counts_once(session, lead):
    for _again in range(2):
        take_log(session=session, content=ZOOM, name="report.csv", by=lead)
    assert session.logs.count() == 1
    assert Entry.objects.filter(verb="imported", object_id=str(session.uid)).count() == 1


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00\xff\xfe",
        b"a,b,c\n1,2,3\n",
        b"Name,Colour\nAnna,red\n",
        b"PK\x03\x04rubbish",
        b'Name,Join Time\n"open',
    ],
)
def test_a_file_that_is_no_log_is_refused_with_what_was_looked_for(session, lead, content):
    with pytest.raises(Refused):
        take_log(session=session, content=content, name="x.csv", by=lead)
    assert not session.logs.exists()
