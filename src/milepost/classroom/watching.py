"""Who is connected: asked of the meeting tool once a minute while a session goes on, and kept as a log when it is over."""

import csv
import io
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet

from milepost.classroom.connection_logs import keep_connections
from milepost.classroom.meetings import Connection, meeting_tools
from milepost.classroom.models import LiveSession
from milepost.core import clock

AROUND = timedelta(minutes=15)  # people come early and stay on
GAP = timedelta(seconds=150)  # whoever was not seen for so long was away


def going_on() -> "QuerySet[LiveSession]":
    """The sessions whose meetings are to be looked into now, in all organisations."""
    now = clock.now()
    about_now = _watched().filter(slots__starts_at__lte=now + AROUND, slots__ends_at__gte=now - AROUND)
    return about_now.distinct()


def watch(session: LiveSession) -> bool:
    """Look into the meeting; whether somebody was there. Raises `MeetingRefused` where nobody has opened it."""
    there = meeting_tools.get(session.provider).connections(session.as_meeting())
    if there:
        with (
            transaction.atomic()
        ):  # meanwhile somebody may have changed the meeting's address, or another worker looked
            locked = LiveSession.locked(session.pk)
            locked.meeting["seen"] = _continued(locked.meeting.get("seen", []), there, clock.now())
            locked.save(update_fields=["meeting"])
    return bool(there)


def ended() -> "QuerySet[LiveSession]":
    """The sessions that are over and whose log is still to be kept, in all organisations."""
    since = clock.now() - AROUND
    return _watched().filter(meeting__has_key="seen").exclude(slots__ends_at__gte=since).distinct()


def keep(session: LiveSession) -> None:
    """Keep what was seen in the meeting as a connection log. Records `imported`."""
    stretches = [_connection(stretch) for stretch in session.meeting["seen"]]
    label = str(meeting_tools.get(session.provider).label)
    keep_connections(session=session, rows=stretches, content=_as_csv(stretches), source=f"{label}.csv")
    with transaction.atomic():
        locked = LiveSession.locked(session.pk)
        locked.meeting.pop("seen", None)
        locked.save(update_fields=["meeting"])


def _watched() -> "QuerySet[LiveSession]":
    names = [name for name, provider in meeting_tools.items() if provider.tells_who_is_there and provider.is_configured]
    return LiveSession.objects.filter(provider__in=names, cancelled_at=None).select_related("organisation")


def _continued(seen: list[list[str]], there: list[Connection], now: datetime) -> list[list[str]]:
    """What was seen so far, with those who are there now: a stretch goes on, or begins."""
    newest = {stretch[0]: at for at, stretch in enumerate(seen)}
    stretches = [list(stretch) for stretch in seen]
    for connection in there:
        at = newest.get(connection.id)
        if at is not None and now - datetime.fromisoformat(stretches[at][3]) <= GAP:
            stretches[at][3] = now.isoformat()
        else:
            stretches.append([connection.id, connection.name[:200], now.isoformat(), now.isoformat()])
    return stretches


def _connection(stretch: list[str]) -> Connection:
    uid, name, joined, left = stretch
    return Connection(name, id=uid, joined=datetime.fromisoformat(joined), left=datetime.fromisoformat(left))


def _as_csv(rows: list[Connection]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["Name", "User ID", "Joined", "Left"])
    writer.writerows([row.name, row.id, row.joined, row.left] for row in rows)
    return text.getvalue().encode()
