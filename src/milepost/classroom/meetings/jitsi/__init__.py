"""Jitsi Meet: a room whose name nobody guesses, and a token for each person where the server asks for one.

The token is a JWT as Jitsi's token authentication reads it (lib-jitsi-meet, doc/tokens.md): signed with HS256 and
the application's secret, for one room.
"""

from datetime import timedelta
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.utils.translation import gettext_lazy

from milepost.classroom.meetings import Guest, Meeting, MeetingProvider
from milepost.core import clock

VALID_FOR = timedelta(hours=12)


class Jitsi(MeetingProvider):
    """Jitsi Meet."""

    name = "jitsi"
    label = gettext_lazy("Jitsi Meet")

    @property
    def is_configured(self) -> bool:
        return bool(settings.JITSI_URL)

    def join(self, meeting: Meeting, guest: Guest) -> str:
        room = f"milepost-{meeting.uid.hex}"
        address = f"{settings.JITSI_URL}/{room}"
        name = f'#userInfo.displayName="{quote(guest.name)}"'
        if not settings.JITSI_APP_ID:
            return address + name
        return f"{address}?jwt={self._token(room, guest)}"

    def _token(self, room: str, guest: Guest) -> str:
        import jwt  # large, and few processes need it

        now = clock.now()
        user: dict[str, Any] = {"id": guest.id, "name": guest.name}
        if guest.email:
            user["email"] = guest.email
        if guest.is_trainer:
            user["moderator"] = True
        claims = {
            "aud": "jitsi",
            "iss": settings.JITSI_APP_ID,
            "sub": settings.JITSI_URL.partition("://")[2],
            "room": room,
            "nbf": now - timedelta(minutes=1),
            "exp": now + VALID_FOR,
            "moderator": guest.is_trainer,
            "context": {"user": user},
        }
        return jwt.encode(claims, settings.JITSI_APP_SECRET, algorithm="HS256")
