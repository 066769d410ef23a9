"""Connection records as sealed PDFs, made in the background one after another; each carries its content as a file for machines.

The state is the row itself: what has no PDF yet gets one. A worker that is killed leaves whole papers behind, the next one goes
on, and of two at the same record the first to be recorded wins.
"""

import json
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from milepost.connections.facts import CONNECTION_RECORD_SEALED
from milepost.connections.models import ConnectionRecord
from milepost.core import blobs, clock
from milepost.core.words import clock_time, date_format, day_and_time, days, duration, hours
from milepost.documents.typesetting import facts_of, logo_of, render
from milepost.journal import keys
from milepost.journal.recording import SYSTEM, Fact, record_many
from milepost.learning.facts import Caveat


def typeset(records: Sequence[ConnectionRecord]) -> int:
    """Make and seal the papers of these records, and record each; return how many were new."""
    made = [(record, _store(record)) for record in records]
    with transaction.atomic():
        new = [
            record
            for record, digest in made
            if ConnectionRecord.objects.untypeset().filter(pk=record.pk).update(pdf=digest)
        ]
        for record, digest in made:
            if record in new:
                record.pdf = digest
        for record in new:
            record_many([_sealed(record)], organisation=record.organisation)
    return len(new)


def _sealed(record: ConnectionRecord) -> Fact:
    result = {"sha256": record.pdf}
    return Fact(CONNECTION_RECORD_SEALED, SYSTEM, record.as_reference(), result, record.file_context)


def _store(record: ConnectionRecord) -> str:
    from milepost.documents.sealing import seal_pdf  # brings pyHanko, which few processes need

    pdf = render("connection-record", page_of(record), time=record.made_at)
    key = keys.current_key(record.organisation_id)
    sealed = seal_pdf(pdf, key=key, time=clock.now(), reason=f"Connection record {record.uid}")
    return blobs.store(record.organisation.uid, sealed)


def page_of(record: ConnectionRecord) -> dict[str, Any]:
    """What the template lays out, in the language of the action. Times are those of the organisation's zone."""
    content, organisation = record.content, record.organisation
    said, zone = content["said"], ZoneInfo(content["time_zone"])
    with translation.override(content["language"]):
        return {
            "language": content["language"],
            "organisation": content["organisation"],
            "organisation_facts": facts_of(organisation, content["address"], content["registration"]),
            "logo": logo_of(organisation),
            "colour": organisation.brand_colour,
            "heading": _("Connection record"),
            "reference": content["reference"],
            "title": said["title"],
            "person": said["person"]["name"],
            "facts": [[label, value] for label, value in _facts(content) if value],
            "labels": [_("Day"), _("From – to"), _("Opened"), _("Completed"), _("Assessed"), _("Counts")],
            "rows": [_row(sitting, zone) for sitting in said["sittings"]],
            "total_label": _("Done at a distance"),
            "total": duration(said["minutes"]),
            "notes": [_measured(), *_live(said)],
            "record": json.dumps(said, ensure_ascii=False, indent=1),
            "made": _("Drawn up on %(day)s; times are those of %(zone)s.")
            % {"day": date_format(record.made_at.astimezone(zone), "DATETIME_FORMAT"), "zone": content["time_zone"]},
            "sealed": _("Sealed electronically for %(name)s.") % {"name": content["organisation"]},
        }


def _facts(content: dict[str, Any]) -> list[tuple[str, str]]:
    said = content["said"]
    first, last = (date.fromisoformat(content[name]) for name in ("starts_on", "ends_on"))
    return [
        (_("Person"), said["person"]["name"]),
        (_("Employer"), content["employer"]),
        (_("Course"), content["course"]),
        (_("Dates"), days(first, last)),
        (_("Done at a distance"), duration(said["minutes"])),
        (_("Done live"), duration(said["minutes_live"]) if said["minutes_live"] else ""),
        (_("Done in all"), duration(said["minutes"] + said["minutes_live"])),
        (_("Agreed"), duration(content["agreed"])),
    ]


def _measured() -> str:
    """The rule of docs/hours.md in words, so that nobody takes the times for more than they are."""
    return _(
        "Each row is a sitting: recorded steps, of which each came at most an hour after the one before. “From – to” are its first and "
        "its last step, by the clock of the server; how long a page stood open on a screen is not measured. What counts are the planned minutes "
        "of each activity that was completed, once, where it was completed last."
    )


def _live(said: dict[str, Any]) -> list[str]:
    return [_("Live hours are told by the attendance sheets.")] if said["minutes_live"] else []


def _row(sitting: dict[str, Any], zone: ZoneInfo) -> list[Any]:
    start, end = (datetime.fromisoformat(sitting[name]).astimezone(zone) for name in ("from", "to"))
    return [
        date_format(start.date(), "SHORT_DATE_FORMAT"),
        _times(start, end),
        sitting["opened"],
        [_done(row) for row in sitting["done"]],
        [_assessed(row) for row in sitting["assessed"]],
        duration(sitting["minutes"]) if sitting["minutes"] else "–",
        _told_later(sitting, zone),
    ]


def _times(start: datetime, end: datetime) -> str:
    if clock_time(start) == clock_time(end) and start.date() == end.date():
        return clock_time(start)
    if start.date() == end.date():
        return hours(start, end)
    return f"{clock_time(start)} – {day_and_time(end)}"


def _done(row: dict[str, Any]) -> str:
    match row["caveat"]:
        case Caveat.REPORTED:
            return _("%(title)s (as the browser reported)") % {"title": row["title"]}
        case Caveat.HASTY:
            return _("%(title)s (sooner than anybody can read it)") % {"title": row["title"]}
        case _other:
            return str(row["title"])


def _assessed(row: dict[str, Any]) -> str:
    words = _("%(title)s: %(score)s %%, passed") if row["passed"] else _("%(title)s: %(score)s %%, not passed")
    return words % {"title": row["title"], "score": f"{row['score']:.0f}"}


def _told_later(sitting: dict[str, Any], zone: ZoneInfo) -> str:
    if not sitting["told_later"]:
        return ""
    at = datetime.fromisoformat(sitting["told_later"]).astimezone(zone)
    return _("Told later: recorded %(time)s") % {"time": day_and_time(at)}
