"""People who leave are sent a link under which they have their receipt for a year: their account ends with their last day.

They are told two weeks before, while they still read at that address, or as soon as it is known. Whoever keeps the people's
records can hand the file out as well, to somebody whose address ended.
"""

from datetime import date, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import Q
from django.urls import reverse

from milepost.core import clock, links
from milepost.notices.models import Notice
from milepost.notices.outbox import Said, notify_many, recipient_of
from milepost.people.models import Member
from milepost.receipts.making import learnt_by

USE = "receipt"
KIND = "receipt_link"
BEFORE, AFTER = timedelta(days=14), timedelta(days=7)  # when somebody is told: around their last day
OPEN = timedelta(days=365)  # from the last day on


def tell_leavers() -> int:
    """Tell everybody who leaves, or has just left, once for each last day; return how many are told now."""
    today = clock.today()
    leaving = Member.objects.filter(left_on__gt=today - AFTER, left_on__lte=today + BEFORE).exclude(
        Q(email=None) | Q(email="")
    )
    count = 0
    for member in leaving.select_related("organisation").order_by("pk").iterator(500):
        key = f"{member.left_on}"
        is_told = Notice.objects.filter(
            organisation=member.organisation_id, kind=KIND, recipient=recipient_of(member), key=key
        ).exists()
        if not is_told and learnt_by(member):
            notify_many(KIND, [Said(member, member.as_reference(), key)])
            count += 1
    return count


def link_of(member: Member) -> str:
    """Where somebody who leaves has their receipt."""
    return settings.BASE_URL + reverse("leaver_receipt", args=[links.token(USE, member.uid)])


def open_until(member: Member) -> date | None:
    """The last day on which the link leads somewhere; None for somebody who does not leave."""
    return member.left_on + OPEN if member.left_on else None


def leaver_of(token: str) -> Member:
    """Whose link it is. Raises `links.BrokenLink` for one that leads nowhere, or no more."""
    uid: UUID | None = links.uid_in(token, USE)
    member = Member.objects.select_related("organisation").filter(uid=uid).first() if uid else None
    until = open_until(member) if member else None
    if member is None or until is None or until < clock.today(member.organisation.time_zone):
        raise links.BrokenLink
    return member
