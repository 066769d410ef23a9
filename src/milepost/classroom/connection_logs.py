"""Connection logs of meeting tools (Teams, Zoom, BigBlueButton): read, matched with the participants, and kept.

The columns are guessed from their headings, so a log of another tool that names them in its own way is read as well.
"""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from milepost.classroom.facts import SESSION_IMPORTED
from milepost.classroom.meetings import Connection
from milepost.classroom.models import ConnectionLog, LiveSession, Participant
from milepost.core import blobs
from milepost.core.sandbox import confined
from milepost.core.tables import UnreadableTable, decode, table_in
from milepost.journal.recording import SYSTEM, record
from milepost.people.headings import Field, guess_mapping, read_headings
from milepost.people.models import Member, plain

_HEADINGS = read_headings("connection_logs.yaml", "milepost.classroom")
FIELDS = (
    Field("name", _("Name"), _HEADINGS["name"]),
    Field("email", _("E-mail"), _HEADINGS["email"]),
    Field("joined", _("Joined"), _HEADINGS["joined"]),
    Field("left", _("Left"), _HEADINGS["left"]),
    Field("minutes", _("Duration"), _HEADINGS["minutes"]),
)
MAX_ROWS = 20_000
SAMPLE = 500  # rows, whose times tell how all are written
_FORMATS = (
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S",
    "%d/%m/%Y %H:%M:%S",
    "%m/%d/%Y %I:%M:%S %p",
    "%m/%d/%y %I:%M:%S %p",
    "%m/%d/%Y %H:%M:%S",
    "%d.%m.%Y %H:%M:%S",
    "%Y-%m-%d %H:%M",
    "%d/%m/%Y %H:%M",
    "%m/%d/%Y %I:%M %p",
    "%d.%m.%Y %H:%M",
)


class UnreadableLog(UnreadableTable):
    """The file is no connection log that can be read; the message says what was looked for."""


def take_log(*, session: LiveSession, content: bytes, name: str, by: Member) -> ConnectionLog:
    """Read a tool's file, match its people with the participants, and keep both.

    The same file twice is kept once. Raises `UnreadableLog`, `TooManyFiles`. Records
    `imported` with the file's fingerprint.
    """
    rows = _rows(content, session)
    digest = blobs.store(session.organisation.uid, content)
    return _keep(session, _matched(rows, session), digest=digest, source=name[:200], by=by)


def keep_connections(*, session: LiveSession, rows: list[Connection], content: bytes, source: str) -> ConnectionLog:
    """Keep what a meeting tool told by itself, with the file that says the same. Records `imported`."""
    digest = blobs.store(session.organisation.uid, content)
    return _keep(session, _matched(rows, session), digest=digest, source=source, by=None)


def _keep(
    session: LiveSession, rows: list[dict[str, Any]], *, digest: str, source: str, by: Member | None
) -> ConnectionLog:
    with transaction.atomic():
        log, is_new = ConnectionLog.objects.get_or_create(
            session=session,
            digest=digest,
            defaults={"organisation_id": session.organisation_id, "source": source, "rows": rows, "added_by": by},
        )
        if is_new:
            result = {
                "sha256": digest,
                "rows": len(rows),
                "matched": sum(row["participant"] is not None for row in rows),
            }
            record(
                SESSION_IMPORTED,
                organisation=session.organisation,
                actor=by.as_reference() if by else SYSTEM,
                object=session.as_reference(),
                result=result,
                context={"source": source},
            )
    return log


def _rows(content: bytes, session: LiveSession) -> list[Connection]:
    cells = _cells(content)
    pattern = _pattern([cell.get("joined", "") for cell in cells[:SAMPLE]], session)
    return [_connection(cell, pattern, session) for cell in cells if cell.get("name")]


@confined(UnreadableLog)
def _cells(content: bytes) -> list[dict[str, str]]:
    """What each line says, by the names of the fields."""
    lines = decode(content)[0].replace("\x00", "").splitlines()
    for at, line in enumerate(lines[:200]):
        columns = guess_mapping([cell.strip('" ') for cell in re.split(r"[\t;,]", line[:4000])], FIELDS)
        if "name" in columns and columns.keys() & {"joined", "minutes"}:
            return _read(_until_blank(lines[at:]))
    raise UnreadableLog(
        _(
            "No list of participants was found in the file: a heading row with a name and a time of joining or a duration. Export the attendance report of the meeting as CSV."
        )
    )


