"""Live sessions as iCalendar (RFC 5545): invitations and cancellations (iTIP, RFC 5546), and a personal feed.

A day of a session is one event, from its first start to its last end: a message may speak of one event only, and
nobody wants the lunch break as a gap in two appointments.
"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from email.utils import parseaddr
from itertools import groupby

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from icalendar import STATUS, Alarm, Calendar, Event, vCalAddress

from milepost.classroom.models import LiveSession, Participant, Slot
from milepost.core import clock
from milepost.notices.kinds import File
from milepost.people.models import Member

PRODUCT = "-//Milepost//Live sessions//EN"


def request(session: LiveSession, day: date, *, name: str, email: str) -> File:
    """The invitation to a day for one person, to go with a message; a later one with a higher sequence replaces it."""
    return _part("REQUEST", _event(session, day, session.slots_by_day[day], attendee=_person(name, email)), day)


def cancel(session: LiveSession, day: date, *, name: str, email: str) -> File:
    """That a day is off for one person. The day may be one that the session has no more."""
    event = Event.new(
        uid=_uid(session, day),
        sequence=session.sequence + 1,
        stamp=clock.now(),
        start=day,
        summary=session.title,
        status=STATUS.CANCELLED,
        organizer=_organiser(session),
        attendees=[_person(name, email)],
    )
    return _part("CANCEL", event, day)


def feed(member: Member, *, until: datetime) -> bytes:
    """All sessions that the member takes part in, for a calendar that subscribes to it, and the day on which that ends."""
    calendar = Calendar.new(
        prodid=PRODUCT, method="PUBLISH", name=member.organisation.name, refresh_interval=timedelta(hours=1)
    )
    seats = Participant.objects.filter(member=member, status=Participant.Status.SEATED, session__cancelled_at=None)
    for seat in seats.select_related("session__organisation").prefetch_related("session__slots"):
        for day, slots in _prefetched_days(seat.session.slots.all()).items():
            calendar.add_component(_event(seat.session, day, slots))
    calendar.add_component(_end_of_feed(member, until))
    return _whole(calendar)


def _end_of_feed(member: Member, until: datetime) -> Event:
    """A calendar says nothing when its source is gone, so the last day stands in it."""
    page = settings.BASE_URL + reverse("sessions", args=[member.organisation.slug])
    return Event.new(
        uid=f"{member.uid}-end@{settings.ENVIRONMENT.host}",
        stamp=clock.now(),
        start=until.date(),
        summary=_("Your sessions are read here until today: renew the address"),
        url=page,
        description=_("A new address for your calendar is made on this page: %(page)s") % {"page": page},
        status=STATUS.CONFIRMED,
    )


def _prefetched_days(slots: Iterable[Slot]) -> dict[date, list[Slot]]:
    ordered = sorted(slots, key=lambda slot: slot.starts_at)
    return {day: list(of_day) for day, of_day in groupby(ordered, key=lambda slot: slot.local_start.date())}


def _event(session: LiveSession, day: date, slots: list[Slot], *, attendee: vCalAddress | None = None) -> Event:
    page = settings.BASE_URL + reverse("live_session", args=[session.organisation.slug, session.uid])
    event = Event.new(
        uid=_uid(session, day),
        sequence=session.sequence,
        stamp=clock.now(),
        start=slots[0].local_start,
        end=slots[-1].local_end,
        summary=session.title,
        location=session.where or None,
        url=page,
        description=_description(session, slots, page),
        status=STATUS.CONFIRMED,
        organizer=_organiser(session) if attendee else None,
        attendees=[attendee] if attendee else None,
    )
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", session.title)
    alarm.add("trigger", timedelta(minutes=-15))
    event.add_component(alarm)
    return event


def _description(session: LiveSession, slots: list[Slot], page: str) -> str:
    hours = ", ".join(slot.hours for slot in slots)
    return "\n\n".join(
        part for part in (session.description, hours, _("Details, and the way in: %(page)s") % {"page": page}) if part
    )


def _uid(session: LiveSession, day: date) -> str:
    return f"{session.uid}-{day:%Y%m%d}@{settings.ENVIRONMENT.host}"


def _organiser(session: LiveSession) -> vCalAddress:
    address = parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
    return vCalAddress.new(address, cn=session.organisation.name)


def _person(name: str, email: str) -> vCalAddress:
    return vCalAddress.new(email, cn=name, role="REQ-PARTICIPANT", partstat="NEEDS-ACTION", rsvp=False)


def _part(method: str, event: Event, day: date) -> File:
    """As iMIP wants it (RFC 6047, 2.4): text/calendar, with the method in the type as well."""
    calendar = Calendar.new(prodid=PRODUCT, method=method, subcomponents=[event])
    return File(f"{day:%Y-%m-%d}.ics", _whole(calendar), f"text/calendar; method={method}")


def _whole(calendar: Calendar) -> bytes:
    calendar.add_missing_timezones()
    written: bytes = calendar.to_ical()
    return written
