"""Reading the log: which events somebody asks for, a page of them, and all of them as a table."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from heapq import merge
from itertools import batched, islice
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _

from milepost.core.queries import text_of, uuid_of
from milepost.journal.models import Entry
from milepost.journal.phrases import sentence
from milepost.people.happenings import happenings
from milepost.people.models import Member, Organisation
from milepost.security.models import SecurityEvent, SecurityEventQuerySet, entries_of
from milepost.security.words import words_of

PAGE = 50
MATCHES = 8
EXPORTED_AT_ONCE = 500
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Chosen:
    """What the filters of the page ask for, from a query string that anybody may write by hand."""

    organisation: Organisation
    kind: str = ""
    person: Member | None = None
    since: str = ""
    until: str = ""

    @classmethod
    def of(cls, organisation: Organisation, query: Mapping[str, str]) -> "Chosen":
        """What `?kind=`, `?person=` (a uid), `?since=` and `?until=` (days) ask for; what is none of those asks for nothing."""
        kind, uid = text_of(query, "kind"), uuid_of(query, "person")
        person = Member.objects.filter(organisation=organisation, uid=uid).first() if uid else None
        since, until = (text_of(query, name) if _day(text_of(query, name)) else "" for name in ("since", "until"))
        return cls(organisation, kind if kind in happenings else "", person, since, until)

    def rows(self) -> list[SecurityEventQuerySet]:
        """The events, newest first: of somebody what they did, and what was done to them, each by an index of its own."""
        rows = SecurityEvent.objects.filter(organisation=self.organisation).select_related("person")
        if self.kind:
            rows = rows.filter(kind=self.kind)
        if since := _day(self.since):
            rows = rows.filter(last_at__gte=since)
        if until := _day(self.until):
            rows = rows.filter(last_at__lt=until + timedelta(days=1))
        rows = rows.newest_first()
        return [rows.filter(person=self.person), rows.filter(done_to=self.person)] if self.person else [rows]

    @property
    def is_any(self) -> bool:
        """Whether anything is left out."""
        return bool(self.kind or self.person or self.since or self.until)


def _day(text: str) -> datetime | None:
    """Its first moment, in the zone of whoever asks."""
    try:
        day = parse_date(text)
        return timezone.make_aware(datetime.combine(day, time.min)) if day and 1970 < day.year < 9999 else None
    except ValueError:
        return None


@dataclass(frozen=True)
class Shown:
    """An event as people read it."""

    event: SecurityEvent
    who: str
    words: str
    detail: str  # what more is known of it, in words


def page_of(chosen: Chosen, before: str) -> tuple[list[Shown], str]:
    """The events before the place `before` (empty: the newest), and the place that continues them, empty at the end."""
    all_rows = chosen.rows()
    if place := _place_of(before):
        at, number = place
        earlier = Q(last_at__lte=at) & (Q(last_at__lt=at) | Q(number__lt=number))
        all_rows = [rows.filter(earlier) for rows in all_rows]
    events = list(islice(_merged(rows[: PAGE + 1] for rows in all_rows), PAGE + 1))
    shown = [_shown(event, entries) for entries in [entries_of(events[:PAGE])] for event in events[:PAGE]]
    return shown, _place(events[PAGE - 1]) if len(events) > PAGE else ""


def _merged(all_rows: Iterable[Iterable[SecurityEvent]]) -> Iterator[SecurityEvent]:
    """Newest first; nothing stands in two of them."""
    return merge(*all_rows, key=lambda event: (event.last_at, event.number), reverse=True)


def _place(event: SecurityEvent) -> str:
    return f"{(event.last_at - _EPOCH) // timedelta(microseconds=1)}.{event.number}"


def _place_of(text: str) -> tuple[datetime, int] | None:
    micros, _dot, number = text.partition(".")
    if not (
        micros.isascii()
        and micros.isdigit()
        and len(micros) < 17
        and number.isascii()
        and number.isdigit()
        and len(number) < 16
    ):
        return None
    return _EPOCH + timedelta(microseconds=int(micros)), int(number)


def _shown(event: SecurityEvent, entries: Mapping[int, Entry]) -> Shown:
    entry = entries.get(event.entry_id or 0)
    if entry:
        who, words = sentence(entry)
        return Shown(event, who, words, "")
    who = event.person.full_name if event.person else _("Somebody unknown")
    return Shown(event, who, str(happenings.get(event.kind).label), words_of(event.detail))


def table_of(chosen: Chosen) -> Iterator[list[Any]]:
    """All of them as rows, the heading first, each with its time in UTC."""
    yield [_("From (UTC)"), _("Until (UTC)"), _("Who"), _("What"), _("Kind"), _("Detail"), _("Address"), _("How often")]
    rows = _merged(rows.iterator(EXPORTED_AT_ONCE) for rows in chosen.rows())
    for part in batched(rows, EXPORTED_AT_ONCE, strict=False):
        entries = entries_of(list(part))
        for event in part:
            shown = _shown(event, entries)
            times = [at.astimezone(UTC).isoformat(timespec="seconds") for at in (event.first_at, event.last_at)]
            yield [*times, shown.who, shown.words, event.kind, event.detail, event.address, event.count]


def people_called(organisation: Organisation, text: str) -> list[Member]:
    """Whom somebody who types this may mean."""
    return list(Member.objects.filter(organisation=organisation).matching(text)[:MATCHES]) if text.strip() else []
