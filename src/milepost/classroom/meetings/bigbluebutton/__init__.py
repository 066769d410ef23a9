"""BigBlueButton, through its API: create, join, end, and who is in the room.

Each call carries a checksum: SHA-256 over the call's name, its query and the secret that both servers share
(BigBlueButton documentation, “API Reference”, Usage).
"""

import hashlib
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from defusedxml import ElementTree
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from milepost.classroom.meetings import Connection, Guest, Meeting, MeetingProvider, MeetingRefused
from milepost.core import clock
from milepost.core.fetching import NoAnswer, fetch

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

PATIENCE = 8  # seconds for a whole answer: somebody waits to join
MOST = 4 * 1024 * 1024  # bytes: some ten thousand people in a meeting


class BigBlueButton(MeetingProvider):
    """BigBlueButton."""

    name = "bigbluebutton"
    label = gettext_lazy("BigBlueButton")
    tells_who_is_there = True

    @property
    def is_configured(self) -> bool:
        return bool(settings.BIGBLUEBUTTON_URL and settings.BIGBLUEBUTTON_SECRET)

    def join(self, meeting: Meeting, guest: Guest) -> str:
        """Opening a meeting that is open already changes nothing, so whoever comes first opens it."""
        self._call("create", {"meetingID": str(meeting.uid), "name": meeting.title})
        role = "MODERATOR" if guest.is_trainer else "VIEWER"
        return self._address(
            "join", {"meetingID": str(meeting.uid), "fullName": guest.name, "userID": guest.id, "role": role}
        )

    def end(self, meeting: Meeting) -> bool:
        self._call("end", {"meetingID": str(meeting.uid)})
        return True

    def connections(self, meeting: Meeting) -> list[Connection]:
        answer = self._call("getMeetingInfo", {"meetingID": str(meeting.uid)})
        now = clock.now()
        return [
            Connection(name=attendee.findtext("fullName", ""), id=attendee.findtext("userID", ""), joined=now, left=now)
            for attendee in answer.iterfind("attendees/attendee")
        ]

    def _address(self, call: str, query: dict[str, str]) -> str:
        text = urlencode(query)
        checksum = hashlib.sha256(f"{call}{text}{settings.BIGBLUEBUTTON_SECRET}".encode()).hexdigest()
        return f"{settings.BIGBLUEBUTTON_URL}/api/{call}?{text}&checksum={checksum}"

    def _call(self, call: str, query: dict[str, str]) -> "Element":
        try:
            answer = ElementTree.fromstring(fetch(self._address(call, query), within=PATIENCE, at_most=MOST).content)
        except (NoAnswer, ElementTree.ParseError) as error:
            raise MeetingRefused(_("BigBlueButton does not answer. Try again in a minute.")) from error
        if answer.findtext("returncode") != "SUCCESS":
            reason = answer.findtext("message") or answer.findtext("messageKey") or call
            raise MeetingRefused(_("BigBlueButton refuses: %(reason)s") % {"reason": reason})
        return answer