def _until_blank(lines: list[str]) -> str:
    """The table that begins here: reports put several, with blank lines between them."""
    end = next((at for at, line in enumerate(lines) if not line.strip(' \t;,"')), len(lines))
    return "\n".join(lines[:end])


def _read(text: str) -> list[dict[str, str]]:
    table = table_in(text.encode())
    if len(table.rows) > MAX_ROWS:
        raise UnreadableLog(_("The log has more than %(count)d lines.") % {"count": MAX_ROWS})
    columns = guess_mapping(table.header, FIELDS)
    return [{name: row[at] for name, at in columns.items() if at < len(row)} for row in table.rows]


def _pattern(values: Iterable[str], session: LiveSession) -> str | None:
    """The way of writing times that puts most of them nearest to the session: 04/05 is one day or the other."""
    times = [_plain_time(value) for value in values if value]
    start = min(slot.starts_at for slot in session.slots.all())

    def distance(pattern: str) -> tuple[int, float]:
        read = [instant for time in times if (instant := _parse(time, pattern, session))]
        return len(times) - len(read), abs((read[0] - start).total_seconds()) if read else float("inf")

    best = min(_FORMATS, key=distance)
    return best if times and distance(best)[0] < len(times) else None


def _plain_time(text: str) -> str:
    return re.sub(r"\s+", " ", text.replace(",", " ").replace(" ", " ")).strip().removesuffix("Z")


def _parse(text: str, pattern: str, session: LiveSession) -> datetime | None:
    try:
        return datetime.strptime(text, pattern).replace(tzinfo=session.zone)
    except ValueError:
        return None


def _connection(cell: dict[str, str], pattern: str | None, session: LiveSession) -> Connection:
    joined, left = (
        _parse(_plain_time(cell[name]), pattern, session) if pattern and cell.get(name) else None
        for name in ("joined", "left")
    )
    if joined and left is None and (minutes := _minutes(cell.get("minutes", ""))) is not None:
        left = datetime.fromtimestamp(joined.timestamp() + minutes * 60, joined.tzinfo)
    return Connection(cell["name"][:200], cell.get("email", "")[:254].lower(), joined=joined, left=left)


def _minutes(text: str) -> float | None:
    """1h 12m 5s, 01:12:05 or 72."""
    if clock_like := re.fullmatch(r"(\d+):(\d\d):(\d\d)", text):
        hours, minutes, seconds = map(int, clock_like.groups())
        return hours * 60 + minutes + seconds / 60
    units = {unit: int(number) for number, unit in re.findall(r"(\d+)\s*(h|m|s)", text.lower())}
    if units:
        return units.get("h", 0) * 60 + units.get("m", 0) + units.get("s", 0) / 60
    return float(text) if text.isascii() and text.isdigit() else None


def _matched(rows: list[Connection], session: LiveSession) -> list[dict[str, Any]]:
    seats = list(session.participants.exclude(status=Participant.Status.LEFT).select_related("member"))
    by_id = {str(uid): seat for seat in seats for uid in (seat.uid, seat.member.uid)}
    by_email = {seat.member.email: seat for seat in seats if seat.member.email}
    by_name: dict[str, Participant] = {}
    for seat in seats:
        given, family = plain(seat.member.given_name), plain(seat.member.family_name)
        by_name |= {f"{given} {family}": seat, f"{family} {given}": seat, f"{family}, {given}": seat}
    matched = []
    for row in rows:
        name = plain(re.sub(r"\s*\(.*\)$", "", row.name)).strip()
        matched.append(_as_row(row, by_id.get(row.id) or by_email.get(row.email) or by_name.get(name)))
    return matched


def _as_row(connection: Connection, seat: Participant | None) -> dict[str, Any]:
    joined, left = connection.joined, connection.left
    return {
        "name": connection.name,
        "email": connection.email,
        "participant": str(seat.uid) if seat else None,
        "from": joined.isoformat() if joined else None,
        "to": left.isoformat() if left else None,
        "minutes": round((left - joined).total_seconds() / 60) if joined and left else None,
    }


def connected_minutes(session: LiveSession) -> dict[str, int]:
    """For each participant (uid) how long the logs say they were connected, all logs and rejoinings together."""
    minutes: dict[str, int] = {}
    for log in session.logs.all():
        for row in log.rows:
            if row["participant"]:
                minutes[row["participant"]] = minutes.get(row["participant"], 0) + (row["minutes"] or 0)
    return minutes
