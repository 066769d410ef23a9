"""The verb on calendar addresses. What stands in a feed is `calendars`'s to say, how the address is made `presence`'s."""

from uuid import uuid4

from django.db import transaction

from milepost.classroom.models import CalendarFeed
from milepost.core import clock
from milepost.people.models import Member


def renew_feed(*, member: Member) -> CalendarFeed:
    """Give the member an address for their calendar, for a year; an earlier one opens nothing any more. Raises `WasErased`."""
    with transaction.atomic():
        Member.locked(member.pk)
        fresh = {"link": uuid4(), "renewed_at": clock.now(), "organisation_id": member.organisation_id}
        return CalendarFeed.objects.update_or_create(member=member, defaults=fresh)[0]
