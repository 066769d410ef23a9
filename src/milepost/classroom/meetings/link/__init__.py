"""A plain link, to whatever tool the organisation has."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from milepost.classroom.meetings import Guest, Meeting, MeetingProvider, MeetingRefused


class VideoLink(MeetingProvider):
    """A plain link."""

    name = "link"
    label = gettext_lazy("Video link")
    asks_for_address = True

    def prepare(self, address: str) -> dict[str, Any]:
        try:
            URLValidator(schemes=["https"])(address)
        except ValidationError as error:
            raise MeetingRefused(_("The video link must be a whole address that begins with https://.")) from error
        return {"address": address}

    def join(self, meeting: Meeting, guest: Guest) -> str:
        return str(meeting.details["address"])
